/** Who is in which chat, and how much is said there. */
import { type Chance, Decks } from './chance.ts';
import { HERO, type Persona, type PersonNumber } from './people.ts';
import { TONGUES, type TongueName } from './tongues/tongues.ts';

export interface ChatPlan {
  readonly kind: 'direct' | 'group' | 'public';
  readonly name: string;
  /** The first one opens it. */
  readonly members: readonly PersonNumber[];
  /** Who is added to a group later. */
  readonly later: readonly PersonNumber[];
  /** What is mostly spoken. */
  readonly tongue: TongueName;
  /** How many messages people write. */
  readonly messages: number;
}

type Casting = Omit<ChatPlan, 'messages'>;

export function chatsOf(people: readonly Persona[], count: number, messages: number, chance: Chance): ChatPlan[] {
  return shareOut(messages, castChats(people, count, chance), chance);
}

/** Somewhat more than half are direct, as far as there are pairs; one in twelve is a public room. */
function castChats(people: readonly Persona[], count: number, chance: Chance): Casting[] {
  const everybody = people.map((_, i) => i);
  const pairs = everybody.flatMap((a) => everybody.slice(a + 1).map((b) => [a, b] as const));
  const ofHero = pairs.filter(([a]) => a === HERO);
  const ofOthers = chance.some(pairs.slice(ofHero.length), pairs.length);
  const rooms = Math.ceil(count / 12);
  const directs = [...ofHero, ...ofOthers].slice(0, Math.floor(count * 0.55));
  const names = new Decks((tongue: TongueName) => TONGUES[tongue].chatNames, chance);
  const talkIn = (members: readonly PersonNumber[]) => commonTongue(people, members, chance);
  return [
    ...directs.map(
      (pair): Casting => ({ kind: 'direct', name: '', members: chance.some(pair, 2), later: [], tongue: talkIn(pair) }),
    ),
    ...Array.from({ length: rooms }, (): Casting => {
      const tongue = chance.happens(0.6) ? 'english' : chance.pick(people).tongue;
      const others = everybody.slice(1);
      const members = chance.some(others, Math.max(2, Math.round(others.length * (0.3 + chance.next() * 0.6))));
      if (chance.happens(0.8)) members.splice(1, 0, HERO);
      return { kind: 'public', name: nameIn(tongue, names), members, later: [], tongue };
    }),
    ...Array.from({ length: count - directs.length - rooms }, (): Casting => {
      const all = gather(people, chance);
      const tongue = talkIn(all);
      const first = Math.max(3, all.length - 2);
      return {
        kind: 'group',
        name: nameIn(tongue, names),
        members: all.slice(0, first),
        later: all.slice(first),
        tongue,
      };
    }),
  ];
}

/** A group's people: of one language, or of all sorts. */
function gather(people: readonly Persona[], chance: Chance): PersonNumber[] {
  const { tongue } = chance.pick(people);
  const isOfOneTongue = chance.happens(0.5);
  const others = people.flatMap((person, i) => (i > HERO && (!isOfOneTongue || person.tongue === tongue) ? [i] : []));
  const members = chance.some(others, isOfOneTongue ? 5 : chance.between(3, 9));
  if (members.length < 2 || chance.happens(0.6)) members.splice(chance.between(0, members.length), 0, HERO);
  return members;
}

/** The hero speaks what the others do; they speak English when they have nothing else. */
function commonTongue(people: readonly Persona[], members: readonly PersonNumber[], chance: Chance): TongueName {
  const spoken = new Set(members.filter((i) => i !== HERO).flatMap((i) => people[i]?.tongue ?? []));
  const [tongue = 'english'] = spoken;
  return spoken.size === 1 && chance.happens(0.85) ? tongue : 'english';
}

/** Each name once, and then with a number. */
function nameIn(tongue: TongueName, names: Decks<TongueName, string>): string {
  const deck = names.of(tongue);
  const name = deck.next();
  return deck.round === 1 ? name : `${name} ${deck.round}`;
}

/** A few chats are talked in all day, most now and then: shares by Zipf's law, rooms and the hero's chats before others. */
function shareOut(messages: number, chats: readonly Casting[], chance: Chance): ChatPlan[] {
  const liveliness = ({ kind, members }: Casting): number =>
    chance.next() * (kind === 'public' ? 4 : kind === 'group' ? 2 : 1) * (members.includes(HERO) ? 2 : 1);
  const ranked = chats.map((chat) => ({ chat, key: liveliness(chat) })).sort((a, b) => b.key - a.key);
  const weights = ranked.map((_, rank) => 1 / (rank + 5));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const spare = messages - chats.length;
  const shares = weights.map((weight) => 1 + Math.floor((spare * weight) / total));
  const rest = messages - shares.reduce((sum, share) => sum + share, 0);
  return ranked.map(({ chat }, rank) => ({ ...chat, messages: (shares[rank] ?? 1) + (rank < rest ? 1 : 0) }));
}

/** A chat's year: talks with pauses between them, and what else happens there. */
import type { ChatPlan } from './casting.ts';
import { type Chance, Decks } from './chance.ts';
import { HERO, type Persona, type PersonNumber } from './people.ts';
import { converse, type Talk } from './tongue.ts';
import { TONGUES, type TongueName, WITHOUT_WORDS } from './tongues/tongues.ts';

type Deed =
  | { readonly type: 'open' | 'join' | 'leave' | 'picture' }
  | { readonly type: 'describe'; readonly description: string }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'add' | 'promote'; readonly whom: PersonNumber }
  /** What is said has a number in its chat, from 0. */
  | { readonly type: 'say'; readonly line: number; readonly text: string; readonly replyTo: number | null }
  | { readonly type: 'edit'; readonly line: number; readonly text: string }
  | { readonly type: 'delete'; readonly line: number }
  /** Has read so far. */
  | { readonly type: 'read'; readonly line: number };

export type Happening = Deed & {
  /** In milliseconds, never above 0, which is when the show begins. */
  readonly at: number;
  readonly chat: number;
  readonly by: PersonNumber;
};

/** What one of them does, so many waking milliseconds after what came before. */
type Step = Deed & { readonly by: PersonNumber; readonly after: number };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WAKING_DAY = 16 * HOUR;
const NIGHT = 8 * HOUR;
const YEAR_DAYS = 364;

/** From waking time to all time: people sleep from 24 to 16 hours before the show, and so on, so that today is never empty. */
const withNights = (waking: number): number => waking - Math.floor(-waking / WAKING_DAY) * NIGHT;

export function historyOf(chat: ChatPlan, number: number, people: readonly Persona[], chance: Chance): Happening[] {
  const { scenes, reads } = new Play(chat, people, chance).write();
  const spoken = scenes.flat().reduce((sum, { after }) => sum + after, 0);
  const end = -silence(chat, chance);
  const age = (30 + chance.next() * (YEAR_DAYS - 30)) * WAKING_DAY;
  let now = Math.max(-YEAR_DAYS * WAKING_DAY, end - spoken - age);
  const pauses = parts(scenes.length, Math.max(0, end - now - spoken), chance);
  const happenings: Happening[] = [];
  for (const [i, scene] of scenes.entries()) {
    now += pauses[i] ?? 0;
    for (const { after, ...deed } of scene) {
      now += after;
      happenings.push({ ...deed, at: Math.min(0, Math.floor(withNights(now))), chat: number });
    }
  }
  return [...happenings, ...reads.map((deed) => ({ ...deed, at: 0, chat: number }))];
}

/** For how long nothing has been said when the show begins: minutes, hours, sometimes months of waking time. */
function silence({ members }: ChatPlan, chance: Chance): number {
  if (chance.happens(members.includes(HERO) ? 0.15 : 0.05)) return chance.between(20 * SECOND, 40 * MINUTE);
  if (chance.happens(0.4)) return chance.between(HOUR, WAKING_DAY);
  return chance.next() ** 3 * 200 * WAKING_DAY;
}

/** So many parts by chance of a whole, smaller ones towards the end. */
function parts(count: number, whole: number, chance: Chance): number[] {
  const weights = Array.from({ length: count }, (_, i) => -Math.log(1 - chance.next()) * (1.5 - i / count));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (weight / sum) * whole);
}

/** Writes what happens in one chat, scene by scene. */
class Play {
  readonly #chat: ChatPlan;
  readonly #people: readonly Persona[];
  readonly #chance: Chance;
  readonly #talks: Decks<TongueName, Talk>;
  readonly #present: PersonNumber[];
  readonly #later: PersonNumber[];
  readonly #lastLineOf = new Map<PersonNumber, number>();
  #scene: Step[] = [];
  #lines = 0;

  constructor(chat: ChatPlan, people: readonly Persona[], chance: Chance) {
    this.#chat = chat;
    this.#people = people;
    this.#chance = chance;
    this.#talks = new Decks((tongue) => TONGUES[tongue].talks, chance);
    this.#present = [...chat.members];
    this.#later = [...chat.later];
  }

  write(): { scenes: Step[][]; reads: (Deed & { by: PersonNumber })[] } {
    this.#open();
    const scenes = [this.#scene];
    while (this.#lines < this.#chat.messages) {
      this.#scene = [];
      if (this.#chat.kind === 'group' && this.#chance.happens(0.06)) this.#changeCast();
      this.#talk();
      scenes.push(this.#scene);
    }
    return { scenes, reads: this.#present.flatMap((by) => this.#read(by)) };
  }

  #do(by: PersonNumber, deed: Deed, after = SECOND): void {
    this.#scene.push({ ...deed, by, after });
  }

  #open(): void {
    const [by = HERO, second = HERO, ...others] = this.#present;
    const { kind } = this.#chat;
    this.#do(by, { type: 'open' });
    if (kind === 'direct') return;
    if (kind === 'public') for (const joining of [second, ...others]) this.#do(joining, { type: 'join' }, MINUTE);
    if (this.#chance.happens(0.5)) this.#do(by, { type: 'promote', whom: second });
    if (this.#chance.happens(0.4)) this.#do(by, { type: 'picture' });
    if (this.#chance.happens(kind === 'public' ? 1 : 0.3)) {
      this.#do(by, { type: 'describe', description: this.#chance.pick(DESCRIPTIONS) });
    }
  }

  #changeCast(): void {
    const [by = HERO] = this.#present;
    const newcomer = this.#later.pop();
    const leaver = this.#present.at(-1);
    if (newcomer !== undefined) {
      this.#do(by, { type: 'add', whom: newcomer });
      this.#present.splice(1, 0, newcomer);
    } else if (this.#chance.happens(0.2)) {
      this.#do(by, { type: 'rename', name: `${this.#chat.name} ${this.#chance.pick(['🎉', '✨', '2.0', '☕'])}` });
    } else if (this.#present.length > 3 && leaver !== undefined && leaver !== HERO) {
      this.#do(leaver, { type: 'leave' });
      this.#present.pop();
    }
  }

  #talk(): void {
    const chance = this.#chance;
    const tongue = this.#tongue();
    const talk = this.#talks.of(tongue).next();
    const speakers = chance.some(this.#speakersOf(tongue), 3);
    const names = speakers.map((speaker) => this.#people[speaker]?.given ?? '');
    const first = this.#lines;
    for (const { role, isReply, text } of converse(talk, TONGUES[tongue], names, chance)) {
      const by = speakers[role] ?? HERO;
      const isAnswer = chance.happens(0.05) && this.#lines > first;
      this.#say(by, text, isReply && chance.happens(0.5) ? first : isAnswer ? this.#lines - 1 : null);
    }
    if (chance.happens(0.12)) this.#say(chance.pick(speakers), chance.pick(WITHOUT_WORDS), null);
  }

  /** Mostly the chat's own; else one that two of those who are there have in common. */
  #tongue(): TongueName {
    const { tongue } = this.#chat;
    if (this.#speakersOf(tongue).length > 1 && this.#chance.happens(0.8)) return tongue;
    const others = this.#present.flatMap((person) => this.#people[person]?.tongue ?? []);
    return this.#chance.pick(['english' as const, ...others].filter((other) => this.#speakersOf(other).length > 1));
  }

  #speakersOf(tongue: TongueName): PersonNumber[] {
    if (tongue === 'english') return this.#present;
    return this.#present.filter((person) => person === HERO || this.#people[person]?.tongue === tongue);
  }

  /** Says it, if there is anything left to be said; sometimes with a slip that is mended, sometimes twice by mistake. */
  #say(by: PersonNumber, text: string, replyTo: number | null): void {
    const chance = this.#chance;
    const pause = chance.happens(0.15) ? chance.between(2 * MINUTE, 25 * MINUTE) : chance.between(5 * SECOND, MINUTE);
    const slip = chance.happens(0.03) ? withSlip(text, chance) : text;
    if (!this.#write(by, slip, replyTo, pause)) return;
    if (slip !== text) this.#do(by, { type: 'edit', line: this.#lines - 1, text }, chance.between(4, 40) * SECOND);
    if (!chance.happens(0.015)) return;
    if (this.#write(by, text, null, 2 * SECOND)) this.#do(by, { type: 'delete', line: this.#lines - 1 }, 9 * SECOND);
  }

  #write(by: PersonNumber, text: string, replyTo: number | null, after: number): boolean {
    if (this.#lines === this.#chat.messages) return false;
    this.#do(by, { type: 'say', line: this.#lines, text, replyTo }, after);
    this.#lastLineOf.set(by, this.#lines);
    this.#lines += 1;
    return true;
  }

  /** How far somebody has read: mostly all, sometimes not the last few lines, and rarely nothing at all. */
  #read(by: PersonNumber): (Deed & { by: PersonNumber })[] {
    const own = this.#lastLineOf.get(by) ?? -1;
    if (own < 0 && this.#chance.happens(0.1)) return [];
    const unread = this.#chance.happens(0.4) ? this.#chance.between(1, 15) : 0;
    const line = Math.max(own, this.#lines - 1 - unread);
    return line < 0 ? [] : [{ type: 'read', line, by }];
  }
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** One character too few, as it happens in every script. */
function withSlip(text: string, chance: Chance): string {
  const characters = [...GRAPHEMES.segment(text)].map(({ segment }) => segment);
  if (characters.length < 4) return text;
  characters.splice(chance.between(1, characters.length - 2), 1);
  return characters.join('');
}

const DESCRIPTIONS = [
  'For plans and for pictures of dinner.',
  'Everyone is welcome. Please say hello when you come in.',
  'Short questions, short answers.',
  'Toutes les langues sont les bienvenues.',
  'Пишите на любом языке.',
  'كل اللغات مرحّب بها هنا.',
  '想说什么就说什么。',
  'Quiet after ten, except on Fridays.',
];

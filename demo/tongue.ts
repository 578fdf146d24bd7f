import type { Chance } from './chance.ts';

/** What people say in one language. */
export interface Tongue {
  readonly chatNames: readonly string[];
  readonly talks: readonly Talk[];
  readonly slots: ReadonlyMap<string, readonly string[]>;
}

export type Talk = readonly Turn[];

interface Turn {
  /** Who speaks: 0 for whoever began. */
  readonly role: number;
  /** Whether it answers the first line of the talk. */
  readonly isReply: boolean;
  readonly isOptional: boolean;
  /** One of these. */
  readonly texts: readonly string[];
}

export type Line = Pick<Turn, 'role' | 'isReply'> & { readonly text: string };

const ROLES = ['a', 'b', 'c'];
const TURN = /^([abc])(>?)(\??) (\S.*)$/u;
const SLOT = /\{(\w+)\}/g;

/**
 * Reads a language. In the script a blank line parts the talks and every other line is a turn: who speaks (`a` began), `>` where
 * it answers the first line, `?` where it may be left out, and what is said, with `|` between choices. `{slot}` is one choice of
 * that slot, the same all through a talk; `{a}`, `{b}` and `{c}` are the speakers' names.
 */
export function tongue(chatNames: string, slots: Readonly<Record<string, string>>, script: string): Tongue {
  const known = new Map(Object.entries(slots).map(([name, choices]) => [name, choices.split('|')]));
  const isKnown = (slot: string) => known.has(slot) || ROLES.includes(slot);
  const read = (line: string): Turn => {
    const [, role, reply, optional, texts] = TURN.exec(line) ?? [];
    if (!role || !texts) throw new Error(`not a turn: ${line}`);
    for (const [, slot = ''] of texts.matchAll(SLOT)) if (!isKnown(slot)) throw new Error(`no slot ${slot}: ${line}`);
    return { role: ROLES.indexOf(role), isReply: reply !== '', isOptional: optional !== '', texts: texts.split('|') };
  };
  const talks = script.trim().split('\n\n');
  return { chatNames: chatNames.split('|'), slots: known, talks: talks.map((talk) => talk.split('\n').map(read)) };
}

/** This talk between people of these names. Where they are fewer than its roles, somebody has two. */
export function converse(talk: Talk, { slots }: Tongue, names: readonly string[], chance: Chance): Line[] {
  const words = new Map([...slots].map(([slot, choices]) => [slot, chance.pick(choices)]));
  for (const [role, name] of ROLES.entries()) words.set(name, names[role % names.length] ?? '');
  const say = (text: string) => capitalised(text.replaceAll(SLOT, (_, slot: string) => words.get(slot) ?? ''));
  return talk
    .filter(({ isOptional }) => !isOptional || chance.happens(0.5))
    .map(({ role, isReply, texts }) => ({ role: role % names.length, isReply, text: say(chance.pick(texts)) }));
}

const capitalised = (text: string): string => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

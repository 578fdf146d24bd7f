import { type ChatPlan, chatsOf } from './casting.ts';
import { Chance } from './chance.ts';
import { type Happening, historyOf } from './history.ts';
import { cast, type Persona } from './people.ts';

export interface Sizes {
  /** 3 or more. */
  readonly people: number;
  readonly chats: number;
  /** What people write, over all chats; at least one each. */
  readonly messages: number;
}

/** What will have happened in a workspace. */
export interface Plan {
  readonly people: readonly Persona[];
  readonly chats: readonly ChatPlan[];
  /** In the order of time. */
  readonly happenings: readonly Happening[];
}

/** The same sizes and the same seed make the same plan. */
export function plan(sizes: Sizes, seed: number): Plan {
  const chance = new Chance(seed);
  const people = cast(sizes.people);
  const chats = chatsOf(people, sizes.chats, sizes.messages, chance);
  const happenings = chats.flatMap((chat, number) => historyOf(chat, number, people, chance));
  return { people, chats, happenings: happenings.sort((a, b) => a.at - b.at) };
}

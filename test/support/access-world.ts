import { answered, type Person, type TestApp } from './app.ts';

export const INSIDE = ['member', 'admin', 'owner'] as const;
const OUTSIDE = ['stranger', 'formerMember'] as const;
const SIGNED_OUT = ['anonymous', 'endedSession'] as const;
/** Everybody whom a chat can know. */
export const ROLES = [...SIGNED_OUT, ...OUTSIDE, ...INSIDE];
export type Role = (typeof ROLES)[number];

/** A group of an owner, an admin and a member, with a message of another member, and somebody who was removed. */
export interface World {
  readonly chatId: string;
  /** By a member who does nothing else. */
  readonly messageId: string;
  /** By the former member, from when he was one. */
  readonly formerMessageId: string;
  readonly writer: Person;
  readonly newcomer: Person;
  readonly people: Record<Role, Person | undefined>;
}

export async function makeWorld(app: TestApp): Promise<World> {
  const register = () => app.register();
  const [owner, admin, member, writer] = [await register(), await register(), await register(), await register()];
  const [formerMember, stranger, newcomer, endedSession] = [
    await register(),
    await register(),
    await register(),
    await register(),
  ];
  const chatId = await app.group(owner, admin, member, writer, formerMember, endedSession);
  answered(await app.patch(`chats/${chatId}/members/${admin.id}`, { role: 'admin' }, owner), 200);
  const { id: formerMessageId } = await app.say(chatId, formerMember);
  answered(await app.delete(`chats/${chatId}/members/${formerMember.id}`, owner), 204);
  answered(await app.post('auth/logout', undefined, endedSession), 204);
  const { id: messageId } = await app.say(chatId, writer);
  const people = { owner, admin, member, formerMember, stranger, endedSession, anonymous: undefined };
  return { chatId, messageId, formerMessageId, writer, newcomer, people };
}

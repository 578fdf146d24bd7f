import type { Message } from 'parley-client';
import { nameOf } from '../session/people.ts';
import type { Texts } from '../texts/en.ts';
import { listOf } from '../texts/times.ts';

/** What a system line tells, as a sentence. */
export function systemText({ system, sender, senderId }: Message, t: Texts): string {
  const who = nameOf(sender, t);
  const users = system?.users ?? [];
  const whom = listOf(users.map((user) => nameOf(user, t)));
  const isOneself = users.length === 1 && users[0]?.id === senderId;
  switch (system?.type) {
    case 'chat.created':
      return t.system.created(who, system.name ?? '');
    case 'chat.updated':
      return system.name === null ? t.system.updated(who) : t.system.renamed(who, system.name);
    case 'member.added':
      return isOneself ? t.system.joined(who) : t.system.added(who, whom);
    case 'member.removed':
      return isOneself ? t.system.left(who) : t.system.removed(who, whom);
    default:
      return '';
  }
}

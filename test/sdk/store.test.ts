import { describe, expect, it } from '@jest/globals';
import type { Change, Chat, Message, ParleyState } from '../../client/src/index.ts';
import { inOneStep, withEntry, without } from '../../client/src/records.ts';
import { applyChange, withChat } from '../../client/src/reduce.ts';
import { INITIAL_STATE } from '../../client/src/state.ts';

const AT = '2026-01-01T00:00:00.000Z';

const aChat = (n: number): Chat => ({
  ...{
    id: `chat-${n}`,
    kind: 'group',
    name: 'a group',
    description: null,
    avatarUrl: null,
    peer: null,
    memberCount: 2,
  },
  ...{ createdAt: AT, updatedAt: AT, seq: 0, rev: 0, lastMessage: null, role: 'member', joinedSeq: 0, readSeq: 0 },
  ...{ unreadCount: 0, muted: false, mutedUntil: null },
});

function aMessage(chatId: string, rev: number): Change {
  const sender = { id: 'bob', username: 'bob', displayName: null, avatarUrl: null, deleted: false };
  const message: Message = {
    ...{ id: `${chatId}/${rev}`, chatId, seq: rev, rev, kind: 'text', senderId: 'bob', sender, clientId: null },
    ...{
      content: 'hello',
      replyTo: null,
      attachments: [],
      system: null,
      createdAt: AT,
      editedAt: null,
      deletedAt: null,
    },
  };
  return { type: 'message.created', chatId, rev, seq: rev, at: AT, actorId: 'bob', data: { message } };
}

const withChats = (count: number): ParleyState =>
  inOneStep(() =>
    Array.from({ length: count }, (_, n) => aChat(n)).reduce(withChat, { ...INITIAL_STATE, userId: 'ann' }),
  );

describe('a step', () => {
  it('changes nothing that has been seen', () => {
    const before = { a: 1, b: 2 };
    const after = inOneStep(() => without(withEntry(withEntry(before, 'a', 3), 'c', 4), 'b'));
    expect(before).toEqual({ a: 1, b: 2 });
    expect(after).toEqual({ a: 3, c: 4 });
    expect(inOneStep(() => withEntry(after, 'a', 5))).not.toBe(after);
    expect(after).toEqual({ a: 3, c: 4 });
  });

  it('of 5,000 changes in 2,000 chats is done before anybody notices', () => {
    const before = withChats(2_000);
    const begun = process.cpuUsage();
    const changes = Array.from({ length: 5_000 }, (_, n) => aMessage(`chat-${n % 50}`, 1 + Math.floor(n / 50)));
    const after = inOneStep(() => changes.reduce(applyChange, before));
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(2_000); // 25 s if each change copied
    expect(after.chats['chat-1']).toMatchObject({ rev: 100, seq: 100, unreadCount: 100 });
    expect(before.chats['chat-1']).toMatchObject({ rev: 0, unreadCount: 0 });
    expect(after.chats['chat-1999']).toBe(before.chats['chat-1999']);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChatService } from '../../src/application/chat-service.ts';
import { ChatWriter } from '../../src/application/chat-writer.ts';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { Command } from '../../src/domain/decide.ts';
import { DomainError } from '../../src/domain/errors.ts';
import type { Actor } from '../../src/domain/session.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { RandomIds, SystemClock } from '../../src/infrastructure/system.ts';
import { aDraft, aUser } from '../support/builders.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const PEOPLE = [0, 1, 2] as const;

/** What somebody does in the group (all three) or in the direct chat (the first two). Numbers are taken modulo what there is. */
type Step = {
  readonly who: number;
  readonly where: 'group' | 'direct';
  readonly what: 'send' | 'erase' | 'rename' | 'read' | 'leave' | 'add' | 'delete';
  readonly at: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(2),
  where: fc.constantFrom('group', 'direct'),
  what: fc.constantFrom('send', 'send', 'send', 'erase', 'rename', 'read', 'read', 'leave', 'add', 'delete'),
  at: fc.nat(20),
});

/** Two devices of each person, a group of all and a direct chat; and how far everybody has read, kept the simple way. */
async function open(store: Store) {
  const bus = new LocalEventBus(new RecordingLogger());
  const [clock, ids] = [new SystemClock(), new RandomIds()];
  const { chats, messages, chatLog: log, users } = store;
  const writer = new ChatWriter({ log, bus, clock, ids, logger: new RecordingLogger() });
  const service = new ChatService({ chats, messages, log, users, writer, bus, ids, clock });
  const userIds: string[] = [];
  for (const _ of PEOPLE) {
    const user = aUser();
    await users.create(user, 'a hash');
    userIds.push(user.id);
  }
  const device = (who: number, at: number): Actor => ({
    userId: userIds[who] as string,
    sessionId: `device ${at % 2}`,
  });
  const group = (await service.createGroup(device(0, 0), { name: 'group', memberIds: userIds })).chat.id;
  const direct = (await service.openDirect(device(0, 0), userIds[1] as string)).chat.chat.id;
  const idOf = { group, direct };
  /** The last line that each has read, found on joining or had put away, by chat and person. */
  const marks = new Map<string, number>();
  const raise = (chatId: string, userId: string, seq: number) => {
    const key = `${chatId}/${userId}`;
    marks.set(key, Math.max(marks.get(key) ?? 0, seq));
  };

  async function take({ who, where, what, at }: Step): Promise<void> {
    const actor = device(who, at);
    const chatId = idOf[where];
    const { userId } = actor;
    const head = (await chats.find(chatId))?.seq ?? 0;
    const submit = (command: Command) => writer.submit(chatId, userId, command);
    switch (what) {
      case 'send':
        await submit({
          ...{ type: 'message.send', drafts: [aDraft('a'), aDraft('b')].slice(0, 1 + (at % 2)) },
          ...(where === 'direct' && who < 2 && { peerId: userIds[1 - who] as string }),
        });
        return;
      case 'erase': {
        const lines = await messages.page(chatId, { above: 0, upTo: head, order: 'asc', limit: 1_000 });
        await submit({ type: 'message.delete', messageId: lines[at % Math.max(1, lines.length)]?.id ?? 'none' });
        return;
      }
      case 'rename':
        await service.update(actor, chatId, { name: `name ${at}` });
        return;
      case 'read':
        await service.markRead(actor, chatId, at);
        raise(chatId, userId, Math.min(at, head));
        return;
      case 'leave':
        if (who !== 0) await service.removeMember(actor, chatId, userId);
        return;
      case 'add': {
        const newcomer = userIds[at % 3] as string;
        const isNew = !(await chats.membership(chatId, newcomer))?.member.active;
        await service.addMembers(actor, chatId, [newcomer]);
        if (isNew) raise(chatId, newcomer, head + 1);
        return;
      }
      case 'delete':
        if (where !== 'direct') return;
        await service.delete(actor, chatId);
        for (const one of userIds) raise(chatId, one, head);
    }
  }

  /** Counted line by line, from what the history holds. */
  async function naive(chatId: string, userId: string): Promise<number> {
    const lines = await messages.page(chatId, { above: 0, upTo: 10_000, order: 'asc', limit: 1_000 });
    const mark = marks.get(`${chatId}/${userId}`) ?? 0;
    return lines.filter(
      ({ kind, seq, senderId, deletedAt }) =>
        kind === 'text' && seq > mark && senderId !== userId && deletedAt === null,
    ).length;
  }

  /** What every device of everybody is shown, and what it should be. */
  async function compare(): Promise<void> {
    for (const who of PEOPLE) {
      for (const at of [0, 1]) {
        const actor = device(who, at);
        const { items } = await service.list(actor, { limit: 10 });
        for (const { chat, unreadCount } of items) {
          expect(unreadCount).toBe(await naive(chat.id, actor.userId));
          expect((await service.get(actor, chat.id)).unreadCount).toBe(unreadCount);
          expect((await service.markRead(actor, chat.id, 0)).unreadCount).toBe(unreadCount);
        }
      }
    }
  }

  return { take, compare };
}

/** Proves that unread counts are those of somebody who counts line by line, whatever happened, through the service. */
export function unreadSuite(harness: StoreHarness, numRuns: number): void {
  describe(`Unread counts on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    test('are exact after any sequence of messages, deletions, renamings, marks, comings and goings', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          const { take, compare } = await open(subject.store);
          for (const taken of steps) {
            await take(taken).catch((error: unknown) => {
              if (!(error instanceof DomainError)) throw error;
            });
          }
          await compare();
        }),
        { numRuns },
      );
    });

    test('begin anew in a direct chat that was deleted and opened again', async () => {
      const { take, compare } = await open(subject.store);
      const inDirect = { where: 'direct', at: 1 } as const;
      for (const [who, what] of [
        [0, 'send'],
        [1, 'send'],
        [1, 'delete'],
        [0, 'send'],
        [1, 'send'],
        [1, 'read'],
      ] as const) {
        await take({ ...inDirect, who, what });
        await compare();
      }
    });
  });
}

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../src/application/ports/persistence.ts';
import { StoreError } from '../../src/application/ports/persistence.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { aDraft, anId, aUser, ids } from '../support/builders.ts';
import { appendOne, createGroup, NEEDS_NOTHING, propose, sending } from '../support/chat-actions.ts';
import { withMongoControl } from '../support/mongo.ts';
import { nodesForEachTest } from '../support/mongo-nodes.ts';
import { aWriter } from '../support/node.ts';

const ROUNDS = 4;
const SENDERS = 12;
const CHATS = 3;
/** Longer than any call may take while the server is away. */
const PATIENCE_MS = 28_000;

await withMongoControl('MongoDB, killed', (mongo, control) => {
  const nodes = nodesForEachTest(mongo);

  /** Tries until the store answers, as a client does with one clientId. */
  async function persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        const mayRetry = error instanceof StoreError || (error instanceof DomainError && error.kind === 'unavailable');
        if (!mayRetry) throw error;
        await pause(20);
      }
    }
  }

  /** Senders that go on through whatever happens, each with one message after the other, until they are told to stop. */
  function underLoad(store: Store, chatIds: readonly string[], people: readonly string[]) {
    const acknowledged: { readonly chatId: string; readonly messageId: string; readonly clientId: string }[] = [];
    let isOver = false;
    const writer = aWriter(store.chatLog);
    const senders = people.map(async (userId, i) => {
      const chatId = chatIds[i % chatIds.length] ?? '';
      while (!isOver) {
        const clientId = anId();
        const send = () =>
          writer.submit(chatId, userId, { type: 'message.send', drafts: [aDraft(clientId, { clientId })] });
        const { messages } = await persist(send);
        acknowledged.push({ chatId, messageId: messages[0]?.id ?? '', clientId });
      }
    });
    return {
      acknowledged,
      /** Resolves once so many more have been acknowledged. */
      progress: async (count: number) => {
        const goal = acknowledged.length + count;
        while (acknowledged.length < goal) await pause(5);
      },
      stop: async () => {
        isOver = true;
        await Promise.all(senders);
      },
    };
  }

  test(`${ROUNDS} times under load loses nothing that was acknowledged, and doubles nothing`, async () => {
    const people = ids(SENDERS);
    const [owner = '', ...others] = people;
    const chatIds = await Promise.all(
      Array.from({ length: CHATS }, () => createGroup(nodes.store.chatLog, owner, others)),
    );
    const load = underLoad(nodes.store, chatIds, people);
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        await load.progress(50);
        await control.kill();
        await control.start();
      }
      await load.progress(50);
    } finally {
      await load.stop();
    }
    await nodes.settleAll();
    for (const chatId of chatIds) {
      const chat = await nodes.store.chats.find(chatId);
      const lines = await nodes.store.messages.page(chatId, {
        above: 0,
        upTo: chat?.seq ?? 0,
        order: 'asc',
        limit: 100_000,
      });
      expect(lines.map((line) => line.seq)).toEqual(lines.map((_, i) => i + 1));
      const acknowledged = load.acknowledged.filter((sent) => sent.chatId === chatId);
      const stored = lines
        .filter((line) => line.kind === 'text')
        .map(({ id, clientId }) => ({ chatId, messageId: id, clientId }));
      // Every sender went on until its message was acknowledged, so there is nothing else either.
      expect(new Set(stored.map((line) => JSON.stringify(line)))).toEqual(
        new Set(acknowledged.map((sent) => JSON.stringify(sent))),
      );
      expect(stored).toHaveLength(acknowledged.length);
      const changes = await nodes.store.chatLog.changesAfter(chatId, 0, 100_000);
      expect(changes.map((change) => change.rev)).toEqual(changes.map((_, i) => i + 1));
      expect(changes).toHaveLength(chat?.rev ?? 0);
    }
    expect(await nodes.store.chatLog.unsettled(-1, 100)).toEqual([]);
  }, 180_000);

  describe('and away', () => {
    test('it lets every call fail in bounded time, and the store recovers by itself', async () => {
      const { chatLog, chats, messages, users, sessions, settings } = nodes.store;
      const chatId = await createGroup(chatLog, 'ann', ['bob']);
      const commit = await propose(chatLog, chatId, 'ann', sending('mine'));
      await control.kill();
      const start = Date.now();
      const answers = await Promise.allSettled([
        appendOne(chatLog, commit),
        chatLog.load(chatId, NEEDS_NOTHING, null),
        chatLog.changesAfter(chatId, 0, 10),
        chats.memberships('ann'),
        messages.countUpTo(chatId, 5),
        users.create(aUser(), 'hash'),
        sessions.list('ann', 0),
        settings.keep('name', 'value'),
        nodes.store.check(),
        openMongoStore({ uri: nodes.uri }),
      ]);
      expect(Date.now() - start).toBeLessThan(PATIENCE_MS);
      const reasons = answers.map((answer) => (answer.status === 'rejected' ? answer.reason : answer.value));
      for (const reason of reasons) expect(reason).toBeInstanceOf(StoreError);
      await control.start();
      expect(await persist(() => appendOne(chatLog, commit))).toBe('stored');
      await persist(() => nodes.store.check());
      const lines = await messages.page(chatId, { above: 0, upTo: 9, order: 'asc', limit: 9 });
      expect(lines.map((line) => line.content)).toEqual([null, 'mine']);
    });

    test('it takes what was to be settled with it, which the sweep then finds', async () => {
      const { chatLog } = nodes.store;
      const chatId = await createGroup(chatLog, 'ann', ['bob']);
      await nodes.settleAll();
      const commit = await propose(chatLog, chatId, 'ann', sending('mine'));
      await appendOne(chatLog, commit);
      await control.kill();
      chatLog.settle([commit]);
      await chatLog.settled();
      await control.start();
      expect(await persist(() => chatLog.unsettled(-1, 10))).toEqual([commit]);
    });
  });
});

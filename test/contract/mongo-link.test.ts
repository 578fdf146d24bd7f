import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { StoreError } from '../../src/application/ports/persistence.ts';
import type { Command } from '../../src/domain/decide.ts';
import { MONGO_OPTIONS } from '../../src/infrastructure/mongo/mongo-database.ts';
import { MongoStore, openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { anId, aUser } from '../support/builders.ts';
import { appendOne, createGroup, NEEDS_NOTHING, only, propose, say, sending } from '../support/chat-actions.ts';
import { withMongo } from '../support/mongo.ts';
import { type Interceptor, intercepted } from '../support/mongo-interceptor.ts';
import { nodesForEachTest } from '../support/mongo-nodes.ts';
import { differences, folded } from '../support/mongo-rows.ts';
import { TcpLink } from '../support/tcp-link.ts';

/** Longer than any call may take, whatever the link does. */
const PATIENCE_MS = 28_000;

await withMongo('MongoDB behind a link that goes silent', (mongo) => {
  const nodes = nodesForEachTest(mongo);
  let link: TcpLink;
  let address: string;
  let remote: MongoStore;
  const opened: MongoStore[] = [];

  beforeEach(async () => {
    const { host } = new URL(nodes.uri.replace('mongodb://', 'http://'));
    const [hostname = '', port = '27017'] = host.split(':');
    link = await TcpLink.to(hostname, Number(port));
    address = nodes.uri.replace(host, `127.0.0.1:${link.port}`);
    remote = await openMongoStore({ uri: address });
    opened.push(remote);
  });
  afterEach(async () => {
    link.become('open');
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await link.close();
  });

  /** The error, and after how long it came. */
  async function failureOf(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
    const start = Date.now();
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    return { error, ms: Date.now() - start };
  }

  test('every call is answered in bounded time, and the store works when the link is mended', async () => {
    const { chatLog, chats, messages, users } = remote;
    const chatId = await createGroup(chatLog, 'ann', ['bob']);
    const commit = await propose(chatLog, chatId, 'ann', sending('one'));
    link.become('silent');
    const calls = [
      appendOne(chatLog, commit),
      chatLog.load(chatId, NEEDS_NOTHING, null),
      chatLog.unsettled(0, 10),
      chats.memberships('ann'),
      messages.countUpTo(chatId, 5),
      users.create(aUser(), 'hash'),
      remote.check(),
      openMongoStore({ uri: `mongodb://127.0.0.1:${link.port}/${anId()}` }),
    ];
    for (const { error, ms } of await Promise.all(calls.map(failureOf))) {
      expect(error).toBeInstanceOf(StoreError);
      expect(ms).toBeLessThan(PATIENCE_MS);
    }
    link.become('open');
    expect(await appendOne(chatLog, commit)).toBe('stored');
    await expect(remote.check()).resolves.toBeUndefined();
    expect((await nodes.store.chats.find(chatId))?.seq).toBe(2);
  });

  test('an append that was under way is stored once, whether it arrives before its repetition or after', async () => {
    const chatId = await createGroup(nodes.store.chatLog, 'ann', ['bob']);
    const commit = await propose(nodes.store.chatLog, chatId, 'ann', sending('mine'));
    await remote.check();
    link.become('silent');
    expect((await failureOf(appendOne(remote.chatLog, commit))).error).toMatchObject({ outcome: 'unknown' });
    expect(await nodes.isStored(commit)).toBe(false);
    const [, later] = [link.become('open'), await say(nodes.store.chatLog, chatId, 'bob', 'another')];
    const answer = await appendOne(remote.chatLog, commit);
    expect(answer).toBe((await nodes.isStored(commit)) ? 'stored' : 'conflict');
    const lines = await nodes.store.messages.page(chatId, { above: 1, upTo: 9, order: 'asc', limit: 9 });
    expect(lines.filter((line) => line.id === later[0]?.id)).toHaveLength(1);
    expect(lines.map((line) => line.content)).toEqual(answer === 'stored' ? ['mine', 'another'] : ['another']);
  });

  test('a socket that closes just before a command is written fails it, and no check of the server waits for ever', async () => {
    const sockets: Socket[] = [];
    const note = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', note);
    try {
      const store = await openMongoStore({ uri: address });
      opened.push(store);
      const chatId = await createGroup(store.chatLog, 'ann', ['bob']);
      const commit = await propose(store.chatLog, chatId, 'ann', sending('one'));
      for (let round = 0; round < 3; round += 1) {
        // Destroyed is what a socket is between the end that it has read and `close`, of which it tells a turn later.
        for (const socket of sockets.splice(0)) socket.destroy();
        const calls = [appendOne(store.chatLog, commit), store.check(), store.chats.memberships('ann')];
        for (const { ms } of await Promise.all(calls.map(failureOf))) expect(ms).toBeLessThan(PATIENCE_MS);
        await nextTurn();
      }
      expect(await appendOne(store.chatLog, commit)).toBe('stored');
      await expect(store.check()).resolves.toBeUndefined();
    } finally {
      unsubscribe('net.client.socket', note);
    }
  });

  test.each(['breaks at a request', 'breaks at an answer'] as const)(
    'an append whose link %s, at any step, is whole when it is repeated',
    async (state) => {
      const { chatLog } = nodes.store;
      for (let step = 0; ; step += 1) {
        const chatId = await createGroup(chatLog, 'ann', ['bob', 'cem']);
        const old = only(await say(chatLog, chatId, 'ann', 'old'));
        const commands: Command[] = [
          sending('one', 'two'),
          { type: 'message.edit', messageId: old.id, content: 'edited' },
          { type: 'member.remove', userId: 'cem', lineId: anId() },
        ];
        const commit = await propose(chatLog, chatId, 'ann', ...commands);
        const before = await nodes.rowsOf(chatId);
        const client = new MongoClient(address, MONGO_OPTIONS);
        await client.connect();
        let left = step;
        const breaking: Interceptor = (_, proceed) => {
          if (left-- === 0) link.become(state);
          return proceed();
        };
        const node = new MongoStore(
          intercepted(client.db(), breaking),
          (reads) => reads({}),
          () => client.close(),
        );
        opened.push(node);
        const { error } = await failureOf(appendOne(node.chatLog, commit));
        link.become('open');
        expect(error === null ? null : (error as StoreError).outcome).toBe(left < 0 ? 'unknown' : null);
        expect(await appendOne(chatLog, commit)).toBe('stored');
        expect(differences(await nodes.rowsOf(chatId), folded(before, commit))).toEqual([]);
        if (error === null) break;
      }
    },
  );
});

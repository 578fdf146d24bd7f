import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { memoryStorage, type Parley } from '../../client/src/index.ts';
import { fileStorage } from '../../client/src/node.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Line } from './support/line.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

let folder: string;
let app: RunningApp;
let line: Line;
let clients: Clients;
let ann: Parley;
let bob: Parley;
let chatId: string;

const start = async (): Promise<RunningApp> =>
  startApp({ store: await openSqliteStore({ dataDir: join(folder, 'server') }) });

/** Bob's link is the line; Ann's is not. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-sdk-'));
  app = await start();
  line = await Line.to(app.url);
  clients = new Clients(line.url);
  bob = await clients.register(fileStorage(join(folder, 'bob')));
  clients.moveTo(app.url);
  ann = await clients.register();
  chatId = (await ann.chats.openDirect(idOf(bob))).id;
  await until(bob, ({ chats }) => chats[chatId]);
  await Promise.all([ann.messages.loadNewest(chatId), bob.messages.loadNewest(chatId)]);
});
afterEach(async () => {
  await clients.closeAll();
  line.close();
  await app.stop();
  await rm(folder, { recursive: true });
});

const cutOff = async () => {
  line.cut();
  await until(bob, ({ connection }) => connection === 'connecting');
};
const outgoing = (parley: Parley) => parley.store.getState().outbox[chatId] ?? [];
const sendAll = (parley: Parley, ...texts: string[]) =>
  Promise.all(texts.map((text) => parley.messages.send(chatId, text)));

it('offline → three sent → online: three arrive once, in order', async () => {
  await cutOff();
  const sent = sendAll(bob, 'one', 'two', 'three');
  expect(outgoing(bob).map(({ content, status }) => [content, status])).toEqual([
    ['one', 'waiting'],
    ['two', 'waiting'],
    ['three', 'waiting'],
  ]);
  line.mend();
  expect((await sent).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  await until(ann, ({ timelines }) => timelines[chatId]?.messages.length === 3);
  for (const one of [ann, bob]) expect(textsIn(one, chatId)).toEqual(['one', 'two', 'three']);
  expect(outgoing(bob)).toEqual([]);
});

it('what others sent meanwhile is there when the link is back, with what is unread', async () => {
  await cutOff();
  await sendAll(ann, 'one', 'two');
  line.mend();
  await until(bob, ({ timelines }) => timelines[chatId]?.messages.length === 2);
  expect(textsIn(bob, chatId)).toEqual(['one', 'two']);
  expect(bob.store.getState().chats[chatId]).toMatchObject({ seq: 2, unreadCount: 2 });
});

it('a link that dies without a word is found out, and nothing is lost', async () => {
  line.freeze();
  const sent = bob.messages.send(chatId, 'into the void');
  expect((await sent).seq).toBe(1);
  await until(ann, ({ timelines }) => timelines[chatId]?.messages.length === 1);
});

it('the server is restarted in the middle of a conversation', async () => {
  await bob.messages.send(chatId, 'before');
  line.cut();
  await app.stop();
  const meanwhile = bob.messages.send(chatId, 'meanwhile');
  app = await start();
  line.mend(app.url);
  expect((await meanwhile).seq).toBe(2);
  await bob.messages.send(chatId, 'after');
  expect(textsIn(bob, chatId)).toEqual(['before', 'meanwhile', 'after']);
  expect(outgoing(bob)).toEqual([]);
});

it('a server that stops in an orderly way, while people send: every message once, in order', async () => {
  const texts = Array.from({ length: 30 }, (_, n) => `message ${n}`);
  const sent = sendAll(bob, ...texts.slice(0, 15));
  const stopping = app.stop();
  const more = sendAll(bob, ...texts.slice(15));
  await stopping;
  app = await start();
  line.mend(app.url);
  await Promise.all([sent, more]);
  expect(textsIn(bob, chatId)).toEqual(texts);
  expect(outgoing(bob)).toEqual([]);
});

it('is shown as offline only after 5 s', async () => {
  const seen: [string, number][] = [];
  bob.on('connection', (connection) => seen.push([connection, Date.now()]));
  await cutOff();
  await until(bob, ({ connection }) => connection === 'offline');
  line.mend();
  await until(bob, ({ connection }) => connection === 'online');
  expect(seen.map(([connection]) => connection)).toEqual(['connecting', 'offline', 'online']);
  const [[, lost] = ['', 0], [, shown] = ['', 0]] = seen;
  expect(shown - lost).toBeGreaterThanOrEqual(4_900);
});

describe('the queue', () => {
  it('outlives the process: another instance sends what is left, once and in order', async () => {
    await cutOff();
    bob.messages.send(chatId, 'one').catch(() => undefined);
    bob.messages.send(chatId, 'two').catch(() => undefined);
    await until(bob, () => outgoing(bob).length === 2);
    await bob.close();

    clients.moveTo(line.url);
    const later = clients.make(fileStorage(join(folder, 'bob')));
    expect(await later.auth.restore()).toBe(true);
    expect(outgoing(later).map(({ content }) => content)).toEqual(['one', 'two']);
    line.mend();
    await later.connect();
    await until(later, ({ outbox }) => !outbox[chatId]);
    await until(ann, ({ timelines }) => timelines[chatId]?.messages.length === 2);
    expect(textsIn(ann, chatId)).toEqual(['one', 'two']);
  });

  it('makes one message of one whose answer was lost', async () => {
    const clientId = 'mine';
    const first = await bob.messages.send(chatId, { content: 'once', clientId });
    const again = await bob.messages.send(chatId, { content: 'once', clientId });
    expect(again.id).toBe(first.id);
    expect(textsIn(bob, chatId)).toEqual(['once']);
    expect(outgoing(bob)).toEqual([]);
  });

  it('knows a message by its clientId within its chat: the same one elsewhere is another message', async () => {
    const other = await bob.chats.createGroup({ name: 'another', memberIds: [] });
    const sent = [chatId, other.id].map((id) => bob.messages.send(id, { content: 'both', clientId: 'the same' }));
    expect(new Set((await Promise.all(sent)).map(({ id }) => id)).size).toBe(2);
  });

  it('keeps a refused message, marked, while others go on; it can be sent again or taken back', async () => {
    const refusals: string[] = [];
    bob.on('refused', ({ content }) => refusals.push(content));
    const [blank, tooLong, good] = await Promise.allSettled(
      ['   ', 'x'.repeat(5_000), 'good'].map((text) => bob.messages.send(chatId, text)),
    );
    expect(blank).toMatchObject({ status: 'rejected', reason: { code: 'VALIDATION_FAILED' } });
    expect(tooLong?.status).toBe('rejected');
    expect(good?.status).toBe('fulfilled');
    expect(refusals).toEqual(['   ', 'x'.repeat(5_000)]);
    const [first, second] = outgoing(bob);
    expect(first).toMatchObject({ content: '   ', status: 'refused', error: { code: 'VALIDATION_FAILED' } });

    await expect(bob.messages.retry(first?.clientId ?? '')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(outgoing(bob).map(({ status }) => status)).toEqual(['refused', 'refused']);
    await bob.messages.discard(first?.clientId ?? '');
    await bob.messages.discard(second?.clientId ?? '');
    expect(outgoing(bob)).toEqual([]);
    await expect(bob.messages.discard('gone')).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  });

  it.each([70_000, 300_000])('refuses a message of %d letters, and the link stays', async (length) => {
    await expect(bob.messages.send(chatId, 'x'.repeat(length))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await bob.messages.send(chatId, 'good');
    expect(bob.store.getState()).toMatchObject({ connection: 'online', stopped: null });
  });

  it('sends a refused message again when the application does, by the same clientId', async () => {
    const clientId = 'mine';
    await expect(bob.messages.send(chatId, { content: ' ', clientId })).rejects.toMatchObject({ status: null });
    expect(await bob.messages.send(chatId, { content: 'mended', clientId })).toMatchObject({ content: 'mended' });
    expect(outgoing(bob)).toEqual([]);
  });

  describe('whose storage fails', () => {
    const storage = memoryStorage();
    let list = storage.list;
    beforeEach(async () => {
      list = storage.list;
      bob = await clients.register({ ...storage, list: (prefix) => list(prefix) });
      chatId = (await bob.chats.createGroup({ name: 'a group', memberIds: [] })).id;
    });

    it('is sent all the same', async () => {
      list = () => Promise.reject(new Error('closed'));
      expect(await bob.messages.send(chatId, 'hello')).toMatchObject({ content: 'hello' });
    });

    it('tells of a message that is sent again what becomes of it now, and not what did before', async () => {
      const clientId = 'mine';
      await expect(bob.messages.send(chatId, { content: ' ', clientId })).rejects.toThrow();
      await setImmediate(); // the queue is at rest
      const [read, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      list = async (prefix) => {
        const entries = await storage.list(prefix);
        read.resolve();
        await go.promise;
        return entries;
      };
      const other = bob.messages.send(chatId, 'another');
      await read.promise;
      const again = bob.messages.send(chatId, { content: 'mended', clientId });
      go.resolve();
      expect(await again).toMatchObject({ content: 'mended' });
      await other;
    });
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Message, Parley } from '../../client/src/index.ts';
import { backoffMs } from '../../client/src/time.ts';
import { loadConfig } from '../../src/config.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { backUp, restore } from '../../src/maintenance.ts';
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

const start = async (epoch?: string): Promise<RunningApp> =>
  startApp({ store: await openSqliteStore({ dataDir: folder }), ...(epoch !== undefined && { epoch }) });

/** Bob's link is the line; Ann's is not. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-sdk-'));
  app = await start();
  line = await Line.to(app.url);
  clients = new Clients(line.url);
  bob = await clients.register();
  clients.moveTo(app.url);
  ann = await clients.register();
  chatId = (await ann.chats.createGroup({ name: 'a group', memberIds: [idOf(bob)] })).id;
  await until(bob, ({ chats }) => chats[chatId]);
  await bob.messages.loadNewest(chatId);
});
afterEach(async () => {
  jest.restoreAllMocks();
  Reflect.deleteProperty(globalThis, 'window');
  await clients.closeAll();
  line.close();
  await app.stop();
  await rm(folder, { recursive: true });
});

const cutOff = async (): Promise<void> => {
  line.cut();
  await until(bob, ({ connection }) => connection !== 'online');
};

/** With the people as the store has them: the copies inside lines are as old as the lines. */
function linesIn(parley: Parley, id: string): Message[] {
  const { timelines, users } = parley.store.getState();
  return (timelines[id]?.messages ?? []).map((line) => ({ ...line, sender: users[line.senderId] ?? line.sender }));
}

/** What Bob has is what another device of his reads afresh. */
async function expectBobToBeUpToDate(): Promise<void> {
  const fresh = await clients.anotherOf(bob);
  await until(bob, ({ chats }) => isDeepStrictEqual(chats, fresh.store.getState().chats));
  for (const id of Object.keys(bob.store.getState().timelines)) {
    await fresh.messages.loadNewest(id);
    const lines = linesIn(fresh, id);
    expect(linesIn(bob, id).slice(-lines.length)).toEqual(lines);
  }
  expect(bob.store.getState().chats).toEqual(fresh.store.getState().chats);
  await fresh.close();
}

it('brings everything that happened meanwhile, and tells of each once', async () => {
  const told: string[] = [];
  bob.on('message.created', ({ data }) => told.push(data.message.content ?? ''));
  await cutOff();
  const [one] = await Promise.all(['one', 'two', 'three'].map((text) => ann.messages.send(chatId, text)));
  await ann.messages.edit(chatId, one?.id ?? '', 'one, edited');
  await ann.chats.update(chatId, { name: 'renamed' });
  const another = await ann.chats.createGroup({ name: 'another', memberIds: [idOf(bob)] });
  await ann.messages.send(another.id, 'here');
  await ann.me.update({ displayName: 'Ann' });
  line.mend();
  await until(bob, ({ chats }) => chats[another.id]?.seq === 2 && chats[chatId]?.name === 'renamed');
  expect(textsIn(bob, chatId)).toEqual(['one, edited', 'two', 'three']);
  expect(told.filter((text) => text !== 'here')).toEqual(['one, edited', 'two', 'three']);
  await expectBobToBeUpToDate();
});

it('takes away what was lost meanwhile, without a word of what came after', async () => {
  const deleted = await ann.chats.createGroup({ name: 'deleted', memberIds: [idOf(bob)] });
  await until(bob, ({ chats }) => chats[deleted.id]);
  const removed: string[] = [];
  bob.on('member.removed', (change) => removed.push(change.chatId));
  await cutOff();
  await ann.chats.delete(deleted.id);
  await ann.messages.send(chatId, 'before the end');
  await ann.members.remove(chatId, idOf(bob));
  await ann.messages.send(chatId, 'a secret');
  line.mend();
  await until(bob, ({ chats, connection }) => connection === 'online' && Object.keys(chats).length === 0);
  expect(removed).toEqual([chatId]);
  expect(JSON.stringify(bob.store.getState())).not.toContain('a secret');
});

it('a chat of which too much was missed is read afresh, and goes on from there', async () => {
  await cutOff();
  const { body } = await app.api.post('/auth/login', {
    login: ann.store.getState().me?.username,
    password: 'correct horse battery',
  });
  for (let batch = 0; batch < 11; batch++) {
    const messages = Array.from({ length: 100 }, (_, n) => ({ content: `line ${batch * 100 + n}` }));
    await fetch(`${app.url}/api/v1/chats/${chatId}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages }),
    });
  }
  line.mend();
  await until(bob, () => textsIn(bob, chatId).at(-1) === 'line 1099');
  await ann.messages.send(chatId, 'and on');
  await until(bob, () => textsIn(bob, chatId).at(-1) === 'and on');
  expect(bob.store.getState().chats[chatId]?.unreadCount).toBe(1_101);
  await expectBobToBeUpToDate();
});

it('a backup was restored: what is not in it is gone here too, and what is new there comes', async () => {
  const config = { ...loadConfig({}, []), dataDir: folder };
  await ann.messages.send(chatId, 'in the backup');
  await backUp(config, join(folder, 'backup'));
  for (const text of ['lost', 'lost too']) await ann.messages.send(chatId, text);
  await until(bob, () => textsIn(bob, chatId).length === 3);
  await cutOff();
  await ann.close();
  await app.stop();
  await restore({ ...config, dataDir: join(folder, 'restored') }, join(folder, 'backup'));
  app = await startApp({ store: await openSqliteStore({ dataDir: join(folder, 'restored') }) });
  clients.moveTo(app.url);
  const other = await clients.anotherOf(bob);
  for (const text of ['new', 'and new', 'newer than all that he had']) await other.messages.send(chatId, text);
  line.mend(app.url);
  await until(bob, ({ connection, timelines }) => connection === 'online' && !timelines[chatId]);
  await bob.messages.loadNewest(chatId);
  expect(textsIn(bob, chatId)).toEqual(['in the backup', 'new', 'and new', 'newer than all that he had']);
  await expectBobToBeUpToDate();
});

it('another epoch: what was here is worth nothing, and is read again', async () => {
  await cutOff();
  await app.stop();
  app = await start('another epoch');
  line.mend(app.url);
  await until(bob, ({ connection, timelines }) => connection === 'online' && !timelines[chatId]);
  await bob.messages.loadNewest(chatId);
  clients.moveTo(app.url);
  await expectBobToBeUpToDate();
});

it('what was muted on another device, who has come, and how far others have read', async () => {
  const { seq } = await bob.messages.send(chatId, 'read me');
  await bob.members.load(chatId);
  const [other, watcher] = [await clients.anotherOf(bob), await clients.anotherOf(ann)];
  await cutOff();
  await other.chats.mute(chatId);
  await until(ann, ({ chats }) => chats[chatId]?.seq === seq);
  ann.chats.markRead(chatId);
  await until(watcher, ({ chats }) => chats[chatId]?.readSeq === seq);
  line.mend();
  await until(bob, ({ chats }) => chats[chatId]?.muted);
  await until(bob, ({ members }) => members[chatId]?.items.find(({ userId }) => userId === idOf(ann))?.readSeq === seq);
  await until(bob, ({ presence }) => presence[idOf(ann)]?.status === 'online');
});

it('marks of reading that were set offline are told, and those of other devices are heard', async () => {
  const { seq } = await ann.messages.send(chatId, 'one');
  await until(bob, ({ chats }) => chats[chatId]?.unreadCount === 1);
  const other = await clients.anotherOf(bob);
  await cutOff();
  bob.chats.markRead(chatId);
  expect(bob.store.getState().chats[chatId]).toMatchObject({ readSeq: seq, unreadCount: 0 });
  expect(other.store.getState().chats[chatId]?.unreadCount).toBe(1);
  line.mend();
  await until(other, ({ chats }) => chats[chatId]?.unreadCount === 0);
});

describe('the page tells that the network may be back', () => {
  const tell = (type: string): boolean =>
    (globalThis as unknown as { window: EventTarget }).window.dispatchEvent(new Event(type));
  const reconnectWith = async (parley: Parley): Promise<void> => {
    await parley.close();
    Object.assign(globalThis, { window: new EventTarget() });
    await parley.connect();
  };

  it('the client tries at once, however long it was going to wait', async () => {
    await reconnectWith(bob);
    jest.spyOn(Math, 'random').mockReturnValue(1_000); // pauses that no test waits out
    await cutOff();
    await until(bob, ({ connection }) => connection === 'offline');
    line.mend();
    tell('online');
    await until(bob, ({ connection }) => connection === 'online');
  });

  it('it is told too early, and tries again soon, however often it had failed before', async () => {
    await reconnectWith(bob);
    const random = jest.spyOn(Math, 'random').mockReturnValue(1_000);
    await cutOff();
    while (random.mock.calls.length === 0) await setImmediate();
    const tryInVain = async (): Promise<void> => {
      const pauses = random.mock.calls.length;
      tell('online');
      while (random.mock.calls.length === pauses) await setImmediate();
    };
    for (let tries = 0; tries < 8; tries += 1) await tryInVain();
    random.mockReturnValue(3); // 90 s after so many failures
    await tryInVain();
    line.mend();
    await until(bob, ({ connection }) => connection === 'online');
  });

  it('a link that has died unnoticed is given up within seconds', async () => {
    await reconnectWith(bob);
    line.freeze();
    tell('focus');
    await until(bob, ({ connection }) => connection !== 'online');
    await until(bob, ({ connection }) => connection === 'online');
  });
});

it('the pauses between tries are random, and their bound doubles from 0.5 s to 30 s', () => {
  const greatest = (failures: number): number => Math.max(...Array.from({ length: 2_000 }, () => backoffMs(failures)));
  for (const [failures, bound] of [
    [0, 500],
    [1, 1_000],
    [5, 16_000],
    [6, 30_000],
    [1_000, 30_000],
  ] as const) {
    expect(greatest(failures)).toBeLessThanOrEqual(bound);
    expect(greatest(failures)).toBeGreaterThan(bound * 0.95);
  }
});

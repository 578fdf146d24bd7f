import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Parley } from '../../client/src/index.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Line } from './support/line.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

let app: RunningApp;
let line: Line;
let clients: Clients;
let ann: Parley;
let bob: Parley;
let chatId: string;

/** Bob's way to the server knows no WebSockets. */
beforeAll(async () => {
  app = await startApp();
  line = await Line.to(app.url);
  line.cutsWebSockets = true;
  clients = new Clients(app.url);
  ann = await clients.register();
  clients.moveTo(line.url);
  bob = await clients.register();
});
afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'window');
  await clients.closeAll();
  line.close();
  await app.stop();
});

it('where WebSockets are cut, it connects all the same, by long poll', async () => {
  expect(line.upgrades).toBe(3);
  expect(bob.store.getState()).toMatchObject({ connection: 'online', chatsLoaded: true, userId: idOf(bob) });
});

it('and two people talk', async () => {
  chatId = (await ann.chats.openDirect(idOf(bob))).id;
  await until(bob, ({ chats }) => chats[chatId]);
  await Promise.all([ann.messages.loadNewest(chatId), bob.messages.loadNewest(chatId)]);
  await ann.messages.send(chatId, 'Hello, Bob!');
  await until(bob, ({ chats }) => chats[chatId]?.unreadCount === 1);
  bob.chats.markRead(chatId);
  await bob.messages.send(chatId, 'Hello, Ann!');
  await until(ann, ({ chats }) => chats[chatId]?.unreadCount === 1);
  for (const one of [ann, bob]) {
    await until(one, ({ timelines }) => timelines[chatId]?.messages.length === 2);
    expect(textsIn(one, chatId)).toEqual(['Hello, Bob!', 'Hello, Ann!']);
  }
});

it('what happens while nothing gets through is there afterwards, and what waits is sent', async () => {
  line.cut();
  await until(bob, ({ connection }) => connection !== 'online');
  const sent = bob.messages.send(chatId, 'from Bob');
  await ann.messages.send(chatId, 'from Ann');
  line.mend();
  await sent;
  await until(bob, ({ timelines }) => timelines[chatId]?.messages.length === 4);
  expect(textsIn(bob, chatId).slice(2)).toEqual(['from Ann', 'from Bob']);
});

it('once WebSockets get through, the next look takes one', async () => {
  await bob.close();
  Object.assign(globalThis, { window: new EventTarget() });
  await bob.connect();
  const seen: string[] = [];
  bob.on('connection', (connection) => seen.push(connection));
  line.cutsWebSockets = false;
  (globalThis as unknown as { window: EventTarget }).window.dispatchEvent(new Event('online'));
  await until(ann, ({ presence }) => presence[idOf(bob)]?.status === 'online');
  bob.typing.tell(chatId);
  await ann.messages.send(chatId, 'by socket');
  await until(bob, () => textsIn(bob, chatId).at(-1) === 'by socket');
  expect(seen).toEqual([]);
});

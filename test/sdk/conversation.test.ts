import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { chatList, type Parley, unreadTotal } from '../../client/src/index.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

let app: RunningApp;
let clients: Clients;
let ann: Parley;
let bob: Parley;
beforeAll(async () => {
  app = await startApp();
  clients = new Clients(app.url);
  [ann, bob] = [await clients.register(), await clients.register()];
});
afterAll(async () => {
  await clients.closeAll();
  await app.stop();
});

const chatOf = (parley: Parley, chatId: string) => {
  const chat = parley.store.getState().chats[chatId];
  if (!chat) throw new Error('no such chat');
  return chat;
};

it('two people talk: each sees every line once, in order, and what is unread', async () => {
  const { id } = await ann.chats.openDirect(idOf(bob));
  await until(bob, ({ chats }) => chats[id]);
  await Promise.all([ann.messages.loadNewest(id), bob.messages.loadNewest(id)]);

  await ann.messages.send(id, 'Hello, Bob!');
  await until(bob, ({ chats }) => chats[id]?.unreadCount === 1);
  expect(unreadTotal(bob.store.getState())).toBe(1);
  bob.chats.markRead(id);
  expect(unreadTotal(bob.store.getState())).toBe(0);
  await bob.messages.send(id, { content: 'Hello, Ann!' });
  await until(ann, ({ timelines }) => timelines[id]?.messages.length === 2);

  for (const one of [ann, bob]) expect(textsIn(one, id)).toEqual(['Hello, Bob!', 'Hello, Ann!']);
  expect(chatOf(ann, id)).toMatchObject({ unreadCount: 1, seq: 2, lastMessage: { content: 'Hello, Ann!' } });
  expect(chatList(ann.store.getState()).map((chat) => chat.id)).toEqual([id]);
  expect(ann.store.getState().users[idOf(bob)]?.username).toBe(bob.store.getState().me?.username);
});

it('of somebody whom one meets one knows at once whether he is there; who goes does not type any more', async () => {
  const [carl, dora] = [await clients.register(), await clients.register()];
  const { id } = await carl.chats.openDirect(idOf(dora));
  await until(carl, ({ presence }) => presence[idOf(dora)]?.status === 'online');
  await until(dora, ({ presence }) => presence[idOf(carl)]?.status === 'online');
  dora.typing.tell(id);
  await until(carl, ({ typing }) => typing[id]?.includes(idOf(dora)));
  await dora.me.update({ showPresence: false });
  await until(carl, ({ presence }) => presence[idOf(dora)]?.status === 'offline');
  expect(carl.store.getState().typing).toEqual({});
});

it('what is told of who is there while that is read anew is not lost', async () => {
  const [carl, dora, eve] = [await clients.register(), await clients.register(), await clients.register()];
  for (const one of [dora, eve]) await carl.chats.openDirect(idOf(one));
  await dora.close();
  const { fetch } = globalThis;
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const spy = jest.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const answer = await fetch(input, init);
    if (!String(input).includes('/presence?')) return answer;
    asked.resolve();
    await held.promise;
    return answer;
  });
  const again = await clients.anotherOf(carl);
  await asked.promise;
  await again.presence.load([idOf(dora)]);
  const told = again.store.getState().presence[idOf(dora)];
  expect(told?.status).toBe('offline');
  held.resolve();
  await until(again, ({ presence }) => presence[idOf(eve)]?.status === 'online');
  spy.mockRestore();
  expect(again.store.getState().presence[idOf(dora)]).toEqual(told);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { delayedStore } from '../support/delayed-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

/** Told when an unread count is about to be read; it is read when that resolves. */
let beforeCount: () => Promise<unknown> = async () => undefined;

let app: RunningApp;
beforeAll(async () => {
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const wait = async (method: string) => method === 'countNotUnread' && beforeCount();
  app = await startApp({ store: delayedStore(store, wait) });
});
afterAll(() => app.stop());

/** Ann reads the first of Bob's two messages, and what happens meanwhile happens between the reading of her chat and that of her count. */
async function countAfterRead(meanwhile: (ann: Reader, bob: Reader, chatId: string) => Promise<unknown>) {
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const group = await ann.api.post('/chats', { kind: 'group', name: 'x', memberIds: [bob.id] });
  const chatId: string = group.body.id;
  await bob.api.post(`/chats/${chatId}/messages`, { messages: [{ content: 'one' }, { content: 'two' }] });
  const socket = await SocketClient.signedIn(app.url, ann.accessToken);
  let once = true;
  beforeCount = async () => {
    if (!once) return;
    once = false;
    await meanwhile(ann, bob, chatId);
  };
  const answer = await ann.api.put(`/chats/${chatId}/read`, { seq: 2 });
  await socket.next('chat.read');
  const events = socket.eventsOf(chatId).map(({ type, data }) => {
    const { unreadCount } = data as { unreadCount?: number };
    return unreadCount === undefined ? type : `${type} ${unreadCount}`;
  });
  socket.close();
  return { answered: answer.body.unreadCount, events };
}
type Reader = Awaited<ReturnType<RunningApp['api']['register']>>;

test('a message that arrives while a mark is set is in the count, which is told after it', async () => {
  const { events } = await countAfterRead((_, bob, chatId) =>
    bob.api.post(`/chats/${chatId}/messages`, { content: 'three' }),
  );
  expect(events).toEqual(['message.created', 'chat.read 2']);
});

test('a message of my own that I send meanwhile takes nothing off the count', async () => {
  const { answered } = await countAfterRead((ann, _, chatId) =>
    ann.api.post(`/chats/${chatId}/messages`, { content: 'mine' }),
  );
  expect(answered).toBe(1);
});

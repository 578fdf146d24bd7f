import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { delayedStore } from '../support/delayed-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';
import { openTestStore } from '../support/test-store.ts';

/** What else happens before and after the store reads what this is named after. */
let meanwhile: Partial<Record<string, () => Promise<unknown>>> = {};

let app: RunningApp;
beforeAll(async () => {
  const store = await openTestStore();
  const wait = async (method: string) => meanwhile[method]?.();
  app = await startApp({ store: delayedStore(store, wait) });
});
afterAll(() => app.stop());

/** Ann reads the first of Bob's two messages, and what happens meanwhile happens between the reading of her chat and that of her count. */
async function countAfterRead(happens: (ann: Account, bob: Account, chatId: string) => Promise<unknown>) {
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const group = await ann.api.post('/chats', { kind: 'group', name: 'x', memberIds: [bob.id] });
  const chatId: string = group.body.id;
  await bob.api.post(`/chats/${chatId}/messages`, { messages: [{ content: 'one' }, { content: 'two' }] });
  const socket = await SocketClient.signedIn(app.url, ann.accessToken);
  meanwhile = { countNotUnread: once(() => happens(ann, bob, chatId)) };
  const answer = await ann.api.put(`/chats/${chatId}/read`, { seq: 2 });
  await socket.next('chat.read');
  const events = socket.eventsOf(chatId).map(({ type, data }) => {
    const { unreadCount } = data as { unreadCount?: number };
    return unreadCount === undefined ? type : `${type} ${unreadCount}`;
  });
  socket.close();
  return { answered: answer.body.unreadCount, events };
}

/** The first call does it, the others nothing. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let left = 1;
  return async () => left-- > 0 && work();
}

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

test('who is brought a chat hears nobody type in it before he is shown it', async () => {
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const chatId: string = (await bob.api.post('/chats', { kind: 'group', name: 'x', memberIds: [] })).body.id;
  const [a, b] = await Promise.all([ann, bob].map(({ accessToken }) => SocketClient.signedIn(app.url, accessToken)));
  if (!a || !b) throw new Error('two sockets');
  let typed = 0;
  meanwhile = {
    countNotUnread: async () => {
      await b.command('chat.typing', { chatId });
      typed += 1;
    },
  };
  await bob.api.post(`/chats/${chatId}/members`, { userIds: [ann.id] });
  await a.next('chat.created');
  meanwhile = {};
  await a.settled();
  expect(typed).toBeGreaterThan(0);
  expect(a.eventsOf(chatId)[0]?.type).toBe('chat.created');
  for (const socket of [a, b]) socket.close();
});

test('of two names in a row the last that is told is the one that stays, however slow the first was to read', async () => {
  const ann = await app.api.register();
  const socket = await SocketClient.signedIn(app.url, ann.accessToken);
  const names = () => socket.frames.filter(({ type }) => type === 'user.updated').map(({ data }) => nameIn(data));
  meanwhile = {
    heads: once(async () => {
      await ann.api.patch('/users/me', { displayName: 'second' });
      await socket.settled();
    }),
  };
  await ann.api.patch('/users/me', { displayName: 'first' });
  await socket.find(() => names().length === 2);
  expect(names().at(-1)).toBe('second');
  socket.close();
});

const nameIn = (data: unknown): string => (data as { user: { displayName: string } }).user.displayName;

test('who is removed while he syncs is told nothing that was written after that', async () => {
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const { body: group } = await ann.api.post('/chats', { kind: 'group', name: 'x', memberIds: [bob.id] });
  const { body: before } = await bob.api.post('/sync', {});
  const { body: message } = await ann.api.post(`/chats/${group.id}/messages`, { content: 'open' });
  meanwhile = {
    findIn: once(async () => {
      await ann.api.delete(`/chats/${group.id}/members/${bob.id}`);
      await ann.api.patch(`/chats/${group.id}/messages/${message.id}`, { content: 'secret' });
    }),
  };
  const { epoch, me, chats } = before;
  const { seq: _, ...known } = chats[group.id];
  const answer = await bob.api.post('/sync', { epoch, me, chats: { [group.id]: known } });
  expect(answer.status).toBe(200);
  expect(JSON.stringify(answer.body)).not.toContain('secret');
  const { seq: __, ...then } = answer.body.chats[group.id];
  const next = await bob.api.post('/sync', { epoch, me, chats: { [group.id]: then } });
  expect(next.body.events).toMatchObject([{ type: 'member.removed' }]);
});

/** What a bus may do to a bell: hold it back until somebody has read for himself what it tells of, or ring it twice. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import type { Account } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

let app: RunningApp;
let ann: Account;
let bob: Account;
beforeEach(async () => {
  app = await startApp();
  [ann, bob] = await Promise.all([app.api.register(), app.api.register()]);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await app.stop();
});

const connect = (account: Account): Promise<SocketClient> => SocketClient.signedIn(app.url, account.accessToken);
const group = async (...members: Account[]): Promise<string> =>
  (await bob.api.post('/chats', { kind: 'group', name: 'g', memberIds: members.map(({ id }) => id) })).body.id;

/** Does this while no bell of a chat rings, of a change or of a read mark; gives those that would have. */
async function silently(act: () => Promise<unknown>): Promise<BusEvent[]> {
  const { bus } = app.services;
  const held: BusEvent[] = [];
  const publish = bus.publish.bind(bus);
  const silence = jest.spyOn(bus, 'publish').mockImplementation((event) => {
    if (event.type === 'commit' || event.type === 'chat.read') held.push(event);
    else publish(event);
  });
  await act();
  silence.mockRestore();
  return held;
}

test('a bell that rings after somebody has come and read for himself still brings the chat to the others', async () => {
  const a = await connect(ann);
  const bells = await silently(() => group(ann));
  const [second, b] = [await connect(ann), await connect(bob)];
  for (const bell of bells) app.services.bus.publish(bell);
  const { chatId } = await a.next('chat.created');
  await bob.api.post(`/chats/${chatId}/messages`, { content: 'hello' });
  for (const socket of [a, b, second]) {
    await socket.next('message.created');
    socket.close();
  }
});

test('a bell that rings again brings nothing to who has gone since', async () => {
  const chatId = await group();
  const [a, b] = [await connect(ann), await connect(bob)];
  const bells = await silently(() => bob.api.post(`/chats/${chatId}/members`, { userIds: [ann.id] }));
  for (const bell of bells) app.services.bus.publish(bell);
  await a.next('chat.created');
  await bob.api.delete(`/chats/${chatId}/members/${ann.id}`);
  await a.next('member.removed');
  for (const bell of bells) app.services.bus.publish(bell);
  await bob.api.post(`/chats/${chatId}/messages`, { content: 'secret' });
  await b.next('message.created');
  await a.settled();
  expect(a.eventsOf(chatId).map(({ type }) => type)).toEqual(['chat.created', 'member.removed']);
  a.close();
  b.close();
});

test('who was removed while no bell rang hears of that, and of nothing that was written since', async () => {
  const chatId = await group(ann);
  const a = await connect(ann);
  const bells = await silently(async () => {
    const { body } = await bob.api.post(`/chats/${chatId}/messages`, { content: 'while she was there' });
    await bob.api.delete(`/chats/${chatId}/members/${ann.id}`);
    await bob.api.patch(`/chats/${chatId}/messages/${body.id}`, { content: 'secret' });
    await bob.api.post(`/chats/${chatId}/members`, { userIds: [ann.id] });
    await bob.api.delete(`/chats/${chatId}/members/${ann.id}`);
    await bob.api.patch(`/chats/${chatId}`, { name: 'secret' });
  });
  for (const bell of bells.slice(-1)) app.services.bus.publish(bell);
  await a.next('member.removed');
  await a.settled();
  expect(a.eventsOf(chatId).map(({ type }) => type)).toEqual(['member.removed']);
  a.close();
});

test('a read mark that rings after a later change is told, wherever its reader is connected', async () => {
  const chatId = await group(ann);
  const { body } = await bob.api.post(`/chats/${chatId}/messages`, { content: 'hello' });
  const b = await connect(bob);
  const marks = await silently(() => ann.api.put(`/chats/${chatId}/read`, { seq: body.seq }));
  await bob.api.patch(`/chats/${chatId}/messages/${body.id}`, { content: 'hello!' });
  await b.next('message.updated');
  for (const mark of marks) app.services.bus.publish(mark);
  expect((await b.next('chat.read')).data).toEqual({ userId: ann.id, seq: body.seq });
  b.close();
});

test('who was read as a member, and then the chat as it was after his removal, hears of that and of nothing else', async () => {
  const chatId = await group(ann);
  const { chats } = app.store;
  const read = chats.heads.bind(chats);
  let bells: BusEvent[] = [];
  jest.spyOn(chats, 'heads').mockImplementationOnce(async (userId) => {
    const before = await read(userId);
    bells = await silently(() => bob.api.delete(`/chats/${chatId}/members/${ann.id}`));
    const after = await chats.findMany([chatId]);
    return before.map((head) => ({ ...head, rev: after[0]?.rev ?? 0 }));
  });
  const a = await connect(ann);
  for (const bell of bells) app.services.bus.publish(bell);
  await bob.api.post(`/chats/${chatId}/messages`, { content: 'secret' });
  await a.next('member.removed');
  await a.settled();
  expect(a.eventsOf(chatId).map(({ type }) => type)).toEqual(['member.removed']);
  a.close();
});

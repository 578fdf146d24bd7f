import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { ShiftedClock } from '../support/clocks.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, SocketClient } from '../support/socket-client.ts';

/** The system's clock, which a test can put forward; nobody sleeps longer than a moment. */
class HurriedClock extends ShiftedClock {
  override async sleep(ms: number): Promise<void> {
    await super.sleep(Math.min(ms, 20));
    this.shiftMs += Math.max(0, ms - 20);
  }
}

const clock = new HurriedClock();
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ clock });
});
afterAll(() => app.stop());

const people = async (...names: string[]): Promise<Account[]> =>
  Promise.all(names.map((name) => app.api.register(`${name}-${Math.random().toString(36).slice(2, 8)}`)));
const connect = (account: Account): Promise<SocketClient> => SocketClient.signedIn(app.url, account.accessToken);
const group = async (owner: Account, ...members: Account[]): Promise<string> =>
  (await owner.api.post('/chats', { kind: 'group', name: 'g', memberIds: members.map(({ id }) => id) })).body.id;
const presenceOf = async (viewer: Account, { id }: Account) => (await viewer.api.get(`/users/${id}/presence`)).body;
const isAbout =
  ({ id }: Account, status: string) =>
  (frame: Frame) =>
    frame.type === 'presence.changed' &&
    (frame.data as Frame).userId === id &&
    (frame.data as { status: string }).status === status;
const about = (socket: SocketClient, { id }: Account) =>
  socket.frames.filter((frame) => frame.type === 'presence.changed' && (frame.data as Frame).userId === id);

describe('presence', () => {
  test('who shares a chat hears of each change, and may ask', async () => {
    const [ann, bob] = (await people('ann', 'bob')) as [Account, Account];
    await group(ann, bob);
    const watcher = await connect(ann);
    const socket = await connect(bob);
    await watcher.find(isAbout(bob, 'online'));
    expect(await presenceOf(ann, bob)).toEqual({ userId: bob.id, status: 'online', lastSeenAt: null });
    expect(await socket.command('presence.set', { status: 'away' })).toMatchObject({ type: 'ack' });
    await watcher.find(isAbout(bob, 'away'));
    const asked = await watcher.command('presence.get', { userIds: [bob.id, ann.id, 'nobody'] });
    expect(asked.items).toMatchObject([
      { userId: bob.id, status: 'away' },
      { userId: ann.id, status: 'online' },
      { userId: 'nobody', status: 'offline', lastSeenAt: null },
    ]);
    const listed = (await ann.api.get('/presence')).body.items.map(({ userId }: { userId: string }) => userId);
    expect(listed).toEqual([ann.id, bob.id].sort());
    expect((await ann.api.get('/users?online=true')).body.items).toHaveLength(2);
    expect((await ann.api.get('/users?online=true&excludeMe=true')).body.items).toMatchObject([{ id: bob.id }]);
    expect((await ann.api.get(`/users?online=true&ids=${ann.id}`)).body.items).toMatchObject([{ id: ann.id }]);
    socket.close();
    const gone = await watcher.find(isAbout(bob, 'offline'));
    expect(gone.data).toMatchObject({ lastSeenAt: expect.stringMatching(/Z$/) });
    expect(await presenceOf(ann, bob)).toMatchObject({ status: 'offline', lastSeenAt: expect.stringMatching(/Z$/) });
    watcher.close();
  });

  test('several sockets of one person count as one, and the liveliest counts', async () => {
    const [ann, bob] = (await people('ann', 'bob')) as [Account, Account];
    await group(ann, bob);
    const [phone, laptop] = [await connect(bob), await connect(bob)];
    await phone.command('presence.set', { status: 'away' });
    expect(await presenceOf(ann, bob)).toMatchObject({ status: 'online' });
    laptop.close();
    await laptop.closed;
    await phone.command('ping');
    expect(await presenceOf(ann, bob)).toMatchObject({ status: 'away' });
    phone.close();
  });

  test('a stranger hears and is told nothing', async () => {
    const [bob, eve] = (await people('bob', 'eve')) as [Account, Account];
    const spy = await connect(eve);
    const socket = await connect(bob);
    expect(await presenceOf(eve, bob)).toEqual({ userId: bob.id, status: 'offline', lastSeenAt: null });
    expect((await eve.api.get('/presence')).body.items).toMatchObject([{ userId: eve.id }]);
    expect((await eve.api.get(`/users?online=true&ids=${bob.id}`)).body.items).toEqual([]);
    expect((await spy.command('presence.get', { userIds: [bob.id] })).items).toMatchObject([{ status: 'offline' }]);
    await spy.settled();
    expect(about(spy, bob)).toEqual([]);
    spy.close();
    socket.close();
  });

  test('nor one who was removed from the chat that they shared', async () => {
    const [ann, bob, cleo] = (await people('ann', 'bob', 'cleo')) as [Account, Account, Account];
    const chatId = await group(ann, bob, cleo);
    const [former, watcher] = [await connect(bob), await connect(cleo)];
    const socket = await connect(ann);
    await former.find(isAbout(ann, 'online'));
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    await former.next('member.removed');
    await socket.command('presence.set', { status: 'away' });
    await watcher.find(isAbout(ann, 'away'));
    await former.settled();
    expect(former.frames.filter(isAbout(ann, 'away'))).toEqual([]);
    expect(await presenceOf(bob, ann)).toEqual({ userId: ann.id, status: 'offline', lastSeenAt: null });
    for (const one of [former, watcher, socket]) one.close();
  });

  test('who hides is offline to everybody, and everybody to him; who ceases to hide is told of', async () => {
    const [ann, bob, cleo] = (await people('ann', 'bob', 'cleo')) as [Account, Account, Account];
    await group(ann, bob, cleo);
    const watcher = await connect(ann);
    const hidden = await connect(bob);
    await watcher.find(isAbout(bob, 'online'));
    await bob.api.patch('/users/me', { showPresence: false });
    expect((await watcher.find(isAbout(bob, 'offline'))).data).toMatchObject({ lastSeenAt: null });
    expect(await presenceOf(ann, bob)).toEqual({ userId: bob.id, status: 'offline', lastSeenAt: null });
    expect(await presenceOf(bob, ann)).toEqual({ userId: ann.id, status: 'offline', lastSeenAt: null });
    expect((await bob.api.get('/presence')).body.items).toEqual([]);
    expect((await ann.api.get('/presence')).body.items).toMatchObject([{ userId: ann.id }]);
    expect((await ann.api.get(`/users?online=true&ids=${bob.id}`)).body.items).toEqual([]);
    const third = await connect(cleo);
    await watcher.find(isAbout(cleo, 'online'));
    await hidden.settled();
    expect(about(hidden, cleo)).toEqual([]);
    const told = about(watcher, bob).length;
    await bob.api.patch('/users/me', { showPresence: true });
    await watcher.find((frame) => isAbout(bob, 'online')(frame) && about(watcher, bob).length > told);
    for (const socket of [watcher, hidden, third]) socket.close();
  });

  test.each([
    ['presence.set', {}, '/status'],
    ['presence.set', { status: 'offline' }, '/status'],
    ['presence.set', { status: 'away', userId: 'x' }, '/userId'],
    ['presence.get', {}, '/userIds'],
    ['presence.get', { userIds: [] }, '/userIds'],
    ['presence.get', { userIds: Array(101).fill('x') }, '/userIds'],
    ['presence.get', { userIds: [1] }, '/userIds/0'],
    ['chat.typing', {}, '/chatId'],
    ['chat.typing', { chatId: '' }, '/chatId'],
  ])('refuses %s %j', async (type, fields, path) => {
    const [ann] = (await people('ann')) as [Account];
    const socket = await connect(ann);
    const answer = await socket.command(type, fields);
    expect(answer).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED' });
    expect((answer.errors as { path: string }[]).map((problem) => problem.path)).toContain(path);
    socket.close();
  });
});

describe('typing', () => {
  test('is told to the others of the chat, and never stored', async () => {
    const [ann, bob, eve] = (await people('ann', 'bob', 'eve')) as [Account, Account, Account];
    const chatId = await group(ann, bob);
    const [a, b, e] = [await connect(ann), await connect(bob), await connect(eve)];
    expect(await a.command('chat.typing', { chatId })).toEqual({ type: 'ack', id: expect.any(String) });
    expect(await b.next('chat.typing')).toEqual({ type: 'chat.typing', chatId, data: { userId: ann.id } });
    await a.command('chat.typing', { chatId });
    await b.settled();
    expect(b.frames.filter(({ type }) => type === 'chat.typing')).toHaveLength(1);
    expect(await e.command('chat.typing', { chatId })).toMatchObject({ type: 'error', code: 'CHAT_NOT_FOUND' });
    for (const socket of [a, e]) {
      await socket.settled();
      expect(socket.frames.map(({ type }) => type)).not.toContain('chat.typing');
    }
    expect((await bob.api.get(`/chats/${chatId}`)).body.rev).toBe(1);
    for (const socket of [a, b, e]) socket.close();
  });
});

describe('an announcement', () => {
  test('reaches everybody who is connected, and tells no name that its sender hides', async () => {
    const [admin, bob] = (await people('root', 'bob')) as [Account, Account];
    await admin.api.patch('/users/me', { displayName: 'The Boss', isPrivate: true });
    const user = await app.store.users.find(admin.id);
    if (user) await app.store.users.update({ ...user, role: 'admin', version: user.version + 1 });
    const socket = await connect(bob);
    expect((await bob.api.post('/broadcasts', { content: 'mine' })).status).toBe(403);
    expect((await admin.api.post('/broadcasts', { content: 'Maintenance at 5' })).status).toBe(202);
    const { data } = await socket.next('broadcast');
    expect(data).toMatchObject({
      content: 'Maintenance at 5',
      from: { id: admin.id, username: admin.username, displayName: null },
      at: expect.stringMatching(/Z$/),
    });
    socket.close();
  });
});

test('a deleted person’s sockets close, and the others see him no more', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Account, Account];
  await group(ann, bob);
  const [a, b] = [await connect(ann), await connect(bob)];
  await bob.api.call('DELETE', '/users/me', { password: bob.password, messages: 'keep' });
  expect((await b.closed).code).toBe(4401);
  const { data } = await a.next('user.updated');
  expect(data).toMatchObject({ user: { id: bob.id, username: null, deleted: true } });
  await a.find(isAbout(bob, 'offline'));
  a.close();
});

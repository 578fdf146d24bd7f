import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Account, ApiClient } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, SocketClient, socketUrl } from '../support/socket-client.ts';

let app: RunningApp;
let epoch: string;
beforeAll(async () => {
  app = await startApp();
  epoch = await app.store.settings.epoch();
});
afterAll(() => app.stop());

const people = async (count: number): Promise<Account[]> =>
  Promise.all(Array.from({ length: count }, () => app.api.register()));

const two = async () => (await people(2)) as [Account, Account];

async function aGroup(owner: Account, ...members: Account[]): Promise<string> {
  const memberIds = members.map((member) => member.id);
  return (await owner.api.post('/chats', { kind: 'group', name: 'a group', memberIds })).body.id;
}

async function say(sender: Account, chatId: string, ...contents: string[]): Promise<Frame[]> {
  const { body } = await sender.api.post(`/chats/${chatId}/messages`, {
    messages: contents.map((content) => ({ content })),
  });
  return body.items;
}

/** What somebody has who has read all his chats just now. */
async function known({ api }: Account) {
  const { items } = (await api.get('/chats?limit=100')).body;
  const entries = items.map(({ id, rev, readSeq }: { id: string; rev: number; readSeq: number }) => [
    id,
    { rev, readSeq },
  ]);
  const chats: Record<string, { rev: number; readSeq: number }> = Object.fromEntries(entries);
  return { epoch, me: (await api.get('/users/me')).body.version as number, chats };
}

/** Resumes, and gives the `ready` frame and the events that were missed. */
async function resumed({ accessToken }: Account, resume: object) {
  const socket = await SocketClient.signedIn(app.url, accessToken, {}, resume);
  const told = () => socket.frames.slice(2).filter(({ type }) => !['pong', 'presence.changed'].includes(type));
  const [, ready] = socket.frames;
  // A ping may be answered while what was missed is still read from the store.
  await socket.find(() => told().length >= Number(ready?.replayed ?? 0));
  await socket.settled();
  return { socket, ready, events: told(), close: () => socket.close() };
}

const typesAndRevs = (frames: readonly Frame[]) => frames.map(({ type, rev }) => [type, rev].join(' ').trim());

describe('what was missed is told', () => {
  test('nothing, to who has missed nothing', async () => {
    const [ann, bob] = await two();
    await aGroup(ann, bob);
    const { ready, events, close } = await resumed(bob, await known(bob));
    expect(ready).toMatchObject({ type: 'ready', resumed: true, replayed: 0, epoch });
    expect(events).toEqual([]);
    close();
  });

  test('what was muted or unmuted, where the client says how it was', async () => {
    const [ann, bob] = await two();
    const [muted, unmuted, limited, untold] = [
      await aGroup(ann, bob),
      await aGroup(ann, bob),
      await aGroup(ann, bob),
      await aGroup(ann, bob),
    ];
    const mutedUntil = new Date(Date.now() + 3_600_000).toISOString();
    for (const chatId of [muted, untold]) await bob.api.put(`/chats/${chatId}/mute`, {});
    await bob.api.put(`/chats/${limited}/mute`, { until: mutedUntil });
    const { chats, ...rest } = await known(bob);
    const before = {
      ...{ [muted]: { ...chats[muted], muted: false }, [unmuted]: { ...chats[unmuted], muted: true } },
      ...{ [limited]: { ...chats[limited], muted: true, mutedUntil: null }, [untold]: chats[untold] },
    };
    const { events, close } = await resumed(bob, { ...rest, chats: before });
    const expected = [
      { type: 'chat.muted', chatId: muted, data: { muted: true, mutedUntil: null } },
      { type: 'chat.muted', chatId: unmuted, data: { muted: false, mutedUntil: null } },
      { type: 'chat.muted', chatId: limited, data: { muted: true, mutedUntil } },
    ];
    expect(events).toHaveLength(expected.length);
    expect(events).toEqual(expect.arrayContaining(expected));
    close();
    const after = Object.fromEntries(expected.map(({ chatId, data }) => [chatId, { ...chats[chatId], ...data }]));
    const again = await resumed(bob, { ...rest, chats: { ...after, [untold]: chats[untold] } });
    expect(again.events).toEqual([]);
    again.close();
  });

  test('each chat’s changes in order, in the very form of live events and of /changes', async () => {
    const [ann, bob] = await two();
    const chatIds = [await aGroup(ann, bob), await aGroup(ann, bob), await aGroup(ann, bob)];
    const before = await known(bob);
    const [one = '', other = ''] = chatIds;
    const live = await SocketClient.signedIn(app.url, bob.accessToken);
    const [message, second] = await say(ann, one, 'first', 'second');
    await ann.api.patch(`/chats/${one}/messages/${message?.id}`, { content: 'edited' });
    await ann.api.delete(`/chats/${one}/messages/${second?.id}`);
    await ann.api.patch(`/chats/${other}`, { name: 'renamed' });
    await ann.api.patch(`/chats/${other}/members/${bob.id}`, { role: 'admin' });
    await live.find(({ type }) => type === 'member.updated');
    const { ready, events, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ resumed: true, replayed: 6 });
    expect(typesAndRevs(events.filter(({ chatId }) => chatId === one))).toEqual([
      'message.created 2',
      'message.created 3',
      'message.updated 4',
      'message.deleted 5',
    ]);
    for (const chatId of [one, other]) {
      const stored = (await bob.api.get(`/chats/${chatId}/changes?afterRev=1`)).body.items;
      expect(events.filter((event) => event.chatId === chatId)).toEqual(stored);
    }
    expect(events.filter(({ chatId }) => chatId === other)).toEqual(live.eventsOf(other));
    expect(events.find(({ type }) => type === 'message.updated')?.data).toMatchObject({
      message: { content: 'edited' },
    });
    live.close();
    close();
  });

  test('then live events follow, without a gap', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await say(ann, chatId, 'missed');
    const { socket, close } = await resumed(bob, before);
    await say(ann, chatId, 'live');
    await socket.find(({ rev }) => rev === 3);
    expect(typesAndRevs(socket.eventsOf(chatId))).toEqual(['message.created 2', 'message.created 3']);
    close();
  });

  test('a chat that is new, whole', async () => {
    const [ann, bob] = await two();
    const before = await known(bob);
    const chatId = await aGroup(ann, bob);
    await say(ann, chatId, 'hello');
    const { ready, events, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ replayed: 1 });
    expect(events).toEqual([
      {
        type: 'chat.created',
        chatId,
        rev: 2,
        seq: null,
        at: expect.any(String),
        actorId: null,
        data: { chat: (await bob.api.get(`/chats/${chatId}`)).body },
      },
    ]);
    close();
  });

  test('a read mark of his own that was set elsewhere', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    await say(ann, chatId, 'one', 'two');
    const before = await known(bob);
    await bob.api.put(`/chats/${chatId}/read`, { seq: 2 });
    const { events, close } = await resumed(bob, before);
    expect(events).toEqual([{ type: 'chat.read', chatId, data: { userId: bob.id, seq: 2, unreadCount: 1 } }]);
    close();
  });

  test('his own profile, where he has an older one', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const before = await known(ann);
    await ann.api.patch('/users/me', { displayName: 'Ann' });
    const { ready, events, close } = await resumed(ann, before);
    expect(ready).toMatchObject({ me: 2, replayed: 1 });
    expect(events).toMatchObject([{ type: 'user.updated', data: { user: { id: ann.id, displayName: 'Ann' } } }]);
    close();
    const { me: _, ...withoutMe } = before;
    const other = await resumed(ann, withoutMe);
    expect(other.events).toEqual([]);
    other.close();
  });

  test('not what is unknown: chats of others and made-up ones are passed over', async () => {
    const [ann, eve] = await two();
    const chatId = await aGroup(ann);
    const chats = { [chatId]: { rev: 0, readSeq: 0 }, nowhere: { rev: 7, readSeq: 0 } };
    const { ready, events, socket, close } = await resumed(eve, { epoch, chats });
    expect(ready).toMatchObject({ resumed: true, replayed: 0 });
    expect(events).toEqual([]);
    await say(ann, chatId, 'secret');
    await socket.settled();
    expect(socket.eventsOf(chatId)).toEqual([]);
    expect((await eve.api.post('/sync', { epoch, chats })).body).toMatchObject({ events: [], chats: {} });
    close();
  });
});

describe('who was not in a chat all the time', () => {
  test('who was removed is told so, and nothing that was written before or after', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    const [message] = await say(ann, chatId, 'harmless');
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    await ann.api.patch(`/chats/${chatId}/messages/${message?.id}`, { content: 'secret' });
    await ann.api.patch(`/chats/${chatId}`, { name: 'secret' });
    const { ready, events, socket, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ replayed: 1 });
    expect(events).toMatchObject([
      {
        type: 'member.removed',
        chatId,
        rev: 3,
        actorId: ann.id,
        data: { members: [{ userId: bob.id }], memberCount: 0, message: { kind: 'system' } },
      },
    ]);
    await say(ann, chatId, 'secret');
    await socket.settled();
    expect(JSON.stringify(socket.frames)).not.toContain('secret');
    close();
    const again = await resumed(bob, { ...before, chats: { [chatId]: { rev: 3, readSeq: 1 } } });
    expect(again.events).toEqual([]);
    again.close();
  });

  test('nor who types there, where only another node knows of it yet', async () => {
    const [ann, bob, cat] = (await people(3)) as [Account, Account, Account];
    const chatId = await aGroup(ann, bob, cat);
    const before = await known(bob);
    const elsewhere = await startApp({ store: app.store });
    const typists = await Promise.all([ann, cat].map(({ accessToken }) => SocketClient.signedIn(app.url, accessToken)));
    const { chats } = app.services;
    const headsOf = chats.headsOf.bind(chats);
    jest.spyOn(chats, 'headsOf').mockImplementationOnce(async (userId) => {
      const heads = await headsOf(userId);
      await typists[0]?.command('chat.typing', { chatId });
      await new ApiClient(elsewhere.url, ann.accessToken).delete(`/chats/${chatId}/members/${bob.id}`);
      return heads;
    });
    const { events, socket, close } = await resumed(bob, before);
    await typists[1]?.command('chat.typing', { chatId });
    await socket.settled();
    close();
    for (const typist of typists) typist.close();
    await elsewhere.gateway.close();
    await elsewhere.server.close();
    expect(typesAndRevs(events)).toEqual(['member.removed 2']);
    expect(socket.frames.filter(({ type }) => type === 'chat.typing')).toEqual([]);
  });

  test('also where the chat was deleted after that', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    await ann.api.delete(`/chats/${chatId}`);
    while (!(await app.store.chatLog.purge()));
    const { events, close } = await resumed(bob, before);
    expect(events).toMatchObject([{ type: 'member.removed', rev: 2, data: { members: [{ userId: bob.id }] } }]);
    close();
  });

  test('a deleted chat is told as deleted', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await say(ann, chatId, 'gone');
    await ann.api.delete(`/chats/${chatId}`);
    const { events, close } = await resumed(bob, before);
    expect(typesAndRevs(events)).toEqual(['chat.deleted 3']);
    expect(JSON.stringify(events)).not.toContain('gone');
    close();
  });

  test('who was removed and added again is told both, and shown the chat whole', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await say(ann, chatId, '2');
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    await say(ann, chatId, '4');
    await ann.api.post(`/chats/${chatId}/members`, { userIds: [bob.id] });
    await say(ann, chatId, '6');
    const { ready, events, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ replayed: 3 });
    expect(typesAndRevs(events)).toEqual(['message.created 2', 'member.removed 3', 'chat.created 6']);
    close();
    const after = await resumed(bob, { ...before, chats: { [chatId]: { rev: 6, readSeq: 5 } } });
    expect(after.ready).toMatchObject({ replayed: 0 });
    after.close();
  });

  test('a direct chat that was deleted and opened again is told as deleted, and then whole', async () => {
    const [ann, bob] = await two();
    const { chatId } = (await ann.api.post(`/users/${bob.id}/messages`, { content: 'old' })).body;
    const before = await known(bob);
    await ann.api.delete(`/chats/${chatId}`);
    await ann.api.post(`/users/${bob.id}/messages`, { content: 'new' });
    const { events, close } = await resumed(bob, before);
    expect(typesAndRevs(events)).toEqual(['chat.deleted 3', 'chat.created 5']);
    close();
  });
});

describe('too much', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

  async function fill(sender: Account, chatId: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 100) await say(sender, chatId, ...lines(Math.min(left, 100)));
  }

  test('1,000 changes of a chat are told; of one more it is said that it is to be read afresh', async () => {
    const [ann, bob] = await two();
    const [full, over] = [await aGroup(ann, bob), await aGroup(ann, bob)];
    const before = await known(bob);
    await fill(ann, full, 1_000);
    await fill(ann, over, 1_001);
    const { ready, events, socket, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ replayed: 1_001 });
    expect(events.slice(0, -1).map(({ chatId, rev }) => [chatId, rev])).toEqual(
      lines(1_000).map((i) => [full, +i + 2]),
    );
    expect(events.at(-1)).toEqual({ type: 'chat.too_long', chatId: over, rev: 1_002, seq: 1_002, data: {} });
    await say(ann, over, 'live');
    expect((await socket.find(({ rev }) => rev === 1_003)).chatId).toBe(over);
    close();
  });

  test('5,000 changes in all are told, those of the liveliest chats', async () => {
    const [ann, bob] = await two();
    const chatIds = [];
    for (let i = 0; i < 6; i += 1) chatIds.push(await aGroup(ann, bob));
    const before = await known(bob);
    for (const chatId of chatIds) await fill(ann, chatId, 900);
    const { ready, events, close } = await resumed(bob, before);
    expect(ready).toMatchObject({ replayed: 4_501 });
    expect(events.filter(({ type }) => type === 'chat.too_long').map(({ chatId }) => chatId)).toEqual([chatIds[0]]);
    close();
  });

  test('a rev that there never was: the chat is to be read afresh', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const { events, close } = await resumed(bob, { epoch, chats: { [chatId]: { rev: 9, readSeq: 1 } } });
    expect(events).toMatchObject([{ type: 'chat.too_long', chatId, rev: 1, seq: 1 }]);
    close();
  });
});

describe('the auth frame', () => {
  test('of another epoch is not resumed', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const { ready, events, close } = await resumed(ann, { ...(await known(ann)), epoch: 'another' });
    expect(ready).toMatchObject({ resumed: false, reason: 'epoch', epoch });
    expect(events).toEqual([]);
    close();
  });

  test('may name 2,000 chats, in more than 64 KiB', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const chatId = await aGroup(ann);
    const { chats } = await known(ann);
    for (let i = 0; i < 2_000; i += 1) chats[`${i}`.padStart(36, '0')] = { rev: 1_000_000, readSeq: 1_000_000 };
    await say(ann, chatId, 'missed');
    const { events, close } = await resumed(ann, { epoch, chats });
    expect(typesAndRevs(events)).toEqual(['message.created 2']);
    close();
  });

  test.each([
    [{ chats: {} }, '/resume/epoch'],
    [{ epoch: 'e', chats: { c: { rev: -1, readSeq: 0 } } }, '/resume/chats/c/rev'],
    [{ epoch: 'e', chats: { c: { rev: 1 } } }, '/resume/chats/c/readSeq'],
    [{ epoch: 'e', chats: [], me: 'one' }, '/resume/me'],
    [{ epoch: 'e', chats: {}, since: 0 }, '/resume/since'],
  ])('is refused with %j', async (resume, path) => {
    const [ann] = await people(1);
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    socket.send({ type: 'auth', token: ann?.accessToken, resume });
    const { code, errors } = await socket.next('error');
    expect(code).toBe('VALIDATION_FAILED');
    expect((errors as { path: string }[]).map((problem) => problem.path)).toContain(path);
    socket.close();
  });
});

describe('a client that reads slowly', () => {
  /** More than the kernel keeps for a socket, of which nobody has read anything yet. */
  async function twelveMegabytes(sender: Account, chatId: string): Promise<void> {
    const lines = Array.from({ length: 100 }, () => '€'.repeat(4_000));
    for (let i = 0; i < 10; i += 1) await say(sender, chatId, ...lines);
  }

  async function resumesPaused({ accessToken }: Account, resume: object): Promise<SocketClient> {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    socket.send({ type: 'auth', token: accessToken, resume });
    await socket.next('ready');
    socket.pause();
    return socket;
  }

  test('is told as fast as it reads, while live events wait behind', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await twelveMegabytes(ann, chatId);
    const socket = await resumesPaused(bob, before);
    for (let i = 0; i < 20; i += 1) await say(ann, chatId, 'live');
    socket.resume();
    await socket.find(({ rev }) => rev === 1_021);
    expect(socket.eventsOf(chatId).map(({ rev }) => rev)).toEqual(Array.from({ length: 1_020 }, (_, i) => i + 2));
    socket.close();
  });

  test('is told nothing more of a chat from which its user is removed meanwhile', async () => {
    const [ann, bob] = await two();
    const [last, first] = [await aGroup(ann, bob), await aGroup(ann, bob)];
    const before = await known(bob);
    await say(ann, last, 'one', 'two');
    await twelveMegabytes(ann, first);
    const socket = await resumesPaused(bob, before);
    await say(ann, last, 'live');
    await ann.api.delete(`/chats/${last}/members/${bob.id}`);
    socket.resume();
    await socket.next('member.removed');
    await socket.settled();
    expect(typesAndRevs(socket.eventsOf(last))).toEqual(['member.removed 5']);
    expect(socket.eventsOf(first)).toHaveLength(1_000);
    socket.close();
  });

  test('is closed with 4002 when more than 1 MiB, beside a batch, waits behind what it missed', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    await twelveMegabytes(ann, chatId);
    const socket = await resumesPaused(bob, before);
    for (let batch = 0; batch < 2; batch += 1)
      await say(ann, chatId, ...Array.from({ length: 100 }, () => '€'.repeat(4_000)));
    socket.resume();
    expect((await socket.closed).code).toBe(4002);
    const told = socket.eventsOf(chatId).map(({ rev }) => rev);
    expect(told).toEqual(told.map((_, i) => i + 2));
  });
});

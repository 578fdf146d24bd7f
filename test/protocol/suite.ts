/**
 * What docs/protocol.md promises of the WebSocket and of POST /sync, asked of any server that says that it keeps it:
 *
 *     PARLEY_URL=http://localhost:8080 node --test test/protocol/suite.ts
 *
 * It registers people of its own, so registration must be open and the rate limits off or high.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aGroup, aPerson, call, type Frame, type Person, Socket } from './server.ts';

const two = (): Promise<[Person, Person]> => Promise.all([aPerson(), aPerson()]);

const send = async (socket: Socket, chatId: string, content: string, more: object = {}): Promise<Frame> => {
  const answer = await socket.command('message.send', { chatId, content, ...more });
  assert.equal(answer.type, 'ack');
  return answer;
};

/** What somebody has who has read everything. */
async function known(person: Person) {
  const { epoch, me, chats } = (await person.post('/sync', {})).body;
  const entries = Object.entries(chats as Record<string, { rev: number; readSeq: number }>);
  return { epoch, me, chats: Object.fromEntries(entries.map(([id, { rev, readSeq }]) => [id, { rev, readSeq }])) };
}

async function closesWith(code: number, act: (socket: Socket) => unknown): Promise<void> {
  const socket = await Socket.of(await aPerson());
  await act(socket);
  assert.equal(await socket.closed, code);
}

describe('the handshake', () => {
  test('hello, auth, ready', async () => {
    const ann = await aPerson();
    const socket = await Socket.of(ann);
    const [hello, ready] = socket.frames;
    assert.equal(hello?.type, 'hello');
    assert.equal(hello?.protocol, 1);
    assert.equal(ready?.userId, ann.id);
    assert.equal(ready?.resumed, false);
    assert.equal(ready?.reason, 'none');
    socket.close();
  });

  test('a ticket opens one connection', async () => {
    const ann = await aPerson();
    const { ticket } = (await ann.post('/auth/ticket')).body;
    const socket = new Socket(`?ticket=${ticket}`);
    await socket.next('hello');
    socket.send({ type: 'auth' });
    assert.equal((await socket.next('ready')).userId, ann.id);
    socket.close();
    assert.equal(await new Socket(`?ticket=${ticket}`).closed, 1006);
  });

  test('a wrong token, or a command instead of auth: an error, then 4401', async () => {
    for (const frame of [
      { type: 'auth', token: 'made up' },
      { type: 'chat.leave', id: '1', chatId: 'c' },
    ]) {
      const socket = new Socket();
      await socket.next('hello');
      socket.send(frame);
      assert.equal((await socket.next('error')).type, 'error');
      assert.equal(await socket.closed, 4401);
    }
  });

  test('a newer token is taken in place; the end of the session is 4401', async () => {
    const ann = await aPerson();
    const socket = await Socket.of(ann);
    const { accessToken } = (await call('POST', '/auth/refresh', { refreshToken: ann.refreshToken })).body;
    assert.equal((await socket.command('auth.refresh', { token: accessToken })).type, 'ack');
    await ann.post('/auth/logout');
    assert.equal(await socket.closed, 4401);
  });
});

describe('frames', () => {
  test('what cannot be read closes with 4400', async () => {
    await closesWith(4400, (socket) => socket.send('{"type":'));
    await closesWith(4400, (socket) => socket.send('[]'));
    await closesWith(4400, (socket) => socket.send(new Uint8Array([1])));
    await closesWith(4400, (socket) => socket.send({ type: 'ping', id: 'x'.repeat(70_000) }));
  });

  test('a wrong field is an error that names it, and the connection stays', async () => {
    const socket = await Socket.of(await aPerson());
    for (const fields of [{ seq: 'one', chatId: 'c' }, { seq: 1 }, { seq: 1, chatId: 'c', more: 1 }]) {
      const answer = await socket.command('chat.read', fields);
      assert.equal(answer.code, 'VALIDATION_FAILED');
      assert.match(answer.errors[0].path, /^\//);
    }
    assert.equal((await socket.command('made.up')).code, 'VALIDATION_FAILED');
    assert.equal((await socket.command('ping')).type, 'pong');
    socket.close();
  });
});

describe('messages', () => {
  test('a send is acknowledged, and told to every member’s sockets, with dense numbers', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const [a, b] = [await Socket.of(ann), await Socket.of(bob)];
    const acks = await Promise.all(['one', 'two', 'three'].map((content) => send(a, chatId, content)));
    assert.deepEqual(
      acks.map(({ message }) => [message.content, message.seq, message.rev]),
      [
        ['one', 2, 2],
        ['two', 3, 3],
        ['three', 4, 4],
      ],
    );
    for (const socket of [a, b]) {
      const { data } = await socket.find(({ rev }) => rev === 4);
      assert.deepEqual(data.message, acks[2]?.message);
      assert.deepEqual(socket.changesOf(chatId), ['message.created 2', 'message.created 3', 'message.created 4']);
      socket.close();
    }
  });

  test('a repeated clientId is one message; with other content it is refused', async () => {
    const ann = await aPerson();
    const chatId = await aGroup(ann);
    const socket = await Socket.of(ann);
    const first = await send(socket, chatId, 'once', { clientId: 'c' });
    const again = await send(socket, chatId, 'once', { clientId: 'c' });
    assert.deepEqual(again.message, first.message);
    const other = await socket.command('message.send', { chatId, content: 'twice', clientId: 'c' });
    assert.equal(other.code, 'CLIENT_ID_REUSED');
    assert.equal((await ann.post(`/chats/${chatId}/messages`, { content: 'once', clientId: 'c' })).status, 200);
    socket.close();
  });

  test('an edit, a deletion and a read mark', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const [a, b] = [await Socket.of(ann), await Socket.of(bob)];
    const { message } = await send(a, chatId, 'draft');
    await a.command('message.edit', { chatId, messageId: message.id, content: 'final' });
    assert.equal((await b.next('message.updated')).data.message.content, 'final');
    await a.command('message.delete', { chatId, messageId: message.id });
    const tombstone = (await b.next('message.deleted')).data.message;
    assert.deepEqual([tombstone.content, tombstone.seq], [null, message.seq]);
    const { readSeq, unreadCount } = await b.command('chat.read', { chatId, seq: 99 });
    assert.deepEqual([readSeq, unreadCount], [2, 0]);
    assert.deepEqual((await a.next('chat.read')).data, { userId: bob.id, seq: 2 });
    for (const socket of [a, b]) socket.close();
  });

  test('strangers learn nothing; who is removed hears that and nothing after', async () => {
    const [ann, bob] = await two();
    const eve = await aPerson();
    const chatId = await aGroup(ann, bob);
    const [a, b, e] = [await Socket.of(ann), await Socket.of(bob), await Socket.of(eve)];
    assert.equal((await e.command('message.send', { chatId, content: 'x' })).code, 'CHAT_NOT_FOUND');
    await ann.delete(`/chats/${chatId}/members/${bob.id}`);
    await b.next('member.removed');
    await send(a, chatId, 'secret');
    for (const socket of [b, e]) {
      await socket.settled();
      assert.ok(!JSON.stringify(socket.frames).includes('secret'));
    }
    assert.deepEqual(b.changesOf(chatId), ['member.removed 2']);
    for (const socket of [a, b, e]) socket.close();
  });
});

describe('typing and presence', () => {
  test('are told to those who share a chat', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const a = await Socket.of(ann);
    const b = await Socket.of(bob);
    const online = await a.find(({ type, data }) => type === 'presence.changed' && data.userId === bob.id);
    assert.equal(online.data.status, 'online');
    await b.command('chat.typing', { chatId });
    assert.deepEqual((await a.next('chat.typing')).data, { userId: bob.id });
    assert.equal((await a.command('presence.get', { userIds: [bob.id] })).items[0].status, 'online');
    for (const socket of [a, b]) socket.close();
  });
});

describe('resume', () => {
  /** What Bob has missed: changes, a new chat, one that is lost, one that is deleted, and a mark of his own. */
  async function missed() {
    const [ann, bob] = await two();
    const [moved, lost, deleted] = [await aGroup(ann, bob), await aGroup(ann, bob), await aGroup(ann, bob)];
    const before = await known(bob);
    await ann.post(`/chats/${moved}/messages`, { content: 'one' });
    await ann.patch(`/chats/${moved}`, { name: 'renamed' });
    await ann.delete(`/chats/${lost}/members/${bob.id}`);
    await ann.post(`/chats/${lost}/messages`, { content: 'secret' });
    await ann.delete(`/chats/${deleted}`);
    await bob.put(`/chats/${moved}/read`, { seq: 2 });
    const fresh = await aGroup(ann, bob);
    const expected = [
      `message.created 2 ${moved}`,
      `chat.updated 3 ${moved}`,
      `chat.created 1 ${fresh}`,
      `member.removed 2 ${lost}`,
      `chat.deleted 2 ${deleted}`,
      `chat.read ${moved}`,
    ];
    return { ann, bob, before, moved, expected: expected.sort() };
  }

  const described = (events: readonly Frame[]) =>
    events.map(({ type, rev, chatId }) => [type, rev, chatId].filter((part) => part !== undefined).join(' ')).sort();

  test('over the socket: what was missed, then what comes', async () => {
    const { ann, bob, before, moved, expected } = await missed();
    const socket = await Socket.of(bob, before);
    const [, ready] = socket.frames;
    const told = () => socket.frames.slice(2).filter(({ type }) => !['pong', 'presence.changed'].includes(type));
    // A ping may be answered while what was missed is still read.
    await socket.find(() => told().length >= expected.length);
    await socket.settled();
    const events = told();
    assert.deepEqual([ready?.resumed, ready?.replayed], [true, expected.length]);
    assert.deepEqual(described(events), expected);
    assert.ok(!JSON.stringify(events).includes('secret'));
    const stored = (await bob.get(`/chats/${moved}/changes?afterRev=1`)).body.items;
    assert.deepEqual(
      events.filter(({ chatId, rev }) => chatId === moved && rev),
      stored,
    );
    await ann.post(`/chats/${moved}/messages`, { content: 'live' });
    await socket.find(({ rev, chatId }) => rev === 4 && chatId === moved);
    assert.deepEqual(socket.changesOf(moved), ['message.created 2', 'chat.updated 3', 'message.created 4']);
    socket.close();
  });

  test('over POST /sync, the same', async () => {
    const { bob, before, expected } = await missed();
    const { events, more, ...state } = (await bob.post('/sync', before)).body;
    assert.deepEqual(described(events), expected);
    assert.equal(more, false);
    const chats = Object.entries(state.chats as Record<string, { rev: number; readSeq: number }>);
    const next = { ...state, chats: Object.fromEntries(chats.map(([id, { rev, readSeq }]) => [id, { rev, readSeq }])) };
    assert.deepEqual((await bob.post('/sync', next)).body.events, []);
  });

  test('a long poll ends with what happens', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const waiting = bob.post('/sync', { ...(await known(bob)), wait: 30 });
    await ann.post(`/chats/${chatId}/messages`, { content: 'hello' });
    assert.deepEqual(described((await waiting).body.events), [`message.created 2 ${chatId}`]);
  });

  test('more than 1,000 changes of a chat: it is to be read afresh', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const before = await known(bob);
    const messages = Array.from({ length: 100 }, (_, i) => ({ content: `${i}` }));
    for (let i = 0; i < 11; i += 1) await ann.post(`/chats/${chatId}/messages`, { messages });
    const socket = await Socket.of(bob, before);
    const { rev, seq } = await socket.next('chat.too_long');
    assert.deepEqual([rev, seq], [1_101, 1_101]);
    socket.close();
  });

  test('another epoch is not resumed', async () => {
    const ann = await aPerson();
    const socket = await Socket.of(ann, { epoch: 'another', chats: {} });
    const { resumed, reason } = await socket.next('ready');
    assert.deepEqual([resumed, reason], [false, 'epoch']);
    socket.close();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, refusedUpgrade, SocketClient, socketUrl } from '../support/socket-client.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const people = (count: number): Promise<Account[]> =>
  Promise.all(Array.from({ length: count }, () => app.api.register()));

const connect = (account: Account): Promise<SocketClient> => SocketClient.signedIn(app.url, account.accessToken);

async function aGroup(owner: Account, ...members: Account[]): Promise<string> {
  const memberIds = members.map((member) => member.id);
  return (await owner.api.post('/chats', { kind: 'group', name: 'a group', memberIds })).body.id;
}

const typesAndRevs = (frames: readonly Frame[]) => frames.map(({ type, rev }) => `${type} ${rev}`);

describe('signing in on the socket', () => {
  it('by the first frame', async () => {
    const [ann] = await people(1);
    const socket = new SocketClient(socketUrl(app.url));
    expect(await socket.next('hello')).toMatchObject({ protocol: 1, heartbeatMs: 25_000 });
    socket.send({ type: 'auth', token: ann?.accessToken });
    expect(await socket.next('ready')).toEqual({
      type: 'ready',
      sessionId: expect.any(String),
      userId: ann?.id,
      me: 1,
      epoch: await app.store.settings.epoch(),
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      resumed: false,
      reason: 'none',
    });
    socket.close();
  });

  it('by a header, or by a ticket, which is good for one connection', async () => {
    const [ann] = await people(1);
    const byHeader = new SocketClient(socketUrl(app.url), { headers: { authorization: `Bearer ${ann?.accessToken}` } });
    await byHeader.next('hello');
    byHeader.send({ type: 'auth' });
    expect((await byHeader.next('ready')).userId).toBe(ann?.id);
    byHeader.close();

    const { ticket, expiresIn } = (await ann?.api.post('/auth/ticket'))?.body ?? {};
    expect(expiresIn).toBe(30);
    const byTicket = new SocketClient(socketUrl(app.url, `?ticket=${ticket}`));
    await byTicket.next('hello');
    byTicket.send({ type: 'auth' });
    expect((await byTicket.next('ready')).userId).toBe(ann?.id);
    byTicket.close();
    expect((await refusedUpgrade(socketUrl(app.url, `?ticket=${ticket}`))).status).toBe(401);
  });

  it.each([
    ['no token', {}, 'AUTHENTICATION_REQUIRED'],
    ['nonsense', { token: 'nonsense' }, 'TOKEN_INVALID'],
  ])('%s: an error, then 4401', async (_, fields, code) => {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    socket.send({ type: 'auth', ...fields });
    expect((await socket.next('error')).code).toBe(code);
    expect((await socket.closed).code).toBe(4401);
  });

  it('a command before ready is refused', async () => {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    expect(await socket.command('message.send', { chatId: 'x', content: 'y' })).toMatchObject({
      type: 'error',
      code: 'AUTHENTICATION_REQUIRED',
    });
    expect((await socket.closed).code).toBe(4401);
  });

  it('an auth frame with a wrong field is told what is wrong, and may try again', async () => {
    const [ann] = await people(1);
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    socket.send({ type: 'auth', tokn: ann?.accessToken });
    expect(await socket.next('error')).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: '/tokn' }] });
    socket.send({ type: 'auth', token: ann?.accessToken });
    await socket.next('ready');
    socket.close();
  });

  it('when its account is suspended it closes with 4403, on every device', async () => {
    const [admin, ann] = await people(2);
    if (!admin || !ann) throw new Error('two people were asked for');
    await app.operator.promote(admin.username);
    const sockets = [await connect(ann), await connect(ann)];
    expect((await admin.api.post(`/users/${ann.id}/suspend`)).status).toBe(204);
    for (const socket of sockets) expect((await socket.closed).code).toBe(4403);
  });

  it('a session that has ended cannot sign in, and its open sockets close with 4401', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const socket = await connect(ann);
    expect((await ann.api.post('/auth/logout')).status).toBe(204);
    expect((await socket.closed).code).toBe(4401);
    const late = new SocketClient(socketUrl(app.url));
    await late.next('hello');
    late.send({ type: 'auth', token: ann.accessToken });
    expect((await late.closed).code).toBe(4401);
  });

  it('a newer token of the same session keeps it open; one of another session is refused', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const socket = await connect(ann);
    const { accessToken } = (await app.api.post('/auth/refresh', { refreshToken: ann.refreshToken })).body;
    expect(await socket.command('auth.refresh', { token: accessToken })).toMatchObject({ type: 'ack' });
    expect(await socket.command('auth.refresh', { token: bob.accessToken })).toMatchObject({ code: 'TOKEN_INVALID' });
    socket.close();
  });
});

describe('a page', () => {
  const settings = { publicUrl: 'https://chat.example.org', corsOrigins: ['https://app.example.org'] };
  const port = () => new URL(app.url).port;

  it.each([
    ['of another host', () => 'https://evil.example'],
    ['without an origin of its own', () => 'null'],
    ['whose host begins as ours', () => `http://127.0.0.1.evil.example:${port()}`],
    ['whose host ends as ours', () => `http://evil-127.0.0.1:${port()}`],
    ['that has our host as a name', () => `http://127.0.0.1:${port()}@evil.example`],
    ['of another port of our host', () => 'http://127.0.0.1:1'],
    ['of no port of our host', () => 'http://127.0.0.1'],
    ['of our host, but no web page', () => `ftp://127.0.0.1:${port()}`],
    ['of what is no origin', () => '127.0.0.1'],
    ['of nothing', () => ''],
  ])('%s may not connect, whatever it can prove', async (_, origin) => {
    const ann = await app.api.register();
    const headers = { authorization: `Bearer ${ann.accessToken}` };
    const { status, body } = await refusedUpgrade(socketUrl(app.url), { headers: { ...headers, origin: origin() } });
    expect([status, JSON.parse(body).code]).toEqual([403, 'ORIGIN_REFUSED']);
  });

  it('of this server or of a configured origin may, and none that looks like it', async () => {
    const configured = await startApp({ settings });
    for (const origin of [configured.url, 'https://chat.example.org', 'https://app.example.org']) {
      const socket = new SocketClient(socketUrl(configured.url), { origin });
      await socket.next('hello');
      socket.close();
    }
    for (const origin of [
      'http://app.example.org',
      'https://app.example.org:8443',
      'https://app.example.org.evil.example',
    ]) {
      expect((await refusedUpgrade(socketUrl(configured.url), { origin })).status).toBe(403);
    }
    await configured.stop();
  });
});

describe('frames that cannot be read', () => {
  it.each([
    ['not JSON', '{"type":'],
    ['not an object', '[1]'],
    ['a string', '"ping"'],
    ['poisoned', '{"type":"ping","__proto__":{"x":1}}'],
    ['binary', Buffer.from('{"type":"ping"}')],
    ['too large', JSON.stringify({ type: 'ping', id: 'x'.repeat(70_000) })],
  ])('%s: closed with 4400', async (_, frame) => {
    const [ann] = await people(1);
    if (!ann) return;
    const socket = await connect(ann);
    socket.send(frame);
    expect((await socket.closed).code).toBe(4400);
  });

  it('above 256 KiB: closed with 1009', async () => {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    socket.send('x'.repeat(300_000));
    expect((await socket.closed).code).toBe(1009);
  });
});

describe('commands', () => {
  it('ping is answered with pong and the time', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const socket = await connect(ann);
    expect(await socket.command('ping')).toMatchObject({ type: 'pong', serverTime: expect.stringMatching(/Z$/) });
    socket.close();
  });

  it('send, edit, delete and read; each is acknowledged and told to everybody, with dense revs', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const chatId = await aGroup(ann, bob);
    const [a, b] = [await connect(ann), await connect(bob)];
    const sent = await a.command('message.send', { chatId, content: ' hi ', clientId: 'c' });
    const message = sent.message as { id: string; seq: number };
    expect(sent).toMatchObject({ type: 'ack', message: { chatId, content: 'hi', clientId: 'c', seq: 2, rev: 2 } });
    const edited = await a.command('message.edit', { chatId, messageId: message.id, content: 'ho' });
    expect(edited).toMatchObject({ type: 'ack', message: { content: 'ho', rev: 3 } });
    expect(await b.command('chat.read', { chatId, seq: 99 })).toMatchObject({
      type: 'ack',
      readSeq: 2,
      unreadCount: 0,
    });
    expect(await a.command('message.delete', { chatId, messageId: message.id })).toEqual({
      type: 'ack',
      id: expect.any(String),
    });
    for (const socket of [a, b]) {
      await socket.find((frame) => frame.type === 'message.deleted');
      const durable = socket.eventsOf(chatId).filter((frame) => frame.rev !== undefined);
      expect(typesAndRevs(durable)).toEqual(['message.created 2', 'message.updated 3', 'message.deleted 4']);
    }
    expect((await a.next('chat.read')).data).toEqual({ userId: bob.id, seq: 2 });
    expect((await b.next('chat.read')).data).toEqual({ userId: bob.id, seq: 2, unreadCount: 0 });
    a.close();
    b.close();
  });

  it('the event and the ack hold the same message', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    const { message } = await socket.command('message.send', { chatId, content: 'one "quoted" line\n' });
    const event = await socket.next('message.created');
    expect(event.data).toEqual({ message });
    const read = await ann.api.get(`/chats/${chatId}/messages/${(message as { id: string }).id}`);
    expect(read.body).toEqual(message);
    socket.close();
  });

  it('the first message to somebody opens the direct chat, which both are shown whole', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const [a, b] = [await connect(ann), await connect(bob)];
    const sent = await a.command('message.send', { userId: bob.id, content: 'hello' });
    const chatId = (sent.message as { chatId: string }).chatId;
    for (const [socket, peer] of [[a, bob] as const, [b, ann] as const]) {
      const created = await socket.find((frame) => frame.type === 'chat.created' && frame.chatId === chatId);
      expect(created.data).toMatchObject({
        chat: { kind: 'direct', peer: { id: peer.id }, lastMessage: { content: 'hello' } },
      });
      expect(created.rev).toBe(2);
    }
    await b.command('message.send', { chatId, content: 'hello too' });
    const heard = await a.find((frame) => frame.type === 'message.created' && frame.rev === 3);
    expect(heard.seq).toBe(2);
    a.close();
    b.close();
  });

  it.each([
    ['an unknown command', { type: 'message.sned' }, '/type'],
    ['a missing field', { type: 'message.send', chatId: 'c' }, '/content'],
    ['an unknown field', { type: 'chat.leave', chatId: 'c', all: true }, '/all'],
    ['a wrong type', { type: 'chat.read', chatId: 'c', seq: '7' }, '/seq'],
    ['both places', { type: 'message.send', chatId: 'c', userId: 'u', content: 'x' }, '/chatId'],
    ['blank text', { type: 'message.send', chatId: 'c', content: ' \n' }, '/content'],
    ['a name of Object.prototype', { type: 'constructor' }, '/type'],
  ])('%s is VALIDATION_FAILED with its place, and the connection stays', async (_, frame, path) => {
    const [ann] = await people(1);
    if (!ann) return;
    const socket = await connect(ann);
    const { type, ...fields } = frame;
    const answer = await socket.command(type, fields);
    expect(answer).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED', errors: [{ path }] });
    expect((await socket.command('ping')).type).toBe('pong');
    socket.close();
  });

  it('a hundred sends without waiting are stored in their order', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    const acks = await Promise.all(
      Array.from({ length: 100 }, (_, i) => socket.command('message.send', { chatId, content: `${i}` })),
    );
    expect(acks.map((ack) => (ack.message as { seq: number }).seq)).toEqual(acks.map((_, i) => i + 2));
    await socket.find((frame) => frame.rev === 101);
    expect(socket.eventsOf(chatId).map((frame) => frame.rev)).toEqual(acks.map((_, i) => i + 2));
    socket.close();
  });
});

describe('who hears what', () => {
  it('a stranger hears nothing and learns nothing', async () => {
    const [ann, eve] = await people(2);
    if (!ann || !eve) return;
    const chatId = await aGroup(ann);
    const [a, e] = [await connect(ann), await connect(eve)];
    const { message } = await a.command('message.send', { chatId, content: 'secret' });
    const messageId = (message as { id: string }).id;
    const attempts: [string, object][] = [
      ['message.send', { chatId, content: 'x' }],
      ['message.edit', { chatId, messageId, content: 'x' }],
      ['message.delete', { chatId, messageId }],
      ['chat.read', { chatId, seq: 1 }],
      ['chat.join', { chatId }],
    ];
    for (const [type, fields] of attempts) {
      expect(await e.command(type, fields)).toMatchObject({ type: 'error', code: 'CHAT_NOT_FOUND' });
    }
    await a.command('message.send', { chatId, content: 'still secret' });
    await e.settled();
    expect(e.eventsOf(chatId)).toEqual([]);
    a.close();
    e.close();
  });

  it('who is added is shown the chat and hears what follows; who is removed hears that and nothing after', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const chatId = await aGroup(ann);
    const [a, b] = [await connect(ann), await connect(bob)];
    await a.command('message.send', { chatId, content: 'before' });
    await ann.api.post(`/chats/${chatId}/members`, { userIds: [bob.id] });
    await a.command('message.send', { chatId, content: 'between' });
    await b.find((frame) => frame.type === 'message.created');
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    await b.next('member.removed');
    await a.command('message.send', { chatId, content: 'after' });
    await b.settled();
    expect(typesAndRevs(b.eventsOf(chatId))).toEqual(['chat.created 3', 'message.created 4', 'member.removed 5']);
    expect(typesAndRevs(a.eventsOf(chatId))).toEqual([
      'message.created 2',
      'member.added 3',
      'message.created 4',
      'member.removed 5',
      'message.created 6',
    ]);
    expect(await b.command('message.send', { chatId, content: 'x' })).toMatchObject({ code: 'CHAT_NOT_FOUND' });
    a.close();
    b.close();
  });

  it('a renamed group, a changed role and a deleted chat are told to all', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const chatId = await aGroup(ann, bob);
    const b = await connect(bob);
    await ann.api.patch(`/chats/${chatId}`, { name: 'renamed' });
    await ann.api.patch(`/chats/${chatId}/members/${bob.id}`, { role: 'admin' });
    await ann.api.delete(`/chats/${chatId}`);
    await b.next('chat.deleted');
    const [updated, role, deleted] = b.eventsOf(chatId);
    expect(updated).toMatchObject({ type: 'chat.updated', rev: 2, seq: 2, data: { chat: { name: 'renamed' } } });
    expect(role).toMatchObject({
      type: 'member.updated',
      rev: 3,
      seq: null,
      data: { members: [{ userId: bob.id, role: 'admin' }] },
    });
    expect(deleted).toMatchObject({ type: 'chat.deleted', rev: 4, data: {} });
    b.close();
  });

  it('a socket that leaves a chat hears nothing of it until it joins again', async () => {
    const [ann] = await people(1);
    if (!ann) return;
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    expect((await socket.command('chat.leave', { chatId })).type).toBe('ack');
    await socket.command('message.send', { chatId, content: 'unheard' });
    await socket.settled();
    expect(socket.eventsOf(chatId)).toEqual([]);
    expect(await socket.command('chat.join', { chatId })).toMatchObject({ type: 'ack', rev: 2, seq: 2 });
    await socket.command('message.send', { chatId, content: 'heard' });
    await socket.find((frame) => frame.rev === 3);
    socket.close();
  });

  it('a new name is told to those who share a chat', async () => {
    const [ann, bob, eve] = await people(3);
    if (!ann || !bob || !eve) return;
    await aGroup(ann, bob);
    const [b, e] = [await connect(bob), await connect(eve)];
    await ann.api.patch('/users/me', { displayName: 'Ann the Great' });
    const told = await b.next('user.updated');
    expect(told.data).toMatchObject({ user: { id: ann.id, displayName: 'Ann the Great' } });
    await e.settled();
    expect(e.frames.map((frame) => frame.type)).not.toContain('user.updated');
    b.close();
    e.close();
  });

  it('all devices of the sender hear it, and a cut connection hurts nobody', async () => {
    const [ann, bob] = await people(2);
    if (!ann || !bob) return;
    const chatId = await aGroup(ann, bob);
    const [phone, laptop, cut] = [await connect(ann), await connect(ann), await connect(bob)];
    cut.terminate();
    await phone.command('message.send', { chatId, content: 'from the phone', clientId: 'p' });
    const heard = await laptop.next('message.created');
    expect(heard.data).toMatchObject({ message: { clientId: 'p' } });
    phone.close();
    laptop.close();
  });
});

describe('limits of a connection', () => {
  it('more sockets than allowed: the oldest is closed with 4408', async () => {
    const small = await startApp({ settings: { maxSocketsPerUser: 2 } });
    const ann = await small.api.register();
    const open = () => SocketClient.signedIn(small.url, ann.accessToken);
    const [first, second, third] = [await open(), await open(), await open()];
    expect((await first?.closed)?.code).toBe(4408);
    expect((await second?.command('ping'))?.type).toBe('pong');
    expect((await third?.command('ping'))?.type).toBe('pong');
    await small.stop();
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, refusedUpgrade, SocketClient, socketUrl } from '../support/socket-client.ts';

/** So few, and for so long, that the test is over before anything grows back. */
const rateLimits = ['send=3/24h', 'typing=2/24h', 'command=4/24h'];
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ settings: { rateLimit: true, rateLimits } });
});
afterAll(() => app.stop());

const connect = (account: Account): Promise<SocketClient> => SocketClient.signedIn(app.url, account.accessToken);
const outcome = ({ type, code }: Frame) => code ?? type;

async function aGroup(owner: Account): Promise<string> {
  return (await owner.api.post('/chats', { kind: 'group', name: 'a group', memberIds: [] })).body.id;
}

async function outcomes(count: number, command: (turn: number) => Promise<Frame>): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let turn = 0; turn < count; turn += 1) answers.push(outcome(await command(turn)));
  return answers;
}

describe('what a person does on sockets is limited', () => {
  test('over all of them together, and together with what he sends over HTTP', async () => {
    const ann = await app.api.register();
    const chatId = await aGroup(ann);
    const sockets = [await connect(ann), await connect(ann)];
    const send = (turn: number) =>
      sockets[turn % 2]?.command('message.send', { chatId, content: 'x' }) as Promise<Frame>;
    expect((await ann.api.post(`/chats/${chatId}/messages`, { content: 'x' })).status).toBe(201);
    expect(await outcomes(3, send)).toEqual(['ack', 'ack', 'RATE_LIMITED']);
    const refused = await ann.api.post(`/chats/${chatId}/messages`, { content: 'x' });
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect((await ann.api.get(`/chats/${chatId}/messages`)).body.items).toHaveLength(4); // with the line of the creation
    for (const socket of sockets) socket.close();
  });

  test('an edit, which stores a text too, counts as what he sends', async () => {
    const ann = await app.api.register();
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    const { id } = (await ann.api.post(`/chats/${chatId}/messages`, { content: 'x' })).body;
    const edit = () => ann.api.patch(`/chats/${chatId}/messages/${id}`, { content: 'y' });
    expect((await edit()).status).toBe(200);
    expect(outcome(await socket.command('message.edit', { chatId, messageId: id, content: 'z' }))).toBe('ack');
    expect((await edit()).status).toBe(429);
    expect(outcome(await socket.command('message.edit', { chatId, messageId: id, content: 'y' }))).toBe('RATE_LIMITED');
    socket.close();
  });

  test('with an answer to each command that says when to come again; the socket stays', async () => {
    const ann = await app.api.register();
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    await outcomes(2, () => socket.command('chat.typing', { chatId }));
    const error = await socket.command('chat.typing', { chatId });
    expect(error).toEqual({
      type: 'error',
      id: expect.any(String),
      code: 'RATE_LIMITED',
      detail: 'Too many requests.',
      retryAfterMs: expect.any(Number),
    });
    expect(error.retryAfterMs).toBeGreaterThan(11 * 3_600_000);
    expect(outcome(await socket.command('message.send', { chatId, content: 'x' }))).toBe('ack');
    socket.close();
  });

  test('whatever he sends, be it a ping or no command', async () => {
    const ann = await app.api.register();
    const chatId = await aGroup(ann);
    const socket = await connect(ann);
    const types = ['ping', 'nonsense', 'chat.leave', 'ping', 'chat.leave', 'ping', 'auth.refresh'];
    expect(await outcomes(types.length, (turn) => socket.command(types[turn] ?? '', { chatId }))).toEqual([
      ...['pong', 'VALIDATION_FAILED', 'ack', 'pong'],
      ...Array(3).fill('RATE_LIMITED'),
    ]);
    socket.close();
  });

  test('each person for himself', async () => {
    const [ann, bob] = [await app.api.register(), await app.api.register()];
    for (const person of [ann, bob]) {
      const [chatId, socket] = [await aGroup(person), await connect(person)];
      const send = () => socket.command('message.send', { chatId, content: 'x' });
      expect(await outcomes(4, send)).toEqual(['ack', 'ack', 'ack', 'RATE_LIMITED']);
      socket.close();
    }
  });
});

describe('what an address opens is limited', () => {
  const refusalOf = async (url: string, options = {}) => {
    const { status, body } = await refusedUpgrade(socketUrl(url), options);
    return [status, JSON.parse(body).code];
  };
  const hello = async (url: string) => {
    const socket = new SocketClient(socketUrl(url));
    await socket.next('hello');
    return socket;
  };

  test('in a while, not counting what a foreign page tries', async () => {
    const few = await startApp({ settings: { rateLimit: true, rateLimits: ['upgrade=2/24h'] } });
    for (let i = 0; i < 3; i += 1) {
      expect(await refusalOf(few.url, { origin: 'https://evil.example' })).toEqual([403, 'ORIGIN_REFUSED']);
    }
    for (let i = 0; i < 2; i += 1) (await hello(few.url)).terminate();
    expect(await refusalOf(few.url)).toEqual([429, 'RATE_LIMITED']);
    expect((await few.api.get('/server')).status).toBe(200);
    await few.stop();
  });

  test('at a time, signed in or not; one that ends makes room, and so does one that was refused', async () => {
    const few = await startApp({ settings: { rateLimit: true, maxSocketsPerAddress: 2 } });
    const wrong = { headers: { authorization: 'Bearer nonsense' } };
    for (let i = 0; i < 3; i += 1) expect(await refusalOf(few.url, wrong)).toEqual([401, 'TOKEN_INVALID']);
    const [one, other] = [await hello(few.url), await hello(few.url)];
    expect(await refusalOf(few.url)).toEqual([429, 'RATE_LIMITED']);
    one.close();
    await one.closed;
    const ann = await few.api.register();
    const third = await SocketClient.signedIn(few.url, ann.accessToken);
    expect(await refusalOf(few.url)).toEqual([429, 'RATE_LIMITED']);
    for (const socket of [other, third]) socket.terminate();
    await few.stop();
  });
});

describe('who sends frames without end is cut off', () => {
  const flood = (socket: SocketClient, count: number) => {
    for (let i = 0; i < count; i += 1) socket.send('{"type":"ping"}');
  };

  test('before he has signed in', async () => {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    flood(socket, 600);
    await socket.settled();
    flood(socket, 600);
    expect((await socket.closed).code).toBe(4004);
  });

  test('when he goes on after he was told to wait', async () => {
    const ann = await app.api.register();
    const socket = await connect(ann);
    expect(await outcomes(5, () => socket.command('ping'))).toEqual([...Array(4).fill('pong'), 'RATE_LIMITED']);
    let isClosed = false;
    void socket.closed.then(() => {
      isClosed = true;
    });
    while (!isClosed) {
      flood(socket, 100);
      await Promise.race([socket.closed, socket.command('ping')]);
    }
    expect((await socket.closed).code).toBe(4004);
  });

  test('by more at once than any commands are, whatever the limits, and is read no further', async () => {
    const unlimited = await startApp();
    const ann = await unlimited.api.register();
    const socket = await SocketClient.signedIn(unlimited.url, ann.accessToken);
    flood(socket, 20_000);
    expect([1006, 4004]).toContain((await socket.closed).code);
    expect(socket.frames.length).toBeLessThan(10_000);
    await unlimited.stop();
  });
});

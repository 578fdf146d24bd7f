import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { ShiftedClock } from '../support/clocks.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, SocketClient, socketUrl } from '../support/socket-client.ts';

let clock: ShiftedClock;
const putForward = (seconds: number): void => {
  clock.shiftMs += seconds * 1000;
};
let app: RunningApp;
let ann: Account;
beforeEach(async () => {
  clock = new ShiftedClock();
  app = await startApp({ clock });
  ann = await app.api.register();
});
afterEach(() => app.stop());

describe('a connection has its time', () => {
  it('without auth for 10 s: closed with 4011', async () => {
    const socket = new SocketClient(socketUrl(app.url));
    await socket.next('hello');
    putForward(10);
    expect((await socket.closed).code).toBe(4011);
  });

  it('after 25 s of silence it is pinged; who answers stays', async () => {
    const socket = await SocketClient.signedIn(app.url, ann.accessToken);
    putForward(25);
    await socket.next('ping');
    await socket.settled();
    putForward(10);
    expect((await socket.command('ping')).type).toBe('pong');
    socket.close();
  });

  it('who answers nothing for another 10 s is closed with 4003', async () => {
    const socket = await SocketClient.signedIn(app.url, ann.accessToken);
    socket.answers = false;
    putForward(25);
    await socket.next('ping');
    putForward(10);
    expect((await socket.closed).code).toBe(4003);
  });

  it('is told 60 s before its token ends, and closed with 4010 when that is 30 s past', async () => {
    const socket = await SocketClient.signedIn(app.url, ann.accessToken);
    putForward(9 * 60 + 1);
    const { data } = await socket.next('token.expiring');
    expect(data).toEqual({ expiresAt: (await socket.next('ready')).expiresAt });
    await socket.settled(); // its pong has come
    putForward(60 + 30);
    expect((await socket.closed).code).toBe(4010);
  });
});

describe('a newer token', () => {
  it('keeps the connection open past the end of the old one, and is warned of in its turn', async () => {
    clock.setMs = -9 * 60_000; // a token is refused that lives for longer than ten minutes from now on
    const bob = await app.api.register();
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    putForward(9 * 60 + 1);
    await socket.next('token.expiring');
    const { accessToken } = (await app.api.post('/auth/refresh', { refreshToken: bob.refreshToken })).body;
    const { expiresAt } = await socket.command('auth.refresh', { token: accessToken });
    putForward(59 + 31);
    expect((await socket.command('ping')).type).toBe('pong');
    putForward(7 * 60 + 31);
    await socket.find(({ type, data }) => type === 'token.expiring' && (data as Frame).expiresAt === expiresAt);
    await socket.settled();
    putForward(60 + 30);
    expect((await socket.closed).code).toBe(4010);
  });
});

describe('stopping', () => {
  it('every connection is closed with 1012, and no new one is let in', async () => {
    const other = await startApp();
    const bob = await other.api.register();
    const socket = await SocketClient.signedIn(other.url, bob.accessToken);
    other.gateway.drain();
    const late = new SocketClient(socketUrl(other.url));
    expect((await late.closed).code).toBe(1006);
    expect((await socket.command('ping')).type).toBe('pong');
    await other.stop();
    expect((await socket.closed).code).toBe(1012);
  });
});

describe('a reader that does not read', () => {
  it('is closed once more than 1 MiB waits for it; the others do not notice', async () => {
    const bob = await app.api.register();
    const chat = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [bob.id] });
    const chatId: string = chat.body.id;
    const [sender, slow] = [
      await SocketClient.signedIn(app.url, ann.accessToken),
      await SocketClient.signedIn(app.url, bob.accessToken),
    ];
    slow.pause();
    const send = () => sender.command('message.send', { chatId, content: 'x'.repeat(4000) });
    const megabytes = 16; // more than the kernel keeps for a socket
    for (let sent = 0; sent < megabytes * 250; sent += 100) {
      const acks = await Promise.all(Array.from({ length: 100 }, send));
      expect(acks.every((ack) => ack.type === 'ack')).toBe(true);
    }
    slow.resume();
    expect((await slow.closed).code).toBe(4002);
    expect((await sender.command('ping')).type).toBe('pong');
    sender.close();
  });
});

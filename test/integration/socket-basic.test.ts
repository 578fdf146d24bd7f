import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { basic } from '../support/basic.ts';
import { CheapPasswordHasher } from '../support/cheap-password-hasher.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, refusedUpgrade, SocketClient, socketUrl } from '../support/socket-client.ts';

const hasher = new CheapPasswordHasher();
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ hasher, settings: { rateLimit: true, rateLimits: ['loginName=3/24h'] } });
});
afterAll(() => app.stop());
beforeEach(() => {
  hasher.verified = 0;
});

async function connect(login: string): Promise<{ socket: SocketClient; ready: Frame }> {
  const socket = new SocketClient(socketUrl(app.url), { headers: basic(login) });
  await socket.next('hello');
  socket.send({ type: 'auth' });
  return { socket, ready: await socket.next('ready') };
}

/** How an upgrade with this login and password is refused. */
async function refusal(login: string, password?: string): Promise<unknown[]> {
  const { status, body } = await refusedUpgrade(socketUrl(app.url), { headers: basic(login, password) });
  return [status, JSON.parse(body).code];
}

describe('HTTP Basic with the upgrade', () => {
  test('signs a script in, by name or address, and ends with the session', async () => {
    const { id, username } = await app.api.register();
    const { socket, ready } = await connect(username.toUpperCase());
    expect(ready.userId).toBe(id);
    expect(Date.parse(String(ready.expiresAt))).toBeGreaterThan(Date.now() + 9 * 60_000);
    expect((await socket.command('presence.set', { status: 'away' })).type).toBe('ack');
    const headers = basic(username);
    expect((await fetch(`${app.url}/api/v1/auth/logout-all`, { method: 'POST', headers })).status).toBe(204);
    expect((await socket.closed).code).toBe(4401);
  });

  test('checks the password once a minute, together with the routes of HTTP', async () => {
    const { username } = await app.api.register();
    const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(username)));
    expect((await fetch(`${app.url}/api/v1/users/me`, { headers: basic(username) })).status).toBe(200);
    expect(hasher.verified).toBe(1);
    expect(new Set(sockets.map(({ ready }) => ready.sessionId)).size).toBe(1);
    for (const { socket } of sockets) socket.close();
  });

  test('is refused before the upgrade where the password is wrong, and counts as a log-in', async () => {
    const { username } = await app.api.register();
    const wrong = () => refusal(username, 'something else');
    expect([await wrong(), await wrong(), await wrong()]).toEqual(Array(3).fill([401, 'BAD_CREDENTIALS']));
    expect([await wrong(), await refusal(username)]).toEqual(Array(2).fill([429, 'RATE_LIMITED']));
    const login = await app.api.post('/auth/login', { login: username, password: 'x' });
    expect(login.status).toBe(429);
    expect(hasher.verified).toBe(3);
  });

  test('from a page is what a browser remembers of somebody else, and is not looked at', async () => {
    const { id, username, accessToken } = await app.api.register();
    const socket = new SocketClient(socketUrl(app.url), { headers: basic(username, 'of the proxy'), origin: app.url });
    await socket.next('hello');
    socket.send({ type: 'auth', token: accessToken });
    expect((await socket.next('ready')).userId).toBe(id);
    expect(hasher.verified).toBe(0);
    socket.close();
  });
});

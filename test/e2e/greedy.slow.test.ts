/** Clients that send slowly, read nothing or ask for much: all others go on being served by the same process. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { type Account, ApiClient } from '../support/api-client.ts';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const SLOW = 500;
const STRAYS = 5_000;
const SERVED = 200;
/** Far below what anybody is made to wait for who holds a line; far above what a busy machine takes. */
const PATIENCE_MS = 3_000;
const DRIP_MS = 200;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ServerProcess;
let [ann, bob]: Account[] = [];
let chatId: string;
const lines: Socket[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await ServerProcess.start({ PARLEY_DATA_DIR: folder.path });
  const api = new ApiClient(server.url);
  [ann, bob] = [await api.register(), await api.register()];
  chatId = (await ann.api.post('/chats', { kind: 'group', name: 'a group', memberIds: [bob.id] })).body.id;
});
afterAll(async () => {
  for (const line of lines) line.destroy();
  await server.kill('SIGKILL');
  await folder.remove();
});

/** Nobody of those who keep to the rules waits long, be it for HTTP or for what is sent over a socket. */
async function expectOthersServed(): Promise<void> {
  const socket = await SocketClient.signedIn(server.url, ann?.accessToken ?? '');
  let longest = 0;
  for (let i = 0; i < SERVED; i += 1) {
    const startedAt = performance.now();
    expect((await socket.command('message.send', { chatId, content: `line ${i}` })).type).toBe('ack');
    expect((await ann?.api.get('/users/me'))?.status).toBe(200);
    longest = Math.max(longest, performance.now() - startedAt);
  }
  socket.close();
  expect(longest).toBeLessThan(PATIENCE_MS);
}

/** So many connections of which each sends this and then, for as long as the work takes, a byte now and then. */
async function whileDripping(head: string, drop: string, work: () => Promise<void>): Promise<void> {
  const { port, hostname } = new URL(server.url);
  const dripping = Array.from({ length: SLOW }, () => connect(Number(port), hostname).on('error', () => undefined));
  lines.push(...dripping);
  await Promise.all(dripping.map((line) => once(line, 'connect')));
  for (const line of dripping) line.write(head);
  const timer = setInterval(() => {
    for (const line of dripping) if (line.writable) line.write(drop);
  }, DRIP_MS);
  try {
    await work();
    expect(dripping.filter(({ closed }) => !closed).length).toBeGreaterThan(0);
  } finally {
    clearInterval(timer);
    for (const line of dripping) line.destroy();
  }
}

const UPGRADE =
  'GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
const LOGIN =
  'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n';

test.each([
  ['headers', 'GET /api/v1/server HTTP/1.1\r\nHost: x\r\nX: ', 'x'],
  ['bodies', LOGIN, ' '],
  ['upgrades', UPGRADE, 'X: y\r\n'],
])('%s that come a byte at a time', (_what, head, drop) => whileDripping(head, drop, expectOthersServed));

test('sockets that never read', async () => {
  const deaf = await Promise.all(
    Array.from({ length: 5 }, () => SocketClient.signedIn(server.url, bob?.accessToken ?? '')),
  );
  for (const socket of deaf) socket.pause();
  await expectOthersServed();
  for (const socket of deaf) socket.terminate();
});

test('addresses of nothing', async () => {
  const strays = (async () => {
    for (let i = 0; i < STRAYS; i += 50) {
      const answers = Array.from({ length: 50 }, (_, j) => fetch(`${server.url}/nothing/${i + j}`, { method: 'POST' }));
      for (const { status, body } of await Promise.all(answers)) {
        await body?.cancel();
        expect(status).toBe(404);
      }
    }
  })();
  await Promise.all([strays, expectOthersServed()]);
});

test('what is compressed is not unpacked, over HTTP or the socket', async () => {
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, ' '));
  expect(bomb.length).toBeLessThan(64 * 1024);
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const { status } = await fetch(`${server.url}/api/v1/auth/login`, { method: 'POST', headers, body: bomb });
  expect(status).toBe(400);
  const socket = new WebSocket(socketUrl(server.url), { perMessageDeflate: true });
  await once(socket, 'open');
  expect(socket.extensions).toBe('');
  socket.terminate();
});

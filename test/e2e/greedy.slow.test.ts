/** Clients that send slowly, read nothing or ask for much: all others go on being served by the same process. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { type Account, ApiClient } from '../support/api-client.ts';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const SLOW = 500;
const STRAYS = 100_000;
const STRAY_LINES = 50;
const SERVED = 200;
/** How much longer others may wait, in the median: far below what anybody is made to wait for who holds a line. */
const SLOWER_MAX = 10;
const DRIP_MS = 200;
const DESCRIPTORS = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
/** The limits are on, and built in but for these. */
const LIMITS = { PARLEY_RATE_LIMIT: 'on', PARLEY_RATE_LIMITS: 'send=99999/1s,command=99999/1s,login=99999/1s' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ServerProcess;
let [ann, bob]: Account[] = [];
let chatId: string;
const lines: Socket[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await ServerProcess.start({ PARLEY_DATA_DIR: folder.path, ...LIMITS });
  const api = new ApiClient(server.url);
  [ann, bob] = [await api.register(), await api.register()];
  chatId = (await ann.api.post('/chats', { kind: 'group', name: 'a group', memberIds: [bob.id] })).body.id;
});
afterAll(async () => {
  for (const line of lines) line.destroy();
  await server.kill('SIGKILL');
  await folder.remove();
});

const quantile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0;

/** For whoever reads the log. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** How long somebody who keeps to the rules waits, each time for a line over his socket and an answer over HTTP. */
async function servedTimes(afterEach: () => void = () => undefined): Promise<number[]> {
  const socket = await SocketClient.signedIn(server.url, ann?.accessToken ?? '');
  const times: number[] = [];
  while (times.length < SERVED) {
    const startedAt = performance.now();
    expect((await socket.command('message.send', { chatId, content: `line ${times.length}` })).type).toBe('ack');
    expect((await ann?.api.get('/users/me'))?.status).toBe(200);
    times.push(performance.now() - startedAt);
    afterEach();
  }
  socket.close();
  return times;
}

/** He waits about as long while this goes on as before it. */
async function expectOthersServed(what: string, greed: (work: () => Promise<void>) => Promise<void>): Promise<void> {
  const before = await servedTimes();
  await greed(async () => {
    const during = await servedTimes();
    const [p99, median] = [0.99, 0.5].map((share) => [before, during].map((times) => quantile(times, share)));
    const told = (pair: number[] = []) => pair.map((ms) => `${ms.toFixed(1)} ms`).join(' → ');
    say(`${what}: p99 ${told(p99)}, median ${told(median)}`);
    expect(quantile(during, 0.5)).toBeLessThan(SLOWER_MAX * quantile(before, 0.5));
  });
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
])('%s that come a byte at a time', (what, head, drop) =>
  expectOthersServed(`${SLOW} slow ${what}`, (work) => whileDripping(head, drop, work)),
);

test('connections that are half open, thousands of them', () => {
  const count = Math.min(10_000, DESCRIPTORS - 1_000);
  const { port, hostname } = new URL(server.url);
  const said = ['', 'GET / HTTP/1.1\r\nHost: x\r\nX: ', UPGRADE];
  return expectOthersServed(`${count} half-open connections`, async (work) => {
    const empty = await server.residentMegabytes();
    const held: Socket[] = [];
    while (held.length < count) {
      const some = Array.from({ length: Math.min(250, count - held.length) }, () => connect(Number(port), hostname));
      lines.push(...some);
      await Promise.all(
        some.map((line) =>
          once(
            line.on('error', () => undefined),
            'connect',
          ),
        ),
      );
      for (const line of some) held.push(line) && line.write(said[held.length % said.length] ?? '');
    }
    await work();
    say(`memory: ${empty.toFixed(0)} → ${(await server.residentMegabytes()).toFixed(0)} MB`);
    expect(held.filter(({ closed }) => !closed).length).toBeGreaterThan(0);
    for (const line of held) line.destroy();
  });
});

test('sockets that never read', () =>
  expectOthersServed('5 sockets that never read', async (work) => {
    const deaf = await Promise.all(
      Array.from({ length: 5 }, () => SocketClient.signedIn(server.url, bob?.accessToken ?? '')),
    );
    for (const socket of deaf) socket.pause();
    await work();
    for (const socket of deaf) socket.terminate();
  }));

/** Asks for one thing after the other over a line of its own, as fast as it is answered. */
async function stray(count: number, onAnswer: (status: string) => void): Promise<void> {
  const { port, hostname } = new URL(server.url);
  const line = connect(Number(port), hostname);
  lines.push(line);
  const ask = (i: number) => line.write(`POST /nothing/${i} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  let answered = 0;
  ask(0);
  for await (const chunk of line) {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(String(chunk))?.[1];
    if (status === undefined) continue; // the rest of an answer
    onAnswer(status);
    answered += 1;
    if (answered === count) break;
    ask(answered);
  }
}

test('addresses of nothing: whoever asks for something is answered in his turn', async () => {
  const statuses: Record<string, number> = {};
  let answers = 0;
  const strays = Array.from({ length: STRAY_LINES }, () =>
    stray(STRAYS / STRAY_LINES, (status) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      answers += 1;
    }),
  );
  /** How many of theirs came before one of ours. */
  const ahead: number[] = [];
  let last = 0;
  const times = await servedTimes(() => {
    ahead.push(answers - last);
    last = answers;
  });
  await Promise.all(strays);
  say(
    `${STRAYS} strays: p99 ${quantile(times, 0.99).toFixed(1)} ms, ahead ${quantile(ahead, 0.99)}, ${JSON.stringify(statuses)}`,
  );
  expect(answers).toBe(STRAYS);
  expect(Object.keys(statuses).sort()).toEqual(['404', '429']);
  expect(statuses['404']).toBeLessThan(STRAYS / 10);
  expect(quantile(ahead, 0.5)).toBeLessThan(SLOWER_MAX * STRAY_LINES);
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

test('a frame that is compressed all the same ends the socket', async () => {
  const { port, hostname } = new URL(server.url);
  const line = connect(Number(port), hostname);
  lines.push(line);
  line.write(`${UPGRADE}Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`);
  const opened = String((await once(line, 'data'))[0]);
  expect(opened).toMatch(/^HTTP\/1\.1 101 /);
  const bomb = deflateRawSync(Buffer.alloc(100 * 1024, ' '));
  // FIN, RSV1 and text, then a mask of zeros (RFC 6455 5.2, RFC 7692 6).
  line.write(Buffer.concat([Buffer.from([0xc1, 0x80 | 126, bomb.length >> 8, bomb.length & 255, 0, 0, 0, 0]), bomb]));
  const received: Buffer[] = [];
  for await (const chunk of line) received.push(chunk);
  expect(Buffer.concat(received).includes(Buffer.from([0x88, 2, 0x03, 0xea]))).toBe(true); // closed with 1002
});

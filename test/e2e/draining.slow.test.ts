import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, test } from '@jest/globals';
import { type Account, ApiClient, PASSWORD } from '../support/api-client.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { plainHasher, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

const SOCKETS = 20;
/** Longer than a server that stops waits for what has not come whole. */
const SLOW_ANSWER_MS = 4_000;

const { afterwards, aFolder, start } = processesOfEach();

/** Sends one after the other, some of them ahead, until it cannot; gives the clientIds of what was acknowledged. */
async function sendOn(name: string, ahead: number, send: (clientId: string) => Promise<boolean>): Promise<string[]> {
  const acknowledged: string[] = [];
  const lane = async (lane: number) => {
    for (let i = 0; ; i += 1) {
      const clientId = `${name}.${lane}.${i}`;
      if (!(await send(clientId).catch(() => false))) return;
      acknowledged.push(clientId);
    }
  };
  await Promise.all(Array.from({ length: ahead }, (_, i) => lane(i)));
  return acknowledged;
}

async function allClientIds(api: ApiClient, chatId: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await api.get(`/chats/${chatId}/messages?order=asc&limit=100${cursor}`);
    found.push(...body.items.flatMap(({ clientId }: { clientId: string | null }) => clientId ?? []));
    if (body.nextCursor === null) return found;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

test('SIGTERM under load: all that was read is answered, clients are told when to come back, exit code 0, nothing is lost', async () => {
  const folder = await aFolder();
  const server = await start({ PARLEY_DATA_DIR: folder });
  const people: Account[] = await Promise.all(Array.from({ length: 5 }, () => new ApiClient(server.url).register()));
  const [ann] = people;
  if (!ann) throw new Error('five people were asked for');
  const memberIds = people.slice(1).map(({ id }) => id);
  const chatId: string = (await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds })).body.id;
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, (_, i) => SocketClient.signedIn(server.url, people[i % 5]?.accessToken ?? '')),
  );
  const sending = [
    ...sockets.map((socket, i) =>
      sendOn(`socket ${i}`, 4, async (clientId) => {
        return (await socket.command('message.send', { chatId, content: clientId, clientId })).type === 'ack';
      }),
    ),
    ...people.map(({ api }, i) =>
      sendOn(`http ${i}`, 2, async (clientId) => {
        return (await api.post(`/chats/${chatId}/messages`, { content: clientId, clientId })).status === 201;
      }),
    ),
  ];
  await sockets[0]?.find(({ rev }) => Number(rev) > 500);
  const ended = await server.kill('SIGTERM');
  expect(ended).toEqual({ code: 0, signal: null });
  const acknowledged = (await Promise.all(sending)).flat();

  const returns: number[] = [];
  for (const socket of sockets) {
    expect((await socket.closed).code).toBe(1012);
    const { data } = await socket.next('going_away');
    returns.push((data as { retryAfterMs: number }).retryAfterMs);
  }
  expect(Math.max(...returns)).toBeLessThanOrEqual(500);
  expect(new Set(returns).size).toBeGreaterThan(SOCKETS / 2);

  const again = await start({ PARLEY_DATA_DIR: folder });
  const stored = await allClientIds(new ApiClient(again.url, ann.accessToken), chatId);
  expect(new Set(stored).size).toBe(stored.length);
  const ofSockets = (clientIds: string[]) => clientIds.filter((clientId) => clientId.startsWith('socket')).sort();
  expect(ofSockets(stored)).toEqual(ofSockets(acknowledged));
  expect(acknowledged.filter((clientId) => !stored.includes(clientId))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(500);
});

test.each(['http', 'https'])(
  'what never comes whole does not keep a server (%s) from stopping in order',
  async (scheme) => {
    const folder = await aFolder();
    const [PARLEY_TLS_CERT, PARLEY_TLS_KEY] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const { cert, key } = certificateAuthority('The authority').issue('chat');
    await Promise.all([writeFile(PARLEY_TLS_CERT, cert), writeFile(PARLEY_TLS_KEY, key)]);
    const server = await start({
      PARLEY_DATA_DIR: folder,
      ...(scheme === 'https' && { PARLEY_TLS_CERT, PARLEY_TLS_KEY }),
    });
    const port = Number(new URL(server.url).port);
    const head =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n';
    for (const said of ['', head, `${head}\r\n{`]) {
      const socket =
        scheme === 'https' && said !== ''
          ? connectTls({ port, rejectUnauthorized: false })
          : connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      afterwards(() => socket.destroy());
      await once(socket, scheme === 'https' && said !== '' ? 'secureConnect' : 'connect');
      socket.write(said);
    }
    expect((await server.kill('SIGTERM')).code).toBe(0);
  },
);

test('what came whole is answered before the rest is cut off, however long it takes', async () => {
  const begun = Promise.withResolvers<void>();
  const pretend = async () => {
    begun.resolve();
    await sleep(SLOW_ANSWER_MS);
  };
  const app = await startApp({ hasher: { ...plainHasher, pretend } });
  const half = connect(Number(new URL(app.url).port), '127.0.0.1');
  afterwards(() => half.destroy());
  half.on('error', () => undefined);
  await once(half, 'connect');
  half.write('GET /health HTTP/1.1\r\n');
  const answer = app.api.post('/auth/login', { login: 'nobody', password: PASSWORD });
  await begun.promise;
  const cut = new Promise((resolve) => half.once('close', resolve));
  await app.stop();
  expect((await answer).status).toBe(401);
  await cut;
});

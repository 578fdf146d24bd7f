import { afterEach, expect, test } from '@jest/globals';
import { type Account, ApiClient } from '../support/api-client.ts';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const SOCKETS = 20;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(folder: string): Promise<ServerProcess> {
  const server = await ServerProcess.start({ PARLEY_DATA_DIR: folder });
  cleanUps.push(() => server.kill('SIGKILL'));
  return server;
}

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
  const folder = await temporaryFolder();
  cleanUps.push(folder.remove);
  const server = await start(folder.path);
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

  const again = await start(folder.path);
  const stored = await allClientIds(new ApiClient(again.url, ann.accessToken), chatId);
  expect(new Set(stored).size).toBe(stored.length);
  const ofSockets = (clientIds: string[]) => clientIds.filter((clientId) => clientId.startsWith('socket')).sort();
  expect(ofSockets(stored)).toEqual(ofSockets(acknowledged));
  expect(acknowledged.filter((clientId) => !stored.includes(clientId))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(500);
});

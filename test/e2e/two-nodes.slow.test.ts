import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Cluster, type FaultyNode } from '../faults/cluster.ts';
import { type Account, ApiClient } from '../support/api-client.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { type MongoServer, withMongo } from '../support/mongo.ts';
import { onMongo, type ProcessStore } from '../support/process-stores.ts';
import { withRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { type Frame, SocketClient } from '../support/socket-client.ts';

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;

/** The whole program in two processes, on one MongoDB and one Redis. */
function twoNodes(mongo: MongoServer, redis: RedisServer): void {
  const { afterwards, start } = processesOfEach();

  async function aStore(): Promise<ProcessStore> {
    const store = await onMongo(mongo)();
    return { ...store, env: { ...store.env, REDIS_URL: redis.url } };
  }

  async function startTwo() {
    const store = await aStore();
    afterwards(store.remove);
    const [here, there] = await Promise.all([start(store.env), start(store.env)]);
    const [ann, bob] = await Promise.all([new ApiClient(here.url).register(), new ApiClient(here.url).register()]);
    return { env: store.env, here, there, ann, bob };
  }

  const ready = async ({ url }: ServerProcess) => {
    const answer = await fetch(`${url}/ready`);
    return [answer.status, await answer.json()];
  };
  const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
    while (!(await isTrue())) await sleep(50);
  };
  const isReady = (server: ServerProcess) => async () =>
    JSON.stringify(await ready(server)) === JSON.stringify([200, { ready: true, reasons: [] }]);
  /** How many tenths of a second go by in which the node also answers: while the machine stands still, none do. */
  const tenthsUntil = async (node: ServerProcess, isTrue: () => boolean): Promise<number> => {
    let tenths = 0;
    for (; !isTrue(); tenths += 1) await Promise.all([sleep(100), ready(node)]);
    return tenths;
  };
  /** With which code the socket on this node is closed, and whether within 2 s of the end of what closes it. */
  const closeTime = async (
    socket: SocketClient,
    node: ServerProcess,
    end: () => Promise<unknown>,
  ): Promise<[number | undefined, boolean]> => {
    let code: number | undefined;
    void socket.closed.then((ended) => {
      code = ended.code;
    });
    await end();
    const tenths = await tenthsUntil(node, () => code !== undefined);
    return [code, tenths <= 20];
  };

  test('starts with Redis away, says that it is degraded, and finds it', async () => {
    await redis.kill();
    afterwards(() => redis.kill().then(() => redis.start()));
    const { here, there, ann, bob } = await startTwo();
    expect(await ready(here)).toEqual([200, { ready: true, reasons: ['bus'] }]);
    const socket = await SocketClient.signedIn(there.url, bob.accessToken);
    const sent = await ann.api.post(`/users/${bob.id}/messages`, { content: 'stored all the same' });
    expect(sent.status).toBe(201);
    await redis.start();
    await Promise.all([here, there].map((node) => until(isReady(node))));
    const brought = await socket.next('chat.created');
    expect(brought.data).toMatchObject({ chat: { lastMessage: { content: 'stored all the same' } } });
    socket.close();
  });

  test('who is signed out on one node, by himself or by the operator, has no socket on the other within 2 s', async () => {
    const { env, there, ann, bob } = await startTwo();
    const [a, b] = await Promise.all(
      [ann, bob].map((account) => SocketClient.signedIn(there.url, account.accessToken)),
    );
    expect(await closeTime(a as SocketClient, there, () => ann.api.post('/auth/logout'))).toEqual([4401, true]);
    const child = spawn(process.execPath, [CLI, 'user', 'reset', bob.username], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.end('another password\n');
    const ended = once(child, 'close');
    expect(await closeTime(b as SocketClient, there, () => ended)).toEqual([4401, true]);
    expect(await ended).toEqual([0, null]);
  });

  test('the same while Redis is away', async () => {
    const { here, there, ann } = await startTwo();
    const socket = await SocketClient.signedIn(there.url, ann.accessToken);
    await redis.kill();
    afterwards(() => redis.kill().then(() => redis.start()));
    await until(async () => !(await isReady(there)()));
    expect(await closeTime(socket, there, () => ann.api.post('/auth/logout'))).toEqual([4401, true]);
    expect((await fetch(`${here.url}/ready`)).status).toBe(200);
  });

  test('whoever was connected to a node that was killed is offline within 30 s, and the others are told', async () => {
    const { here, there, ann, bob } = await startTwo();
    await ann.api.post('/chats', { kind: 'direct', userId: bob.id });
    const watcher = await SocketClient.signedIn(here.url, ann.accessToken);
    await SocketClient.signedIn(there.url, bob.accessToken);
    const isBob = (status: string) => (frame: Frame) =>
      frame.type === 'presence.changed' &&
      (frame.data as Frame).userId === bob.id &&
      (frame.data as Frame).status === status;
    await watcher.find(isBob('online'));
    await there.kill('SIGKILL');
    expect(await tenthsUntil(here, () => watcher.frames.some(isBob('offline')))).toBeLessThan(300);
    expect((await ann.api.get(`/users/${bob.id}/presence`)).body.status).toBe('offline');
    watcher.close();
  });

  test('limits count on both nodes together', async () => {
    const store = await aStore();
    afterwards(store.remove);
    const env = { ...store.env, PARLEY_RATE_LIMIT: 'on', PARLEY_RATE_LIMITS: 'send=4/60s' };
    const nodes = await Promise.all([start(env), start(env)]);
    const ann: Account = await new ApiClient(nodes[0].url).register();
    const { body } = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [] });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const api = new ApiClient((nodes[i % 2] as ServerProcess).url, ann.accessToken);
      statuses.push((await api.post(`/chats/${body.id}/messages`, { content: 'x' })).status);
    }
    expect(statuses).toEqual([201, 201, 201, 201, 429, 429]);
  });

  test('one is killed, then each is restarted in turn: nobody misses anything, and one restart is one reconnection', async () => {
    const cluster = await Cluster.start(await aStore(), { nodes: 2, members: 4 });
    afterwards(() => cluster.close());
    const [first, second] = cluster.nodes as [FaultyNode, FaultyNode];
    await cluster.talkDuring(async () => {
      await first.stop('SIGKILL');
      await first.start();
    });
    const killed = await cluster.result();
    expect(killed.violations).toEqual([]);
    await cluster.talkDuring(async () => {
      for (const node of [first, second]) {
        expect(await node.stop('SIGTERM')).toEqual({ code: 0, signal: null });
        await node.start();
      }
    });
    const restarted = await cluster.result();
    expect(restarted.violations).toEqual([]);
    expect(restarted.reconnects - killed.reconnects).toBeLessThanOrEqual(2 * cluster.members.length);
    expect(restarted.messages).toBeGreaterThan(100);
  });
}

await withMongo('two nodes, on MongoDB and Redis', (mongo) => {
  withRedis('joined by Redis', (redis) => {
    describe('two nodes', () => twoNodes(mongo, redis));
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { loadConfig } from '../../src/config.ts';
import { type Application, buildApplication, createLogger } from '../../src/container.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { SystemClock } from '../../src/infrastructure/system.ts';
import { ApiClient } from '../support/api-client.ts';
import { CheapPasswordHasher } from '../support/cheap-password-hasher.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { socketUrl } from '../support/socket-client.ts';
import { UnreliableBus } from '../support/unreliable-bus.ts';
import { check, type Heard, type Violation } from './checker.ts';
import type { Result } from './cluster.ts';

const CHATS = 8;
const BATCH = 100;
const FAULTS = { lost: 0.1, doubled: 0.1, late: 0.5 };
const CONVERGE_MS = 30_000;

interface Node extends Application {
  readonly url: string;
}

/** The system's clock, which can be put forward to the next comparison of heads. */
class ShiftedClock extends SystemClock {
  shiftMs = 0;
  override now = () => super.now() + this.shiftMs;
}

/** Follows every chat on one node, and holds each frame against the one before it. */
class Follower {
  readonly revs = new Map<string, number>();
  readonly violations: Violation[] = [];
  readonly ready: Promise<void>;
  readonly #socket: WebSocket;

  constructor(url: string, token: string) {
    this.#socket = new WebSocket(socketUrl(url));
    this.ready = new Promise((resolve) => {
      this.#socket.on('message', (data) => {
        const { type, chatId, rev } = JSON.parse(String(data));
        if (type === 'hello') this.#socket.send(JSON.stringify({ type: 'auth', token }));
        else if (type === 'ping') this.#socket.send('{"type":"pong"}');
        else if (type === 'ready') resolve();
        else if (typeof rev === 'number') this.#hear({ connection: 1, at: 0, chatId, type, rev });
      });
    });
  }

  close(): void {
    this.#socket.close();
  }

  /** The checker sees two frames at a time: of a million it would want them all. */
  #hear(heard: Heard): void {
    const before = this.revs.get(heard.chatId);
    this.revs.set(heard.chatId, heard.rev ?? 0);
    if (before === undefined) return;
    const pair = [{ ...heard, rev: before }, heard];
    const nothing = { copies: new Map(), histories: new Map(), unread: new Map() };
    const witness = { userId: '', chatIds: [], everIn: [heard.chatId], heard: pair, ...nothing };
    if (heard.rev !== before + 1) this.violations.push(...check({ sendings: [], witnesses: [witness], measures: [] }));
  }
}

/** Two nodes over a bus that loses, doubles and reorders: so many messages, of which every socket has to hear each once. */
export async function lossyBus(messages: number): Promise<Result> {
  const folder = await temporaryFolder();
  const store = await openSqliteStore({ dataDir: folder.path });
  const bus = new UnreliableBus(1, FAULTS);
  const clock = new ShiftedClock();
  const epoch = await store.settings.epoch();
  const start = async (): Promise<Node> => {
    const application = await buildApplication({
      config: { ...loadConfig({}, []), rateLimit: false, mongodbUri: 'mongodb://shared' },
      ...{ version: '0.0.0', logger: createLogger('silent'), signingKey: 'x'.repeat(32), epoch },
      ...{ store, clock, redis: bus.node(), hasher: new CheapPasswordHasher() },
    });
    return { ...application, url: await application.server.listen({ host: '127.0.0.1', port: 0 }) };
  };
  const nodes: [Node, Node] = [await start(), await start()];
  const { accessToken, api } = await new ApiClient(nodes[0].url).register();
  const chatIds: string[] = [];
  for (let i = 0; i < CHATS; i += 1)
    chatIds.push((await api.post('/chats', { kind: 'group', name: 'g', memberIds: [] })).body.id);
  const followers = nodes.map(({ url }) => new Follower(url, accessToken));
  await Promise.all(followers.map(({ ready }) => ready));
  const batches = Math.ceil(messages / BATCH / CHATS);
  const send = async (chatId: string): Promise<void> => {
    for (let i = 0; i < batches; i += 1) {
      const { url } = nodes[i % 2] as Node;
      const body = { messages: Array.from({ length: BATCH }, (_, j) => ({ content: `${i} ${j}` })) };
      const { status } = await new ApiClient(url, accessToken).post(`/chats/${chatId}/messages`, body);
      if (status !== 201) throw new Error(`not sent: ${status}`);
    }
  };
  await Promise.all(chatIds.map(send));
  clock.shiftMs += 60_000;
  const isTold = () => followers.every(({ revs }) => chatIds.every((id) => revs.get(id) === 1 + batches * BATCH));
  const deadline = Date.now() + CONVERGE_MS;
  while (!isTold() && Date.now() < deadline) await sleep(50);
  const violations = followers.flatMap((follower) => follower.violations);
  if (!isTold()) violations.push({ invariant: 'I4', kind: 'lost', what: 'a socket was not told of everything' });
  for (const follower of followers) follower.close();
  for (const { gateway, server } of nodes) {
    await gateway.close();
    await server.close();
  }
  await store.close();
  await folder.remove();
  return { messages: batches * BATCH * CHATS, violations, reconnects: 0 };
}

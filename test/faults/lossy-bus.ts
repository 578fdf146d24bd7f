import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { loadConfig } from '../../src/config.ts';
import { type Application, buildApplication, createLogger } from '../../src/container.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { type Account, ApiClient } from '../support/api-client.ts';
import { CheapPasswordHasher } from '../support/cheap-password-hasher.ts';
import { ShiftedClock } from '../support/clocks.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { socketUrl } from '../support/socket-client.ts';
import { TcpLink } from '../support/tcp-link.ts';
import { UnreliableBus } from '../support/unreliable-bus.ts';
import { check, type Violation } from './checker.ts';
import type { Result } from './cluster.ts';
import { Tokens } from './tokens.ts';

const CHATS = 8;
const BATCH = 100;
const FAULTS = { lost: 0.1, doubled: 0.1, late: 0.5 };
/** How often a link is cut, or an answer lost, on the one node and then on the other. */
const DROP_EVERY_MS = 500;
const RETRY_MS = 20;
const CONVERGE_MS = 30_000;

interface Node extends Application {
  /** Through a link that drops. */
  readonly url: string;
  readonly directUrl: string;
  readonly link: TcpLink;
}

/** Follows every chat on one node, comes back when its link drops, resumes, and holds each change against the one before it. */
class Follower {
  readonly revs = new Map<string, number>();
  readonly violations: Violation[] = [];
  readonly ready: Promise<void>;
  reconnects = -1;
  readonly #node: Node;
  readonly #tokens: Tokens;
  /** What came of a chat that is read after too much of it was missed. */
  readonly #held = new Map<string, number[]>();
  readonly #reading = new Set<Promise<void>>();
  #socket: WebSocket | null = null;
  #epoch: string | undefined;
  #isClosed = false;

  constructor(node: Node, tokens: Tokens) {
    this.#node = node;
    this.#tokens = tokens;
    this.ready = new Promise((resolve) => this.#connect(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #connect(onReady: () => void): void {
    const socket = new WebSocket(socketUrl(this.#node.url));
    this.#socket = socket;
    socket.on('message', (data) => {
      const { type, chatId, rev, epoch } = JSON.parse(String(data));
      if (type === 'hello') socket.send(JSON.stringify(this.#auth()));
      else if (type === 'ping') socket.send('{"type":"pong"}');
      else if (type === 'token.expiring') void this.#renew(socket);
      else if (type === 'ready') {
        this.#epoch = epoch;
        this.reconnects += 1;
        onReady();
      } else if (type === 'chat.too_long') this.#catchUp(chatId);
      else if (typeof rev === 'number') this.#hear(chatId, rev);
    });
    socket.on('error', () => undefined);
    socket.on('close', async () => {
      await Promise.all([...this.#reading, sleep(RETRY_MS)]); // else it says that it has less than it will have
      if (!this.#isClosed) this.#connect(onReady);
    });
  }

  #auth(): object {
    const chats = Object.fromEntries([...this.revs].map(([chatId, rev]) => [chatId, { rev, readSeq: 0 }]));
    const resume = this.#epoch !== undefined && { resume: { epoch: this.#epoch, chats } };
    return { type: 'auth', token: this.#tokens.access, ...resume };
  }

  async #renew(socket: WebSocket): Promise<void> {
    await this.#tokens.renew(this.#node.directUrl);
    socket.send(JSON.stringify({ type: 'auth.refresh', id: 'renewed', token: this.#tokens.access }));
  }

  #catchUp(chatId: string): void {
    const reading = this.#read(chatId).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }

  /** Reads what it has missed; what comes meanwhile may be in that already. */
  async #read(chatId: string): Promise<void> {
    const held: number[] = [];
    this.#held.set(chatId, held);
    for (let head = Number.POSITIVE_INFINITY; this.#revOf(chatId) < head; ) {
      const query = `afterRev=${this.#revOf(chatId)}&limit=100`;
      const { body } = await this.#tokens.api(this.#node.directUrl).get(`/chats/${chatId}/changes?${query}`);
      for (const { rev } of body.items) this.#take(chatId, rev);
      head = body.rev;
    }
    this.#held.delete(chatId);
    for (const rev of held) if (rev > this.#revOf(chatId)) this.#take(chatId, rev);
  }

  #revOf(chatId: string): number {
    return this.revs.get(chatId) ?? 0;
  }

  #hear(chatId: string, rev: number): void {
    const held = this.#held.get(chatId);
    if (held) held.push(rev);
    else this.#take(chatId, rev);
  }

  /** The checker sees two changes at a time: of a million it would want them all. */
  #take(chatId: string, rev: number): void {
    const before = this.revs.get(chatId);
    this.revs.set(chatId, rev);
    if (before === undefined || rev === before + 1) return;
    const heard = [before, rev].map((each) => ({ connection: 1, at: 0, chatId, type: '', rev: each }));
    const nothing = { copies: new Map(), histories: new Map(), unread: new Map() };
    const witness = { userId: '', chatIds: [], everIn: [chatId], heard, ...nothing };
    this.violations.push(...check({ sendings: [], witnesses: [witness], measures: [] }));
  }
}

/**
 * Two nodes over a bus that loses, doubles and reorders, and links that drop: so many messages, of which every socket has to hear
 * each once.
 */
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
    const directUrl = await application.server.listen({ host: '127.0.0.1', port: 0 });
    const link = await TcpLink.to('127.0.0.1', Number(new URL(directUrl).port));
    return { ...application, directUrl, link, url: `http://127.0.0.1:${link.port}` };
  };
  const nodes: [Node, Node] = [await start(), await start()];
  const [{ directUrl }] = nodes;
  const account: Account = await new ApiClient(directUrl).register();
  const tokens = new Tokens(account);
  const chatIds: string[] = [];
  for (let i = 0; i < CHATS; i += 1)
    chatIds.push((await account.api.post('/chats', { kind: 'group', name: 'g', memberIds: [] })).body.id);
  const followers = nodes.map((node) => new Follower(node, tokens));
  await Promise.all(followers.map(({ ready }) => ready));
  const batches = Math.ceil(messages / BATCH / CHATS);
  /** As often as it takes, at one node and then at the other; the same clientIds make it one. */
  const sendBatch = async (chatId: string, batch: number): Promise<void> => {
    const drafts = Array.from({ length: BATCH }, (_, j) => ({ content: `${batch} ${j}`, clientId: `${batch} ${j}` }));
    for (let attempt = batch; ; attempt += 1) {
      const api = tokens.api((nodes[attempt % 2] as Node).url);
      const answer = await api.post(`/chats/${chatId}/messages`, { messages: drafts }).catch(() => null);
      if (answer?.status === 201 || answer?.status === 200) return;
      if (answer?.status === 401) await tokens.renew(directUrl);
      else if (answer && answer.status !== 503) throw new Error(`not sent: ${answer.status}`);
      else await sleep(RETRY_MS);
    }
  };
  const send = async (chatId: string): Promise<void> => {
    for (let i = 0; i < batches; i += 1) await sendBatch(chatId, i);
  };
  let drops = 0;
  const dropping = setInterval(() => {
    const { link } = nodes[drops % 2] as Node;
    if (drops % 4 < 2) link.cut();
    else {
      link.become('breaks at an answer');
      setTimeout(() => link.become('open'), RETRY_MS);
    }
    drops += 1;
  }, DROP_EVERY_MS);
  await Promise.all(chatIds.map(send));
  clearInterval(dropping);
  clock.shiftMs += 60_000;
  const last = 1 + batches * BATCH;
  const isTold = () => followers.every(({ revs }) => chatIds.every((id) => revs.get(id) === last));
  const deadline = Date.now() + CONVERGE_MS;
  while (!isTold() && Date.now() < deadline) await sleep(50);
  const violations = followers.flatMap((follower) => follower.violations);
  if (!isTold()) violations.push({ invariant: 'I4', kind: 'lost', what: 'a socket was not told of everything' });
  for (const follower of followers) follower.close();
  for (const { gateway, server, link } of nodes) {
    await gateway.close();
    await server.close();
    await link.close();
  }
  await store.close();
  await folder.remove();
  const reconnects = followers.reduce((sum, follower) => sum + follower.reconnects, 0);
  return { messages: batches * BATCH * CHATS, violations, reconnects };
}

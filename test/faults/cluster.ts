import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, ApiClient } from '../support/api-client.ts';
import type { ProcessStore } from '../support/process-stores.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TcpLink } from '../support/tcp-link.ts';
import { check, type Measure, SIGN_OUT_MS, type Violation } from './checker.ts';
import { Member } from './member.ts';

const CHATS = 3;
/** The others listen. */
const TALKERS = 6;
const IN_FLIGHT = 4;
const CONVERGE_MS = 60_000;
const MEMORY_CEILING_MB = 400;

/** One process of the program, and a link to it that a fault may spoil. */
export class FaultyNode {
  readonly #env: NodeJS.ProcessEnv;
  #process: ServerProcess | null = null;
  #link: TcpLink | null = null;
  #highestMemory = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async start(): Promise<void> {
    this.#process = await ServerProcess.start(this.#env);
    await this.#link?.close();
    const { hostname, port } = new URL(this.#process.url);
    this.#link = await TcpLink.to(hostname, Number(port));
  }

  /** Without the link. */
  get url(): string {
    return this.#running.url;
  }

  /** Through the link. */
  get door(): string {
    return `http://127.0.0.1:${this.link.port}`;
  }

  get link(): TcpLink {
    if (!this.#link) throw new Error('this node was never started');
    return this.#link;
  }

  get memory(): Measure {
    return { name: 'resident memory of a node in MB', highest: this.#highestMemory, ceiling: MEMORY_CEILING_MB };
  }

  async measure(): Promise<void> {
    this.#highestMemory = Math.max(this.#highestMemory, await this.#running.residentMegabytes());
  }

  async stop(signal: NodeJS.Signals): Promise<{ code: number | null }> {
    return this.#running.kill(signal);
  }

  freeze(): void {
    process.kill(this.#running.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#running.pid, 'SIGCONT');
  }

  /** Its clock takes the next of the cluster's steps. */
  stepClock(): void {
    process.kill(this.#running.pid, 'SIGUSR2');
  }

  async close(): Promise<void> {
    await this.#process?.kill('SIGKILL');
    await this.#link?.close();
  }

  get #running(): ServerProcess {
    if (!this.#process) throw new Error('this node was never started');
    return this.#process;
  }
}

/** What one run has come to. */
export interface Result {
  readonly messages: number;
  readonly violations: readonly Violation[];
  /** Beyond the first of each member. */
  readonly reconnects: number;
}

/** Nodes on one store, people in the same chats on all of them, and what they do and see. */
export class Cluster {
  readonly nodes: readonly FaultyNode[];
  readonly members: readonly Member[];
  readonly #chatIds: readonly string[];
  readonly #store: ProcessStore;
  readonly #removed = new Set<Member>();

  private constructor(
    nodes: readonly FaultyNode[],
    members: readonly Member[],
    chatIds: readonly string[],
    store: ProcessStore,
  ) {
    this.nodes = nodes;
    this.members = members;
    this.#chatIds = chatIds;
    this.#store = store;
  }

  /** @param shape `clockSteps`: by how many milliseconds the nodes' clocks can be made to go forwards or back, one after the other */
  static async start(
    store: ProcessStore,
    shape: { nodes: number; members: number; clockSteps?: readonly number[] | undefined },
  ): Promise<Cluster> {
    const stepping = shape.clockSteps && {
      NODE_OPTIONS: `--import=${new URL('stepping-clock.ts', import.meta.url)}`,
      CLOCK_STEPS: shape.clockSteps.join(),
    };
    const env = { PARLEY_LOG_LEVEL: 'info', ...stepping, ...store.env };
    const nodes = Array.from({ length: shape.nodes }, () => new FaultyNode(env));
    await Promise.all(nodes.map((node) => node.start()));
    const [first] = nodes;
    if (!first) throw new Error('a cluster has a node');
    const api = new ApiClient(first.url);
    const accounts = await Promise.all(Array.from({ length: shape.members }, () => api.register()));
    const [owner, ...others] = accounts as [Account, ...Account[]];
    const chatIds: string[] = [];
    for (let i = 0; i < CHATS; i += 1) {
      const body = { kind: 'group', name: `g${i}`, memberIds: others.map(({ id }) => id) };
      chatIds.push((await owner.api.post('/chats', body)).body.id);
    }
    const members = accounts.map(
      (account, i) => new Member(account, (attempt) => (nodes[(i + attempt) % nodes.length] as FaultyNode).door),
    );
    await Promise.all(members.map((member) => member.connect()));
    return new Cluster(nodes, members, chatIds, store);
  }

  /** Some talk in every chat, until what is to happen has happened and some messages more. */
  async talkDuring(
    fault: () => Promise<unknown>,
    { leadMs = 300, tailMs = 300, pauseMs = 5, filler = '' } = {},
  ): Promise<void> {
    let isOver = false;
    const talk = async (member: Member, lane: number): Promise<void> => {
      for (let i = 0; !isOver; i += 1) {
        const chatId = this.#chatIds[(i + lane) % this.#chatIds.length] as string;
        await member.send(chatId, `${lane} ${i}${filler}`, Date.now() + CONVERGE_MS);
        await sleep(pauseMs);
      }
    };
    const talking = this.members
      .slice(0, TALKERS)
      .flatMap((member) => Array.from({ length: IN_FLIGHT }, (_, lane) => talk(member, lane)));
    await sleep(leadMs);
    await fault();
    await sleep(tailMs);
    isOver = true;
    await Promise.all(talking);
    for (const node of this.nodes) await node.measure();
  }

  async allConnected(): Promise<void> {
    const deadline = Date.now() + CONVERGE_MS;
    while (!this.members.every(({ isConnected }) => isConnected) && Date.now() < deadline) await sleep(20);
  }

  /** Takes somebody out of the first chat. */
  async remove(member: Member): Promise<void> {
    const [chatId] = this.#chatIds;
    const { status } = await this.#owner.delete(`/chats/${chatId}/members/${member.id}`);
    if (status !== 204) throw new Error(`not removed: ${status}`);
    this.#removed.add(member);
  }

  async signOut(member: Member): Promise<void> {
    const { status } = await member.tokens.api(this.#first.url).post('/auth/logout');
    if (status !== 204) throw new Error(`not signed out: ${status}`);
    // Tenths of a second in which the nodes also answer: while the machine stands still, none go by.
    for (let tenths = 0; tenths < SIGN_OUT_MS / 100; tenths += 1) {
      await Promise.all([sleep(100), ...this.nodes.map(({ url }) => fetch(`${url}/ready`))]);
    }
    member.signedOutAt = Date.now() - SIGN_OUT_MS;
  }

  get #first(): FaultyNode {
    const [first] = this.nodes;
    if (!first) throw new Error('a cluster has a node');
    return first;
  }

  get #owner(): ApiClient {
    const [owner] = this.members;
    if (!owner) throw new Error('somebody founded the chats');
    return owner.tokens.api(this.#first.url);
  }

  #chatsOf(member: Member): readonly string[] {
    return this.#removed.has(member) ? this.#chatIds.slice(1) : this.#chatIds;
  }

  /** Waits until everybody has been told of everything, and holds it against the promises. */
  async result(): Promise<Result> {
    const present = this.members.filter(({ signedOutAt }) => signedOutAt === undefined);
    await Promise.all(present.map(({ tokens }) => tokens.renew(this.#first.url)));
    const api = this.#owner;
    const heads = new Map<string, number>();
    for (const id of this.#chatIds) heads.set(id, (await api.get(`/chats/${id}`)).body.rev);
    const deadline = Date.now() + CONVERGE_MS;
    const isTold = (member: Member) => this.#chatsOf(member).every((id) => member.hasReached(id, heads.get(id) ?? 0));
    while (!present.every(isTold) && Date.now() < deadline) await sleep(20);
    const witnesses = await Promise.all(
      this.members.map((member) => member.witness(this.#first.url, this.#chatsOf(member), this.#chatIds)),
    );
    const sendings = this.members.flatMap((member) => member.sendings);
    const run = { sendings, witnesses, measures: this.nodes.map(({ memory }) => memory) };
    return {
      messages: sendings.filter(({ outcome }) => outcome === 'ok').length,
      violations: check(run),
      reconnects: present.reduce((sum, { connections }) => sum + connections - 1, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#store.remove();
  }
}

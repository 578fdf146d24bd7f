import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, FaultyNode, Result } from './cluster.ts';
import type { Member } from './member.ts';
import type { Servers } from './servers.ts';

/** Something that goes wrong while people talk. */
export interface Fault {
  readonly name: string;
  /** How often, in a whole run. */
  readonly rounds: number;
  /** Not less often in a shorter run either. */
  readonly roundsAtLeast?: number;
  readonly members?: number;
  /** More reconnections than this, for each round and member, are wrong too. */
  readonly reconnects?: number;
  /** By how many milliseconds the nodes' clocks can be made to step. */
  readonly clockSteps?: readonly number[];
}

export interface AloneFault extends Fault {
  readonly nodes: 1;
  round(cluster: Cluster, node: FaultyNode): Promise<void>;
}

export interface ClusterFault extends Fault {
  readonly nodes: 2;
  round(cluster: Cluster, servers: Servers, round: number): Promise<void>;
}

const LONG_TEXT = ' and so on'.repeat(200);
const HOUR_MS = 3_600_000;
/** The last one leaves a clock as it was. */
const CLOCK_STEPS = [HOUR_MS, -2 * HOUR_MS, HOUR_MS];

/** On SQLite. */
export const ALONE: readonly AloneFault[] = [
  {
    ...{ name: 'kill -9', nodes: 1, rounds: 30, roundsAtLeast: 30 },
    round: (cluster, node) =>
      cluster.talkDuring(
        async () => {
          await node.stop('SIGKILL');
          await node.start();
        },
        { leadMs: 100 + Math.random() * 500 },
      ),
  },
  {
    ...{ name: 'SIGTERM', nodes: 1, rounds: 8, reconnects: 1 },
    round: (cluster, node) => cluster.talkDuring(() => restart(node)),
  },
  {
    ...{ name: 'answers lost, then repeated', nodes: 1, rounds: 20 },
    round: (cluster, { link }) =>
      cluster.talkDuring(async () => {
        link.become('breaks at an answer');
        await sleep(150);
        link.become('open');
      }),
  },
  {
    ...{ name: 'links cut', nodes: 1, rounds: 20 },
    round: (cluster, { link }) => cluster.talkDuring(async () => link.cut()),
  },
  {
    ...{ name: 'links half open', nodes: 1, rounds: 5 },
    round: (cluster, { link }) => cluster.talkDuring(async () => link.halfOpen()),
  },
  {
    ...{ name: 'links black-holed', nodes: 1, rounds: 3 },
    round: (cluster, { link }) =>
      cluster.talkDuring(async () => {
        link.become('silent');
        await sleep(4_000);
        link.become('open');
      }),
  },
  {
    ...{ name: 'links slow', nodes: 1, rounds: 3 },
    round: (cluster, { link }) =>
      cluster.talkDuring(async () => {
        link.become('slow');
        await sleep(1_500);
        link.become('open');
        link.cut(); // else what is late stays late
      }),
  },
  {
    ...{ name: 'a reader pauses', nodes: 1, rounds: 3, members: 20 },
    round: async (cluster) => {
      const reader = cluster.members.at(-1);
      reader?.pause();
      await cluster.talkDuring(() => sleep(2_000), { filler: LONG_TEXT });
      reader?.resume();
    },
  },
  {
    ...{ name: 'all come back at once', nodes: 1, rounds: 5, members: 60, reconnects: 1 },
    round: (cluster) =>
      cluster.talkDuring(async () => {
        for (const member of cluster.members) member.cut();
      }),
  },
  {
    ...{ name: 'the clock steps', nodes: 1, rounds: 3, clockSteps: CLOCK_STEPS },
    round: (cluster, node) => cluster.talkDuring(() => stepClock(cluster, node)),
  },
];

/** On MongoDB and Redis. */
export const TOGETHER: readonly ClusterFault[] = [
  {
    ...{ name: 'one of two nodes killed', nodes: 2, rounds: 6 },
    round: (cluster, _servers, round) =>
      cluster.talkDuring(async () => {
        const node = cluster.nodes[round % 2] as FaultyNode;
        await node.stop('SIGKILL');
        await sleep(500);
        await node.start();
      }),
  },
  {
    ...{ name: 'one of two nodes frozen', nodes: 2, rounds: 2 },
    round: (cluster, _servers, round) =>
      cluster.talkDuring(async () => {
        const node = cluster.nodes[round % 2] as FaultyNode;
        node.freeze();
        await sleep(5_000);
        node.thaw();
      }),
  },
  {
    ...{ name: 'rolling restart', nodes: 2, rounds: 3, reconnects: 2 },
    round: (cluster) =>
      cluster.talkDuring(async () => {
        for (const node of cluster.nodes) {
          const before = cluster.members.map(({ connections }) => connections);
          await restart(node);
          await sleep(500);
          const more = cluster.members.filter(({ connections }, i) => connections > (before[i] ?? 0) + 1);
          if (more.length > 0) throw new Error(`${more.length} reconnected more than once for one restart`);
        }
      }),
  },
  {
    ...{ name: 'the clock of one of two nodes steps', nodes: 2, rounds: 2, clockSteps: CLOCK_STEPS },
    round: (cluster, _servers, round) =>
      cluster.talkDuring(() => stepClock(cluster, cluster.nodes[round % 2] as FaultyNode)),
  },
  {
    ...{ name: 'Redis killed, away for 30 s, and back', nodes: 2, rounds: 1, reconnects: 0 },
    round: (cluster, { redis }) => cluster.talkDuring(() => killRedis(redis, 30_000), { pauseMs: 200 }),
  },
  {
    ...{ name: 'Redis killed and back', nodes: 2, rounds: 3, reconnects: 0 },
    round: (cluster, { redis }) => cluster.talkDuring(() => killRedis(redis, 4_000)),
  },
  {
    ...{ name: 'removals and sign-outs without Redis', nodes: 2, rounds: 2, reconnects: 0 },
    round: (cluster, { redis }, round) =>
      cluster.talkDuring(async () => {
        await redis.kill();
        await sleep(1_500);
        await cluster.remove(cluster.members[1 + round] as Member);
        await cluster.signOut(cluster.members[3 + round] as Member);
        await sleep(2_000);
        await redis.start();
      }),
  },
  {
    ...{ name: 'Redis frozen', nodes: 2, rounds: 2, reconnects: 0 },
    round: (cluster, { redis }) =>
      cluster.talkDuring(async () => {
        redis.freeze();
        await sleep(6_000);
        redis.thaw();
      }),
  },
  {
    ...{ name: 'MongoDB killed and back', nodes: 2, rounds: 3, reconnects: 0 },
    round: (cluster, { mongo }) =>
      cluster.talkDuring(async () => {
        await mongo.kill();
        await sleep(1_000);
        await mongo.start();
      }),
  },
];

async function restart(node: FaultyNode): Promise<void> {
  const { code } = await node.stop('SIGTERM');
  if (code !== 0) throw new Error(`the stop ended with ${code}`);
  await node.start();
}

/** After each step the links are cut: whoever comes back shows his token anew, perhaps to another node. */
async function stepClock(cluster: Cluster, node: FaultyNode): Promise<void> {
  for (const _ of CLOCK_STEPS) {
    node.stepClock();
    await sleep(1_500);
    await cluster.allConnected(); // a refresh whose answer is lost would end the session
    node.link.cut();
    await sleep(500);
    await cluster.allConnected();
  }
}

async function killRedis(redis: Servers['redis'], awayMs: number): Promise<void> {
  await redis.kill();
  await sleep(awayMs);
  await redis.start();
}

/** What is wrong with a result, a line each. */
export function complaints({ name, reconnects }: Fault, rounds: number, members: number, result: Result): string[] {
  const found = result.violations.map(({ invariant, what }) => `${name}: ${invariant}: ${what}`);
  const allowed = reconnects === undefined ? Number.POSITIVE_INFINITY : reconnects * rounds * members;
  if (result.reconnects > allowed) found.push(`${name}: ${result.reconnects} reconnections instead of ${allowed}`);
  if (result.messages === 0) found.push(`${name}: nothing was said`);
  return found;
}

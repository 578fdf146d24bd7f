import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { Server } from '../child.ts';
import type { FanoutPlan } from '../load/fanout.ts';
import type { LoadResult } from '../load/meter.ts';
import { type Load, startLoad } from '../load.ts';
import { LOAD_CORE, SERVER_CORE } from '../machine.ts';
import { startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { settle, type Town } from '../town.ts';
import { type Options, windowOf } from './options.ts';
import { CONTENT } from './sending.ts';

const SOCKETS = 200;
const PER_SECOND = 20;
const IN_FLIGHT = 64;
/** The second node shares its core with the load, which costs less: there may be no third. */
const NODE_CORES = [SERVER_CORE, LOAD_CORE];

interface Heard {
  readonly saturated: LoadResult;
  readonly paced: LoadResult;
}

/** One room on one node, and on two that share a MongoDB and a Redis. */
export async function nodes(options: Options): Promise<Table[]> {
  const { mongodbUri, redisUrl } = options;
  if (mongodbUri === undefined || redisUrl === undefined) throw new Error('nodes needs MONGODB_URI and REDIS_URL');
  const database = `parley_bench_${randomBytes(8).toString('hex')}`;
  const uri = mongodbUri.replace(/^([^?]+:\/\/[^/?]+)[^?]*/, `$1/${database}`);
  const store = { MONGODB_URI: uri, REDIS_URL: redisUrl };
  const load = startLoad();
  const started: Server[] = [];
  try {
    const town = await settle(store, SOCKETS, [Array.from({ length: SOCKETS }, (_, i) => i)]);
    const env = { ...store, ...town.env };
    for (const core of NODE_CORES) started.push(await startParley({ env, core }));
    const [first, second] = started;
    if (!first || !second) throw new Error('two nodes are needed');
    const rounds: Heard[][] = [[], []];
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [i, isShared] of [true, false].entries()) {
        const hear = (pace: FanoutPlan['pace']) => hearOn(load, [first, second], isShared, town, pace, options);
        rounds[i]?.push({
          saturated: await hear({ inFlight: IN_FLIGHT }),
          paced: await hear({ perSecond: PER_SECOND }),
        });
      }
    }
    return [tableOf(rounds, options)];
  } finally {
    for (const node of started) await node.stop();
    load.stop();
    await drop(uri);
  }
}

function hearOn(
  load: Load,
  [first, second]: readonly [Server, Server],
  isShared: boolean,
  { groups, signedIn }: Town,
  pace: FanoutPlan['pace'],
  options: Options,
): Promise<LoadResult> {
  return load.run({
    ...{ kind: 'fanout', dialect: 'parley', port: first.port, pid: first.pid, otherPid: second.pid },
    ...{ chatId: groups[0]?.chatId ?? '', tokens: signedIn(), content: CONTENT, pace, ...windowOf(options) },
    ...(isShared && { otherPort: second.port }),
  });
}

async function drop(uri: string): Promise<void> {
  const client = new MongoClient(uri);
  await client.db().dropDatabase();
  await client.close();
}

const tableOf = (rounds: readonly (readonly Heard[])[], { rounds: count, seconds }: Options): Table => ({
  title: 'Nodes: one room on two nodes, and on one beside which another has nobody',
  notes: [
    `${SOCKETS.toLocaleString('en')} sockets of as many people, on both nodes in turn or all on the first; MongoDB and Redis as given. ` +
      'The second node runs on the core of the load, so on two cores what both do together is bounded by the machine.',
    `${count} rounds in turn, ${seconds} s each: median (least–most).`,
  ],
  columns: ['two nodes', 'one node'],
  rows: [
    row('saturated: deliveries/s', rounds, ({ saturated }) => saturated.deliveriesPerSecond, 'share'),
    row("first node's core, %", rounds, ({ saturated }) => saturated.serverCpu * 100),
    row("second node's core, %", rounds, ({ saturated }) => saturated.otherCpu * 100),
    row(`at ${PER_SECOND} a second: deliveries/s`, rounds, ({ paced }) => paced.deliveriesPerSecond),
    row("first node's CPU per message, µs", rounds, ({ paced }) => (paced.serverCpu * 1e6) / PER_SECOND, 'multiple'),
    row("second node's CPU per message, µs", rounds, ({ paced }) => (paced.otherCpu * 1e6) / PER_SECOND),
    row('p99, ms', rounds, ({ paced }) => paced.p99Ms, 'multiple'),
  ],
});

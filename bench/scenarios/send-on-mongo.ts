import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { MongoClient } from 'mongodb';
import { type Server, startServer } from '../child.ts';
import type { LoadResult } from '../load/meter.ts';
import { startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { runBareDriver } from '../mongo/bare-driver.ts';
import type { CommandReport } from '../mongo/command-counter.ts';
import { gather } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { type Options, profiling, windowOf } from './options.ts';
import { describeSending, ROOM_SIZE, SOCKETS, sendTo } from './sending.ts';

const SERVER = new URL('../mongo/server.ts', import.meta.url).pathname;
const CHATS = SOCKETS / ROOM_SIZE;

interface Round {
  readonly load: LoadResult;
  readonly report: CommandReport;
  /** Messages a second of the bare driver. */
  readonly bare: number;
}

/** Parley on MongoDB against the bare driver, which writes what Parley has just written: batches of that size, as many chats. */
export async function sendOnMongo(options: Options, serverUri: string): Promise<Table> {
  const uri = withDatabase(serverUri, `parley_bench_${randomBytes(8).toString('hex')}`);
  const load = startLoad();
  const settings = { PORT: '0', PARLEY_RATE_LIMIT: 'off', MONGODB_URI: uri, REDIS_URL: '' };
  const parley = await startServer(SERVER_CORE, [...profiling(options), SERVER], settings);
  try {
    const people = await gather(parley.url, SOCKETS, ROOM_SIZE);
    const rounds: Round[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const members = await people.signedIn();
      await report(parley);
      const result = await sendTo(load, parley, members, { inFlight: options.inFlight }, options);
      const seen = await report(parley);
      if (!seen.sample) throw new Error('no batch was seen whole');
      const batchSize = seen.messages / seen.batches;
      const bare = await runBareDriver({ uri, sample: seen.sample, batchSize, chats: CHATS, ...windowOf(options) });
      rounds.push({ load: result, report: seen, bare });
    }
    return tableOf(rounds, options);
  } finally {
    await parley.stop();
    load.stop();
    await drop(uri);
  }
}

/** What the server's driver sent since it was asked last. */
async function report({ process: child }: Server): Promise<CommandReport> {
  const answered = once(child, 'message');
  child.send('report');
  const [answer] = (await answered) as [CommandReport];
  return answer;
}

async function drop(uri: string): Promise<void> {
  const client = new MongoClient(uri);
  await client.db().dropDatabase();
  await client.close();
}

function withDatabase(uri: string, name: string): string {
  const [, hosts, options = ''] = /^([^?]+:\/\/[^/?]+)[^?]*(\?.*)?$/.exec(uri) ?? [];
  if (!hosts) throw new Error('MONGODB_URI is not a connection string');
  return `${hosts}/${name}${options}`;
}

function tableOf(rounds: readonly Round[], options: Options): Table {
  const most = rounds.map(({ report: { most } }) => most).reduce((a, b) => (b.length > a.length ? b : a));
  const parleyOnly = (measure: string, pick: (round: Round) => number) => row(measure, [rounds, []], pick);
  const saturated: Table['rows'][number] = {
    measure: 'saturated: messages/s',
    values: [rounds.map(({ load }) => load.perSecond), rounds.map(({ bare }) => bare)],
    ratio: 'share',
  };
  return {
    title: 'Send: MongoDB, w: majority, journalled, against the bare driver',
    notes: [
      describeSending(options),
      `The bare driver writes the same documents in batches of the same mean size, for ${CHATS} chats at once: insertOne of ` +
        'the commit, insertMany of the messages, updateOne of the chat. It serves nobody.',
      'A batch is what one commit stores for one chat, and its reads are its commands too. A command for several chats counts ' +
        `once, but in each of their batches for the most, which were: ${most.join(', ')}.`,
    ],
    columns: ['Parley', 'bare driver'],
    rows: [
      saturated,
      parleyOnly('ack p50, ms', ({ load }) => load.p50Ms),
      parleyOnly('ack p99, ms', ({ load }) => load.p99Ms),
      parleyOnly('server CPU per ack, µs', ({ load }) => load.cpuUsPerAnswer),
      parleyOnly('messages per batch', ({ report: { messages, batches } }) => messages / batches),
      parleyOnly('commands per message', ({ report: { commands, messages } }) => commands / messages),
      parleyOnly('commands per batch', ({ report: { commands, batches } }) => commands / batches),
      parleyOnly('commands per batch, the most', ({ report: { most } }) => most.length),
    ],
  };
}

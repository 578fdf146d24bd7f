import { startServer } from '../child.ts';
import type { LoadResult } from '../load/meter.ts';
import type { SendingMember } from '../load/send.ts';
import { startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { gather, startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { type Options, profiling } from './options.ts';
import { sendOnMongo } from './send-on-mongo.ts';
import { describeSending, type Pace, PER_SECOND, ROOM_SIZE, SOCKETS, sendTo } from './sending.ts';

const ECHO = new URL('../echo.ts', import.meta.url).pathname;

/** The whole way of a message: frame, schema, decision, commit, ack, and delivery to every member's socket. */
export async function send(options: Options): Promise<Table[]> {
  const tables = [await sendOnSqlite(options)];
  if (options.mongodbUri !== undefined) tables.push(await sendOnMongo(options, options.mongodbUri));
  return tables;
}

/** One server in one round. */
interface Sent {
  readonly saturated: LoadResult;
  readonly paced: LoadResult;
}

async function sendOnSqlite(options: Options): Promise<Table> {
  const load = startLoad();
  const parley = await startParley({ node: profiling(options) });
  const echo = await startServer(SERVER_CORE, [ECHO]);
  try {
    const people = await gather(parley.url, SOCKETS, ROOM_SIZE);
    const sendToParley = async (pace: Pace) => sendTo(load, parley, await people.signedIn(), pace, options);
    const sendToEcho = async (pace: Pace) =>
      sendTo(load, echo, (await people.signedIn()).map(roomAsToken), pace, options);
    const rounds: Sent[][] = [[], []];
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [i, run] of [sendToParley, sendToEcho].entries()) {
        rounds[i]?.push({
          saturated: await run({ inFlight: options.inFlight }),
          paced: await run({ perSecond: PER_SECOND }),
        });
      }
    }
    return tableOf(rounds, options);
  } finally {
    await Promise.all([parley.stop(), echo.stop()]);
    load.stop();
  }
}

/** The echo knows no people: the token is the room. */
const roomAsToken = ({ chatId }: SendingMember): SendingMember => ({ token: chatId, chatId });

const tableOf = (rounds: readonly (readonly Sent[])[], options: Options): Table => ({
  title: 'Send: SQLite, synchronous=FULL, against an in-memory echo',
  notes: [
    describeSending(options),
    'The echo has the same framework, parser, frames and joined writes, and checks and stores nothing.',
  ],
  columns: ['Parley', 'echo'],
  rows: [
    row('saturated: acks/s', rounds, ({ saturated }) => saturated.perSecond, 'share'),
    row('deliveries/s', rounds, ({ saturated }) => saturated.deliveriesPerSecond, 'share'),
    row('ack p50, ms', rounds, ({ saturated }) => saturated.p50Ms, 'multiple'),
    row('ack p99, ms', rounds, ({ saturated }) => saturated.p99Ms, 'multiple'),
    row('server CPU per ack, µs', rounds, ({ saturated }) => saturated.cpuUsPerAnswer, 'multiple'),
    row("server's core, %", rounds, ({ saturated }) => saturated.serverCpu * 100),
    row("load's core, %", rounds, ({ saturated }) => saturated.loadCpu * 100),
    row(`at ${PER_SECOND} a second: acks/s`, rounds, ({ paced }) => paced.perSecond),
    row('ack p50, ms', rounds, ({ paced }) => paced.p50Ms, 'multiple'),
    row('ack p99, ms', rounds, ({ paced }) => paced.p99Ms, 'multiple'),
    row("server's core, %", rounds, ({ paced }) => paced.serverCpu * 100),
  ],
});

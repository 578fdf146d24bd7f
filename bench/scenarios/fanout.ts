import { type Server, startServer } from '../child.ts';
import type { FanoutPlan } from '../load/fanout.ts';
import type { LoadResult } from '../load/meter.ts';
import { startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { dataFolder, startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { settle } from '../town.ts';
import { type Options, profiling, windowOf } from './options.ts';
import { CONTENT } from './sending.ts';

const SIZES = [1_000, 5_000];
const PER_SECOND = 20;
const IN_FLIGHT = 64;

const ECHO = new URL('../echo.ts', import.meta.url).pathname;
const SOCKET_IO = new URL('../socket-io.ts', import.meta.url).pathname;

/** One server in one round. */
interface Heard {
  readonly saturated: LoadResult;
  readonly paced: LoadResult;
}

type Pace = FanoutPlan['pace'];

/** One room: what a message costs on its way to everybody in it. */
export async function fanout(options: Options): Promise<Table[]> {
  const dataDir = dataFolder();
  const everybody = Array.from({ length: Math.max(...SIZES) }, (_, i) => i);
  const rooms = SIZES.map((size) => everybody.slice(0, size));
  const town = await settle({ PARLEY_DATA_DIR: dataDir }, everybody.length, rooms);
  const load = startLoad();
  const parley = await startParley({ node: profiling(options), dataDir, env: town.env });
  const echo = await startServer(SERVER_CORE, [ECHO]);
  const socketIo = await startServer(SERVER_CORE, [SOCKET_IO]);
  const hear = (
    { port, pid }: Server,
    dialect: FanoutPlan['dialect'],
    chatId: string,
    tokens: string[],
    pace: Pace,
  ): Promise<LoadResult> =>
    load.run({ kind: 'fanout', port, pid, dialect, chatId, tokens, content: CONTENT, pace, ...windowOf(options) });
  try {
    const tables: Table[] = [];
    for (const { chatId, members } of town.groups) {
      const asRoom = members.map(() => chatId);
      const servers: ((pace: Pace) => Promise<LoadResult>)[] = [
        (pace) => hear(parley, 'parley', chatId, town.signedIn().slice(0, members.length), pace),
        (pace) => hear(echo, 'parley', chatId, asRoom, pace),
        (pace) => hear(socketIo, 'socket.io', chatId, asRoom, pace),
      ];
      const rounds: Heard[][] = servers.map(() => []);
      for (let round = 0; round < options.rounds; round += 1) {
        for (const [i, run] of servers.entries()) {
          rounds[i]?.push({
            saturated: await run({ inFlight: IN_FLIGHT }),
            paced: await run({ perSecond: PER_SECOND }),
          });
        }
      }
      tables.push(tableOf(members.length, rounds, options));
    }
    return tables;
  } finally {
    await Promise.all([parley.stop(), echo.stop(), socketIo.stop()]);
    load.stop();
  }
}

const tableOf = (size: number, rounds: readonly (readonly Heard[])[], { rounds: count, seconds }: Options): Table => ({
  title: `Fan-out: one room of ${size.toLocaleString('en')} sockets`,
  notes: [
    `As many people; one of them sends ${CONTENT.length} characters at a time, ${IN_FLIGHT} messages under way when saturated. ` +
      'In Parley each is checked, stored (SQLite, synchronous=FULL) and shown to members only.',
    'ws: under fastify, each message encoded and framed once, what one turn owes a socket in one write; frames as long as ' +
      "Parley's. Socket.IO 4: io.to(room).emit of the same object, over WebSocket. Neither asks, checks or stores.",
    `${count} rounds in turn, ${seconds} s each: median (least–most).`,
  ],
  columns: ['Parley', 'ws', 'Socket.IO'],
  limits: 2,
  rows: [
    row('saturated: deliveries/s', rounds, ({ saturated }) => saturated.deliveriesPerSecond, 'share'),
    row('server CPU per delivery, µs', rounds, ({ saturated }) => saturated.cpuUsPerAnswer, 'multiple'),
    row("server's core, %", rounds, ({ saturated }) => saturated.serverCpu * 100),
    row("load's core, %", rounds, ({ saturated }) => saturated.loadCpu * 100),
    row(`at ${PER_SECOND} a second: deliveries/s`, rounds, ({ paced }) => paced.deliveriesPerSecond),
    row('server CPU per delivery, µs', rounds, ({ paced }) => paced.cpuUsPerAnswer, 'multiple'),
    row('p50, ms', rounds, ({ paced }) => paced.p50Ms, 'multiple'),
    row('p99, ms', rounds, ({ paced }) => paced.p99Ms, 'multiple'),
    row("load's core, %", rounds, ({ paced }) => paced.loadCpu * 100),
  ],
});

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, startServer } from '../child.ts';
import { cpuMs } from '../load/meter.ts';
import { startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { crowdSize, theCrowd } from './crowd.ts';
import type { Options } from './options.ts';

const AT_ONCE = 100;
/** After everybody has come something still happens: of 200 people a second it is told that they are there. */
const REST_MS = 1_000;
const RESTING_CPU_MS = 50;
const REST_TRIES = 120;
const PROBE = ['--expose-gc', '--import', new URL('../memory-probe.js', import.meta.url).pathname];

const ECHO = new URL('../echo.ts', import.meta.url).pathname;
const SOCKET_IO = new URL('../socket-io.ts', import.meta.url).pathname;

interface Held {
  readonly emptyBytes: number;
  readonly bytesEach: number;
}

/** What a socket that says nothing costs in memory of the server's process; what it costs in the kernel is the same for all. */
export async function idle({ rounds: count }: Options): Promise<Table[]> {
  const { count: sockets, note } = crowdSize();
  const { dataDir, ...town } = await theCrowd(sockets);
  const load = startLoad();
  const hold = async (server: Server, dialect: 'parley' | 'socket.io', tokens: readonly string[]): Promise<Held> => {
    try {
      const empty = await memoryOf(server);
      const clients = tokens.map((token) => ({ token }));
      await load.run({ kind: 'arrive', port: server.port, dialect, clients, atOnce: AT_ONCE });
      await rest(server);
      const full = await memoryOf(server);
      await load.run({ kind: 'leave' });
      return { emptyBytes: empty, bytesEach: (full - empty) / sockets };
    } finally {
      await server.stop();
    }
  };
  try {
    const rounds: Held[][] = [[], [], []];
    const room = Array.from({ length: sockets }, () => 'room');
    for (let round = 0; round < count; round += 1) {
      const parley = await startParley({ node: PROBE, dataDir, env: town.env });
      rounds[0]?.push(await hold(parley, 'parley', town.signedIn()));
      rounds[1]?.push(await hold(await startServer(SERVER_CORE, [...PROBE, ECHO]), 'parley', room));
      rounds[2]?.push(await hold(await startServer(SERVER_CORE, [...PROBE, SOCKET_IO]), 'socket.io', room));
    }
    return [tableOf(note, rounds)];
  } finally {
    load.stop();
  }
}

/** Waits until the server has nothing more to do. */
async function rest({ pid }: Server): Promise<void> {
  for (let tries = 0; tries < REST_TRIES; tries += 1) {
    const before = cpuMs(pid);
    await sleep(REST_MS);
    if (cpuMs(pid) - before < RESTING_CPU_MS) return;
  }
  throw new Error('the server does not come to rest');
}

async function memoryOf({ process: child }: Server): Promise<number> {
  const answered = once(child, 'message');
  child.send('memory');
  const [{ rss }] = (await answered) as [{ rss: number }];
  return rss;
}

const tableOf = (note: string, rounds: readonly (readonly Held[])[]): Table => ({
  title: 'Idle: memory of the process per socket',
  notes: [
    `${note}; in Parley they are signed in, presence and all. ws under fastify and Socket.IO know one room.`,
    'Resident memory after a garbage collection, with the sockets less without, once the server has nothing more to do. ' +
      `${rounds[0]?.length} rounds in turn, each with new processes: median (least–most).`,
  ],
  columns: ['Parley', 'ws', 'Socket.IO'],
  limits: 2,
  rows: [
    row('per socket, KB', rounds, ({ bytesEach }) => bytesEach / 1000, 'multiple'),
    row('without users, MB', rounds, ({ emptyBytes }) => emptyBytes / 1e6, 'multiple'),
  ],
});

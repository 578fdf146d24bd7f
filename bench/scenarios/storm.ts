import { once } from 'node:events';
import { type Server, startServer } from '../child.ts';
import type { Arrival, Client } from '../load/arrive.ts';
import { cpuMs } from '../load/meter.ts';
import { type Load, startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { post, startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import type { Town } from '../town.ts';
import { CHAT_SIZE, crowdSize, theCrowd } from './crowd.ts';
import { type Options, profiling } from './options.ts';
import { CONTENT } from './sending.ts';

/** Groups in which something is said while everybody is away. */
const MISSED_IN = 2_000;
const POSTS_AT_ONCE = 100;

const ECHO = new URL('../echo.ts', import.meta.url).pathname;

/** Everybody returns at the same moment, without the spread that a server which stops in order asks for: it was killed. */
export async function storm(options: Options): Promise<Table[]> {
  const { count, note } = crowdSize();
  const { dataDir, ...town } = await theCrowd(count);
  const heads = Object.fromEntries(town.groups.map(({ chatId, rev }) => [chatId, rev]));
  const load = startLoad();
  const start = () => startParley({ node: profiling(options), dataDir, env: town.env });
  const room = Array.from({ length: count }, () => ({ token: 'room' }));
  const rounds: Return[][] = [[], []];
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      const first = await start();
      await arrive(load, first, clientsOf(town, heads), heads);
      await kill(first);
      const known = clientsOf(town, heads);
      const second = await start();
      await speak(second, town, heads);
      rounds[0]?.push(await arrive(load, second, known, heads));
      await load.run({ kind: 'leave' });
      await second.stop();
      const echo = await startServer(SERVER_CORE, [ECHO]);
      rounds[1]?.push(await arrive(load, echo, room, {}));
      await load.run({ kind: 'leave' });
      await echo.stop();
    }
    return [tableOf(note, Math.round((MISSED_IN * CHAT_SIZE) / count), rounds)];
  } finally {
    load.stop();
  }
}

type Heads = Record<string, number>;

/** What each of them would say when he connects: who he is, and what he has. */
function clientsOf({ epoch, groups, signedIn }: Town, heads: Heads): Client[] {
  const clients = signedIn().map((token) => ({ token, resume: { epoch, chats: {} as Record<string, Known> } }));
  for (const { chatId, members, readSeq } of groups) {
    for (const member of members) {
      const chats = clients[member]?.resume.chats;
      if (chats) chats[chatId] = { rev: heads[chatId] ?? 0, readSeq };
    }
  }
  return clients;
}

interface Known {
  readonly rev: number;
  readonly readSeq: number;
}

interface Return extends Arrival {
  readonly cpuMsEach: number;
}

async function arrive(load: Load, { port, pid }: Server, clients: readonly Client[], heads: Heads): Promise<Return> {
  const before = cpuMs(pid);
  const arrival = await load.run({ kind: 'arrive', port, dialect: 'parley', clients, atOnce: clients.length, heads });
  return { ...arrival, cpuMsEach: (cpuMs(pid) - before) / clients.length };
}

async function kill({ process: child }: Server): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Somebody says something in each of some groups; `heads` follow. */
async function speak({ url }: Server, { groups, signedIn }: Town, heads: Heads): Promise<void> {
  const tokens = signedIn();
  const some = groups.slice(0, MISSED_IN);
  for (let at = 0; at < some.length; at += POSTS_AT_ONCE) {
    const posting = some.slice(at, at + POSTS_AT_ONCE).map(async ({ chatId, members: [author = 0] }) => {
      const path = `/chats/${chatId}/messages`;
      heads[chatId] = (await post<{ rev: number }>(url, path, { content: CONTENT }, tokens[author])).rev;
    });
    await Promise.all(posting);
  }
}

const tableOf = (note: string, missed: number, rounds: readonly (readonly Return[])[]): Table => ({
  title: 'Storm: everybody returns at once after a crash',
  notes: [
    `${note}. While they are away, a message is sent in ${MISSED_IN.toLocaleString('en')} of the groups, so that each misses about ` +
      `${missed}; each is then held against the numbers: none lost, none twice, all in order.`,
    'From the first connection to the last event of the last socket, from the same machine. ws under fastify: all connect and are ' +
      'in one room; nobody is asked who he is or what he has.',
    `${rounds[0]?.length} rounds in turn: median (least–most).`,
  ],
  columns: ['Parley', 'ws'],
  rows: [
    row('all are back: s', rounds, ({ ms }) => ms / 1000, 'multiple'),
    row('one is back: p50, s', rounds, ({ p50Ms }) => p50Ms / 1000, 'multiple'),
    row('p99, s', rounds, ({ p99Ms }) => p99Ms / 1000, 'multiple'),
    row('server CPU per socket, ms', rounds, ({ cpuMsEach }) => cpuMsEach, 'multiple'),
    row('events told', rounds, ({ events }) => events),
  ],
});

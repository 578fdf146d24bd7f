import { startServer } from '../child.ts';
import { COUNTER, get, headers } from '../load/http.ts';
import type { LoadResult } from '../load/meter.ts';
import { startLoad } from '../load.ts';
import { SERVER_CORE } from '../machine.ts';
import { gather, type Member, post, startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { type Options, profiling, windowOf } from './options.ts';
import { CONTENT, ROOM_SIZE } from './sending.ts';

const CONNECTIONS = 100;
const PAGE = 50;

const ECHO = new URL('../echo.ts', import.meta.url).pathname;

interface Answered {
  readonly sending: LoadResult;
  readonly reading: LoadResult;
}

/** Sending and reading a page over HTTP, with a bearer token, against fastify with the same schemas and nobody asking. */
export async function http(options: Options): Promise<Table[]> {
  const load = startLoad();
  const parley = await startParley({ node: profiling(options) });
  const echo = await startServer(SERVER_CORE, [ECHO]);
  try {
    const people = await gather(parley.url, CONNECTIONS, ROOM_SIZE);
    await fill(parley.url, await people.signedIn());
    const run = async ({ port, pid }: typeof echo, request: (member: Member) => string): Promise<LoadResult> => {
      const requests = (await people.signedIn()).map((member) => [request(member)]);
      return load.run({ kind: 'http', port, pid, requests, ...windowOf(options) });
    };
    const rounds: Answered[][] = [[], []];
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [i, server] of [parley, echo].entries()) {
        rounds[i]?.push({ sending: await run(server, sendRequest), reading: await run(server, pageRequest) });
      }
    }
    return [tableOf(rounds, options)];
  } finally {
    await Promise.all([parley.stop(), echo.stop()]);
    load.stop();
  }
}

const tableOf = (rounds: readonly (readonly Answered[])[], options: Options): Table => ({
  title: 'HTTP: SQLite, synchronous=FULL, against fastify with the same schemas and no auth',
  notes: [
    `${CONNECTIONS} connections of as many people, one request of each in flight, rooms of ${ROOM_SIZE}, ${CONTENT.length} characters; ` +
      `${options.rounds} rounds in turn, ${options.seconds} s each: median (least–most).`,
    'Parley writes its one log line per request; the other logs nothing.',
  ],
  columns: ['Parley', 'fastify'],
  rows: [
    row('POST message: requests/s', rounds, ({ sending }) => sending.perSecond, 'share'),
    row('p50, ms', rounds, ({ sending }) => sending.p50Ms, 'multiple'),
    row('p99, ms', rounds, ({ sending }) => sending.p99Ms, 'multiple'),
    row('server CPU per request, µs', rounds, ({ sending }) => sending.cpuUsPerAnswer, 'multiple'),
    row(`GET ${PAGE} messages: requests/s`, rounds, ({ reading }) => reading.perSecond, 'share'),
    row('p50, ms', rounds, ({ reading }) => reading.p50Ms, 'multiple'),
    row('p99, ms', rounds, ({ reading }) => reading.p99Ms, 'multiple'),
    row('server CPU per request, µs', rounds, ({ reading }) => reading.cpuUsPerAnswer, 'multiple'),
    row("load's core while sending, %", rounds, ({ sending }) => sending.loadCpu * 100),
    row("load's core while reading, %", rounds, ({ reading }) => reading.loadCpu * 100),
  ],
});

/** A page of messages in every room. */
async function fill(url: string, members: readonly Member[]): Promise<void> {
  const messages = Array.from({ length: PAGE }, () => ({ content: CONTENT }));
  for (let i = 0; i < members.length; i += ROOM_SIZE) {
    const { chatId, token } = members[i] ?? { chatId: '', token: '' };
    await post(url, `/chats/${chatId}/messages`, { messages }, token);
  }
}

function sendRequest({ token, chatId, userId }: Member): string {
  const clientId = `${userId.slice(-8)}-${Date.now().toString(36)}-${COUNTER}`;
  const body = JSON.stringify({ content: CONTENT, clientId });
  const type = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
  return `POST /api/v1/chats/${chatId}/messages HTTP/1.1\r\n${headers(token)}\r\n${type}\r\n\r\n${body}`;
}

const pageRequest = ({ token, chatId }: Member): string => get(`/chats/${chatId}/messages?limit=${PAGE}`, token);

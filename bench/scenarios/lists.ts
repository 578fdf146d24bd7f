import type { Server } from '../child.ts';
import { get } from '../load/http.ts';
import type { LoadResult } from '../load/meter.ts';
import { type Load, startLoad } from '../load.ts';
import { gather, type Member, type People, post, startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import { type Options, profiling, windowOf } from './options.ts';
import { CONTENT } from './sending.ts';

const CHATS = 1_000;
const LINES_PER_CHAT = 5;
const LONG = 1_000_000;
const SHORT = 100_000;
const PAGE = 50;
const BATCH = 100;
/** What is filled at once. */
const AT_ONCE = 5;
/** Places in a history, in turn. */
const PLACES = 500;

/** What waits with a person who has much: the list of his chats, and pages from the depth of a long history. One request at a time. */
export async function lists(options: Options): Promise<Table[]> {
  const load = startLoad();
  const parley = await startParley({ node: profiling(options) });
  try {
    const people = await gather(parley.url, 2, 2);
    const [long, short] = [await history(parley.url, people, LONG), await history(parley.url, people, SHORT)];
    const before = await readHistories(load, parley, people, [long, short], options);
    await manyChats(parley.url, people);
    return [before, await readChats(load, parley, people, options)];
  } finally {
    await parley.stop();
    load.stop();
  }
}

/** A new group with a history of so many messages. */
async function history(url: string, people: People, length: number): Promise<string> {
  const chatId = await group(url, await people.signedIn());
  const messages = Array.from({ length: BATCH }, () => ({ content: CONTENT }));
  const perRenewal = 100 * AT_ONCE * BATCH; // an access token is good for ten minutes
  for (let filled = 0; filled < length; filled += perRenewal) {
    const [author] = await people.signedIn();
    for (let batch = 0; batch < perRenewal && filled + batch < length; batch += AT_ONCE * BATCH) {
      const send = () => post(url, `/chats/${chatId}/messages`, { messages }, author?.token);
      await Promise.all(Array.from({ length: AT_ONCE }, send));
    }
  }
  return chatId;
}

async function group(url: string, [owner, other]: readonly Member[]): Promise<string> {
  const body = { kind: 'group', name: 'Bench', memberIds: [other?.userId] };
  return (await post<{ id: string }>(url, '/chats', body, owner?.token)).id;
}

/** Groups of two, in which the second person waits with a few unread lines. */
async function manyChats(url: string, people: People): Promise<void> {
  const members = await people.signedIn();
  const messages = Array.from({ length: LINES_PER_CHAT }, () => ({ content: CONTENT }));
  for (let made = 0; made < CHATS; made += BATCH) {
    const one = async () => post(url, `/chats/${await group(url, members)}/messages`, { messages }, members[0]?.token);
    await Promise.all(Array.from({ length: BATCH }, one));
  }
}

/** Runs these paths in turn on one connection, as the second person. */
async function read(
  load: Load,
  { port, pid }: Server,
  people: People,
  paths: readonly string[],
  options: Options,
): Promise<LoadResult> {
  const [, { token } = { token: '' }] = await people.signedIn();
  const requests = [paths.map((path) => get(path, token))];
  return load.run({ kind: 'http', port, pid, requests, ...windowOf(options) });
}

const KINDS = ['before', 'around'] as const;

async function readHistories(
  load: Load,
  parley: Server,
  people: People,
  [long, short]: readonly [string, string],
  options: Options,
): Promise<Table> {
  const rounds = Object.fromEntries(KINDS.map((kind) => [kind, [[], []] as LoadResult[][]]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const kind of KINDS) {
      for (const [column, [chatId, length]] of (
        [
          [long, LONG],
          [short, SHORT],
        ] as const
      ).entries()) {
        const paths = places(length).map((seq) => `/chats/${chatId}/messages?limit=${PAGE}&${kind}=${seq}`);
        rounds[kind]?.[column]?.push(await read(load, parley, people, paths, options));
      }
    }
  }
  return {
    title: `History: a page of ${PAGE} at any depth`,
    notes: [
      `Messages of ${CONTENT.length} characters; ${PLACES} places all over the history, in turn and far from each other.`,
      describe(options),
    ],
    columns: [`of ${LONG.toLocaleString('en')}`, `of ${SHORT.toLocaleString('en')}`],
    rows: KINDS.flatMap((kind) => [
      row(`${kind}: p50, ms`, rounds[kind] ?? [], ({ p50Ms }) => p50Ms, 'multiple'),
      row('p99, ms', rounds[kind] ?? [], ({ p99Ms }) => p99Ms, 'multiple'),
      row('server CPU per page, µs', rounds[kind] ?? [], ({ cpuUsPerAnswer }) => cpuUsPerAnswer, 'multiple'),
    ]),
  };
}

/** Spread evenly, and each far from the one before: steps of the golden ratio. */
const places = (length: number): number[] =>
  Array.from({ length: PLACES }, (_, i) => 1 + Math.floor((((i + 1) * 0.618033988749895) % 1) * length));

async function readChats(load: Load, parley: Server, people: People, options: Options): Promise<Table> {
  const rounds: LoadResult[][] = [[]];
  for (let round = 0; round < options.rounds; round += 1) {
    rounds[0]?.push(await read(load, parley, people, [`/chats?limit=${BATCH}`], options));
  }
  return {
    title: `Chats: the first ${BATCH} of a person who has ${CHATS.toLocaleString('en')}`,
    notes: [`Each with its last message and ${LINES_PER_CHAT} unread lines.`, describe(options)],
    columns: ['Parley'],
    rows: [
      row('p50, ms', rounds, ({ p50Ms }) => p50Ms),
      row('p99, ms', rounds, ({ p99Ms }) => p99Ms),
      row('server CPU per list, µs', rounds, ({ cpuUsPerAnswer }) => cpuUsPerAnswer),
    ],
  };
}

const describe = ({ rounds, seconds }: Options): string =>
  `One request at a time; ${rounds} rounds in turn, ${seconds} s each: median (least–most).`;

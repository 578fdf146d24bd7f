import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { type Application, buildApplication, createLogger } from '../../src/container.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { fill, somebody } from '../people/crowd.ts';
import type { Table } from '../table.ts';
import type { Options } from './options.ts';

const PEOPLE = 1_000_000;
const BUDGET_MS = 20;
const REQUESTS = 300;

type Get = (query: string) => Promise<string | null>;

/** What is asked, for the n-th time. Each time of somebody else, so that no page is warm because it was asked for before. */
const QUERIES: Readonly<Record<string, (n: number) => string>> = {
  'q: part of a name': (n) => `q=${part(usernameOf(n), n, 5)}`,
  'q: three letters': (n) => `q=${part(usernameOf(n), n, 3)}`,
  'q: two letters': (n) => `q=${part(usernameOf(n), n, 2)}`,
  'q: one letter': (n) => `q=${part(usernameOf(n), n, 1)}`,
  'q: in another script': (n) => `q=${['ольг', '陈伟', '鈴', 'محم', 'νικ'][n % 5]}`,
  'q: nobody has it': (n) => `q=zq${n}x`,
  'q: letters that many have, in a row that few have': (n) => `q=${'mama'.repeat(1 + (n % 3))}`,
  'username-like': (n) => `username-like=${part(usernameOf(n), n, 4)}`,
  'username-like and displayName-like': (n) => `username-like=${part(usernameOf(n), n, 2)}&displayName-like=ann`,
  'displayName-like: what one in thirty has': () => 'displayName-like=maria',
  'username: exact': (n) => `username=${usernameOf(n)}`,
  'displayName: exact': (n) => `displayName=${encodeURIComponent(person(n).displayName ?? 'Anna bababa')}`,
  'offset=10000': () => 'offset=10000',
};

const ORDERS = ['-createdAt', 'createdAt', 'username', '-username', 'displayName', '-displayName'];

const person = (n: number) => somebody((n * 7_919) % PEOPLE);
const usernameOf = (n: number) => person(n).username;
const part = (name: string, n: number, length: number) => name.slice(n % 3, (n % 3) + length);

/** `GET /users` among a million people on SQLite, one request after the other, from the token to the JSON. */
export async function people({ rounds, data }: Options): Promise<Table[]> {
  const dataDir = data ?? mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const isFilled = existsSync(join(dataDir, 'parley.db'));
  const store = await openSqliteStore({ dataDir });
  try {
    if (!isFilled) await fill(store, PEOPLE);
    const application = await buildApplication({
      config: { ...loadConfig({}, []), rateLimit: false },
      version: '0',
      logger: createLogger('silent'),
      store,
      signingKey: 'a key for benches that is long enough for HS256',
      epoch: 'bench',
    });
    const get = await signedIn(application);
    const rows = await measureAll(get, rounds);
    await application.server.close();
    return [tableOf(rows, rounds)];
  } finally {
    await store.close();
    if (data === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

/** GET /users in the name of somebody who has just registered; gives the cursor of the next page. */
async function signedIn({ server }: Application): Promise<Get> {
  const username = `bench-${Date.now().toString(36)}`;
  const payload = { username, email: `${username}@bench.example`, password: 'bench password' };
  const { accessToken } = (await server.inject({ method: 'POST', url: '/api/v1/auth/register', payload })).json();
  return async (query) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const { statusCode, body } = await server.inject({ url: encodeURI(decodeURI(`/api/v1/users?${query}`)), headers });
    if (statusCode !== 200) throw new Error(`${query}: ${statusCode} ${body}`);
    return JSON.parse(body).nextCursor;
  };
}

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly cpu99: number;
}

async function measureAll(get: Get, rounds: number): Promise<Map<string, Measured[]>> {
  const found = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, query] of Object.entries(QUERIES)) {
      const times = await measure((n) => get(query(n + round * REQUESTS)));
      found.set(name, [...(found.get(name) ?? []), times]);
    }
    for (const order of ORDERS) {
      for (const [name, query] of Object.entries(inOrder(order))) {
        const times = await measure(query(get));
        found.set(name, [...(found.get(name) ?? []), times]);
      }
    }
  }
  return found;
}

/** Everybody, page after page, and those with a part that very many and that some have. */
const inOrder = (order: string): Record<string, (get: Get) => (n: number) => Promise<unknown>> => ({
  [`sort=${order}: page after page`]: (get) => {
    let cursor: string | null = null;
    return async () => {
      cursor = await get(`sort=${order}${cursor === null ? '' : `&cursor=${cursor}`}`);
    };
  },
  [`sort=${order}, q`]: (get) => (n) => get(`sort=${order}&q=${part(usernameOf(n), n, 1 + (n % 5))}`),
});

async function measure(request: (n: number) => Promise<unknown>): Promise<Measured> {
  const [walls, cpus]: [number[], number[]] = [[], []];
  for (let n = 0; n < REQUESTS; n += 1) {
    const [began, before] = [performance.now(), process.threadCpuUsage()];
    await request(n);
    walls.push(performance.now() - began);
    const { user, system } = process.threadCpuUsage(before);
    cpus.push((user + system) / 1000);
  }
  return { p50: quantile(walls, 0.5), p99: quantile(walls, 0.99), cpu99: quantile(cpus, 0.99) };
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

const tableOf = (found: ReadonlyMap<string, readonly Measured[]>, rounds: number): Table => ({
  title: `People: GET /users among ${PEOPLE.toLocaleString('en-US')}, SQLite`,
  notes: [
    `Pages of 50, ${REQUESTS} requests one after the other, ${rounds} rounds: median (least–most). No network.`,
    'The CPU time is that of the thread, which other work on the machine does not lengthen.',
  ],
  columns: ['p99, ms', 'budget, ms', 'p50, ms', 'CPU p99, ms'],
  rows: [...found].map(([measure, times]) => ({
    measure,
    values: [times.map((t) => t.p99), times.map(() => BUDGET_MS), times.map((t) => t.p50), times.map((t) => t.cpu99)],
    ratio: 'multiple' as const,
  })),
});

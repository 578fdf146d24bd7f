import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Server, startServer } from './child.ts';
import { SERVER_CORE } from './machine.ts';

const MAIN = new URL('../src/start.js', import.meta.url).pathname;

export interface ParleyOptions {
  /** Flags of node's own, before the program. */
  readonly node?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Filled already; an empty one of its own if not given. */
  readonly dataDir?: string;
  readonly core?: number;
}

/** A new folder, which goes when this process does. */
export function dataFolder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** Starts the product as it is. Only the rate limits are off. */
export async function startParley({
  node = [],
  env = {},
  dataDir = dataFolder(),
  core = SERVER_CORE,
}: ParleyOptions = {}): Promise<Server> {
  const settings = {
    PORT: '0',
    PARLEY_DATA_DIR: dataDir,
    PARLEY_RATE_LIMIT: 'off',
    MONGODB_URI: '',
    REDIS_URL: '',
    ...env,
  };
  return startServer(core, [...node, MAIN], settings);
}

export interface Member {
  readonly userId: string;
  readonly token: string;
  readonly chatId: string;
}

interface Account {
  readonly userId: string;
  token: string;
  refreshToken: string;
}

/** People in groups of one size, each in one. */
export interface People {
  /** With access tokens that are good for minutes. */
  signedIn(): Promise<Member[]>;
}

/** Makes the accounts and groups over HTTP. */
export async function gather(url: string, count: number, roomSize: number): Promise<People> {
  const accounts = await Promise.all(Array.from({ length: count }, (_, i) => register(url, i)));
  const chatIds = new Map<Account, string>();
  for (let first = 0; first < count; first += roomSize) {
    const room = accounts.slice(first, first + roomSize);
    const chatId = await createGroup(url, room);
    for (const account of room) chatIds.set(account, chatId);
  }
  const renew = async (account: Account): Promise<Member> => {
    const body = { refreshToken: account.refreshToken };
    const { accessToken, refreshToken } = await post<Tokens>(url, '/auth/refresh', body);
    Object.assign(account, { token: accessToken, refreshToken });
    return { userId: account.userId, token: accessToken, chatId: chatIds.get(account) ?? '' };
  };
  return { signedIn: () => Promise.all(accounts.map(renew)) };
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function register(url: string, index: number): Promise<Account> {
  const username = `user${String(index).padStart(7, '0')}`;
  const body = { username, email: `${username}@bench.example`, password: `bench password ${index}` };
  const { user, accessToken, refreshToken } = await post<Tokens & { user: { id: string } }>(
    url,
    '/auth/register',
    body,
  );
  return { userId: user.id, token: accessToken, refreshToken };
}

async function createGroup(url: string, [owner, ...others]: readonly Account[]): Promise<string> {
  const body = { kind: 'group', name: 'Bench', memberIds: others.map(({ userId }) => userId) };
  return (await post<{ id: string }>(url, '/chats', body, owner?.token)).id;
}

export async function post<T>(url: string, path: string, body: object, token?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

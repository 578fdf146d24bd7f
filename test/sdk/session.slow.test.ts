import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { memoryStorage, Parley, type ParleyStorage } from '../../client/src/index.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, idOf } from './support/people.ts';

const HOUR = 3_600_000;
const { fetch } = globalThis;
const { now } = Date;

let app: RunningApp;
let clients: Clients;
beforeAll(async () => {
  app = await startApp();
  clients = new Clients(app.url);
});
afterEach(async () => {
  jest.restoreAllMocks();
  happenings.clear();
  await clients.closeAll();
});
afterAll(() => app.stop());

type Happening = (pass: () => Promise<Response>) => Promise<Response>;
const happenings = new Map<string, Happening>();

/** Something happens on the way of the requests to this address. */
function onTheWayTo(path: string, happens: Happening): void {
  happenings.set(path, happens);
  jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    const happening = happenings.get(new URL(String(url)).pathname.replace('/api/v1', ''));
    return happening ? happening(() => fetch(url, init)) : fetch(url, init);
  });
}

/** The answers to refreshes are held up until they are let go. */
function heldRefresh() {
  const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  onTheWayTo('/auth/refresh', async (pass) => {
    const answer = await pass();
    asked.resolve();
    await go.promise;
    return answer;
  });
  return { asked: asked.promise, letGo: go.resolve };
}

const putForward = (ms: number) => jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
const loginOf = (parley: Parley) => ({ login: parley.store.getState().me?.username ?? '', password: PASSWORD });
const keysIn = async (storage: ParleyStorage) => (await storage.list('')).map(([key]) => key.split('/')[0]);

it('a log-out while the token is renewed is one: the answer brings no session back', async () => {
  const storage = memoryStorage();
  const ann = await clients.register(storage);
  onTheWayTo('/users/me', async () => new Response('{"code":"TOKEN_EXPIRED"}', { status: 401 }));
  onTheWayTo('/auth/logout', () => Promise.reject(new TypeError('no network')));
  const refresh = heldRefresh();
  const reading = ann.me.read();
  await refresh.asked;
  await ann.auth.logout();
  refresh.letGo();
  await expect(reading).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  expect(await keysIn(storage)).toEqual([]);
});

it('a renewal that is refused ends its own session, and not that of who has signed in meanwhile', async () => {
  const storage = memoryStorage();
  const [ann, bob] = [await clients.register(storage), await clients.register()];
  const seen: unknown[] = [];
  ann.on('signed-out', (why) => seen.push(why));
  const other = await clients.anotherOf(ann);
  const refresh = heldRefresh();
  const mine = (await ann.auth.sessions()).items.find(({ current }) => current);
  await other.auth.endSession(mine?.id ?? '');
  await refresh.asked;
  await ann.auth.login(loginOf(bob));
  await ann.connect();
  refresh.letGo();
  await ann.me.read();
  expect(seen).toEqual([]);
  expect(ann.store.getState()).toMatchObject({ userId: idOf(bob), connection: 'online' });
  expect(await keysIn(storage)).toEqual(['session']);
});

it('what was asked in the name of one person is not repeated in the name of the next', async () => {
  const [ann, bob] = [await clients.register(), await clients.register()];
  const go = Promise.withResolvers<void>();
  onTheWayTo('/chats', async (pass) => {
    await go.promise;
    return pass();
  });
  const making = ann.chats.createGroup({ name: 'of Ann', memberIds: [] });
  making.catch(() => undefined);
  await ann.auth.logout();
  await ann.auth.login(loginOf(bob));
  go.resolve();
  await expect(making).rejects.toMatchObject({ status: 401 });
});

it('a proxy that refuses a renewal ends no session', async () => {
  const ann = await clients.register();
  putForward(HOUR);
  let isBlocked = true;
  onTheWayTo('/auth/refresh', async (pass) => (isBlocked ? new Response('<html>', { status: 403 }) : pass()));
  await expect(ann.me.read()).rejects.toMatchObject({ status: 403 });
  isBlocked = false;
  expect((await ann.me.read()).id).toBe(idOf(ann));
});

it('where the storage is full, a renewed session is kept in memory', async () => {
  const storage = memoryStorage();
  let isFull = false;
  const set = async (key: string, value: unknown) => {
    if (isFull) throw new Error('full');
    await storage.set(key, value);
  };
  const ann = await clients.register({ ...storage, set });
  isFull = true;
  for (const hours of [1, 2, 3]) {
    putForward(hours * HOUR);
    expect((await ann.me.read()).id).toBe(idOf(ann));
  }
});

it('a log-out after the client was closed leaves nothing in the storage', async () => {
  const storage = memoryStorage();
  const { username } = await app.api.register();
  const ann = clients.make(storage, { keepsCopy: true });
  await ann.auth.login({ login: username, password: PASSWORD });
  await ann.connect();
  const { id } = await ann.chats.createGroup({ name: 'a group', memberIds: [] });
  await ann.close();
  const offline = clients.make(storage, { keepsCopy: true });
  await offline.auth.restore();
  offline.messages.send(id, 'waits').catch(() => undefined);
  await offline.close();
  expect(await keysIn(storage)).toEqual(['copy', 'outbox', 'session']);
  await offline.auth.logout();
  expect(await keysIn(storage)).toEqual([]);
});

it('a client that is closed while it begins to connect does not connect', async () => {
  const storage = memoryStorage();
  await (await clients.register(storage)).close();
  const ann = clients.make(storage);
  const connecting = ann.connect();
  connecting.catch(() => undefined);
  await ann.close();
  await expect(connecting).rejects.toMatchObject({ code: 'STOPPED' });
  expect(ann.store.getState().connection).toBe('idle');
});

it("where the application's own tokens fail for a moment, that is an error of the network", async () => {
  const getToken = () => Promise.reject(new TypeError('fetch failed'));
  await expect(new Parley({ url: app.url, getToken }).me.read()).rejects.toMatchObject({ code: 'NETWORK' });
});

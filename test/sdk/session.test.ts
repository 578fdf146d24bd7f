import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { memoryStorage, Parley, type ParleyStorage } from '../../client/src/index.ts';
import { ApiClient, PASSWORD } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

let app: RunningApp;
let clients: Clients;
/** How far the clocks have been put forward, the server's and the clients'. */
let ahead = 0;
const MINUTE = 60_000;

beforeAll(async () => {
  const { now } = Date;
  jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
  app = await startApp();
  clients = new Clients(app.url);
});
afterEach(() => clients.closeAll());
afterAll(async () => {
  await app.stop();
  jest.restoreAllMocks();
});

const tokenIn = async (storage: ParleyStorage): Promise<string> =>
  ((await storage.get('session')) as { accessToken: string }).accessToken;

async function inANewChat(parley: Parley): Promise<string> {
  return (await parley.chats.createGroup({ name: 'a group', memberIds: [] })).id;
}

/** How many tokens are renewed while this is done. */
async function renewalsIn(work: () => Promise<unknown>): Promise<number> {
  const fetched = jest.spyOn(globalThis, 'fetch');
  await work();
  const count = fetched.mock.calls.filter(([url]) => String(url).endsWith('/auth/refresh')).length;
  fetched.mockRestore();
  return count;
}

it('a wrong password is a typed error, and nobody is signed in', async () => {
  const parley = clients.make();
  await expect(parley.auth.login({ login: 'nobody', password: PASSWORD })).rejects.toMatchObject({
    name: 'ParleyError',
    code: 'BAD_CREDENTIALS',
    status: 401,
    requestId: expect.any(String),
  });
  await expect(parley.connect()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  await expect(parley.messages.send('x', 'y')).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  expect(parley.store.getState().account).toBe('signed-out');
});

it('what is wrong with which field comes with the error', async () => {
  const registration = { username: 'x', email: 'nonsense', password: 'short' };
  const refused = await clients
    .make()
    .auth.register(registration)
    .catch((error) => error);
  expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', status: 400 });
  expect(refused.errors.map(({ path }: { path: string }) => path).sort()).toEqual(['/email', '/password', '/username']);
});

it('the session outlives the page', async () => {
  const storage = memoryStorage();
  const first = await clients.register(storage);
  await first.close();
  const second = clients.make(storage);
  await second.connect();
  expect(idOf(second)).toBe(idOf(first));
});

it('a token that ends is renewed in place: the socket stays', async () => {
  const storage = memoryStorage();
  const ann = await clients.register(storage);
  const seen: string[] = [];
  ann.on('connection', (connection) => seen.push(connection));
  const old = await tokenIn(storage);
  ahead += 9.5 * MINUTE;
  while ((await tokenIn(storage)) === old) await new Promise((resolve) => setTimeout(resolve, 50));
  ahead += 5 * MINUTE;
  await ann.messages.send(await inANewChat(ann), 'still here');
  expect(seen).toEqual([]);
});

it('a token that is refused, since this clock is behind, is renewed by one refresh for all', async () => {
  const storage = memoryStorage();
  await (await clients.register(storage)).close();
  const session = (await storage.get('session')) as object;
  await storage.set('session', { ...session, expiresAt: Number.MAX_SAFE_INTEGER });
  ahead += 11 * MINUTE;
  const ann = clients.make(storage);
  await ann.auth.restore();
  const reads = () => Promise.all([ann.me.read(), ann.me.read(), ann.auth.sessions(), ann.people.find()]);
  expect(await renewalsIn(reads)).toBe(1);
});

it('closed and connected again at once, as pages do', async () => {
  const ann = await clients.register();
  const chatId = await inANewChat(ann);
  for (let times = 0; times < 3; times++)
    void ann
      .close()
      .then(() => ann.connect())
      .catch(() => undefined);
  void ann.close();
  await ann.connect();
  await ann.messages.send(chatId, 'still here');
  expect(ann.store.getState().connection).toBe('online');
});

it('two tabs that renew at the same time keep their session', async () => {
  const storage = memoryStorage();
  await (await clients.register(storage)).close();
  const [one, other] = [clients.make(storage), clients.make(storage)];
  expect([await one.auth.restore(), await other.auth.restore()]).toEqual([true, true]);
  ahead += 11 * MINUTE;
  expect(await renewalsIn(() => Promise.all([one.me.read(), other.me.read(), one.me.read()]))).toBe(1);
  ahead += 11 * MINUTE;
  expect(await renewalsIn(() => Promise.all([other.me.read(), one.me.read()]))).toBe(1);
});

it('a session that is ended from another device: signed out, and told why', async () => {
  const storage = memoryStorage();
  const ann = await clients.register(storage);
  const other = await clients.anotherOf(ann);
  const told = new Promise((resolve) => ann.on('signed-out', resolve));
  const mine = (await ann.auth.sessions()).items.find(({ current }) => current);
  await other.auth.endSession(mine?.id ?? '');
  expect(await told).toMatchObject({ code: 'TOKEN_INVALID' });
  expect(ann.store.getState()).toMatchObject({ account: 'signed-out', connection: 'idle', chats: {}, me: null });
  expect(await storage.list('')).toEqual([]);
  await expect(ann.me.read()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
});

it('what waits when the server ends the session is there at the next log-in; a log-out discards it', async () => {
  const storage = memoryStorage();
  const ann = await clients.register(storage);
  const username = ann.store.getState().me?.username ?? '';
  const chatId = await inANewChat(ann);
  await ann.close();
  const offline = clients.make(storage);
  await offline.auth.restore();
  offline.messages.send(chatId, 'kept').catch(() => undefined);
  await offline.close();
  const back = clients.make(storage);
  await back.auth.login({ login: username, password: PASSWORD });
  expect(back.store.getState().outbox[chatId]?.map(({ content }) => content)).toEqual(['kept']);
  await back.auth.logout();
  expect(await storage.list('')).toEqual([]);
});

it('a copy is read without a link, made good with one, and wiped with the sign-out', async () => {
  const storage = memoryStorage();
  const first = clients.make(storage, { keepsCopy: true });
  const { accessToken, username } = await app.api.register();
  const api = new ApiClient(app.url, accessToken);
  await first.auth.login({ login: username, password: PASSWORD });
  await first.connect();
  const chatId = await inANewChat(first);
  const other = await inANewChat(first);
  await first.messages.send(chatId, 'before');
  await first.messages.loadNewest(chatId);
  await first.close();
  await api.post(`/chats/${chatId}/messages`, { content: 'meanwhile' });
  await api.delete(`/chats/${other}`);

  clients.moveTo('http://127.0.0.1:9');
  const offline = clients.make(storage, { keepsCopy: true });
  await offline.auth.restore();
  offline.connect().catch(() => undefined);
  await offline.messages.loadNewest(chatId);
  expect(offline.store.getState()).toMatchObject({ chatsLoaded: true, me: { username } });
  expect(Object.keys(offline.store.getState().chats).sort()).toEqual([chatId, other].sort());
  expect(textsIn(offline, chatId)).toEqual(['before']);
  await expect(offline.messages.loadNewest(other)).rejects.toMatchObject({ code: 'NETWORK' });
  offline.messages.send(chatId, 'without a link').catch(() => undefined);
  await offline.close();

  clients.moveTo(app.url);
  const back = clients.make(storage, { keepsCopy: true });
  await back.auth.restore();
  await back.messages.loadNewest(chatId);
  expect(textsIn(back, chatId)).toEqual(['before']);
  await back.connect();
  await until(back, () => textsIn(back, chatId).join() === 'before,meanwhile,without a link');
  expect(Object.keys(back.store.getState().chats)).toEqual([chatId]);
  await back.auth.logout();
  expect(await storage.list('')).toEqual([]);
});

it('who keeps a copy listens to the page only as long as somebody is here', async () => {
  const page = Object.assign(new EventTarget(), { hidden: false, visibilityState: 'visible' });
  const [added, removed] = [jest.spyOn(page, 'addEventListener'), jest.spyOn(page, 'removeEventListener')];
  Object.assign(globalThis, { document: page });
  const { username } = await app.api.register();
  const ann = clients.make(memoryStorage(), { keepsCopy: true });
  await ann.auth.login({ login: username, password: PASSWORD });
  await ann.connect();
  await ann.auth.logout();
  await ann.auth.login({ login: username, password: PASSWORD });
  await ann.close();
  Reflect.deleteProperty(globalThis, 'document');
  expect(added).toHaveBeenCalled();
  expect(removed.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
    expect.arrayContaining(added.mock.calls.map(([type, listener]) => [type, listener])),
  );
});

it('a suspended account: stopped for good', async () => {
  const [admin, ann] = [await clients.register(), await clients.register()];
  await app.operator.promote(admin.store.getState().me?.username ?? '');
  const stopped = new Promise((resolve) => ann.on('stopped', resolve));
  const { accessToken } = (
    await app.api.post('/auth/login', { login: admin.store.getState().me?.username, password: PASSWORD })
  ).body;
  const response = await fetch(`${app.url}/api/v1/users/${idOf(ann)}/suspend`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}` },
  });
  expect(response.status).toBe(204);
  expect(await stopped).toMatchObject({ code: 'ACCOUNT_SUSPENDED', status: 4403 });
  expect(ann.store.getState()).toMatchObject({ connection: 'idle', stopped: { code: 'ACCOUNT_SUSPENDED' } });
});

it('too many connections: the oldest stops, until it is told to connect again', async () => {
  const one = await startApp({ settings: { maxSocketsPerUser: 1 } });
  clients.moveTo(one.url);
  const first = await clients.register();
  const second = await clients.anotherOf(first);
  await until(first, ({ stopped }) => stopped);
  expect(first.store.getState()).toMatchObject({ connection: 'idle', stopped: { code: 'STOPPED', status: 4408 } });
  expect(second.store.getState().connection).toBe('online');
  await first.connect();
  expect(first.store.getState()).toMatchObject({ connection: 'online', stopped: null });
  await until(second, ({ stopped }) => stopped);
  await clients.closeAll();
  clients.moveTo(app.url);
  await one.stop();
});

it("the application's own tokens are asked for, and asked for anew when they end", async () => {
  const account = await app.api.register();
  let { accessToken, refreshToken } = account;
  const asked: boolean[] = [];
  const parley = new Parley({
    url: app.url,
    getToken: async ({ refresh }) => {
      asked.push(refresh);
      if (refresh) ({ accessToken, refreshToken } = (await app.api.post('/auth/refresh', { refreshToken })).body);
      return accessToken;
    },
  });
  await parley.connect();
  expect(idOf(parley)).toBe(account.id);
  expect(asked).not.toContain(true);
  ahead += 11 * MINUTE;
  expect((await parley.me.read()).id).toBe(account.id);
  expect(asked).toContain(true); // by the link too, if it is first to notice
  await parley.close();
});

/**
 * What was wrong in the five systems that Parley takes the place of, and must be impossible here: one test for each. Where
 * another test proves it already, `ELSEWHERE` says which.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answered, PASSWORD, type Person, TestApp } from '../support/app.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const ELSEWHERE: readonly [promise: string, file: string, test: string][] = [
  [
    'each hash has a salt of its own',
    'test/unit/argon2-password-hasher.test.ts',
    'the hash is argon2id with m=19456 t=2 p=1, another each time, and does not hold the password',
  ],
  [
    'a chat is read by its members alone',
    'test/integration/http-access.test.ts',
    'what is refused as if it were missing is refused in the same words',
  ],
  [
    'a missing or empty body is answered with a problem in JSON',
    'test/integration/http-input.test.ts',
    "['an empty one', { payload: '' }, '400 VALIDATION_FAILED']",
  ],
  ['a broadcast is for admins to send', 'test/integration/people.test.ts', 'is for admins'],
];

let app: TestApp;
let url: string;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  app = await TestApp.start();
  url = await app.application.server.listen({ host: '127.0.0.1', port: 0 });
  [ann, bob] = [await app.register(), await app.register()];
});
afterAll(() => app.stop());

test.each(ELSEWHERE)('%s: in %s', async (_, file, name) => {
  expect(await readFile(file, 'utf8')).toContain(name);
});

test('no answer has a password or its hash in it', async () => {
  const named = answersOf(app).flatMap(propertiesOf);
  expect(named).toContain('username');
  expect(named.filter((name) => /password(?!Length)|hash|salt|secret/i.test(name))).toEqual([]);
  const { id, username, refreshToken } = ann;
  for (const answer of [
    await app.post('auth/login', { login: username, password: PASSWORD }),
    await app.post('auth/refresh', { refreshToken: bob.refreshToken }),
    await app.post('auth/login', { login: username, password: `not ${PASSWORD}` }),
    await app.post('auth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    await app.get('users/me', ann),
    await app.get(`users/${id}`, bob),
    await app.get('users', bob),
  ]) {
    expect(JSON.stringify(answer.body)).not.toContain(PASSWORD); // which the hash of these tests contains
  }
  [ann, bob] = [await app.login(ann), await app.login(bob)];
});

test('a message is in the name of whoever is signed in, whatever it says', async () => {
  const chatId = await app.group(ann, bob);
  const socket = await SocketClient.signedIn(url, ann.accessToken);
  for (const name of ['senderId', 'sender', 'userId', 'username']) {
    const body = { content: 'x', [name]: bob.id };
    const { status, body: refusal } = await app.post(`chats/${chatId}/messages`, body, ann);
    expect([name, status, refusal.errors?.[0].path]).toEqual([name, 400, `/${name}`]);
    const frame = await socket.command('message.send', { chatId, ...body });
    expect([name, frame.code]).toEqual([name, 'VALIDATION_FAILED']);
  }
  socket.close();
  expect((await app.say(chatId, ann)).senderId).toBe(ann.id);
  expect((await app.get(`chats/${chatId}/messages`, bob)).body.items).toHaveLength(2);
});

test('whoever is added to a chat is in it: he finds it, reads it and writes in it', async () => {
  const [chatId, newcomer] = [await app.group(ann, bob), await app.register()];
  const before = await app.say(chatId, ann, 'before');
  answered(await app.post(`chats/${chatId}/members`, { userIds: [newcomer.id] }, ann), 200);
  expect((await app.get('chats', newcomer)).body.items[0].id).toBe(chatId);
  expect((await app.get(`chats/${chatId}/messages/${before.id}`, newcomer)).body.content).toBe('before');
  await app.say(chatId, newcomer);
  const { items } = (await app.get(`chats/${chatId}/members`, ann)).body;
  expect(items.map(({ userId }: { userId: string }) => userId).sort()).toEqual([ann.id, bob.id, newcomer.id].sort());
});

test('a token in an address opens nothing, and what is in an address is not logged', async () => {
  const { accessToken } = ann;
  for (const name of ['token', 'access_token', 'jwt']) {
    expect((await app.get(`users/me?${name}=${accessToken}`)).status).toBe(401);
    const socket = new SocketClient(socketUrl(url, `?${name}=${accessToken}`));
    await socket.next('hello');
    socket.send({ type: 'auth' });
    expect((await socket.closed).code).toBe(4401);
  }
  const { ticket } = answered(await app.post('auth/ticket', undefined, ann), 201);
  const socket = new SocketClient(socketUrl(url, `?ticket=${ticket}`));
  await socket.next('hello');
  socket.close();
  await socket.closed;
  expect(app.log.length).toBeGreaterThan(3);
  expect(JSON.stringify(app.log)).not.toContain(accessToken);
  expect(JSON.stringify(app.log)).not.toContain(ticket);
});

test('every time is an instant of RFC 3339 in UTC, to the millisecond', async () => {
  const chatId = await app.group(ann, bob);
  const message = await app.say(chatId, ann);
  answered(await app.patch(`chats/${chatId}/messages/${message.id}`, { content: 'y' }, ann), 200);
  const bodies = await Promise.all(
    [
      'users/me',
      'users',
      'chats',
      'auth/sessions',
      'messages',
      `chats/${chatId}/members`,
      `chats/${chatId}/changes?afterRev=0`,
    ].map(async (path) => answered(await app.get(path, ann), 200)),
  );
  const times = timesIn(bodies);
  expect(times.length).toBeGreaterThan(20);
  for (const time of times) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
  }
});

test('every list has a greatest length', () => {
  const lists = Object.values(app.document.paths).flatMap((methods) =>
    Object.entries(methods).filter(
      ([method, operation]) => method === 'get' && propertiesOf(operation.responses['200']).includes('items'),
    ),
  );
  expect(lists.length).toBeGreaterThan(8);
  const bounds = lists.map(([, { operationId, parameters = [] }]) => {
    const limit = parameters.find(({ name }) => name === 'limit')?.schema as { maximum?: number } | undefined;
    return [operationId, limit?.maximum];
  });
  const unlimited = bounds.filter(([, maximum]) => !(Number(maximum) <= 100)).map(([operationId]) => operationId);
  expect(unlimited.sort()).toEqual(Object.keys(SHORT).sort());
});

/** Lists that take no limit because there is never more. */
const SHORT = {
  findGifs: 'the best 40',
  listEarlierTexts: 'the last 10 are kept',
  listSessions: 'the 100 last used',
};

/** The names of all properties in a schema, however deep. */
function propertiesOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, $ref } = schema as { properties?: object; $ref?: string };
  if ($ref !== undefined) return propertiesOf(app.document.components.schemas[$ref.split('/').at(-1) ?? '']);
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(propertiesOf)];
}

const answersOf = ({ document }: TestApp): object[] =>
  Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ responses }) => responses));

/** Whatever is called a time, or looks like one. */
function timesIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') return /At$|^at$|Until$/.test(name) || /^\d{4}-\d\d-\d\d/.test(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => timesIn(inner, key));
}

/** What holds for the server as a whole: headers, the log, limits, failures, and what is not even a request. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { type Answer, PASSWORD, TestApp } from '../support/app.ts';

const apps: TestApp[] = [];
async function start(...options: Parameters<typeof TestApp.start>): Promise<TestApp> {
  const app = await TestApp.start(...options);
  apps.push(app);
  return app;
}
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

const outcome = ({ status, body }: Answer) => [status, body.code];

describe('what is not there', () => {
  test('is 404 ROUTE_NOT_FOUND, whatever is sent to it', async () => {
    const app = await start();
    const answers = [
      await app.get('/'),
      await app.get('nothing'),
      await app.get('/api/v1/users/me/'),
      await app.get('/api/v2/users/me'),
      await app.get('/docs/static/nothing.js'),
      await app.get('/docs/static/..%2f..%2fpackage.json'),
      await app.call('POST', 'nothing', { payload: '{' }),
      await app.call('POST', 'nothing', { payload: 'x', headers: { 'content-type': 'text/plain' } }),
    ];
    for (const answer of answers) expect(outcome(answer)).toEqual([404, 'ROUTE_NOT_FOUND']);
  });

  test('is 405 with Allow where the path is known, without a token', async () => {
    const app = await start();
    const wrong = await app.call('PUT', 'users/me', { payload: '{' });
    expect(outcome(wrong)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrong.headers.allow).toBe('GET, HEAD, PATCH, DELETE');
    expect((await app.call('PUT', 'chats/x/messages/y')).headers.allow).toBe('GET, HEAD, PATCH, DELETE');
    expect((await app.call('POST', '/health')).headers.allow).toBe('GET, HEAD');
    expect((await app.call('POST', 'ws')).headers.allow).toContain('GET');
    expect((await app.call('OPTIONS', 'chats')).headers.allow).toBe('GET, HEAD, POST');
    expect((await app.call('OPTIONS', 'chats/public')).headers.allow).toBe('GET, HEAD');
  });

  test('is 400 where the path is not encoded as it should be', async () => {
    const app = await start();
    const bad = await app.get('chats/%ff');
    expect(outcome(bad)).toEqual([400, 'VALIDATION_FAILED']);
    expect(bad.headers['content-type']).toContain('application/problem+json');
    expect(bad.headers['x-request-id']).toBe(bad.body.requestId);
    expect(bad.headers['x-content-type-options']).toBe('nosniff');
  });
});

test('HEAD is answered like GET, without the body', async () => {
  const app = await start();
  const ann = await app.register();
  const [get, head] = [await app.get('users/me', ann), await app.call('HEAD', 'users/me', { as: ann })];
  expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', get.headers['content-length']]);
  expect((await app.call('HEAD', 'users/me')).status).toBe(401);
});

describe('headers', () => {
  test('keep browsers from running, framing and keeping what is answered', async () => {
    const app = await start();
    for (const path of ['server', 'users/me', 'nothing']) {
      expect((await app.get(path)).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test('ask for https only where the server is reached by it', async () => {
    const [plain, secure] = [await start(), await start({ settings: { publicUrl: 'https://chat.example.org' } })];
    for (const path of ['server', '/docs/', '/docs/static/index.css']) {
      const { headers } = await plain.get(path);
      expect(headers['strict-transport-security']).toBeUndefined();
      expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
      expect((await secure.get(path)).headers['strict-transport-security']).toContain('max-age=31536000');
    }
  });

  test('bear the id of the request: the own one if it is harmless, else a new one', async () => {
    const app = await start();
    const idFor = async (given: string) => {
      const { headers, body } = await app.call('GET', 'nothing', { headers: { 'x-request-id': given } });
      expect(headers['x-request-id']).toBe(body.requestId);
      return body.requestId;
    };
    expect(await idFor('abc-1.2_3')).toBe('abc-1.2_3');
    for (const bad of ['', 'a b', 'a"b', '<script>', 'x'.repeat(65), 'é']) expect(await idFor(bad)).not.toBe(bad);
    expect((await app.get('server')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('let pages of the configured origins in, and no others', async () => {
    const app = await start({ settings: { corsOrigins: ['https://app.example.org'] } });
    const allowed = async (origin: string, method = 'GET') => {
      const headers = { origin, 'access-control-request-method': 'PATCH' };
      return (await app.call(method, 'server', { headers })).headers['access-control-allow-origin'];
    };
    expect(await allowed('https://app.example.org')).toBe('https://app.example.org');
    expect(await allowed('https://app.example.org', 'OPTIONS')).toBe('https://app.example.org');
    for (const origin of ['https://evil.example.org', 'https://app.example.org.evil.org', 'null']) {
      expect(await allowed(origin)).toBeUndefined();
      expect(await allowed(origin, 'OPTIONS')).toBeUndefined();
    }
    const none = await start();
    const headers = { origin: 'https://app.example.org' };
    expect((await none.call('GET', 'server', { headers })).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('the log', () => {
  test('has one line for each request, without query, body or token', async () => {
    const app = await start();
    const ann = await app.register();
    app.log.length = 0;
    const { headers } = await app.get('chats?limit=7&cursor=secret-cursor', ann);
    expect(app.log).toHaveLength(1);
    expect(app.log[0]).toMatchObject({
      ...{ method: 'GET', route: '/api/v1/chats', path: '/api/v1/chats', status: 400, userId: ann.id },
      ...{ requestId: headers['x-request-id'], sessionId: expect.any(String), ms: expect.any(Number) },
    });
    await app.post('auth/login', { login: ann.username, password: PASSWORD });
    await app.get('chats/%ff');
    await app.get('nothing');
    expect(app.log).toHaveLength(4);
    const everything = JSON.stringify(app.log);
    for (const secret of ['secret-cursor', 'limit=7', PASSWORD, ann.accessToken])
      expect(everything).not.toContain(secret);
  });

  test('tells what went wrong inside, which the caller is not told', async () => {
    const store = await openSqliteStore({ dataDir: ':memory:' });
    const app = await start({ store });
    const ann = await app.register();
    store.users.find = async () => {
      throw new Error('SELECT of canary-secret failed');
    };
    const answer = await app.get('users/me', ann);
    expect(outcome(answer)).toEqual([500, 'INTERNAL']);
    expect(JSON.stringify(answer)).not.toContain('canary');
    expect(app.log.at(-1)).toMatchObject({ status: 500, requestId: answer.body.requestId });
    expect(JSON.stringify(app.log.at(-1))).toContain('canary-secret');
  });
});

describe('a store that is away', () => {
  const away = async (): Promise<never> => {
    throw new StoreError('not-done', new Error('connection to canary:27017 refused'));
  };

  test.each<[string, (store: Store) => void]>([
    ['sessions', (store) => Object.assign(store.sessions, { find: away })],
    ['users', (store) => Object.assign(store.users, { find: away })],
  ])('is 503 with Retry-After when %s cannot be read', async (_what, breakStore) => {
    const store = await openSqliteStore({ dataDir: ':memory:' });
    const app = await start({ store });
    const ann = await app.register();
    breakStore(store);
    const answer = await app.get('users/me', ann);
    expect(outcome(answer)).toEqual([503, 'UNAVAILABLE']);
    expect(answer.headers['retry-after']).toBe('1');
    expect(JSON.stringify(answer)).not.toContain('canary');
  });

  test('is told by /ready; /health still answers', async () => {
    const store = await openSqliteStore({ dataDir: ':memory:' });
    const app = await start({ store });
    expect((await app.get('/ready')).body).toEqual({ ready: true, reasons: [] });
    Object.assign(store, { check: away });
    const ready = await app.get('/ready');
    expect([ready.status, ready.body]).toEqual([503, { ready: false, reasons: ['store'] }]);
    expect((await app.get('/health')).body).toEqual({ status: 'ok' });
  });
});

describe('rate limits', () => {
  /** So few, and for so long, that the test is over before anything grows back. */
  const names = ['login', 'loginName', 'register', 'refresh', 'unknownRoute', 'send'];
  const limited = (most: number, settings = {}) =>
    start({ settings: { rateLimit: true, rateLimits: names.map((name) => `${name}=${most}/24h`), ...settings } });

  async function untilRefused(most: number, call: () => Promise<Answer>): Promise<Answer> {
    for (let i = 0; i < most; i += 1) expect((await call()).status).not.toBe(429);
    const answer = await call();
    expect(outcome(answer)).toEqual([429, 'RATE_LIMITED']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    return answer;
  }

  test('hold guesses at one login off, and no other login', async () => {
    const app = await limited(3, { rateLimits: ['loginName=3/24h'] });
    const ann = await app.register();
    const guess = (login: string) => app.post('auth/login', { login, password: 'guess' });
    await untilRefused(3, () => guess(ann.username));
    expect((await guess(ann.username.toUpperCase())).status).toBe(429);
    expect((await guess('somebody-else')).status).toBe(401);
  });

  test('hold guesses at one login off also where each names others in places that nobody reads', async () => {
    const app = await limited(3, { rateLimits: ['loginName=3/24h'] });
    const [username, password] = [(await app.register()).username, 'guess'];
    let others = 0;
    const another = () => `other-${++others}`;
    const basicly = () => ({ authorization: `Basic ${Buffer.from(`${another()}:x`).toString('base64')}` });
    const signIn = () => app.call('POST', 'auth/login', { body: { login: username, password }, headers: basicly() });
    await untilRefused(3, signIn);
    const token = { grant_type: 'password', username, password };
    expect((await app.post('auth/token', { ...token, login: another() })).status).toBe(429);
  });

  test('hold off who searches the texts of histories, and let him read them', async () => {
    const app = await start({ settings: { rateLimit: true, rateLimits: ['search=3/24h'] } });
    const [ann, bob] = [await app.register(), await app.register()];
    const chatId = await app.group(ann, bob);
    const history = `chats/${chatId}/messages`;
    await untilRefused(3, () => app.get(`${history}?content-like=word`, ann));
    expect((await app.get(`users/${bob.id}/messages?content=word`, ann)).status).toBe(429);
    expect((await app.get(`${history}?limit=5`, ann)).status).toBe(200);
    expect((await app.get(`${history}?content-like=word`, bob)).status).toBe(200);
  });

  test('hold an address off', async () => {
    const app = await limited(3);
    await untilRefused(3, () => app.post('auth/login', {}));
    await untilRefused(3, () => app.post('auth/register', {}));
    await untilRefused(3, () => app.post('auth/refresh', {}));
    await untilRefused(3, () => app.get('nothing'));
    expect((await app.get('server')).status).toBe(200);
  });

  test('count the address that a trusted proxy names, and believe nobody else', async () => {
    const login = (app: TestApp, address: string) =>
      app.call('POST', 'auth/login', { body: {}, headers: { 'x-forwarded-for': address } });
    const direct = await limited(3);
    for (let i = 0; i < 3; i += 1) await login(direct, `203.0.113.${i}`);
    expect((await login(direct, '203.0.113.200')).status).toBe(429);
    const proxied = await limited(3, { trustProxy: ['127.0.0.0/8'] });
    for (let i = 0; i < 3; i += 1) await login(proxied, `203.0.113.${i}`);
    expect((await login(proxied, '203.0.113.200')).status).toBe(400);
  });

  test('hold one sender off, over both ways to send, and nobody else', async () => {
    const app = await limited(4);
    const [ann, bob] = [await app.register(), await app.register()];
    const chatId = await app.group(ann, bob);
    let turn = 0;
    const send = () =>
      app.post(turn++ % 2 ? `chats/${chatId}/messages` : `users/${bob.id}/messages`, { content: 'x' }, ann);
    await untilRefused(4, send);
    expect((await app.post(`chats/${chatId}/messages`, { content: 'x' }, bob)).status).toBe(201);
  });

  test('count the messages of a batch', async () => {
    const app = await limited(4);
    const ann = await app.register();
    const chatId = await app.group(ann);
    const batch = (count: number) => ({ messages: Array(count).fill({ content: 'x' }) });
    const statuses: number[] = [];
    for (const count of [3, 2, 1, 1])
      statuses.push((await app.post(`chats/${chatId}/messages`, batch(count), ann)).status);
    expect(statuses).toEqual([201, 429, 201, 429]);
  });

  test('are all lifted by one switch', async () => {
    const app = await limited(1, { rateLimit: false });
    for (let i = 0; i < 3; i += 1) expect((await app.get('nothing')).status).toBe(404);
  });
});

describe('on the wire', () => {
  /** What comes back until the server hangs up. */
  async function exchange(app: TestApp, request: string): Promise<string> {
    const { server } = app.application;
    if (!server.server.listening) await server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request);
    return text(socket);
  }

  test.each([
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['what is not HTTP', 'hello there\r\n\r\n', 400],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s: a problem, and the end', async (_what, request, status) => {
    const answer = await exchange(await start(), request);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code: expect.any(String), requestId: expect.any(String) });
  });

  test('requests may wait behind each other on one connection, up to a hundred; one more ends it', async () => {
    const app = await start();
    const ask = (more = '') => `GET /api/v1/server HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const answers = async (count: number) =>
      (await exchange(app, ask().repeat(count - 1) + ask('Connection: close\r\n'))).match(/HTTP\/1\.1 200/g)?.length ??
      0;
    expect(await answers(100)).toBe(100);
    expect(await answers(1_000).catch(() => 0)).toBeLessThan(1_000);
    expect((await app.get('server')).status).toBe(200);
  });

  test('a body that is cut off is no failure of the server', async () => {
    const app = await start();
    const { server } = app.application;
    await server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    const head =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n';
    socket.write(`${head}{`, () => socket.destroy());
    await once(socket, 'close');
    expect((await app.get('/health')).status).toBe(200);
    expect(app.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  test('what still arrives while the server stops is told to go elsewhere', async () => {
    const { server } = (await start()).application;
    await server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    const begun = once(server.server, 'request');
    socket.write(
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
    );
    await begun;
    const closed = server.close();
    while (server.server.listening) await setImmediate();
    socket.write('}GET /api/v1/server HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, begunBefore = '', late = ''] = (await text(socket)).split('HTTP/1.1 ');
    expect(begunBefore).toMatch(/^400 .*VALIDATION_FAILED/s);
    expect(late).toMatch(/^503 .*retry-after: 1\r\n.*UNAVAILABLE/s);
    await closed;
  });

  test('a stop does not wait for a connection whose body came after the answer', async () => {
    const app = await start({ settings: { maxUploadBytes: 1024 } });
    const { accessToken } = await app.register();
    const { server } = app.application;
    await server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    const file = `--b\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n${'x'.repeat(100_000)}\r\n--b--\r\n`;
    const head = [
      'POST /api/v1/attachments HTTP/1.1',
      'host: x',
      `authorization: Bearer ${accessToken}`,
      'content-type: multipart/form-data; boundary=b',
      `content-length: ${file.length}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${file.slice(0, 50_000)}`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 413 /);
    const closed = server.close();
    while (server.server.listening) await setImmediate();
    socket.write(file.slice(50_000));
    const before = performance.now();
    await closed;
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test('there is a limit to how long headers may take to arrive, and to silence', async () => {
    const { server } = (await start()).application.server;
    for (const limit of [server.headersTimeout, server.keepAliveTimeout, server.timeout]) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(120_000);
    }
  });

  describe('a body may take', () => {
    const MIB = 1024 * 1024;
    afterEach(() => {
      jest.useRealTimers();
    });

    /** The connection to a server that has got the head of a request, and whose time goes on when the test says so. */
    async function begin(path: string, length: number, type = 'application/json') {
      const app = await start({ settings: { maxUploadBytes: 3 * MIB } });
      const { accessToken } = await app.register();
      const { server } = app.application;
      await server.listen({ host: '127.0.0.1', port: 0 });
      const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
      await once(socket, 'connect');
      jest.useFakeTimers({
        doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setInterval', 'Date', 'performance'],
      });
      const headers = [`authorization: Bearer ${accessToken}`, `content-type: ${type}`, `content-length: ${length}`];
      const arrived = once(server.server, 'request');
      socket.write([`POST /api/v1/${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n'));
      await arrived;
      return socket;
    }

    test.each([
      ['30 s', 'auth/login', 10, 'application/json', 30_000],
      ['30 s more for each MiB', 'attachments', 2.5 * MIB, 'multipart/form-data; boundary=b', 90_000],
      ['no more than for the longest upload', 'attachments', 1e12, 'multipart/form-data; boundary=b', 120_000],
    ])('%s', async (_what, path, length, type, ms) => {
      const socket = await begin(path, length, type);
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      jest.advanceTimersByTime(ms - 1);
      await setImmediate();
      expect([answer, socket.closed]).toEqual(['', false]);
      jest.advanceTimersByTime(1);
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1.1 408 .*"status":408/s);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    });

    test('no more where the answer did not wait for it', async () => {
      const socket = await begin('nothing', 10);
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toMatch(/^HTTP\/1.1 404 /);
      const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
      socket.write('{');
      jest.advanceTimersByTime(30_000);
      await closed;
      expect(socket.bytesRead).toBe(answer.length);
    });

    test('what it likes once it is there', async () => {
      const socket = await begin('auth/login', 2);
      socket.write('{}');
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toMatch(/^HTTP\/1.1 400 /);
      expect(jest.getTimerCount()).toBe(0);
      socket.destroy();
    });
  });
});

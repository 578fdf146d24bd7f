/** What an operator sees of a process: figures with bounded labels for who knows the token, and lines of the log that join. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Writable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { StoreError } from '../../src/application/ports/persistence.ts';
import { Metrics } from '../../src/infrastructure/observability/metrics.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { appendOne, createGroup, propose, sending } from '../support/chat-actions.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

const TOKEN = 'a token of the scraper';
const apps: RunningApp[] = [];

async function start(options: Parameters<typeof startApp>[0] = { settings: { metricsToken: TOKEN } }) {
  const app = await startApp(options);
  apps.push(app);
  return app;
}
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

function ask(app: RunningApp, authorization?: string): Promise<Response> {
  return fetch(`${app.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
}

/** Every series and its value. */
async function scrape(app: RunningApp): Promise<Map<string, number>> {
  const text = await (await ask(app, `Bearer ${TOKEN}`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('who may read them', () => {
  test('nobody, unless a token is configured', async () => {
    const app = await start({});
    expect((await ask(app)).status).toBe(404);
    expect((await ask(app, 'Bearer ')).status).toBe(404);
    expect((await ask(app, 'Bearer undefined')).status).toBe(404);
  });

  test('whoever sends the token, and nobody else, not even an account', async () => {
    const app = await start();
    const ann = await app.api.register();
    const refused = [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN, `Bearer ${ann.accessToken}`];
    for (const authorization of refused) expect((await ask(app, authorization)).status).toBe(401);
    const answer = await ask(app, `Bearer ${TOKEN}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('who guesses is slowed down', async () => {
    const app = await start({ settings: { metricsToken: TOKEN, rateLimit: true, rateLimits: ['unknownRoute=5/1h'] } });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await ask(app, `Bearer ${i}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await ask(app, `Bearer ${TOKEN}`)).status).toBe(200);
  });
});

describe('what they say', () => {
  test('requests, commands, appends, the database, the bus and sockets', async () => {
    const app = await start();
    const [ann, bob] = [await app.api.register(), await app.api.register()];
    const sent = await ann.api.post(`/users/${bob.id}/messages`, {
      messages: [{ content: 'one' }, { content: 'two' }],
    });
    const { chatId } = sent.body.items[0];
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    await socket.command('message.send', { chatId, content: 'three' });
    await socket.command('message.send', { chatId, content: '' });
    await socket.command('no.such.command');
    const other = await SocketClient.signedIn(app.url, ann.accessToken);
    other.send(Buffer.from('binary'));
    await other.closed;

    const series = await scrape(app);
    const expected = {
      'http_requests_total{method="POST",route="/api/v1/users/:userId/messages",status="201"}': 1,
      'http_request_duration_seconds_count{method="POST",route="/api/v1/users/:userId/messages"}': 1,
      'socket_commands_total{type="message.send",code="ack"}': 1,
      'socket_commands_total{type="message.send",code="VALIDATION_FAILED"}': 1,
      'socket_commands_total{type="unknown",code="VALIDATION_FAILED"}': 1,
      'appends_total{outcome="stored"}': 2,
      append_batch_commits_count: 2,
      append_commit_changes_sum: 4, // the chat and two messages, then one
      'bus_events_total{type="commit"}': 2,
      bus_lag_seconds_count: 2,
      sockets: 1,
      connected_users: 1,
      followed_chats: 1,
      busy_chats: 0,
      socket_queue_bytes: 0,
      'socket_closes_total{code="4400"}': 1,
      'store_duration_seconds_count{operation="chatLog.append"}': 2,
    };
    const figures = Object.keys(expected).map((name) => [name, series.get(`parley_${name}`)]);
    expect(Object.fromEntries(figures)).toEqual(expected);
    expect(series.get('parley_store_duration_seconds_count{operation="users.create"}')).toBe(2);
    expect(series.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
    socket.close();
  });

  test('what waits for a slow reader', async () => {
    const app = await start();
    const [ann, bob] = [await app.api.register(), await app.api.register()];
    const { body } = await ann.api.post(`/users/${bob.id}/messages`, { content: 'hello' });
    const slow = await SocketClient.signedIn(app.url, bob.accessToken);
    slow.pause();
    const { chatId } = body;
    const page = Array.from({ length: 100 }, () => ({ content: 'x'.repeat(4_000) }));
    let queued = 0;
    for (let i = 0; i < 300 && queued === 0; i += 1) {
      await ann.api.post(`/chats/${chatId}/messages`, { messages: page.slice(0, 15) });
      queued = (await scrape(app)).get('parley_socket_queue_bytes') ?? 0;
    }
    expect(queued).toBeGreaterThan(0);
    slow.terminate();
  });

  test('conflicts and failures of the store', async () => {
    const opened = await openSqliteStore({ dataDir: ':memory:' });
    const metrics = new Metrics(TOKEN);
    const { chatLog, users, check } = metrics.watchStore(opened);
    const chatId = await createGroup(chatLog, 'ann');
    const [commit, rival] = [
      await propose(chatLog, chatId, 'ann', sending('hello')),
      await propose(chatLog, chatId, 'ann', sending('hello')),
    ];
    expect(await appendOne(chatLog, commit)).toBe('stored');
    expect(await appendOne(chatLog, rival)).toBe('conflict');
    await opened.close();
    await expect(appendOne(chatLog, rival)).rejects.toThrow(StoreError);
    await expect(users.find('ann')).rejects.toThrow(StoreError);
    await expect(check()).rejects.toThrow(StoreError);
    const text = await metrics.text();
    expect(text).toContain('parley_appends_total{outcome="stored"} 2');
    expect(text).toContain('parley_appends_total{outcome="conflict"} 1');
    expect(text).toContain('parley_appends_total{outcome="failed"} 1');
    expect(text).toContain('parley_store_errors_total{operation="chatLog.append"} 1');
    expect(text).toContain('parley_store_errors_total{operation="users.find"} 1');
  });

  test('nothing that a caller chooses becomes a label', async () => {
    const app = await start();
    const ann = await app.api.register();
    const stray = async (n: number) => {
      const socket = await SocketClient.signedIn(app.url, ann.accessToken);
      await fetch(`${app.url}/canary-${n}`);
      await ann.api.get(`/chats/canary-${n}`);
      await ann.api.get(`/users?q=canary-${n}`);
      await ann.api.call('POST', `/canary-${n}`, { canary: n });
      await socket.command(`canary-${n}`);
      socket.close(3000 + n);
      await socket.closed;
    };
    await stray(0);
    await scrape(app);
    const before = await scrape(app);
    for (let n = 1; n <= 20; n += 1) await stray(n);
    const after = await scrape(app);
    const own = (series: Map<string, number>) => [...series.keys()].filter((name) => name.startsWith('parley_'));
    expect(own(after)).toEqual(own(before));
    expect([...after.keys()].join()).not.toMatch(/canary|30[0-2]\d/);
    expect(after.get('parley_socket_closes_total{code="other"}')).toBe(21);
  });
});

test('the lines of a request, of its command and of the append join by ids, and say nothing of what was written', async () => {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(line, _encoding, done) {
      lines.push(JSON.parse(String(line)));
      destination.emit('line');
      done();
    },
  });
  const find = async (matches: (line: Record<string, unknown>) => boolean) => {
    for (;;) {
      const found = lines.find(matches);
      if (found) return found;
      await once(destination, 'line');
    }
  };
  const app = await start({ logger: pino({ level: 'debug' }, destination) });
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const answer = await fetch(`${app.url}/api/v1/users/${bob.id}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ann.accessToken}`,
      'content-type': 'application/json',
      'x-request-id': 'of-the-request',
    },
    body: '{"content":"canary"}',
  });
  const { chatId } = (await answer.json()) as { chatId: string };
  const request = await find((line) => line.requestId === 'of-the-request');
  expect(request).toMatchObject({ msg: 'request', userId: ann.id, chatId, rev: 2 });
  const ofRequest = await find((line) => line.msg === 'appended' && line.lastRev === request.rev);
  expect(ofRequest).toMatchObject({ chatId, firstRev: 1, commands: 1, commitId: expect.any(String) });

  const headers = { 'x-request-id': 'of-the-upgrade' };
  const socket = await SocketClient.signedIn(app.url, bob.accessToken, { headers });
  await socket.command('message.send', { chatId, content: 'canary' });
  await socket.command('chat.read', { chatId, seq: 2 });
  const command = await find((line) => line.type === 'message.send');
  const commandId = expect.any(String);
  const ids = { requestId: 'of-the-upgrade', userId: bob.id };
  expect(command).toMatchObject({ msg: 'command', code: 'ack', ...ids, commandId, chatId, rev: 3 });
  const ofCommand = await find((line) => line.msg === 'appended' && line.lastRev === command.rev);
  expect(ofCommand).toMatchObject({ chatId, firstRev: 3 });
  expect(await find((line) => line.type === 'chat.read')).not.toHaveProperty('rev');
  expect(await find((line) => line.msg === 'socket ready')).toMatchObject(ids);
  socket.close();
  await socket.closed;
  expect(await find((line) => line.msg === 'socket closed')).toMatchObject({ ...ids, code: 1005 });
  expect(JSON.stringify(lines)).not.toContain('canary');
});

/** A span, as OTLP writes it in JSON, with its attributes as an object. */
interface ToldSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly status: { readonly code?: number };
}

/** An OpenTelemetry collector, in as far as it takes traces. */
async function startCollector() {
  const spans: ToldSpan[] = [];
  const texts: string[] = [];
  const server = createServer(async (request, response) => {
    // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
    const body: any = await json(request);
    texts.push(`${request.method} ${request.url} ${JSON.stringify(body)}`);
    for (const { scopeSpans } of body.resourceSpans) {
      for (const { attributes, ...span } of scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans)) {
        const facts = attributes.map(({ key, value }: { key: string; value: object }) => [
          key,
          Object.values(value)[0],
        ]);
        spans.push({ ...span, facts: Object.fromEntries(facts) });
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { spans, texts, endpoint: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() };
}

describe('traces', () => {
  test('join a request or a command with what it asked of the database and the append that stored it', async () => {
    const collector = await startCollector();
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const app = await start({ logger, settings: { otlpEndpoint: collector.endpoint } });
    const [ann, bob] = [await app.api.register(), await app.api.register()];
    const [traceId, parentSpanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const headers = {
      authorization: `Bearer ${ann.accessToken}`,
      'content-type': 'application/json',
      'x-request-id': 'of-the-request',
      traceparent: `00-${traceId}-${parentSpanId}-01`,
    };
    const body = '{"content":"canary"}';
    const answer = await fetch(`${app.url}/api/v1/users/${bob.id}/messages`, { method: 'POST', headers, body });
    const { chatId } = (await answer.json()) as { chatId: string };
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    const texts = ['canary 2', 'canary 3'];
    await Promise.all(texts.map((content) => socket.command('message.send', { chatId, content })));
    socket.close();
    await socket.closed;
    await app.sendTraces();
    collector.close();

    const { spans } = collector;
    const partsOf = ({ spanId }: ToldSpan) => spans.filter((span) => span.parentSpanId === spanId);
    const appendsOf = (span: ToldSpan) => partsOf(span).filter(({ name }) => name === 'append');
    const [request] = spans.filter((span) => span.traceId === traceId && span.parentSpanId === parentSpanId);
    if (!request) throw new Error('the request has left no span');
    expect(request.name).toBe('POST /api/v1/users/:userId/messages');
    expect(request.facts).toMatchObject({ 'http.response.status_code': 201, 'parley.request_id': 'of-the-request' });
    expect(lines.find((line) => line.requestId === 'of-the-request')).toMatchObject({ msg: 'request', traceId });
    const asked = partsOf(request).map(({ name }) => name);
    expect(asked).toEqual(expect.arrayContaining(['sessions.find', 'append']));
    const ids = { 'parley.chat_id': chatId, 'parley.first_rev': 1, 'parley.last_rev': 2, 'parley.commits': 1 };
    expect(appendsOf(request).map(({ facts }) => facts)).toEqual([expect.objectContaining(ids)]);

    const commands = spans.filter(({ name }) => name === 'message.send');
    expect(commands.map(({ traceId }) => traceId)).toHaveLength(2);
    for (const command of commands) {
      const [append, ...others] = appendsOf(command);
      expect(others).toEqual([]);
      const line = lines.find(({ msg, traceId }) => msg === 'command' && traceId === command.traceId);
      expect(line).toMatchObject({ type: 'message.send', commandId: command.facts['parley.command_id'], chatId });
      const logged = lines.find(
        ({ msg, commitId }) => msg === 'appended' && commitId === append?.facts['parley.commit_id'],
      );
      expect(logged?.firstRev).toBeLessThanOrEqual(Number(line?.rev));
      expect(logged?.lastRev).toBeGreaterThanOrEqual(Number(line?.rev));
    }
    expect(collector.texts.join()).toMatch(/^POST \/v1\/traces .*"service.name"/);
    expect(collector.texts.join()).not.toContain('canary');
  });

  test('say what failed, and are of no probe', async () => {
    const collector = await startCollector();
    const app = await start({ settings: { otlpEndpoint: collector.endpoint } });
    const ann = await app.api.register();
    await fetch(`${app.url}/health`);
    await app.store.close();
    expect((await ann.api.get('/users/me')).status).toBe(503);
    await app.sendTraces();
    collector.close();
    const failed = collector.spans.filter(({ status }) => status.code === 2).map(({ name }) => name);
    expect(failed).toEqual(expect.arrayContaining(['GET /api/v1/users/me', 'sessions.find']));
    expect(collector.texts.join()).not.toContain('/health');
  });
});

test('the example dashboard and alert rules ask for nothing that is not there, and each alert is explained', async () => {
  const docs = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
  const metrics = new Metrics(TOKEN);
  metrics.watch(() => ({ sockets: 0, queuedBytes: 0, users: 0, followedChats: 0, busyChats: 0 }));
  const known = new Set([...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const file of ['dashboard.json', 'alerts.yml']) {
    const text = docs(`monitoring/${file}`);
    const asked = [...text.matchAll(/\b(?:parley|nodejs|process)_\w+/g)].map(([name]) => name);
    expect(asked.length).toBeGreaterThan(5);
    for (const name of asked) expect(known).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  }
  const alerts = [...docs('monitoring/alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  expect(alerts.length).toBeGreaterThan(5);
  for (const alert of alerts) expect(docs('operations.md')).toContain(`\`${alert}\``);
});

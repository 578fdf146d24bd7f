import { execFileSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { type Account, ApiClient } from '../support/api-client.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { FileClient } from '../support/file-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const { afterwards, aFolder, start } = processesOfEach();

async function aGroup(owner: Account): Promise<string> {
  return (await owner.api.post('/chats', { kind: 'group', name: 'g', memberIds: [] })).body.id;
}

describe('starting', () => {
  it('makes its folder and a signing key that only its owner can read', async () => {
    const folder = join(await aFolder(), 'data');
    await start({ PARLEY_DATA_DIR: folder });
    expect((await stat(folder)).mode & 0o077).toBe(0);
    expect((await stat(join(folder, 'signing-key'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toContain('parley.db');
  });

  it('a second process on the same folder is refused, and the first goes on', async () => {
    const folder = await aFolder();
    const first = await start({ PARLEY_DATA_DIR: folder });
    const second = ServerProcess.spawn({ PARLEY_DATA_DIR: folder });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.lines.join('\n')).toContain(folder);
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
  });

  it('all that is wrong with the configuration is said at once, with exit code 78', async () => {
    const env = {
      PARLEY_DATA_DIR: await aFolder(),
      PORT: 'eighty',
      PARLEY_LOG_LEVL: 'info',
      PARLEY_JWT_SECRET: 'short',
    };
    const server = ServerProcess.spawn(env);
    expect(await server.ended).toEqual({ code: 78, signal: null });
    const said = server.lines.join('\n');
    for (const expected of ['PORT', 'PARLEY_LOG_LEVEL', 'PARLEY_JWT_SECRET']) expect(said).toContain(expected);
    expect(said).not.toContain('short');
  });

  it('an admin whom the rules of accounts refuse is a mistake in the configuration, too', async () => {
    const admin = { PARLEY_ADMIN_LOGIN: 'boss', PARLEY_ADMIN_EMAIL: 'boss@example.org' };
    const env = { PARLEY_DATA_DIR: await aFolder(), ...admin, PARLEY_ADMIN_PASSWORD: 'abcabcabc' };
    const server = ServerProcess.spawn(env);
    expect(await server.ended).toEqual({ code: 78, signal: null });
    expect(server.lines.join('\n')).toContain('PARLEY_ADMIN_PASSWORD: This password is soon guessed');
  });

  it('a port that is taken ends it with a reason', async () => {
    const first = await start({ PARLEY_DATA_DIR: await aFolder() });
    const second = ServerProcess.spawn({ PARLEY_DATA_DIR: await aFolder(), PORT: new URL(first.url).port });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.lines.join('\n')).toContain('EADDRINUSE');
  });

  it('--help names every setting and --version the version', async () => {
    const help = ServerProcess.spawn({}, ['--help']);
    expect((await help.ended).code).toBe(0);
    expect(help.lines.join('\n')).toContain('PARLEY_DATA_DIR');
    const version = ServerProcess.spawn({}, ['--version']);
    expect((await version.ended).code).toBe(0);
    expect(version.lines.join()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('stopping', () => {
  it('SIGTERM under load: what came in is acknowledged or told, sockets close with 1012, exit code 0, nothing acknowledged is lost', async () => {
    const folder = await aFolder();
    const server = await start({ PARLEY_DATA_DIR: folder });
    const ann = await new ApiClient(server.url).register();
    const chatId = await aGroup(ann);
    const socket = await SocketClient.signedIn(server.url, ann.accessToken);
    const sent = Array.from({ length: 300 }, (_, i) => `m${i}`);
    const sending = sent.map((clientId) => socket.command('message.send', { chatId, content: clientId, clientId }));
    const answers = Promise.allSettled(sending);
    await socket.find((frame) => frame.type === 'ack');
    const ended = server.kill('SIGTERM');
    expect((await socket.closed).code).toBe(1012);
    expect(await ended).toEqual({ code: 0, signal: null });
    const acknowledged = (await answers).flatMap((answer) => {
      if (answer.status === 'rejected' || answer.value.type !== 'ack') return [];
      return [(answer.value.message as { clientId: string }).clientId];
    });
    expect(acknowledged.length).toBeGreaterThan(0);

    const again = await start({ PARLEY_DATA_DIR: folder });
    const api = new ApiClient(again.url, ann.accessToken);
    const repeated = await Promise.all(
      acknowledged.map((clientId) => api.post(`/chats/${chatId}/messages`, { content: clientId, clientId })),
    );
    expect(repeated.map((answer) => answer.status)).toEqual(acknowledged.map(() => 200));
  });

  it('a stop that cannot finish in time ends with exit code 1', async () => {
    const server = await start({ PARLEY_DATA_DIR: await aFolder(), PARLEY_STOP_TIMEOUT_MS: '100' });
    const halfSent = new Promise<void>((resolve, reject) => {
      const controller = new AbortController();
      afterwards(() => controller.abort());
      const body = new ReadableStream({
        start: (stream) => {
          stream.enqueue(new TextEncoder().encode('{"login":"'));
          setImmediate(resolve);
        },
      });
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body, duplex: 'half', signal: controller.signal };
      fetch(`${server.url}/api/v1/auth/login`, init as RequestInit).catch(reject);
    });
    halfSent.catch(() => undefined);
    await halfSent;
    await fetch(`${server.url}/health`);
    expect((await server.kill('SIGTERM')).code).toBe(1);
  });
});

describe('a full disk', () => {
  interface Refusal {
    readonly status: number;
    readonly retryAfter: string | null;
    readonly code: string;
  }

  /** Sends so many at a time until there is no room for as many; answers how many were stored. */
  async function fill(api: ApiClient, chatId: string, atOnce: number): Promise<{ stored: number; refusal: Refusal }> {
    const messages = Array.from({ length: atOnce }, () => ({ content: 'x'.repeat(4000) }));
    for (let stored = 0; ; stored += atOnce) {
      const { status, headers, body } = await api.post(`/chats/${chatId}/messages`, { messages });
      if (status === 201) continue;
      return { stored, refusal: { status, retryAfter: headers.get('retry-after'), code: body.code } };
    }
  }

  it('is told with 503 and Retry-After, by /ready too; reading goes on, and with room again so does writing', async () => {
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -S -f 8192; exec "$@"', 'limited'];
    const server = await start({ PARLEY_DATA_DIR: await aFolder() }, limited);
    const ann = await new ApiClient(server.url).register();
    const chatId = await aGroup(ann);
    const many = await fill(ann.api, chatId, 100);
    const single = await fill(ann.api, chatId, 1);
    for (const { refusal } of [many, single]) {
      expect(refusal).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/), code: 'UNAVAILABLE' });
    }
    expect(many.stored).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    const head = (await ann.api.get(`/chats/${chatId}`)).body;
    expect(head.seq).toBe(1 + many.stored + single.stored);

    execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited']);
    expect((await ann.api.post(`/chats/${chatId}/messages`, { content: 'room again' })).body.seq).toBe(head.seq + 1);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });
});

test('what is secret in the configuration is in no line of the log, whatever fails', async () => {
  const canary = 'canary-5ecret-that-is-long-enough-for-a-key';
  const nowhere = '127.0.0.1:1';
  const server = await start({
    ...{ PARLEY_DATA_DIR: await aFolder(), PARLEY_LOG_LEVEL: 'trace', PARLEY_JWT_SECRET: canary },
    ...{ PARLEY_METRICS_TOKEN: canary, PARLEY_SMTP_URL: `smtp://user:${canary}@${nowhere}` },
    ...{ PARLEY_GIF_URL: `http://${nowhere}/search?rating=g`, PARLEY_GIF_KEY: canary },
    ...{ PARLEY_S3_ENDPOINT: `http://${nowhere}`, PARLEY_S3_BUCKET: 'files' },
    ...{ PARLEY_S3_ACCESS_KEY: 'key', PARLEY_S3_SECRET_KEY: canary },
    ...{ PARLEY_ADMIN_LOGIN: 'boss', PARLEY_ADMIN_EMAIL: 'boss@example.org', PARLEY_ADMIN_PASSWORD: canary },
  });
  const api = new ApiClient(server.url);
  const ann = await api.register();
  await api.post('/auth/password/forgot', { email: 'boss@example.org' });
  expect((await ann.api.get('/gifs?q=cats')).status).toBe(502);
  const upload = await (await FileClient.of(server.url)).upload(ann, new Uint8Array(10));
  expect(upload.status).toBeGreaterThanOrEqual(500);
  const headers = { authorization: `Bearer ${canary}` };
  expect((await fetch(`${server.url}/metrics`, { headers })).status).toBe(200);
  await server.line((line) => line.includes('mail could not be sent'));
  const { code } = await server.kill('SIGTERM');
  expect([code, server.lines.filter((line) => line.includes(canary))]).toEqual([0, []]);
});

test.each([
  ['MongoDB', { MONGODB_URI: 'mongodb://user:canary@127.0.0.1:1/parley?serverSelectionTimeoutMS=100' }],
  ['a folder', { PARLEY_DATA_DIR: '/dev/null/data', PARLEY_JWT_SECRET: 'canary'.repeat(6) }],
])('nor where it ends at the start, for want of %s', async (_what, env) => {
  const server = ServerProcess.spawn({ PARLEY_LOG_LEVEL: 'trace', ...env });
  expect((await server.ended).code).toBe(1);
  expect(server.lines.join('\n')).not.toContain('canary');
});

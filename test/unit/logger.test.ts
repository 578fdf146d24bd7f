import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fastify from 'fastify';
import { linesTo } from '../../src/infrastructure/observability/lines-to.ts';
import { createLogger } from '../../src/infrastructure/observability/logger.ts';
import { SETTINGS } from '../../src/settings.ts';

function capture(level = 'info') {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) });
  const entries = () => lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { logger, lines, entries };
}

describe('the lines', () => {
  test('are JSON objects, one a line, with the time in ISO 8601 and the level by name', () => {
    const { logger, lines, entries } = capture();
    logger.info({ port: 3000 }, 'listening\nnow');
    logger.warn('plain');
    expect(lines.map((line) => line.split('\n').length)).toEqual([2, 2]);
    expect(entries()).toEqual([
      { level: 'info', time: expect.any(String), port: 3000, msg: 'listening\nnow' },
      { level: 'warn', time: expect.any(String), msg: 'plain' },
    ]);
    for (const { time } of entries()) expect(new Date(String(time)).toISOString()).toBe(time);
  });

  test('below the level are left out', () => {
    const { logger, entries } = capture('warn');
    logger.info('no');
    logger.error('yes');
    expect(entries().map(({ msg }) => msg)).toEqual(['yes']);
  });
});

describe('what is never logged', () => {
  const canary = 'canary-4711';

  test.each([
    'authorization',
    'Authorization',
    'cookie',
    'Set-Cookie',
    'password',
    'newPassword',
    'currentPassword',
    'passwordHash',
    'token',
    'accessToken',
    'refreshToken',
    'ticket',
    'secret',
    ...SETTINGS.filter(([, { secret }]) => secret).map(([key]) => key),
  ])('a field named %s, at any depth', (field) => {
    const { logger, lines } = capture();
    const secret = { [field]: canary };
    logger.info(secret, 'top');
    logger.info({ a: secret, b: [secret, [secret]], c: { d: { e: { f: { g: secret } } } } }, 'deep');
    logger.info({ [field]: { inner: canary } }, 'an object');
    logger.error({ err: Object.assign(new Error('x'), { cause: secret }) }, 'a cause');
    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain(canary);
    for (const line of lines) expect(line).toContain('[redacted]');
  });

  test('what hangs on an error besides its usual fields', () => {
    const { logger, lines, entries } = capture();
    const cause = Object.assign(new TypeError('inner'), { keyValue: canary });
    const err = Object.assign(new Error('outer', { cause }), { code: 'E_TEST', document: { text: canary } });
    logger.error({ err }, 'failed');
    logger.error({ failures: [err] }, 'failed');
    logger.error(err);
    const described = {
      type: 'Error',
      code: 'E_TEST',
      message: 'outer',
      cause: { type: 'TypeError', message: 'inner' },
    };
    expect(entries()).toMatchObject([{ err: described }, { failures: [described] }, { err: described, msg: 'outer' }]);
    expect(entries()[0]).toMatchObject({ err: { stack: expect.stringContaining('logger.test.ts') } });
    expect(lines.join('')).not.toContain(canary);
  });

  test('the query and the headers of a request', async () => {
    const { logger, lines, entries } = capture();
    const app = fastify({ loggerInstance: logger });
    app.get('/files', () => ({ text: canary }));
    await app.inject({ url: `/files?token=${canary}`, headers: { cookie: canary, 'x-forwarded-for': canary } });
    await app.close();
    logger.info({ url: `/ws?ticket=${canary}`, request: { url: `/a#${canary}` } }, 'by hand');
    expect(lines.join('')).not.toContain(canary);
    expect(entries()).toMatchObject([
      { req: { method: 'GET', url: '/files', ip: '127.0.0.1' } },
      { res: { statusCode: 200 } },
      { url: '/ws', request: { url: '/a' } },
    ]);
  });
});

test('objects without end are cut off', () => {
  const { logger, entries } = capture();
  const ring: Record<string, unknown> = { name: 'ring' };
  ring.self = ring;
  const chain = new Error('chain');
  chain.cause = chain;
  logger.info({ ring }, 'ring');
  logger.info({ err: chain }, 'chain');
  expect(entries()).toMatchObject([{ ring: { name: 'ring' } }, { err: { message: 'chain' } }]);
});

test('other values stay as they are', () => {
  const { logger, entries } = capture();
  const at = new Date(0);
  logger.info({ at, count: 0, yes: true, none: null, list: [1, 'a'] }, 'values');
  expect(entries()).toMatchObject([{ at: at.toISOString(), count: 0, yes: true, none: null, list: [1, 'a'] }]);
});

describe('the lines, where they cannot be written,', () => {
  test('neither throw nor hold up the end of the process: the disk is full', async () => {
    const full = openSync('/dev/full', 'w');
    const output = linesTo(full);
    output.write('one\n');
    await pause(20); // a write that fails
    output.write('two\n');
    output.finish();
    closeSync(full);
  });

  test('nor where the reader is gone', async () => {
    await onPipe(async (reader, writer) => {
      const output = linesTo(writer);
      output.write('one\n');
      closeSync(reader);
      output.finish();
      output.write('two\n');
      await pause(20);
      output.finish();
    });
  });

  test('wait in their order for a reader that is slow', async () => {
    await onPipe(async (reader, writer) => {
      const lines = Array.from({ length: 20 }, (_, i) => `${i} ${'x'.repeat(10_000)}\n`);
      const output = linesTo(writer);
      for (const line of lines) output.write(line);
      let read = '';
      const piece = Buffer.alloc(65_536);
      while (read.length < lines.join('').length) {
        await pause(5);
        try {
          read += piece.toString('utf8', 0, readSync(reader, piece));
        } catch (error) {
          expect(error).toMatchObject({ code: 'EAGAIN' });
        }
      }
      expect(read).toBe(lines.join(''));
      closeSync(reader);
    });
  });
});

/** Both ends of a pipe that nobody waits at. */
async function onPipe(work: (reader: number, writer: number) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    await work(reader, writer);
  } finally {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  }
}

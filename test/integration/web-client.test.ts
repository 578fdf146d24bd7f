/** How the server gives out the web client, shown with a build of a few bytes: no test needs the real one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { temporaryFolder } from '../support/server-process.ts';

const PAGE = '<!doctype html><title>Parley</title>';
const SCRIPT = 'export const answer = 42;';
const NAVIGATION = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' };

let app: RunningApp;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'assets'));
  await writeFile(join(folder.path, 'index.html'), PAGE);
  await writeFile(join(folder.path, 'icon.svg'), '<svg/>');
  await writeFile(join(folder.path, 'service-worker.js'), SCRIPT);
  await writeFile(join(folder.path, 'assets', 'main-abc123.js'), SCRIPT);
  await writeFile(join(folder.path, 'assets', 'main-abc123.js.br'), brotliCompressSync(SCRIPT));
  app = await startApp({ webClient: folder.path });
});
afterAll(async () => {
  await app.stop();
  await folder.remove();
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(app.url + path, { headers });
/** Without `fetch`, which says by itself that it is no navigation. */
const ask = (path: string, headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') =>
  app.server.inject({ method, url: path, headers });

test('the page is at /, asked for again each time, and runs nothing but its own scripts', async () => {
  const page = await get('/');
  expect([page.status, await page.text()]).toEqual([200, PAGE]);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|http/);

  const again = await get('/', { 'if-none-match': page.headers.get('etag') ?? '' });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test('what has a hash in its name may be kept for ever, other files may not', async () => {
  const script = await get('/assets/main-abc123.js');
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await get('/icon.svg')).headers.get('cache-control')).toBe('no-cache');
});

test('the service worker may fetch, and nothing else, and is asked for again each time', async () => {
  const worker = await get('/service-worker.js');
  expect(worker.headers.get('content-security-policy')).toBe("default-src 'none'; connect-src 'self'");
  expect(worker.headers.get('cache-control')).toBe('no-cache');
});

test('what was compressed when it was built goes out compressed to those who take it', async () => {
  const compressed = await get('/assets/main-abc123.js', { 'accept-encoding': 'gzip, br' });
  expect(compressed.headers.get('content-encoding')).toBe('br');
  expect(compressed.headers.get('vary')).toBe('accept-encoding');
  expect(await compressed.text()).toBe(SCRIPT);
  const plain = await get('/assets/main-abc123.js', { 'accept-encoding': 'gzip' });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toBe(SCRIPT);
  expect((await get('/assets/main-abc123.js.br')).status).toBe(404);
});

describe('an address that only the page knows', () => {
  test('gets the page when a browser goes there', async () => {
    for (const path of ['/chats/0198', '/sign-in', '/reset-password?x=1']) {
      const { statusCode, body } = await ask(path, NAVIGATION);
      expect([statusCode, body]).toEqual([200, PAGE]);
    }
  });

  test('is not found by anything else', async () => {
    const asked = [
      await ask('/chats/0198', {}),
      await ask('/chats/0198', { accept: '*/*' }),
      await ask('/chats/0198', { ...NAVIGATION, 'sec-fetch-mode': 'cors' }),
      await ask('/chats/0198', NAVIGATION, 'POST'),
    ];
    for (const { statusCode } of asked) expect(statusCode).toBe(404);
  });

  test.each(['/api/v1/nothing', '/api', '/docs/nothing', '/health/x', '/ready/x', '/assets/main-old.js'])(
    'is not %s, where a page would hide a mistake',
    async (path) => {
      const answer = await ask(path, NAVIGATION);
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    },
  );
});

test.each([
  '/../package.json',
  '/assets/..%2findex.html',
  '/%2e%2e/package.json',
  '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
])('no path leads out of the folder: %s', async (path) => {
  expect((await get(path)).status).toBe(404);
});

test('a server without a built client starts, and has no page', async () => {
  const bare = await startApp({ webClient: join(folder.path, 'nothing') });
  try {
    expect((await bare.server.inject({ url: '/', headers: NAVIGATION })).statusCode).toBe(404);
    expect((await fetch(`${bare.url}/health`)).status).toBe(200);
  } finally {
    await bare.stop();
  }
});

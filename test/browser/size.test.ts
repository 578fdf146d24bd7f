import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';

const DIST = fileURLToPath(new URL('../../web/dist', import.meta.url));
const FIRST_LOAD_MAX = 140_000;

const gzipped = (path: string): number => gzipSync(readFileSync(DIST + path)).byteLength;

test('what a first visit loads is at most 140 kB, compressed with gzip', () => {
  const page = readFileSync(`${DIST}/index.html`, 'utf8');
  const loaded = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  expect(loaded).toEqual(expect.arrayContaining([expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]));
  const bytes = ['/index.html', ...loaded].reduce((sum, path) => sum + gzipped(path), 0);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});

test('Markdown, emoji, settings and other languages are no part of it', () => {
  const page = readFileSync(`${DIST}/index.html`, 'utf8');
  const chunks = readdirSync(`${DIST}/assets`).filter((name) => name.endsWith('.js'));
  for (const name of ['markdown', 'emoji-picker', 'settings', 'palette', 'fr']) {
    const chunk = chunks.find((file) => file.startsWith(`${name}-`));
    expect(chunk).toBeDefined();
    expect(page).not.toContain(chunk);
  }
});

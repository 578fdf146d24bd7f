/** docs/features.md: the tests that it names are there, and its commands do what they are there for. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/running-app.ts';

const page = readFileSync('docs/features.md', 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((row) => row.split('|').map((cell) => cell.trim()));

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

test('every test that it names is there', () => {
  const named = rows.flatMap(([, , tests = '']) => tests.split(', '));
  expect(named.length).toBeGreaterThan(25);
  expect(named.filter((name) => !existsSync(`test/integration/${name}.test.ts`))).toEqual([]);
});

test('every call that it shows is answered', async () => {
  const before = /```sh\n(.*?)```/s.exec(page)?.[1]?.replace('http://127.0.0.1:3000', app.url) ?? '';
  const calls = rows.flatMap(([, , , command = '']) => /^`((api|curl) .*)`$/.exec(command)?.[1] ?? []);
  expect(calls.length).toBeGreaterThan(15);
  const script = [before, ...calls].join('\n');
  // curl -f ends with what is not 0 for whatever is refused, and so does bash -e.
  await expect(promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script])).resolves.toBeDefined();
});

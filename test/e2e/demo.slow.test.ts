import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { processesOfEach } from '../support/clean-ups.ts';
import { freePort } from '../support/free-port.ts';

const { aFolder } = processesOfEach();
const MAIN = new URL('../../demo/main.ts', import.meta.url).pathname;

/** The demo, with this folder for its temporary files. */
function start(folder: string, ...flags: string[]) {
  const env = { PATH: process.env.PATH, TMPDIR: folder, MONGODB_URI: 'mongodb://nowhere.invalid/parley' };
  return spawn(process.execPath, [MAIN, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

const leftIn = async (folder: string) => (await readdir(folder)).filter((name) => name.startsWith('parley'));

test('whoever is printed can sign in where it says; when it is stopped nothing is left', async () => {
  const folder = await aFolder();
  const sizes = ['--people=4', '--chats=6', '--messages=60'];
  const demo = start(folder, ...sizes, `--port=${await freePort()}`);
  const closed = once(demo, 'close');
  let printed = '';
  for await (const chunk of demo.stdout) {
    printed += chunk;
    if (printed.includes('Ctrl-C')) break;
  }
  const [, url, login, password] = /Open +(\S+)\s+Sign in as +(\S+)\s+Password +(.+)\n/.exec(printed) ?? [];
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  });
  expect(answer.status).toBe(200);
  const { accessToken } = (await answer.json()) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}` };
  const { items } = (await (await fetch(`${url}/api/v1/chats`, { headers })).json()) as { items: unknown[] };
  expect(items.length).toBeGreaterThan(0);
  expect(await leftIn(folder)).toHaveLength(1);

  demo.kill('SIGTERM');
  expect(await closed).toEqual([0, null]);
  expect(await leftIn(folder)).toEqual([]);
});

test('what is stopped while it fills leaves nothing either', async () => {
  const folder = await aFolder();
  const demo = start(folder);
  const closed = once(demo, 'close');
  while ((await leftIn(folder)).length === 0) await new Promise((resolve) => setImmediate(resolve));
  demo.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(await leftIn(folder)).toEqual([]);
});

test('sizes that cannot be are refused with the usage', async () => {
  const demo = start('/nowhere', '--people=2');
  const [said, [code]] = await Promise.all([text(demo.stderr), once(demo, 'close')]);
  expect(code).toBe(1);
  expect(said).toContain('--people: must be a whole number from 3 to 1000');
  expect(said).toContain('Usage:');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { ApiClient } from '../support/api-client.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { CLI, cli } from '../support/cli-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

const { afterwards, aFolder, start } = processesOfEach();

const login = async ({ url }: ServerProcess, name: string, password: string) =>
  new ApiClient(url).post('/auth/login', { login: name, password });

describe('accounts', () => {
  test('are made, reset, promoted and listed while the server is stopped', async () => {
    const env = { PARLEY_DATA_DIR: await aFolder() };
    const made = await cli('user create Ann ann@example.org', env, 'first password\n');
    expect(made).toEqual({ code: 0, out: expect.stringMatching(/^\S{36}\n$/), err: '' });
    expect((await cli('user create Boss boss@example.org admin', env, 'boss password')).code).toBe(0);
    expect((await cli('user promote ANN@example.org', env)).code).toBe(0);
    const secret = join(await aFolder(), 'password');
    await writeFile(secret, 'second password\r\n');
    expect((await cli('user reset ann', { ...env, PASSWORD_FILE: secret })).code).toBe(0);
    const rows = (await cli('user list', env)).out.trim().split('\n');
    expect(rows.map((row) => row.split('\t').slice(1, 5))).toEqual([
      ['Ann', 'ann@example.org', 'admin', 'active'],
      ['Boss', 'boss@example.org', 'admin', 'active'],
    ]);
    const server = await start(env);
    expect((await login(server, 'ann', 'first password')).status).toBe(401);
    expect((await login(server, 'ann', 'second password')).body.user.role).toBe('admin');
    expect(server.lines.join('\n')).not.toContain('invitation');
  });

  test('are refused with a reason, and nothing is made', async () => {
    const env = { PARLEY_DATA_DIR: await aFolder() };
    await cli('user create ann ann@example.org', env, 'a good password');
    for (const [words, input, said] of [
      ['user create ANN other@example.org', 'a good password', 'taken'],
      ['user create a b', 'short', '/username'],
      ['user create other other@example.org', 'Password1', 'very many people'],
      ['user reset ann', 'ann@example.org', 'the address itself'],
      ['user reset nobody', 'a good password', 'no such user'],
      ['user promote nobody', '', 'no such user'],
    ] as const) {
      const { code, out, err } = await cli(words, env, input);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(said);
    }
    expect((await cli('user list', env)).out.trim().split('\n')).toHaveLength(1);
  });

  test('want the data folder to themselves, and say so', async () => {
    const env = { PARLEY_DATA_DIR: await aFolder() };
    const server = await start(env);
    const { code, err } = await cli('user list', env);
    expect([code, err]).toEqual([75, expect.stringContaining('Stop the server first')]);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });
});

describe('what is not a command', () => {
  test.each(['', 'user', 'user create', 'user create ann', 'user list ann', 'user create a b owner', 'start'])(
    '"%s" is refused with exit code 64',
    async (words) => {
      const { code, out, err } = await cli(words, { PARLEY_DATA_DIR: '/nowhere' }, 'a password');
      expect([code, out]).toEqual([64, '']);
      expect(err).toContain('--help');
    },
  );

  test('no password on stdin is no prompt but a refusal', async () => {
    expect((await cli('user create ann ann@example.org', { PARLEY_DATA_DIR: '/nowhere' })).code).toBe(64);
  });
});

test('serve starts the server', async () => {
  const env = { PARLEY_DATA_DIR: await aFolder(), PATH: process.env.PATH, PORT: '0' };
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [CLI, 'serve', '--log-level', 'info'], { env, stdio: [...stdio] });
  afterwards(() => child.kill('SIGKILL'));
  let output = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('"url"')) resolve();
    });
  });
  expect(output).toContain('"invitation"');
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('migrate and check say that all is well, check with exit code 78 for a wrong configuration', async () => {
  const env = { PARLEY_DATA_DIR: await aFolder() };
  for (const words of ['migrate', 'check', `check --data-dir ${env.PARLEY_DATA_DIR}`]) {
    expect(await cli(words, env)).toMatchObject({ code: 0, out: '' });
  }
  const { code, err } = await cli('check --port eighty', env);
  expect([code, err]).toEqual([78, expect.stringContaining('--port')]);
});

test('config print shows what is in effect, and no secret', async () => {
  const env = {
    PARLEY_JWT_SECRET: 'a secret that nobody may ever see printed',
    PARLEY_SMTP_URL: 'smtp://u:hidden@mail',
  };
  const { code, out } = await cli('config print --port 8080', env);
  expect(code).toBe(0);
  for (const line of [
    'PORT=8080',
    'PARLEY_JWT_SECRET=[set]',
    'PARLEY_SMTP_URL=[set]',
    'MONGODB_URI=',
    'PARLEY_RATE_LIMIT=on',
  ]) {
    expect(out.split('\n')).toContain(line);
  }
  expect(out).not.toMatch(/nobody may|hidden/);
});

test('openapi prints the document, and --help everything', async () => {
  const { code, out } = await cli('openapi');
  expect([code, JSON.parse(out).openapi]).toEqual([0, '3.1.0']);
  const help = await cli('--help');
  expect(help.code).toBe(0);
  for (const command of ['serve', 'migrate', 'user reset', 'openapi', 'Exit codes'])
    expect(help.out).toContain(command);
});

test('whoever has read enough of the output closes it, and nothing is wrong with that', async () => {
  const child = spawn(process.execPath, [CLI, 'openapi'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect([code, err]).toEqual([0, '']);
});

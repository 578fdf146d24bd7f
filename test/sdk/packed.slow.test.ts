import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const tsc = join(root, 'node_modules/.bin/tsc');

let folder: string;
let app: RunningApp;
let example: string;
let child: ChildProcess | undefined;

/** Packs the client, and what it depends on, and installs both into a folder that has nothing else, without a network. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-packed-'));
  app = await startApp();
  const readme = await readFile(join(root, 'client/README.md'), 'utf8');
  example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  await run('npm', ['pack', '--pack-destination', folder, join(root, 'client'), join(root, 'node_modules/zustand')], {
    cwd: root,
  });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => `./${name}`);
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
});
afterAll(async () => {
  child?.kill();
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the client, packed and installed into a clean folder', () => {
  it('has its licence, its documentation, what was built, and nothing else', async () => {
    const files = await readdir(join(folder, 'node_modules/parley-client'));
    expect(files.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    expect((await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
      'parley-client',
      'zustand',
    ]);
  });

  it.each(['nodenext', 'bundler'])(
    'has types that the example passes, with module resolution %s',
    async (resolution) => {
      await writeFile(
        join(folder, 'example.ts'),
        `${example}\nimport { fileStorage } from 'parley-client/node';\nfileStorage('x');`,
      );
      const flags = ['--strict', '--noEmit', '--target', 'esnext', '--types', ''];
      const how = ['--module', resolution === 'nodenext' ? 'nodenext' : 'esnext', '--moduleResolution', resolution];
      await expect(run(tsc, [...flags, ...how, 'example.ts'], { cwd: folder })).resolves.toMatchObject({ stdout: '' });
    },
  );

  it('runs the example of at most ten lines', async () => {
    expect(
      example
        .trim()
        .split('\n')
        .filter((line) => line !== '').length,
    ).toBeLessThanOrEqual(11);
    await app.api.register('ann');
    const bob = await app.api.register('bob');
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    await writeFile(join(folder, 'run.ts'), example.replace('https://chat.example.org', app.url));
    child = spawn(process.execPath, ['run.ts'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    if (!child.stdout) throw new Error('no output');
    const lines = createInterface({ input: child.stdout });
    const first = once(lines, 'line');
    const { chatId, data } = await socket.next('message.created');
    expect(data).toMatchObject({ message: { content: 'Hello, Bob!' } });
    await bob.api.post(`/chats/${chatId}/messages`, { content: 'Hello, Ann!' });
    expect(await first).toEqual(['Hello, Ann!']);
    socket.close();
  });
});

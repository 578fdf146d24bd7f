import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fileStorage } from '../../client/src/node.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, textsIn, until } from './support/people.ts';

const MESSAGES = 200;
const sender = new URL('support/sender.ts', import.meta.url).pathname;

let app: RunningApp;
let folder: string;
let clients: Clients;
beforeAll(async () => {
  app = await startApp();
  folder = await mkdtemp(join(tmpdir(), 'parley-crash-'));
  clients = new Clients(app.url);
});
afterAll(async () => {
  await clients.closeAll();
  await app.stop();
  await rm(folder, { recursive: true });
});

const run = (...task: string[]): ChildProcess =>
  spawn(process.execPath, [sender, app.url, folder, ...task], { stdio: ['ignore', 'pipe', 'inherit'] });

it('a client that is killed again and again while it sends: every message once, in order', async () => {
  const ann = await clients.register(fileStorage(folder));
  const chatId = (await ann.chats.createGroup({ name: 'a group', memberIds: [] })).id;
  await ann.messages.loadNewest(chatId);
  const watcher = await clients.anotherOf(ann);
  await watcher.messages.loadNewest(chatId);
  await ann.close();
  expect(await once(run('queue', chatId, String(MESSAGES)), 'exit')).toEqual([0, null]);

  let [kills, said] = [0, ''];
  while (said !== 'done') {
    const before = textsIn(watcher, chatId).length;
    const child = run('send');
    const output = text(child.stdout as NonNullable<typeof child.stdout>);
    // Killed once it has sent a few more, so that it gets somewhere; towards the end it may be done before.
    const killed = until(watcher, () => textsIn(watcher, chatId).length > before + 20).then(() =>
      child.kill('SIGKILL'),
    );
    await Promise.race([killed, once(child, 'exit')]);
    if (child.exitCode === null) await once(child, 'exit');
    killed.catch(() => undefined);
    said = await output;
    if (said !== 'done') kills += 1;
  }
  expect(kills).toBeGreaterThan(3);
  await until(watcher, ({ chats }) => (chats[chatId]?.seq ?? 0) > MESSAGES);
  expect(textsIn(watcher, chatId)).toEqual(Array.from({ length: MESSAGES }, (_, n) => `message ${n}`));
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { check } from '../faults/checker.ts';
import { Member } from '../faults/member.ts';
import { ApiClient } from '../support/api-client.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { cli } from '../support/cli-process.ts';
import { sendUntilCut, wholeHistory } from '../support/load.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const SENDERS = 3;
const ACKS_BEFORE = 200;
const ACKS_AFTER = 50;

const { afterwards, aFolder, start } = processesOfEach();

test('a backup under load has all that was acknowledged before it, without a gap, under another epoch', async () => {
  const folder = await aFolder();
  const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
  ];
  const server = await start({ PARLEY_DATA_DIR: data });
  const accounts = await Promise.all(Array.from({ length: SENDERS }, () => new ApiClient(server.url).register()));
  const [ann, ...others] = accounts;
  if (!ann) throw new Error('somebody registered');
  const memberIds = others.map((other) => other.id);
  const { id: chatId } = (await ann.api.post('/chats', { kind: 'group', name: 'load', memberIds })).body;
  const uploaded = await upload(ann.api.baseUrl, ann.accessToken);
  await ann.api.post(`/chats/${chatId}/messages`, { content: 'a file', attachmentIds: [uploaded] });

  let acks = 0;
  const watchers = new Map<number, () => void>();
  const reached = (count: number) => new Promise<void>((resolve) => watchers.set(count, resolve));
  const acknowledged: string[] = [];
  const sending = accounts.map((account, i) =>
    sendUntilCut(account, chatId, i, (ack) => {
      acks += 1;
      acknowledged.push(`${account.id} ${ack.clientId} ${ack.seq}`);
      watchers.get(acks)?.();
    }),
  );
  await reached(ACKS_BEFORE);
  const before = [...acknowledged];
  const made = await cli(`backup ${backup}`, { PARLEY_DATA_DIR: data });
  expect(made).toMatchObject({ code: 0, err: expect.stringContaining('1 files') });
  const during = acks;
  expect(during).toBeGreaterThan(before.length); // it went on while the backup was made
  await reached(during + ACKS_AFTER);
  const oldEpoch = await epochOf(server, ann.accessToken);
  await server.kill('SIGKILL');
  await Promise.all(sending);

  expect(await cli(`restore ${backup}`, { PARLEY_DATA_DIR: restored })).toMatchObject({ code: 0 });
  expect(await cli(`restore ${backup}`, { PARLEY_DATA_DIR: restored })).toMatchObject({ code: 1 });
  const second = await start({ PARLEY_DATA_DIR: restored });
  const api = new ApiClient(second.url);
  const { body } = await api.post('/auth/login', { login: ann.username, password: ann.password });
  const again = { ...ann, accessToken: body.accessToken, api: new ApiClient(second.url, body.accessToken) };
  const lines = await wholeHistory(again, chatId);
  expect(lines.map((line) => line.seq)).toEqual(lines.map((_, i) => i + 1));
  const found = new Set(lines.map((line) => `${line.senderId} ${line.clientId} ${line.seq}`));
  expect(before.filter((line) => !found.has(line))).toEqual([]);
  expect(lines.length).toBeLessThan(acks); // what came after it is not in it
  const [, ...revs] = await revsOf(again.api, chatId); // the first is the chat as it is now
  expect(revs).toEqual(revs.map((_, i) => i + 2));
  const file = await fetch(`${second.url}/api/v1/attachments/${uploaded}`, {
    headers: { authorization: `Bearer ${again.accessToken}` },
  });
  expect(await file.text()).toBe('its bytes');
  expect(await epochOf(second, again.accessToken)).not.toBe(oldEpoch);
  const kept = await api.post('/auth/refresh', { refreshToken: ann.refreshToken });
  expect(kept.status).toBe(200); // nobody is signed out by it
}, 180_000);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

const PATIENCE_MS = 60_000;

test('clients of before the restore read all of it afresh, go on, and a checker finds nothing wrong', async () => {
  const folder = await aFolder();
  const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) => `${folder}/${name}`);
  const secret = { PARLEY_JWT_SECRET: 'a secret of the configuration, not of the data' };
  let server = await start({ PARLEY_DATA_DIR: data, ...secret });
  const accounts = await Promise.all(Array.from({ length: SENDERS }, () => new ApiClient(server.url).register()));
  const [ann] = accounts as [(typeof accounts)[0], ...typeof accounts];
  const memberIds = accounts.slice(1).map(({ id }) => id);
  const { id: chatId } = (await ann.api.post('/chats', { kind: 'group', name: 'load', memberIds })).body;
  const members = accounts.map((account) => new Member(account, () => server.url));
  afterwards(() => Promise.all(members.map((member) => member.stop())));
  await Promise.all(members.map((member) => member.connect()));

  let isOver = false;
  const acknowledged = () => members.flatMap(({ sendings }) => sendings).filter(({ outcome }) => outcome === 'ok');
  const talking = members.map(async (member) => {
    for (let i = 0; !isOver; i += 1) await member.send(chatId, `line ${i}`, Date.now() + PATIENCE_MS);
  });
  const more = async (acks: number) => {
    const goal = acknowledged().length + acks;
    await until(() => acknowledged().length >= goal);
  };
  await more(ACKS_BEFORE);
  const kept = new Set(acknowledged());
  expect(await cli(`backup ${backup}`, { PARLEY_DATA_DIR: data })).toMatchObject({ code: 0 });
  await more(ACKS_AFTER);
  const socket = await SocketClient.signedIn(server.url, ann.accessToken);
  const { epoch } = await socket.next('ready');
  await server.kill('SIGKILL');
  const lost = acknowledged().filter((sending) => !kept.has(sending));
  for (const sending of lost) sending.outcome = 'unknown'; // as a restore may do, and only it

  expect(await cli(`restore ${backup}`, { PARLEY_DATA_DIR: restored })).toMatchObject({ code: 0 });
  const restoredAt = Date.now();
  server = await start({ PARLEY_DATA_DIR: restored, ...secret });
  const api = new ApiClient(server.url, ann.accessToken);
  await until(() => members.every(({ connections }) => connections >= 2));
  await more(ACKS_AFTER);
  isOver = true;
  await Promise.all(talking);
  const { rev } = (await api.get(`/chats/${chatId}`)).body;
  await until(() => members.every((member) => member.hasReached(chatId, rev)));
  const witnesses = await Promise.all(members.map((member) => member.witness(server.url, [chatId], [chatId])));
  const since = witnesses.map(({ heard, ...all }) => ({ ...all, heard: heard.filter(({ at }) => at >= restoredAt) }));
  const sendings = members.flatMap((member) => member.sendings);
  expect(check({ sendings, witnesses: since, measures: [] })).toEqual([]);
  const there = new Set(since[0]?.histories.get(chatId)?.map(({ senderId, clientId }) => `${senderId} ${clientId}`));
  expect(lost.filter(({ senderId, clientId }) => !there.has(`${senderId} ${clientId}`))).not.toEqual([]);

  const resume = { epoch, chats: { [chatId]: { rev: 1, readSeq: 1 } } };
  const late = await SocketClient.signedIn(server.url, ann.accessToken, {}, resume);
  expect(await late.next('ready')).toMatchObject({ resumed: false, reason: 'epoch' });
  const synced = await api.post('/sync', resume);
  expect(synced.body.epoch).not.toBe(epoch);
  expect(synced.body.events).toMatchObject([{ type: 'chat.created', chatId }]);
}, 180_000);

async function upload(baseUrl: string, accessToken: string): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob(['its bytes'], { type: 'text/plain' }), 'a.txt');
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${baseUrl}/api/v1/attachments`, { method: 'POST', headers, body: form });
  return ((await answer.json()) as { id: string }).id;
}

async function epochOf(server: ServerProcess, accessToken: string): Promise<unknown> {
  const socket = await SocketClient.signedIn(server.url, accessToken);
  const { epoch } = await socket.next('ready');
  socket.close();
  return epoch;
}

async function revsOf(api: ApiClient, chatId: string): Promise<number[]> {
  const revs: number[] = [];
  for (;;) {
    const { body } = await api.get(`/chats/${chatId}/changes?afterRev=${revs.at(-1) ?? 0}`);
    if (body.items.length === 0) return revs;
    revs.push(...body.items.map((change: { rev: number }) => change.rev));
  }
}

/** What is left of somebody who has had his account and his messages erased: looked for in every byte that is kept. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import { loadConfig } from '../../src/config.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import { openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { backUp } from '../../src/maintenance.ts';
import { ApiClient, PASSWORD } from '../support/api-client.ts';
import { ShiftedClock } from '../support/clocks.ts';
import { FileClient } from '../support/file-client.ts';
import { withMongo } from '../support/mongo.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';

/** What he leaves behind while he is there. Each begins with letters that nothing else has. */
const TRACES = [
  'qzx-email',
  'qzx-display',
  'qzx-bio',
  'qzx-location',
  'qzx-device',
  'qzx-text',
  'qzx-long',
  'qzx-edited',
  'qzx-earlier',
  'qzx-deleted',
  'qzx-direct',
  'qzx-left',
  'qzx-purged',
  'qzx-filename',
  'qzx-filebytes',
  'qzx-unsent',
  'ec9588', // the letter 안 as the index of names in SQLite has it
];
/** Lives, and asks for all of it to be erased; other people go on. Answers the chats that stay. */
async function liveAndLeave(app: RunningApp): Promise<{ accessToken: string; chats: string[] }> {
  const { api } = app;
  const email = 'qzx-email@example.org';
  const { body } = await api.post('/auth/register', {
    username: 'leaver',
    email,
    password: PASSWORD,
    device: 'qzx-device',
  });
  const leaver = { ...(await api.register()), id: body.user.id, accessToken: body.accessToken };
  const me = new ApiClient(app.url, body.accessToken);
  const bob = await api.register('bob');
  const files = await FileClient.of(app.url);
  await me.patch('/users/me', { displayName: 'qzx-display 안', bio: 'qzx-bio', location: 'qzx-location' });
  const group = async () =>
    (await bob.api.post('/chats', { kind: 'group', name: 'g', memberIds: [leaver.id] })).body.id;
  const say = async (chatId: string, content: string) => (await me.post(`/chats/${chatId}/messages`, { content })).body;

  const [shared, left, deleted] = [await group(), await group(), await group()];
  for (let i = 0; i < 40; i += 1) {
    await say(shared, `qzx-text ${i} ${'and more '.repeat(i)}`);
    await bob.api.post(`/chats/${shared}/messages`, { content: `bob ${i}` });
  }
  await say(shared, `qzx-long ${'x'.repeat(3_900)}`);
  const edited = await say(shared, 'qzx-earlier');
  await me.patch(`/chats/${shared}/messages/${edited.id}`, { content: 'qzx-edited' });
  const gone = await say(shared, 'qzx-deleted');
  await me.delete(`/chats/${shared}/messages/${gone.id}`);
  await say(left, 'qzx-left');
  await me.delete(`/chats/${left}/members/me`);
  await say(deleted, 'qzx-purged');
  await bob.api.delete(`/chats/${deleted}`);
  const direct = (await me.post(`/users/${bob.id}/messages`, { content: 'qzx-direct' })).body.chatId;
  const attached = (await files.upload(leaver, 'qzx-filebytes', 'qzx-filename.txt')).body;
  await me.post(`/chats/${shared}/messages`, { content: 'with a file', attachmentIds: [attached.id] });
  await files.upload(leaver, 'qzx-unsent', 'qzx-unsent.txt');
  await api.post('/auth/password/forgot', { email });
  return { accessToken: bob.accessToken, chats: [shared, left, direct] };
}

async function erase({ api, url }: RunningApp): Promise<void> {
  const { body } = await api.post('/auth/login', { login: 'leaver', password: PASSWORD });
  const leaver = new ApiClient(url, body.accessToken);
  expect((await leaver.call('DELETE', '/users/me', { password: PASSWORD, messages: 'erase' })).status).toBe(204);
}

/** The jobs, as they are run every 2 s: at once, and when the account is looked over once more. */
async function clear(app: RunningApp, clock: ShiftedClock): Promise<void> {
  for (const shiftMs of [0, 61_000, 63_000]) {
    clock.shiftMs = shiftMs;
    await app.mailDelivery.deliverDue();
    await app.deletion.sweep();
    await app.recovery.sweep();
  }
}

async function replays(app: RunningApp, accessToken: string, chats: readonly string[]): Promise<string> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const paths = chats.flatMap((id) =>
    [`messages?limit=100`, 'changes?afterRev=0', 'members'].map((what) => `${id}/${what}`),
  );
  const answers = await Promise.all(paths.map((path) => fetch(`${app.url}/api/v1/chats/${path}`, { headers })));
  return (await Promise.all(answers.map((answer) => answer.text()))).join('\n');
}

const sentMail: string[] = [];
const mailer = { send: async ({ to }: { to: string }) => void sentMail.push(to) };

describe('an erased account, on SQLite', () => {
  let folder: string;
  let store: Store;
  let app: RunningApp;
  const clock = new ShiftedClock();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-'));
    clock.shiftMs = 0;
    store = await openSqliteStore({ dataDir: join(folder, 'data') });
    app = await startApp({ store, clock, mailer, blobs: new DiskBlobStore(join(folder, 'data', 'files')) });
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  /** Those traces that are in the files of a folder, and where. */
  function found(name: string, traces: readonly string[] = TRACES): string[] {
    return readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => statSync(join(folder, name, file)).isFile())
      .flatMap((file) => {
        const bytes = readFileSync(join(folder, name, file));
        return traces.filter((trace) => bytes.includes(trace)).map((trace) => `${trace} in ${file}`);
      });
  }

  test('is in no file: not in the database, its journal, the uploads, or a backup made afterwards', async () => {
    const { accessToken, chats } = await liveAndLeave(app);
    expect(TRACES.filter((trace) => found('data', [trace]).length === 0)).toEqual([]);
    expect(await replays(app, accessToken, chats)).toContain('qzx-text');
    await erase(app);
    await clear(app, clock);

    expect(await store.deletions.unfinished(1)).toEqual([]);
    expect(await replays(app, accessToken, chats)).not.toContain('qzx');
    expect(await replays(app, accessToken, chats)).toContain('bob 39');
    expect(found('data')).toEqual([]);
    await expect(store.check()).resolves.toBeUndefined();
    await backUp({ ...loadConfig({}, []), dataDir: join(folder, 'data') }, join(folder, 'backup'));
    expect(found('backup')).toEqual([]);
  });

  test('is waited with while somebody reads what was there before, and goes when he is done', async () => {
    await liveAndLeave(app);
    const reader = new DatabaseSync(join(folder, 'data', 'parley.db'), { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM messages');
    await erase(app);
    await expect(clear(app, clock)).rejects.toThrow(StoreError);
    expect(await store.deletions.unfinished(1)).toHaveLength(1);
    reader.close();
    clock.shiftMs = 700_000;
    await app.deletion.sweep();
    expect(await store.deletions.unfinished(1)).toEqual([]);
    expect(found('data')).toEqual([]);
  });
});

await withMongo('an erased account, on MongoDB', (mongo) => {
  test('is in no document and no file', async () => {
    const clock = new ShiftedClock();
    const { uri, db } = mongo.newDatabase();
    const store = await openMongoStore({ uri });
    const app = await startApp({ store, clock, mailer, blobs: store.blobs });
    const everything = async () => {
      await store.chatLog.settled();
      const collections = await db.listCollections().toArray();
      const documents = await Promise.all(collections.map(({ name }) => db.collection(name).find().toArray()));
      return JSON.stringify(documents, (_, value) =>
        value instanceof Object && '_bsontype' in value && value._bsontype === 'Binary' ? String(value.value()) : value,
      );
    };
    const { accessToken, chats } = await liveAndLeave(app);
    const before = await everything();
    expect(
      TRACES.filter((trace) => !before.includes(trace) && !/bytes|unsent|purged|deleted|ec9588/.test(trace)),
    ).toEqual([]);
    await erase(app);
    await clear(app, clock);
    const after = await everything();
    expect(TRACES.filter((trace) => after.includes(trace))).toEqual([]);
    expect(await replays(app, accessToken, chats)).not.toContain('qzx');
    await app.stop();
    await db.dropDatabase();
  });
});

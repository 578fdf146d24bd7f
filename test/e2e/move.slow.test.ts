/** The operator's move of a store, killed again and again: it goes on, and in the end all is there. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { BlobStore } from '../../src/application/ports/files.ts';
import type { Store } from '../../src/application/ports/persistence.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { createGroup, say } from '../support/chat-actions.ts';
import { CLI } from '../support/cli-process.ts';
import { withMongo } from '../support/mongo.ts';
import { temporaryFolder } from '../support/server-process.ts';

const CHATS = 24;
const LINES = 20;
const FILES = 12;
const FILE_BYTES = 200_000;
/** The bytes of a file are worth the lines of a chat. */
const KILLED_EVERY = ((CHATS + FILES) * LINES) / 5;

/** Runs the move until it ends by itself; kills it whenever so much more has come. Answers how often. */
async function moveUnderKills(to: string, env: NodeJS.ProcessEnv, moved: () => Promise<number>): Promise<number> {
  for (let [kills, next] = [0, KILLED_EVERY]; ; kills += 1, next += KILLED_EVERY) {
    const child = spawn(process.execPath, [CLI, 'migrate-store', to], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit');
    while (child.exitCode === null && (await moved()) < next) await sleep(2);
    child.kill('SIGKILL');
    const [code] = await ended;
    if (code === 0) return kills;
    expect(code).toBeNull();
  }
}

const fileIds = Array.from({ length: FILES }, (_, i) => `file-${i}`);

async function keepFiles({ files }: Store, blobs: BlobStore): Promise<void> {
  for (const [i, id] of fileIds.entries()) {
    const described = { id, ownerId: 'ann', name: `${id}.bin`, mediaType: 'application/octet-stream', uses: [] };
    const file = { ...described, bytes: FILE_BYTES, width: null, height: null, createdAt: 1, checkAt: 2 };
    await files.open(file);
    await blobs.put(id, Readable.from([Buffer.alloc(FILE_BYTES, i)]), FILE_BYTES);
    await files.complete(file);
  }
}

async function everythingIn(dataDir: string, chatIds: readonly string[]): Promise<unknown[]> {
  const { chats, messages, chatLog, files, close } = await openSqliteStore({ dataDir });
  const all: unknown[] = [await files.findMany(fileIds)];
  for (const id of fileIds)
    all.push(
      createHash('sha256')
        .update(await readFile(`${dataDir}/files/${id}`))
        .digest('hex'),
    );
  for (const chatId of chatIds) {
    const lines = await messages.page(chatId, { above: 0, upTo: 1_000, order: 'asc', limit: 1_000 });
    const members = await chats.members(chatId, null, 100);
    all.push(await chats.find(chatId), members, lines, await chatLog.changesAfter(chatId, 0, 1_000));
  }
  await close();
  return all;
}

await withMongo('a move of a store to MongoDB and back', (mongo) => {
  test('that is killed goes on where it was, both ways', async () => {
    const [folder, { uri, db }] = [await temporaryFolder(), mongo.newDatabase()];
    const [data, back] = [`${folder.path}/data`, `${folder.path}/back`];
    const store = await openSqliteStore({ dataDir: data, isDurable: false });
    const chatIds: string[] = [];
    for (let i = 0; i < CHATS; i += 1) {
      const chatId = await createGroup(store.chatLog, 'ann', ['bob']);
      const texts = Array.from({ length: LINES }, (_, n) => `${i}.${n}`);
      await say(store.chatLog, chatId, 'ann', ...texts.slice(0, LINES / 2));
      await say(store.chatLog, chatId, 'bob', ...texts.slice(LINES / 2));
      chatIds.push(chatId);
    }
    await keepFiles(store, new DiskBlobStore(`${data}/files`));
    await store.close();
    const before = await everythingIn(data, chatIds);

    const inMongo = async () =>
      (await db.collection('messages').countDocuments()) +
      LINES * (await db.collection('blobs.files').countDocuments());
    expect(await moveUnderKills('mongodb', { PARLEY_DATA_DIR: data, MONGODB_URI: uri }, inMongo)).toBeGreaterThan(2);

    const inSqlite = async (): Promise<number> => {
      try {
        const database = new DatabaseSync(`${back}/parley.db`, { readOnly: true });
        const row = database.prepare('SELECT count(*) AS lines FROM messages').get();
        database.close();
        return Number(row?.lines) + LINES * (await readdir(`${back}/files`)).length;
      } catch {
        return 0; // it is not there yet
      }
    };
    expect(await moveUnderKills('sqlite', { PARLEY_DATA_DIR: back, MONGODB_URI: uri }, inSqlite)).toBeGreaterThan(2);
    expect(await everythingIn(back, chatIds)).toEqual(before);
    await db.dropDatabase();
    await folder.remove();
  }, 180_000);
});

/** Disks that are full at any point, and journals that are torn or lost: what is there is whole commits, the first so and so many. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChatLog, Store } from '../../src/application/ports/persistence.ts';
import { openDatabase } from '../../src/infrastructure/sqlite/database.ts';
import { openSqliteStore, storeOn } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { appendOne, createGroup, propose, say, sending } from '../support/chat-actions.ts';

const COMMITS = 40;
const LINES = 5; // of each commit
const WAL_HEADER = 32;
const FRAME = 24 + 4096;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const texts = (commit: number) => Array.from({ length: LINES }, (_, i) => `${commit}.${i} ${'x'.repeat(commit * 20)}`);

/** The chat has the first commits, whole, and numbers without a hole; answers how many. */
async function expectPrefix({ chats, messages, chatLog }: Store, chatId: string): Promise<number> {
  const chat = await chats.find(chatId);
  if (!chat) return 0;
  const count = (chat.seq - 1) / LINES;
  expect(Number.isInteger(count)).toBe(true);
  expect(chat.rev).toBe(chat.seq);
  const lines = await messages.page(chatId, { above: 1, upTo: 10_000, order: 'asc', limit: 10_000 });
  expect(lines.map((line) => line.content)).toEqual(Array.from({ length: count }, (_, i) => texts(i)).flat());
  const changes = await chatLog.changesAfter(chatId, 0, 10_000);
  expect(changes.map((change) => change.rev)).toEqual(Array.from({ length: chat.rev }, (_, i) => i + 1));
  return count;
}

test('a disk that is full after any number of pages refuses whole commits, and goes on when it has room', async () => {
  const database = openDatabase({ dataDir: folder });
  const store = storeOn(database);
  const pragma = (text: string) => Number(database.query(`PRAGMA ${text}`).get()?.[0]);
  const chatId = await createGroup(store.chatLog, 'ann');
  let refused = 0;
  for (let i = 0; i < COMMITS; i += 1) {
    const commit = await propose(store.chatLog, chatId, 'ann', sending(...texts(i)));
    for (let room = 0; ; room += 1) {
      pragma(`max_page_count = ${pragma('page_count') + room}`);
      const outcome = await appendOne(store.chatLog, commit).catch((error: unknown) => error);
      if (outcome === 'stored') break;
      expect(outcome).toMatchObject({ name: 'StoreError', outcome: 'not-done' });
      refused += 1;
      expect((await store.chats.find(chatId))?.rev).toBe(i * LINES + 1);
    }
    pragma('max_page_count = 1000000');
  }
  expect(refused).toBeGreaterThan(COMMITS / 2);
  expect(await expectPrefix(store, chatId)).toBe(COMMITS);
  expect(database.query('PRAGMA integrity_check').get()).toEqual(['ok']);
  database.close();
});

describe('what a crash left', () => {
  /** A database and its journal, as they are while a process that is then killed has them open. */
  async function crashed(): Promise<{ chatId: string; wal: Buffer }> {
    const live = join(folder, 'live');
    const store = await openSqliteStore({ dataDir: live });
    const chatId = await createGroup(store.chatLog, 'ann');
    for (let i = 0; i < COMMITS; i += 1) await say(store.chatLog, chatId, 'ann', ...texts(i));
    for (const name of ['parley.db', 'parley.db-wal']) copyFileSync(join(live, name), join(folder, name));
    await store.close();
    return { chatId, wal: readFileSync(join(folder, 'parley.db-wal')) };
  }

  /** Opens a copy of it with this journal; answers how many commits it has, after it has taken another. */
  async function openWith(name: string, wal: Buffer | null, chatId: string): Promise<number> {
    const dataDir = mkdtempSync(join(folder, `${name}-`));
    copyFileSync(join(folder, 'parley.db'), join(dataDir, 'parley.db'));
    if (wal) writeFileSync(join(dataDir, 'parley.db-wal'), wal);
    let isLost = false;
    const onJournalLost = () => {
      isLost = true;
    };
    const store = await openSqliteStore({ dataDir, onJournalLost });
    try {
      expect(isLost).toBe(!wal?.length);
      const count = await expectPrefix(store, chatId);
      await goOn(store.chatLog, count, chatId);
      expect(await expectPrefix(store, chatId)).toBe(count === 0 ? 0 : count + 1);
      return count;
    } finally {
      await store.close();
    }
  }

  async function goOn(log: ChatLog, count: number, chatId: string): Promise<void> {
    if (count > 0) await say(log, chatId, 'ann', ...texts(count));
    else await createGroup(log, 'ann');
  }

  test('is all there with its journal', async () => {
    const { chatId, wal } = await crashed();
    expect(await openWith('whole', wal, chatId)).toBe(COMMITS);
  });

  test('is a prefix where the journal is cut off anywhere, longer the later it was', async () => {
    const { chatId, wal } = await crashed();
    const counts: number[] = [];
    for (let i = 1; i <= 25; i += 1) {
      counts.push(await openWith('cut', wal.subarray(0, Math.floor((wal.length * i) / 25) - (i % 7) * 100), chatId));
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(counts).size).toBeGreaterThan(10);
  });

  test('is a prefix where a page of the journal is torn: what comes after it is not believed', async () => {
    const { chatId, wal } = await crashed();
    const frames = Math.floor((wal.length - WAL_HEADER) / FRAME);
    for (let i = 1; i < 12; i += 1) {
      const torn = Buffer.from(wal);
      const at = WAL_HEADER + Math.floor((frames * i) / 12) * FRAME;
      torn.fill(0x5a, at + 2_000, at + FRAME); // the second half of it was never written
      expect(await openWith('torn', torn, chatId)).toBeLessThan(COMMITS);
    }
  });

  test.each([null, Buffer.alloc(0)])('is what was taken over into the file where the journal is lost', async (wal) => {
    const { chatId } = await crashed();
    const dataDir = join(folder, 'live'); // closed in good order: all of it is in the file
    expect(readdirSync(dataDir)).not.toContain('parley.db-wal');
    const store = await openSqliteStore({ dataDir });
    expect(await expectPrefix(store, chatId)).toBe(COMMITS);
    await say(store.chatLog, chatId, 'ann', ...texts(COMMITS));
    copyFileSync(join(dataDir, 'parley.db'), join(folder, 'parley.db'));
    await store.close();
    expect(await openWith('lost', wal, chatId)).toBe(COMMITS);
  });

  test('has another epoch from the moment that its journal was lost, and else the same', async () => {
    const [dataDir, journal] = [join(folder, 'live'), join(folder, 'live', 'parley.db-wal')];
    const epochs: string[] = [];
    /** Opens what is there, and leaves what a process leaves that is killed after some work. */
    const crash = async (work: (store: Store) => Promise<unknown>) => {
      const store = await openSqliteStore({ dataDir });
      epochs.push(await store.settings.epoch());
      await work(store);
      const left = ['parley.db', 'parley.db-wal'].map((name) => [name, readFileSync(join(dataDir, name))] as const);
      await store.close();
      for (const [name, bytes] of left) writeFileSync(join(dataDir, name), bytes);
    };
    const chat = ({ chatLog }: Store) => createGroup(chatLog, 'ann');
    const emptying = async (store: Store) => {
      await chat(store);
      await store.deletions.scrub();
    };
    await crash(chat);
    await crash(chat);
    await crash(emptying);
    await crash(async () => {});
    expect(new Set(epochs).size).toBe(1);
    rmSync(journal);
    await crash(chat);
    rmSync(journal);
    await (await openSqliteStore({ dataDir })).close();
    await crash(async () => {});
    expect(new Set(epochs).size).toBe(3);
    expect(epochs.at(-2)).not.toBe(epochs.at(-3));
  });
});

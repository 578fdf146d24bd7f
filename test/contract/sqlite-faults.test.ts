import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import { type Database, openDatabase } from '../../src/infrastructure/sqlite/database.ts';
import { asStoreError } from '../../src/infrastructure/sqlite/sqlite-error.ts';
import { storeOn } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { aDraft, anId, aUser, drafts } from '../support/builders.ts';
import { appendOne, createGroup, perform, propose, say, sending } from '../support/chat-actions.ts';

describe('SQLite under faults', () => {
  let dataDir: string;
  let database: Database;
  let store: Store;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
    database = openDatabase({ dataDir });
    store = storeOn(database);
    await store.settings.epoch();
  });
  afterEach(() => {
    database.close();
    rmSync(dataDir, { recursive: true });
  });

  const pragma = (text: string) => Number(database.query(`PRAGMA ${text}`).get()?.[0]);
  const fill = () => pragma(`max_page_count = ${pragma('page_count')}`);
  const makeRoom = () => pragma('max_page_count = 1000000');

  describe('a full disk', () => {
    const big = () => sending(...Array.from({ length: 20 }, () => '🧱'.repeat(4_000)));

    test('stores nothing, says so, and works again once there is room', async () => {
      const chatId = await createGroup(store.chatLog, 'ann');
      await say(store.chatLog, chatId, 'ann', 'before');
      const commit = await propose(store.chatLog, chatId, 'ann', big());
      fill();
      await expect(appendOne(store.chatLog, commit)).rejects.toThrow(StoreError);
      await expect(appendOne(store.chatLog, commit)).rejects.toMatchObject({ outcome: 'not-done' });
      expect(await store.chats.find(chatId)).toMatchObject({ rev: 2, seq: 2 });
      expect(
        await store.messages.findMany(
          chatId,
          commit.images.messages.map((message) => message.id),
        ),
      ).toEqual([]);
      makeRoom();
      expect(await appendOne(store.chatLog, commit)).toBe('stored');
      expect(await store.chats.find(chatId)).toMatchObject({ rev: 22, seq: 22 });
      expect(database.query('PRAGMA integrity_check').get()).toEqual(['ok']);
    });

    test('fails the whole turn, which can be repeated', async () => {
      const chatIds = [await createGroup(store.chatLog, 'ann'), await createGroup(store.chatLog, 'ann')];
      const commits = await Promise.all(chatIds.map((chatId) => propose(store.chatLog, chatId, 'ann', big())));
      fill();
      const answers = await Promise.allSettled(store.chatLog.append(commits));
      expect(answers).toMatchObject([{ reason: { outcome: 'not-done' } }, { reason: { outcome: 'not-done' } }]);
      for (const chatId of chatIds) expect((await store.chats.find(chatId))?.rev).toBe(1);
      makeRoom();
      expect(await Promise.all(store.chatLog.append(commits))).toEqual(['stored', 'stored']);
    });

    test('is told of users as of messages', async () => {
      fill();
      const user = aUser({ bio: 'x'.repeat(100_000) });
      await expect(store.users.create(user, 'hash')).rejects.toThrow(StoreError);
      expect(await store.users.find(user.id)).toBeNull();
      makeRoom();
      expect(await store.users.create(user, 'hash')).toBe('created');
    });
  });

  describe('an error that is no outage', () => {
    test('is thrown as it is, and stores nothing of its commit and all of the others', async () => {
      const [bad, good] = [await createGroup(store.chatLog, 'ann'), await createGroup(store.chatLog, 'ann')];
      const twice = await propose(store.chatLog, bad, 'ann', sending('one', 'two'));
      const images = {
        ...twice.images,
        messages: twice.images.messages.map((message) => ({ ...message, clientId: 'the same' })),
      };
      const fine = await propose(store.chatLog, good, 'ann', sending('fine'));
      const answers = await Promise.allSettled(store.chatLog.append([{ ...twice, images }, fine]));
      expect(answers).toMatchObject([
        { status: 'rejected', reason: { message: expect.stringContaining('UNIQUE constraint failed') } },
        { status: 'fulfilled', value: 'stored' },
      ]);
      expect(answers[0]).not.toMatchObject({ reason: { name: 'StoreError' } });
      expect(await store.chats.find(bad)).toMatchObject({ rev: 1, seq: 1 });
      expect(await store.chatLog.changesAfter(bad, 1, 10)).toEqual([]);
      expect(await appendOne(store.chatLog, twice)).toBe('stored');
    });

    test('in one write of a turn leaves the others of the turn', async () => {
      const chatId = await createGroup(store.chatLog, 'ann');
      const [first, broken, last] = await Promise.allSettled([
        store.chats.raiseMark(chatId, 'ann', { seq: 1, n: 0 }),
        store.chats.raiseMark(chatId, 'ann', { seq: 1.5, n: 0 }),
        store.chats.raiseMark(chatId, 'ann', { seq: 1, n: 3 }),
      ]);
      expect(first).toEqual({ status: 'fulfilled', value: { seq: 1, n: 0 } });
      expect(broken.status).toBe('rejected');
      expect(last).toEqual({ status: 'fulfilled', value: { seq: 1, n: 3 } });
    });
  });

  test('a commit from ahead of the head is a conflict', async () => {
    const chatId = await createGroup(store.chatLog, 'ann');
    const commit = await propose(store.chatLog, chatId, 'ann', sending('x'));
    expect(await appendOne(store.chatLog, { ...commit, firstRev: 3, lastRev: 3 })).toBe('conflict');
    expect(await appendOne(store.chatLog, { ...commit, chatId: anId() })).toBe('conflict');
    expect(await store.chats.find(chatId)).toMatchObject({ rev: 1 });
  });

  test('a purge takes steps of 500 rows', async () => {
    const chatId = anId();
    await perform(store.chatLog, chatId, 'ann', { type: 'chat.open', peerId: 'bob' });
    for (let i = 0; i < 12; i += 1) {
      await perform(store.chatLog, chatId, 'ann', { type: 'message.send', drafts: drafts(100) });
    }
    await perform(
      store.chatLog,
      chatId,
      'ann',
      { type: 'message.send', drafts: [aDraft('last')] },
      { type: 'chat.delete' },
    );
    store.chatLog.settle(await store.chatLog.unsettled(-1, 100));
    expect(await store.chatLog.unsettled(-1, 100)).toEqual([]);
    const full = () => Number(database.query('SELECT count(*) FROM messages WHERE content IS NOT NULL').get()?.[0]);
    const left: number[] = [];
    const answers: boolean[] = [];
    while (answers.at(-1) !== true) {
      answers.push(await store.chatLog.purge());
      left.push(full());
    }
    expect(left.slice(0, 3)).toEqual([701, 201, 0]);
    expect(answers).toEqual([false, false, false, false, false, true]);
    expect(database.query("SELECT count(*) FROM commits WHERE changes <> '[]'").get()).toEqual([1]);
  });

  test.each([
    ['BUSY', 5, false, 'not-done'],
    ['READONLY_DIRECTORY', 1544, false, 'not-done'],
    ['IOERR_WRITE before the commit', 778, false, 'not-done'],
    ['IOERR_FSYNC at the commit', 1034, true, 'unknown'],
    ['IOERR_WRITE at the commit', 778, true, 'not-done'],
    ['FULL at the commit', 13, true, 'not-done'],
    ['CANTOPEN', 14, false, 'not-done'],
  ])('%s is an outage', (_, errcode, isCommit, outcome) => {
    const error = Object.assign(new Error('from SQLite'), { code: 'ERR_SQLITE_ERROR', errcode });
    expect(asStoreError(error, isCommit)).toBeInstanceOf(StoreError);
    expect(asStoreError(error, isCommit)).toMatchObject({ outcome, cause: error });
  });

  test('CONSTRAINT is no outage', () => {
    const error = Object.assign(new Error('from SQLite'), { code: 'ERR_SQLITE_ERROR', errcode: 2067 });
    expect(asStoreError(error)).toBe(error);
  });
});

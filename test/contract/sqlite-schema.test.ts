import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import { type Database, openDatabase } from '../../src/infrastructure/sqlite/database.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../src/infrastructure/sqlite/migrations.ts';
import { storeOn } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { aSession, aUser } from '../support/builders.ts';
import { createGroup, say } from '../support/chat-actions.ts';

describe('the SQLite database', () => {
  let dataDir: string;
  let database: Database;
  let store: Store;
  const prepared: string[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
    database = openDatabase({ dataDir });
    const [query, statement] = [jest.spyOn(database, 'query'), jest.spyOn(database, 'statement')];
    store = storeOn(database);
    prepared.splice(0, prepared.length, ...[...query.mock.calls, ...statement.mock.calls].map(([sql]) => sql));
    jest.restoreAllMocks();
  });
  afterEach(() => {
    database.close();
    rmSync(dataDir, { recursive: true });
  });

  const pragma = (name: string) => database.query(`PRAGMA ${name}`).get()?.[0];

  test('writes through to the disk at every commit', () => {
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
  });

  test('does not wait for the disk where its data may be lost', () => {
    database.close();
    database = openDatabase({ dataDir, isDurable: false });
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(0);
  });

  test('is marked as Parley’s, with the version of its schema', () => {
    expect(pragma('application_id')).toBe(APPLICATION_ID);
    expect(pragma('user_version')).toBe(MIGRATIONS.length);
  });

  test('waits for a lock, keeps foreign keys and trusts no schema', () => {
    expect(pragma('busy_timeout')).toBe(5_000);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('trusted_schema')).toBe(0);
    database.query('PRAGMA writable_schema = ON').get();
    expect(() => database.statement('UPDATE sqlite_schema SET sql = NULL').run()).toThrow('may not be modified');
  });

  test('has strict tables only', () => {
    const tables = database.query<[name: string, strict: number]>(
      "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    );
    expect(tables.all().filter(([, strict]) => strict !== 1)).toEqual([]);
    expect(tables.all().length).toBeGreaterThanOrEqual(9);
  });

  test.each([
    'UPDATE users SET username_key = 1',
    'UPDATE users SET email_key = 1',
    'UPDATE sessions SET family = 1',
    'UPDATE chats SET id = 1',
    'UPDATE members SET user_id = 1',
    'UPDATE messages SET id = 1',
    "UPDATE messages SET client_id = 'c', sender_id = 's'",
    'UPDATE messages SET place = place | 7',
    'UPDATE commits SET place = place | 7',
  ])('forbids two that are one: %s', async (sql) => {
    for (const user of [aUser(), aUser()]) await store.users.create(user, 'hash');
    for (const family of ['one', 'other']) await store.sessions.create(aSession(), { family, token: 'token' });
    const chatId = await createGroup(store.chatLog, 'ann', ['bob']);
    await createGroup(store.chatLog, 'cem');
    await say(store.chatLog, chatId, 'ann', 'one', 'two');
    await say(store.chatLog, chatId, 'ann', 'three');
    database.statement('DELETE FROM unsettled').run();
    expect(() => database.statement(sql).run()).toThrow('UNIQUE constraint failed');
  });

  test('answers every query by an index', () => {
    const steps = prepared
      .filter((sql) => !/^(BEGIN|COMMIT|SAVEPOINT|RELEASE|ROLLBACK)/.test(sql))
      .flatMap((sql) =>
        database
          .query<[number, number, number, detail: string]>(`EXPLAIN QUERY PLAN ${sql}`)
          .all()
          .map(([, , , detail]) => ({ sql, detail })),
      );
    const scans = steps.filter(({ detail }) => detail.startsWith('SCAN'));
    expect(steps.length).toBeGreaterThan(30);
    // Lists given as JSON, the few unsettled commits, and the partial indexes that hold nothing but what was deleted.
    const allowed =
      /VIRTUAL TABLE|^SCAN (unsettled|chats USING INDEX chats_to_purge|users USING INDEX users_deletion|CONSTANT ROW)/;
    expect(scans.filter(({ detail }) => !allowed.test(detail))).toEqual([]);
  });

  const withPart = (part: string): string[] => prepared.filter((text) => text.includes(part));

  /** The look-ups of a query. */
  const planOf = (sql: string | undefined): string[] => {
    const rows = database.query<[number, number, number, detail: string]>(`EXPLAIN QUERY PLAN ${sql}`).all();
    return rows.map(([, , , detail]) => detail).filter((detail) => /^(SEARCH|SCAN)/.test(detail));
  };

  test('counts what is not unread in one query for all chats, by index', () => {
    const [query, ...others] = withPart('FROM own_lines');
    expect(others).toEqual([]);
    expect(planOf(query)).toEqual([
      expect.stringContaining('SCAN asked VIRTUAL TABLE'),
      expect.stringContaining('SEARCH chats USING INDEX chats_id'),
      expect.stringContaining('SEARCH own_lines USING PRIMARY KEY (sender_id=? AND place>? AND place<?)'),
      expect.stringContaining('SEARCH messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'),
      expect.stringContaining('SEARCH messages USING INDEX messages_deleted (place>? AND place<?)'),
    ]);
  });

  test('lists memberships, and the heads of their chats, in one query each, by index', () => {
    const queries = withPart('FROM members CROSS JOIN chats ON number = chat\n      WHERE user_id = ?');
    expect(queries.map(planOf)).toEqual(
      ['INDEX', 'COVERING INDEX'].map((index) => [
        expect.stringContaining(`SEARCH members USING ${index} members_user (user_id=?)`),
        expect.stringContaining('SEARCH chats USING INTEGER PRIMARY KEY'),
      ]),
    );
  });

  test('in memory needs no folder', async () => {
    const memory = storeOn(openDatabase({ dataDir: ':memory:' }));
    const chatId = await createGroup(memory.chatLog, 'ann');
    expect((await memory.chats.find(chatId))?.live).toBe(true);
    await memory.close();
  });

  test('once closed answers with StoreError', async () => {
    await store.close();
    await expect(store.chats.find('chat')).rejects.toThrow(StoreError);
    await expect(store.chats.raiseMark('chat', 'ann', { seq: 1, n: 1 })).rejects.toThrow(StoreError);
    await expect(store.check()).rejects.toMatchObject({ outcome: 'not-done' });
    await expect(store.close()).resolves.toBeUndefined();
  });
});

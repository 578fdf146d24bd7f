import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StoreRefused } from '../../src/application/ports/persistence.ts';
import { openDatabase } from '../../src/infrastructure/sqlite/database.ts';
import { MIGRATIONS, type Migration, migrate } from '../../src/infrastructure/sqlite/migrations.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { createGroup, say } from '../support/chat-actions.ts';
import { startProcess } from '../support/sqlite-process.ts';

describe('the data folder', () => {
  let folder: string;
  let path: string;
  let others: ChildProcess[];

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'parley-')), 'data');
    path = join(folder, 'parley.db');
    others = [];
  });
  afterEach(() => {
    for (const child of others) child.kill('SIGKILL');
    rmSync(join(folder, '..'), { recursive: true });
  });

  /** A store with a thousand lines in it, closed in good order. */
  async function used(): Promise<string> {
    const store = await openSqliteStore({ dataDir: folder });
    const chatId = await createGroup(store.chatLog, 'ann');
    for (let i = 0; i < 10; i += 1) {
      await say(store.chatLog, chatId, 'ann', ...Array.from({ length: 100 }, (_, k) => `line ${i}.${k}`));
    }
    await store.close();
    return chatId;
  }

  const open = () => openSqliteStore({ dataDir: folder });
  const start = async (...what: Parameters<typeof startProcess>) => {
    const child = await startProcess(...what);
    others.push(child);
    return child;
  };
  const next = (sql: string): Migration => ({ number: MIGRATIONS.length + 1, name: 'next', sql });
  const edit = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };

  test('is made where there is none, for its owner alone', async () => {
    const store = await open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toContain('parley.db');
    await store.close();
    expect(readdirSync(folder).sort()).toEqual(['parley.db', 'parley.lock']);
  });

  describe('in use', () => {
    test('is refused to a second opener, at once and by name', async () => {
      const store = await open();
      const began = performance.now();
      await expect(open()).rejects.toThrow(StoreRefused);
      await expect(open()).rejects.toThrow(folder);
      expect(performance.now() - began).toBeLessThan(5_000); // as long as one of them would wait for a turn
      await expect(store.check()).resolves.toBeUndefined();
      await store.close();
      await (await open()).close();
    });

    test('by another process is refused until that is killed', async () => {
      const other = await start('hold', folder);
      await expect(open()).rejects.toThrow(StoreRefused);
      other.kill('SIGKILL');
      await once(other, 'exit');
      const store = await open();
      await expect(store.check()).resolves.toBeUndefined();
      await store.close();
    });
  });

  describe('with a file that is not to be used', () => {
    /** Refuses to open, says what is wrong, and leaves every byte. */
    async function expectRefused(why: string | RegExp, migrations?: readonly Migration[]): Promise<void> {
      // The lock is Parley's own, and `-shm` is the scratch memory of whoever reads a journal.
      const listed = () => readdirSync(folder).filter((name) => name !== 'parley.lock' && !name.endsWith('-shm'));
      const files = listed();
      const bytes = () =>
        files.map((name) =>
          createHash('sha256')
            .update(readFileSync(join(folder, name)))
            .digest('hex'),
        );
      const before = bytes();
      const opened = openSqliteStore({ dataDir: folder, ...(migrations && { migrations }) });
      await expect(opened).rejects.toThrow(StoreRefused);
      await expect(openSqliteStore({ dataDir: folder, ...(migrations && { migrations }) })).rejects.toThrow(why);
      expect(listed()).toEqual(files);
      expect(bytes()).toEqual(before);
    }

    test('refuses a newer schema', async () => {
      await used();
      edit(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
      await expectRefused(`its schema is of version ${MIGRATIONS.length + 1}`);
      await expectRefused(path);
    });

    test('refuses another program’s database, marked or not', async () => {
      await used();
      edit('PRAGMA application_id = 7');
      await expectRefused('another program');
      rmSync(path);
      edit('CREATE TABLE cats (name TEXT)');
      await expectRefused('another program');
    });

    test('refuses what is no database', async () => {
      await used();
      writeFileSync(path, 'SQLite format 2, or a letter to a friend');
      await expectRefused('not an SQLite database');
      writeFileSync(path, 'x');
      await expectRefused('not an SQLite database');
    });

    test.each([100, 4096, 0.5, 0.99])('refuses a file that was cut off (%d)', async (left) => {
      await used();
      const { size } = statSync(path);
      truncateSync(path, left < 1 ? Math.floor(size * left) : left);
      await expectRefused(/damaged/);
    });

    test('refuses a file with a broken page in its middle', async () => {
      await used();
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4096 * 20, 4096 * 21);
      writeFileSync(path, bytes);
      await expectRefused(/damaged/);
    });

    test('refuses a migration that was changed after it ran', async () => {
      await used();
      const [first] = MIGRATIONS as readonly [Migration];
      await expectRefused('other migrations', [{ ...first, sql: `${first.sql} ` }, ...MIGRATIONS.slice(1)]);
    });

    test('refuses a record of migrations with a hole', async () => {
      await used();
      edit('DELETE FROM migrations WHERE number = 1');
      await expectRefused('other migrations');
    });

    test('leaves the journal of a killed process alone, too', async () => {
      const store = await open();
      await createGroup(store.chatLog, 'ann');
      const copies = ['parley.db', 'parley.db-wal'].map(
        (name) => [join(folder, name), join(folder, `${name} copy`)] as const,
      );
      for (const [from, to] of copies) copyFileSync(from, to);
      await store.close();
      for (const [from, to] of copies) copyFileSync(to, from);
      for (const [, copy] of copies) rmSync(copy);
      await expectRefused('other migrations', [{ number: 1, name: 'another', sql: '' }, ...MIGRATIONS.slice(1)]);
      const again = await open();
      expect(await again.chats.countMemberships('ann')).toBe(1);
      await again.close();
    });
  });

  describe('migrations', () => {
    const versionOf = (): unknown => {
      const database = new DatabaseSync(path, { readOnly: true });
      const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {};
      database.close();
      return version;
    };

    test('run once, in order, and keep the data', async () => {
      const chatId = await used();
      const migrations = [
        ...MIGRATIONS,
        next('CREATE TABLE added (x INTEGER) STRICT; INSERT INTO added VALUES (1)'),
        { ...next('UPDATE added SET x = x + 1'), number: MIGRATIONS.length + 2 },
      ];
      for (let starts = 0; starts < 3; starts += 1) {
        const database = openDatabase({ dataDir: folder, migrations });
        expect(database.query('SELECT x FROM added').all()).toEqual([[2]]);
        expect(database.query('SELECT seq FROM chats WHERE id = ?').get(chatId)).toEqual([1_001]);
        database.close();
      }
      expect(versionOf()).toBe(migrations.length);
    });

    test('that fail leave the schema and the data as they were', async () => {
      await used();
      const broken = [...MIGRATIONS, next('CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1)')];
      expect(() => openDatabase({ dataDir: folder, migrations: broken })).toThrow('nowhere');
      expect(versionOf()).toBe(MIGRATIONS.length);
      const store = await open();
      expect(await store.chats.countMemberships('ann')).toBe(1);
      await store.close();
    });

    test('begun by several at once are taken by one', async () => {
      await (await open()).close();
      rmSync(path);
      const starters = await Promise.all([1, 2, 3].map(() => start('migrate', path)));
      for (const child of starters) child.stdin.write('go\n');
      const codes = await Promise.all(starters.map(async (child) => (await once(child, 'exit'))[0]));
      expect(codes).toEqual([0, 0, 0]);
      const database = new DatabaseSync(path);
      expect(database.prepare('SELECT number FROM migrations').all()).toHaveLength(MIGRATIONS.length);
      migrate(database);
      database.close();
      await (await open()).close();
    });

    test('look at what is there only when nobody else can write', async () => {
      await (await open()).close();
      const [one, other] = [new DatabaseSync(path), new DatabaseSync(path)];
      const prepare = one.prepare.bind(one);
      const looked = jest.spyOn(one, 'prepare').mockImplementation((sql) => {
        expect(() => other.exec('BEGIN IMMEDIATE')).toThrow('locked');
        return prepare(sql);
      });
      migrate(one);
      expect(looked).toHaveBeenCalled();
      one.close();
      other.close();
    });

    test('killed half-way are as if never begun', async () => {
      await used();
      const child = await start('migrateForever', path);
      const journal = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      while (journal() < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = await open();
      expect(await store.chats.countMemberships('ann')).toBe(1);
      await store.close();
      expect(versionOf()).toBe(MIGRATIONS.length);
    });
  });
});

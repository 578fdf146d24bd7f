import {
  mkdirSync,
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
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Store, StoreRefused } from '../../src/application/ports/persistence.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { backUp, restore } from '../../src/maintenance.ts';
import { aUser } from '../support/builders.ts';
import { createGroup, say } from '../support/chat-actions.ts';

describe('a backup', () => {
  let folder: string;
  let store: Store;
  const at = (name: string) => join(folder, name);
  const configOf = (name: string): Config => ({ ...loadConfig({}, []), dataDir: at(name) });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-'));
    store = await openSqliteStore({ dataDir: at('data') });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** A whole file of this content. */
  async function aFile(id: string, content: string): Promise<void> {
    const [mediaType, bytes, ownerId] = ['text/plain', content.length, 'ann'];
    const image = { width: null, height: null };
    await store.files.open({ id, ownerId, name: id, mediaType, bytes, ...image, createdAt: 1, checkAt: 2, uses: [] });
    await store.files.complete({ id, mediaType, bytes, ...image });
    mkdirSync(join(at('data'), 'files'), { recursive: true });
    writeFileSync(join(at('data'), 'files', id), content);
  }

  const backUpHere = () => backUp(configOf('data'), at('backup'));
  const restoreHere = () => restore(configOf('restored'), at('backup'));

  test('of an open store has all of it and its files, and opens with an epoch of its own', async () => {
    const user = aUser();
    await store.users.create(user, 'hash');
    const chatId = await createGroup(store.chatLog, user.id);
    const said = await say(store.chatLog, chatId, user.id, 'one', 'two');
    await aFile('a-file', 'its bytes');
    writeFileSync(join(at('data'), 'files', 'unknown.part'), 'of an upload that is not finished');

    expect(await backUpHere()).toEqual({ files: 1, gone: 0 });
    await say(store.chatLog, chatId, user.id, 'after the backup');
    await restoreHere();

    const restored = await openSqliteStore({ dataDir: at('restored') });
    try {
      expect(await restored.users.find(user.id)).toEqual(user);
      const page = { above: 1, upTo: 10, order: 'asc', limit: 10 } as const;
      expect(await restored.messages.page(chatId, page)).toEqual(said);
      const changes = await restored.chatLog.changesAfter(chatId, 0, 10);
      expect(changes.map((change) => change.rev)).toEqual([1, 2, 3]);
      expect(await restored.settings.epoch()).not.toBe(await store.settings.epoch());
      expect(readFileSync(join(at('restored'), 'files', 'a-file'), 'utf8')).toBe('its bytes');
      await say(restored.chatLog, chatId, user.id, 'goes on');
    } finally {
      await restored.close();
    }
  });

  test('is for its owner alone, with nothing beside the database and its files', async () => {
    await aFile('a-file', 'its bytes');
    await backUpHere();
    expect(readdirSync(at('backup')).sort()).toEqual(['files', 'parley.db']);
    const paths = [at('backup'), join(at('backup'), 'files'), join(at('backup'), 'parley.db')];
    const modes = [...paths, join(at('backup'), 'files', 'a-file')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
    await restoreHere();
    expect(readdirSync(at('restored')).sort()).toEqual(['files', 'parley.db', 'parley.lock']);
    expect(statSync(join(at('restored'), 'parley.db')).mode & 0o777).toBe(0o600);
  });

  test('says how many files were gone by the time it came to them', async () => {
    await aFile('there', 'x');
    await aFile('gone', 'x');
    rmSync(join(at('data'), 'files', 'gone'));
    expect(await backUpHere()).toEqual({ files: 1, gone: 1 });
  });

  test('leaves the files to S3 where they are there', async () => {
    await aFile('a-file', 'x');
    const onS3 = { ...configOf('data'), s3Endpoint: 'https://s3.example.org', s3Bucket: 'files' };
    expect(await backUp(onS3, at('backup'))).toEqual({ files: 0, gone: 0 });
  });

  test('of a stopped server is made as well, and changes nothing in its folder', async () => {
    await createGroup(store.chatLog, 'ann');
    await store.close();
    const before = readFileSync(join(at('data'), 'parley.db'));
    await backUpHere();
    expect(readFileSync(join(at('data'), 'parley.db')).equals(before)).toBe(true);
    await restoreHere();
  });

  test('never takes the place of another, nor of what one that was cut off left', async () => {
    await backUpHere();
    await expect(backUpHere()).rejects.toThrow('is there already');
    mkdirSync(at('other.part'));
    await expect(backUp(configOf('data'), at('other'))).rejects.toThrow('is there already');
    expect(readdirSync(at('other.part'))).toEqual([]);
  });

  test('that fails leaves nothing behind', async () => {
    await aFile('a-file', 'x');
    rmSync(join(at('data'), 'files', 'a-file'));
    mkdirSync(join(at('data'), 'files', 'a-file'));
    await expect(backUpHere()).rejects.toThrow();
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual([]);
  });

  test('of nothing is refused', async () => {
    await expect(backUp(configOf('nowhere'), at('backup'))).rejects.toThrow('has no database');
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual([]);
  });

  test('of MongoDB is refused, and says who makes it', async () => {
    const config = { ...configOf('data'), mongodbUri: 'mongodb://localhost/x' };
    await expect(backUp(config, at('backup'))).rejects.toThrow('operations.md');
    await expect(restore(config, at('backup'))).rejects.toThrow('operations.md');
  });

  describe('is not restored', () => {
    beforeEach(backUpHere);

    test('into a folder that a server has open', async () => {
      await expect(restore(configOf('data'), at('backup'))).rejects.toThrow('another process has it open');
    });

    test('into a folder with anything in it, which stays as it is', async () => {
      mkdirSync(at('restored'));
      writeFileSync(join(at('restored'), 'parley.db-wal'), 'of another database');
      await expect(restoreHere()).rejects.toThrow('is not empty');
      expect(readdirSync(at('restored')).sort()).toEqual(['parley.db-wal', 'parley.lock']);
    });

    test.each([
      ['that is cut off', () => truncateSync(join(at('backup'), 'parley.db'), 20_000)],
      ['that is no database', () => writeFileSync(join(at('backup'), 'parley.db'), 'x'.repeat(9_000))],
      ['that has no database', () => rmSync(join(at('backup'), 'parley.db'))],
    ])('from a folder %s', async (_, spoil) => {
      spoil();
      await expect(restoreHere()).rejects.toThrow(StoreRefused);
      expect(readdirSync(folder)).not.toContain('restored');
    });
  });

  test('whose restoring was cut off is restored by doing it again', async () => {
    await aFile('a-file', 'its bytes');
    await backUpHere();
    mkdirSync(join(at('restored'), 'files'), { recursive: true });
    writeFileSync(join(at('restored'), 'parley.db.part'), 'half of it');
    writeFileSync(join(at('restored'), 'files', 'a-file'), 'half');
    await restoreHere();
    expect(readdirSync(at('restored')).sort()).toEqual(['files', 'parley.db', 'parley.lock']);
    expect(readFileSync(join(at('restored'), 'files', 'a-file'), 'utf8')).toBe('its bytes');
    await (await openSqliteStore({ dataDir: at('restored') })).close();
  });
});

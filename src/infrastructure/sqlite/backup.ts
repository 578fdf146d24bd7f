import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from '../../application/ports/persistence.ts';
import type { BlobId } from '../../domain/ids.ts';
import { checkFile, databasePath, existingDatabase, lockFolder } from './data-folder.ts';
import { markClosed } from './journal-mark.ts';
import { MIGRATIONS } from './migrations.ts';
import { asStoreError } from './sqlite-error.ts';

/**
 * Copies the database of a data folder, as it is at one moment, into a folder that has none. A server may go on writing: it
 * waits for nothing, but its journal grows until the copy is made. The copy is looked through, and has nothing of what was
 * deleted before. Answers the files whose bytes belong to it.
 * @throws StoreRefused for a database that this program may not use; StoreError, and there is no copy
 */
export function copyDatabase(dataDir: string, target: string): BlobId[] {
  const [path, copy] = [existingDatabase(dataDir), databasePath(target)];
  checkFile(path, MIGRATIONS);
  try {
    const source = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      source.prepare('VACUUM INTO ?').run(copy);
    } finally {
      source.close();
    }
    chmodSync(copy, 0o600);
    sync(copy);
    return filesOf(copy);
  } catch (error) {
    rmSync(copy, { force: true });
    throw asStoreError(error);
  }
}

function filesOf(path: string): BlobId[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const finding = database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
    if (finding !== 'ok') throw new StoreRefused(`the copy ${path} is damaged: ${finding}`);
    return database
      .prepare("SELECT id FROM files WHERE state = 'whole'")
      .all()
      .map(({ id }) => String(id));
  } finally {
    database.close();
  }
}

const UNFINISHED = 'parley.db.part';

/**
 * Puts a copy into an empty data folder, with an epoch of its own: what clients know of the old history is worth nothing there.
 * `placeRest` brings what else belongs there; the database gets its name last, so that what was cut off can be done again.
 * @throws StoreRefused for a copy that this program may not use, and a folder that is in use or not empty
 */
export async function restoreDatabase(source: string, dataDir: string, placeRest: () => Promise<void>): Promise<void> {
  if (!existsSync(databasePath(source))) throw new StoreRefused(`${source} is no backup: it has no database`);
  checkFile(databasePath(source), MIGRATIONS);
  const unlock = lockFolder(dataDir);
  try {
    const there = readdirSync(dataDir).filter((name) => name !== 'parley.lock');
    if (there.length > 0 && !there.includes(UNFINISHED))
      throw new StoreRefused(`the data folder ${dataDir} is not empty`);
    const copy = join(dataDir, UNFINISHED);
    copyFileSync(databasePath(source), copy);
    chmodSync(copy, 0o600);
    renewEpoch(copy);
    await placeRest();
    sync(copy);
    renameSync(copy, databasePath(dataDir));
    sync(dataDir);
  } finally {
    unlock();
  }
}

function renewEpoch(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.prepare("UPDATE settings SET value = ? WHERE name = 'epoch'").run(randomUUID());
    markClosed(database); // of a server that ran, it is a copy of a file in use
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

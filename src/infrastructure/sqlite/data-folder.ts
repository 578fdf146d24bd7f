import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreRefused } from '../../application/ports/persistence.ts';
import { checkMigratable, type Migration } from './migrations.ts';
import { BUSY, CORRUPT, NOTADB, resultCode } from './sqlite-error.ts';

/** Larger files are not read through before they are opened: it takes about a second per gigabyte. */
const CHECKED_BYTES = 128 * 1024 * 1024;
const HEADER = 'SQLite format 3\0';

export const databasePath = (folder: string): string => join(folder, 'parley.db');

/** Where the database of this folder is. @throws StoreRefused where there is none */
export function existingDatabase(folder: string): string {
  const path = databasePath(folder);
  if (!existsSync(path)) throw new StoreRefused(`${folder} has no database`);
  return path;
}

/**
 * Makes the folder, for its owner's eyes only, where there is none, and locks it for this process; answers how to unlock it.
 * The lock is the kernel's on `parley.lock` (an SQLite file with an exclusive transaction), so it ends with the process
 * whatever ends it.
 * @throws StoreRefused when another has it open, and when it cannot be written
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(folder, 'parley.lock'), { open: false });
  try {
    lock.open();
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    if (lock.isOpen) lock.close();
    const why = resultCode(error) === BUSY ? 'another process has it open' : (error as Error).message;
    throw new StoreRefused(`the data folder ${folder} cannot be used: ${why}`, { cause: error });
  }
  return () => lock.close();
}

/**
 * Looks at a database file before it is opened for writing, and leaves it byte for byte as it is.
 * @throws StoreRefused when it is not one that this program may use
 */
export function checkFile(path: string, migrations: readonly Migration[]): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  try {
    if (headerOf(path) !== HEADER) throw new StoreRefused('it is not an SQLite database');
    const database = new DatabaseSync(locationOf(path), { readOnly: true, timeout: 5_000 });
    try {
      checkMigratable(database, migrations);
      if (size <= CHECKED_BYTES) checkSoundness(database);
    } finally {
      database.close();
    }
  } catch (error) {
    const why = error instanceof StoreRefused ? error.message : damage(error);
    throw new StoreRefused(`${path} cannot be used: ${why}`, { cause: error });
  }
}

/** Without a journal to look into, the file is read as immutable: else SQLite would put an empty journal beside it. */
function locationOf(path: string): URL {
  const url = pathToFileURL(path);
  const journal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (journal === undefined) url.searchParams.set('immutable', '1');
  return url;
}

function headerOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER.length);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function checkSoundness(database: DatabaseSync): void {
  const [finding] = database.prepare('PRAGMA quick_check(1)').all();
  const what = finding?.quick_check;
  if (what !== 'ok') throw new StoreRefused(`it is damaged: ${what}`);
}

/** What SQLite found wrong with a file. Any other error is no finding and is thrown as it is. */
function damage(error: unknown): string {
  const code = resultCode(error);
  if (code === CORRUPT || code === NOTADB) return `it is damaged: ${(error as Error).message}`;
  throw error;
}

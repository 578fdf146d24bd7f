/** What an operator does to the data as a whole, by cli.ts: the composition of the adapters that this takes. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from './application/ports/files.ts';
import { StoreRefused } from './application/ports/persistence.ts';
import type { Logger } from './application/ports/services.ts';
import type { StoreTransfer } from './application/ports/store-transfer.ts';
import { type MoveReport, StoreMove } from './application/store-move.ts';
import { type Config, ConfigError } from './config.ts';
import { copyBlobs } from './infrastructure/blobs/copy-blobs.ts';
import { DiskBlobStore } from './infrastructure/blobs/disk-blob-store.ts';
import { copyDatabase, restoreDatabase } from './infrastructure/sqlite/backup.ts';
import { existingDatabase } from './infrastructure/sqlite/data-folder.ts';
import { openDatabase } from './infrastructure/sqlite/database.ts';
import { openSqliteTransfer } from './infrastructure/sqlite/sqlite-store-transfer.ts';
import { Sha256Digests } from './infrastructure/system.ts';

const filesOf = (folder: string): string => join(folder, 'files');

/**
 * Makes a folder that holds the database as it is at one moment and the files that belong to it; a server may run meanwhile. It
 * has its name only once all of it is there. Answers how many files there are, and how many had been taken away, with the
 * messages that they belonged to, by the time it came to them.
 * @throws StoreRefused on MongoDB, and where something of that name is
 */
export async function backUp(config: Config, target: string): Promise<{ files: number; gone: number }> {
  const { dataDir } = sqliteOnly(config);
  const part = `${target}.part`;
  for (const path of [target, part]) if (existsSync(path)) throw new StoreRefused(`${path} is there already`);
  await mkdir(part, { mode: 0o700 });
  try {
    const ids = copyDatabase(dataDir, part);
    const own = config.s3Endpoint === undefined ? ids : [];
    const gone = await copyBlobs(filesOf(dataDir), filesOf(part), own);
    await rename(part, target);
    return { files: own.length - gone.length, gone: gone.length };
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Puts a backup into an empty data folder. Its history has a new epoch: clients that come with the old one read everything afresh.
 * @throws StoreRefused on MongoDB, for what is no backup, and for a folder that is in use or not empty
 */
export async function restore(config: Config, source: string): Promise<void> {
  const { dataDir } = sqliteOnly(config);
  await restoreDatabase(source, dataDir, async () => {
    await copyBlobs(filesOf(source), filesOf(dataDir), await readdir(filesOf(source)));
  });
}

/** Writes the database anew, so that nothing of what was deleted is left in its unused parts. @throws StoreRefused */
export function compact(config: Config): void {
  existingDatabase(sqliteOnly(config).dataDir);
  const database = openDatabase(config);
  try {
    database.rewrite();
    database.emptyJournal();
  } finally {
    database.close();
  }
}

/**
 * Copies everything from the SQLite data folder into the MongoDB of the configuration, or the other way round, and compares the
 * two. No server may run on either. What was cut off goes on when it is called again. @throws MoveFailed, StoreRefused, StoreError
 */
export async function moveStore(config: Config, to: 'mongodb' | 'sqlite', logger: Logger): Promise<MoveReport> {
  const { mongodbUri: uri, dataDir, s3Endpoint } = config;
  if (uri === undefined) throw new ConfigError(['MONGODB_URI: must say which MongoDB']);
  const { openMongoTransfer } = await import('./infrastructure/mongo/mongo-store-transfer.ts');
  const sqlite = openSqliteTransfer({ dataDir });
  try {
    const mongo = await openMongoTransfer({ uri });
    try {
      const disk = new DiskBlobStore(filesOf(dataDir));
      const ends = to === 'mongodb' ? [sqlite, mongo, disk, mongo.blobs] : [mongo, sqlite, mongo.blobs, disk];
      const [from, target, fromBlobs, toBlobs] = ends as [StoreTransfer, StoreTransfer, BlobStore, BlobStore];
      const blobs = s3Endpoint === undefined ? { from: fromBlobs, to: toBlobs } : null;
      return await new StoreMove({ from, to: target, blobs, digests: new Sha256Digests(), logger }).run();
    } finally {
      await mongo.close();
    }
  } finally {
    await sqlite.close();
  }
}

function sqliteOnly(config: Config): Config {
  if (config.mongodbUri === undefined) return config;
  throw new StoreRefused('with MongoDB its own tools do this: see docs/operations.md');
}

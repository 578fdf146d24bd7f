import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from '../../application/ports/persistence.ts';
import { firstSchema } from './migrations/0001-first-schema.ts';
import { headsFromAnIndex } from './migrations/0002-heads-from-an-index.ts';

/** One step of the schema. Once released it is never changed: what has run is known by its checksum. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Every step, in order, numbered from 1. */
export const MIGRATIONS: readonly Migration[] = [firstSchema, headsFromAnIndex];

/** Marks a file as Parley's, at byte 68 (https://www.sqlite.org/fileformat2.html#application_id): "Parl". */
export const APPLICATION_ID = 0x5061726c;

const checksum = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex');

/**
 * Takes the schema to the newest version. Each step is one transaction under the write lock, with its record, so that a crash
 * leaves whole steps, and of several starters each step is taken by one.
 * @throws StoreRefused for a database that `checkMigratable` refuses; nothing was changed
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[] = MIGRATIONS): void {
  let isCurrent = false;
  while (!isCurrent) {
    database.exec('BEGIN IMMEDIATE');
    try {
      checkMigratable(database, migrations);
      const next = migrations[versionOf(database)];
      if (next) apply(database, next);
      else isCurrent = true;
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

function apply(database: DatabaseSync, migration: Migration): void {
  if (migration.number === 1) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(
      'CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT',
    );
  }
  database.exec(migration.sql);
  database
    .prepare('INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)')
    .run(migration.number, migration.name, checksum(migration));
  database.exec(`PRAGMA user_version = ${migration.number}`);
}

/**
 * Passes a database that is empty, or that the first of these migrations made.
 * @throws StoreRefused for another program's database, one of a newer version, and one that was made by other steps
 */
export function checkMigratable(database: DatabaseSync, migrations: readonly Migration[] = MIGRATIONS): void {
  const applicationId = pragma(database, 'application_id');
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty && applicationId === 0) return;
  if (applicationId !== APPLICATION_ID) throw new StoreRefused('it is the database of another program');
  const version = versionOf(database);
  if (version > migrations.length) {
    throw new StoreRefused(`its schema is of version ${version}, and this program knows ${migrations.length} at most`);
  }
  const taken = database.prepare('SELECT number, checksum FROM migrations ORDER BY number').all();
  const isAsKnown = taken.every((row, i) => {
    const migration = migrations[i];
    return migration && row.number === migration.number && row.checksum === checksum(migration);
  });
  if (taken.length !== version || !isAsKnown) {
    throw new StoreRefused('its schema was made by other migrations than this program’s');
  }
}

const versionOf = (database: DatabaseSync): number => pragma(database, 'user_version');

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/*
 * While it is in use, a database is only whole together with its journal, and without it looks no less sound: it is simply older.
 * So the file itself says that it is in use, from before the first commit until it is closed in good order.
 */

/** Whether there is a journal. In use it is never empty. */
export const hasJournal = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/**
 * Marks the file as in use. If it was so without a journal, commits are gone that clients may know of, and the history gets
 * another epoch, so that they read it afresh.
 * @returns whether it was so
 */
export function takeIntoUse(database: DatabaseSync, hadJournal: boolean): boolean {
  const wasInUse = database.prepare("SELECT 1 FROM settings WHERE name = 'in-use'").get() !== undefined;
  if (wasInUse && hadJournal) return false;
  if (wasInUse) database.prepare("UPDATE settings SET value = ? WHERE name = 'epoch'").run(randomUUID());
  markInUse(database);
  database.exec('PRAGMA wal_checkpoint(PASSIVE)'); // so that the file says it, and not its journal alone
  return wasInUse;
}

export function markInUse(database: DatabaseSync): void {
  database.exec("REPLACE INTO settings (name, value) VALUES ('in-use', 'with its journal')");
}

export function markClosed(database: DatabaseSync): void {
  database.exec("DELETE FROM settings WHERE name = 'in-use'");
}

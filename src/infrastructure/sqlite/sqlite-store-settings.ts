import { randomUUID } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import type { StoreSettings } from '../../application/ports/persistence.ts';
import type { Database, Query } from './database.ts';

export class SqliteStoreSettings implements StoreSettings {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #replace: StatementSync;
  readonly #find: Query<[value: string]>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement('INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING');
    this.#replace = database.statement('REPLACE INTO settings (name, value) VALUES (?, ?)');
    this.#find = database.query('SELECT value FROM settings WHERE name = ?');
  }

  epoch(): Promise<string> {
    return this.keep('epoch', randomUUID());
  }

  async renewEpoch(): Promise<string> {
    const fresh = randomUUID();
    await this.#database.write(() => void this.#replace.run('epoch', fresh));
    return fresh;
  }

  find(name: string): Promise<string | null> {
    return this.#database.read(() => this.#find.get(name)?.[0] ?? null);
  }

  async keep(name: string, fresh: string): Promise<string> {
    const kept = await this.find(name);
    if (kept !== null) return kept;
    return this.#database.write(() => {
      this.#insert.run(name, fresh);
      return this.#find.get(name)?.[0] ?? fresh;
    });
  }
}

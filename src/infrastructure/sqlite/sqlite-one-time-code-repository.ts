import type { StatementSync } from 'node:sqlite';
import type { OneTimeCode, OneTimeCodeRepository } from '../../application/ports/one-time-codes.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';

const COLUMNS = 'digest, purpose, user_id, role, expires_at';

type Purpose = OneTimeCode['purpose'];
type CodeRow = [digest: string, purpose: Purpose, userId: string | null, role: OneTimeCode['role'], expiresAt: number];

export class SqliteOneTimeCodeRepository implements OneTimeCodeRepository {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #find: Query<CodeRow>;
  readonly #redeem: Query<CodeRow>;
  readonly #revoke: StatementSync;
  readonly #sweep: StatementSync;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO one_time_codes (${COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING`);
    const usable = 'purpose = ? AND digest = ? AND expires_at > ?';
    this.#find = database.query(`SELECT ${COLUMNS} FROM one_time_codes WHERE ${usable}`);
    this.#redeem = database.query(`DELETE FROM one_time_codes WHERE ${usable} RETURNING ${COLUMNS}`);
    this.#revoke = database.statement('DELETE FROM one_time_codes WHERE purpose = ? AND user_id = ?');
    this.#sweep = database.statement('DELETE FROM one_time_codes WHERE expires_at <= ?');
  }

  create({ digest, purpose, userId, role, expiresAt }: OneTimeCode): Promise<void> {
    return this.#database.write(() => {
      this.#insert.run(digest, purpose, userId, role, expiresAt);
    });
  }

  find(purpose: Purpose, digest: string, now: Instant): Promise<OneTimeCode | null> {
    return this.#database.read(() => toCode(this.#find.get(purpose, digest, now)));
  }

  redeem(purpose: Purpose, digest: string, now: Instant): Promise<OneTimeCode | null> {
    return this.#database.write(() => toCode(this.#redeem.all(purpose, digest, now)[0]));
  }

  revoke(purpose: Purpose, userId: UserId): Promise<void> {
    return this.#database.write(() => {
      this.#revoke.run(purpose, userId);
    });
  }

  sweep(now: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#sweep.run(now);
    });
  }
}

const toCode = (row: CodeRow | undefined): OneTimeCode | null =>
  row ? { digest: row[0], purpose: row[1], userId: row[2], role: row[3], expiresAt: row[4] } : null;

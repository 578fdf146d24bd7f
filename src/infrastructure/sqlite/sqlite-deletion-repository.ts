import type { StatementSync } from 'node:sqlite';
import type { Deletion, DeletionRepository } from '../../application/ports/persistence.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';

/** A deleted account is a row of which the username's key is left, and what is to be done. */
export class SqliteDeletionRepository implements DeletionRepository {
  readonly #database: Database;
  readonly #unindex: StatementSync;
  readonly #begin: StatementSync;
  readonly #unfinished: Query<[userId: string, messages: Deletion['messages'], at: number]>;
  readonly #finish: StatementSync;
  readonly #release: StatementSync;

  constructor(database: Database) {
    this.#database = database;
    this.#unindex = database.statement(`
      DELETE FROM user_grams WHERE rowid = (SELECT number FROM users WHERE id = ? AND deleted_at IS NULL)`);
    this.#begin = database.statement(`
      UPDATE users SET deleted_at = ?, deletion = ?, username = '', email = '', email_key = id, display_name = NULL, bio = NULL,
        location = NULL, birth_date = NULL, public_fields = '[]', show_presence = 0, role = 'user', avatar_id = NULL,
        name_key = '', listed_name = '', last_seen_at = NULL, password_hash = '', version = version + 1
      WHERE id = ? AND deleted_at IS NULL`);
    this.#unfinished = database.query(`
      SELECT id, deletion, deleted_at FROM users WHERE deletion IS NOT NULL AND deleted_at >= 0 ORDER BY deleted_at LIMIT ?`);
    this.#finish = database.statement('UPDATE users SET deletion = NULL WHERE id = ? AND deleted_at IS NOT NULL');
    this.#release = database.statement(`
      UPDATE users SET username_key = id WHERE deleted_at IS NOT NULL AND username_key <> id AND deleted_at < ?`);
  }

  begin({ userId, messages, at }: Deletion): Promise<boolean> {
    return this.#database.write(() => {
      this.#unindex.run(userId);
      return this.#begin.run(at, messages, userId).changes === 1;
    });
  }

  unfinished(limit: number): Promise<Deletion[]> {
    return this.#database.read(() =>
      this.#unfinished.all(limit).map(([userId, messages, at]) => ({ userId, messages, at })),
    );
  }

  finish(userId: UserId): Promise<void> {
    return this.#database.write(() => void this.#finish.run(userId));
  }

  releaseNames(before: Instant): Promise<void> {
    return this.#database.write(() => void this.#release.run(before));
  }
}

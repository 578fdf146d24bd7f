import type { StatementSync } from 'node:sqlite';
import type { Deletion, DeletionRepository } from '../../application/ports/deletions.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';

/** A larger file would be in the way of everybody for longer than half a second, which is how long this many bytes take. */
const REWRITTEN_IN_USE_MAX = 64 * 1024 * 1024;
/** In pages of the index. */
const MERGED_AT_ONCE = 200;

/** A deleted account is a row of which the username's key is left, and what is to be done. */
export class SqliteDeletionRepository implements DeletionRepository {
  readonly #database: Database;
  readonly #unindex: StatementSync;
  readonly #begin: StatementSync;
  readonly #unfinished: Query<[userId: string, messages: Deletion['messages'], at: number]>;
  readonly #changes: Query<[total: number]>;
  readonly #merge: StatementSync;
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
    this.#changes = database.query('SELECT total_changes()');
    this.#merge = database.statement(`INSERT INTO user_grams (user_grams, rank) VALUES ('merge', ?)`);
    this.#finish = database.statement('UPDATE users SET deletion = NULL WHERE id = ? AND deleted_at IS NOT NULL');
    this.#release = database.statement(`
      UPDATE users SET username_key = id WHERE deleted_at IS NOT NULL AND username_key <> id AND deleted_at < ?`);
  }

  begin({ userId, messages, at }: Deletion): Promise<boolean> {
    return this.#database.write(() => {
      this.#unindex.run(userId);
      return this.#begin.run(at, messages, userId).changes === 1n;
    });
  }

  unfinished(limit: number): Promise<Deletion[]> {
    return this.#database.read(() =>
      this.#unfinished.all(limit).map(([userId, messages, at]) => ({ userId, messages, at })),
    );
  }

  async scrub(): Promise<boolean> {
    await this.#mergeNames();
    const isSmall = this.#database.size() <= REWRITTEN_IN_USE_MAX;
    await this.#database.read(() => {
      if (isSmall) this.#database.rewrite();
      this.#database.emptyJournal();
    });
    return isSmall;
  }

  /** Out of the index: of somebody who was deleted it only notes that he is gone, until its parts are merged, in small steps. */
  async #mergeNames(): Promise<void> {
    let pages = -MERGED_AT_ONCE; // begins a merge of all parts; a positive number goes on with it
    for (let isMerging = true; isMerging; pages = MERGED_AT_ONCE) {
      isMerging = await this.#database.write(() => {
        const before = this.#changes.get()?.[0] ?? 0;
        this.#merge.run(pages);
        return (this.#changes.get()?.[0] ?? 0) - before >= 2; // https://www.sqlite.org/fts5.html#the_merge_command
      });
    }
  }

  finish(userId: UserId): Promise<void> {
    return this.#database.write(() => void this.#finish.run(userId));
  }

  releaseNames(before: Instant): Promise<void> {
    return this.#database.write(() => void this.#release.run(before));
  }
}

import type { StatementSync } from 'node:sqlite';
import type { Letter, MailQueue, QueuedLetter } from '../../application/ports/mail-queue.ts';
import type { Instant } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';

type LetterRow = [id: string, letter: string, queuedAt: number, attempts: number];

export class SqliteMailQueue implements MailQueue {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #claim: Query<LetterRow>;
  readonly #delete: StatementSync;
  readonly #postpone: StatementSync;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO mail_queue (id, letter, queued_at, due_at, attempts) VALUES (?, ?, ?3, ?3, 0)
      ON CONFLICT (id) DO NOTHING`);
    this.#claim = database.query(`
      UPDATE mail_queue SET due_at = ?, attempts = attempts + 1
      WHERE id IN (SELECT id FROM mail_queue WHERE due_at <= ? ORDER BY due_at, id LIMIT ?)
      RETURNING id, letter, queued_at, attempts`);
    this.#delete = database.statement('DELETE FROM mail_queue WHERE id = ?');
    this.#postpone = database.statement('UPDATE mail_queue SET due_at = ? WHERE id = ?');
  }

  enqueue(id: string, letter: Letter, now: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#insert.run(id, JSON.stringify(letter), now);
    });
  }

  claim(now: Instant, leaseUntil: Instant, limit: number): Promise<QueuedLetter[]> {
    return this.#database.write(() => this.#claim.all(leaseUntil, now, limit).map(toQueuedLetter));
  }

  done(id: string): Promise<void> {
    return this.#database.write(() => {
      this.#delete.run(id);
    });
  }

  failed(id: string, retryAt: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#postpone.run(retryAt, id);
    });
  }
}

const toQueuedLetter = ([id, letter, queuedAt, attempts]: LetterRow): QueuedLetter => ({
  id,
  letter: JSON.parse(letter) as Letter,
  queuedAt,
  attempts,
});

import type { Collection, Db } from 'mongodb';
import type { Letter, MailQueue, QueuedLetter } from '../../application/ports/mail-queue.ts';
import type { Instant } from '../../domain/ids.ts';
import { isDuplicate, writeFailed } from './mongo-database.ts';

export interface LetterRow {
  readonly _id: string;
  readonly letter: Letter;
  readonly queuedAt: Instant;
  readonly dueAt: Instant;
  readonly attempts: number;
}

export class MongoMailQueue implements MailQueue {
  readonly #letters: Collection<LetterRow>;

  constructor(db: Db) {
    this.#letters = db.collection('mailQueue');
  }

  async enqueue(id: string, letter: Letter, now: Instant): Promise<void> {
    const row = { _id: id, letter, queuedAt: now, dueAt: now, attempts: 0 };
    await this.#letters.insertOne(row).catch((error: unknown) => {
      if (!isDuplicate(error)) writeFailed(error);
    });
  }

  /** One after the other: each is one conditional step, so that no two nodes are given the same. */
  async claim(now: Instant, leaseUntil: Instant, limit: number): Promise<QueuedLetter[]> {
    const claimed: QueuedLetter[] = [];
    while (claimed.length < limit) {
      const row = await this.#letters
        .findOneAndUpdate(
          { dueAt: { $lte: now } },
          { $set: { dueAt: leaseUntil }, $inc: { attempts: 1 } },
          { sort: { dueAt: 1, _id: 1 }, returnDocument: 'after' },
        )
        .catch(writeFailed);
      if (!row) break;
      claimed.push({ id: row._id, letter: row.letter, queuedAt: row.queuedAt, attempts: row.attempts });
    }
    return claimed;
  }

  async done(id: string): Promise<void> {
    await this.#letters.deleteOne({ _id: id }).catch(writeFailed);
  }

  async failed(id: string, retryAt: Instant): Promise<void> {
    await this.#letters.updateOne({ _id: id }, { $set: { dueAt: retryAt } }).catch(writeFailed);
  }
}

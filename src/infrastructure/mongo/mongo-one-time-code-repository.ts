import type { Collection, Db } from 'mongodb';
import type { OneTimeCode, OneTimeCodeRepository } from '../../application/ports/one-time-codes.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import { isDuplicate, readFailed, writeFailed } from './mongo-database.ts';

type Purpose = OneTimeCode['purpose'];

export type CodeRow = Omit<OneTimeCode, 'digest' | 'expiresAt'> & {
  readonly _id: string;
  /** A date, for the index that clears away. */
  readonly expiresAt: Date;
};

export const toCode = ({ _id, purpose, userId, role, expiresAt }: CodeRow): OneTimeCode => ({
  ...{ digest: _id, purpose, userId, role, expiresAt: expiresAt.getTime() },
});

const usable = (purpose: Purpose, digest: string, now: Instant) => ({
  ...{ _id: digest, purpose, expiresAt: { $gt: new Date(now) } },
});

export class MongoOneTimeCodeRepository implements OneTimeCodeRepository {
  readonly #codes: Collection<CodeRow>;

  constructor(db: Db) {
    this.#codes = db.collection('oneTimeCodes');
  }

  async create({ digest, expiresAt, ...code }: OneTimeCode): Promise<void> {
    const row = { _id: digest, ...code, expiresAt: new Date(expiresAt) };
    await this.#codes.insertOne(row).catch((error: unknown) => {
      if (!isDuplicate(error)) writeFailed(error); // told again
    });
  }

  async find(purpose: Purpose, digest: string, now: Instant): Promise<OneTimeCode | null> {
    const row = await this.#codes.findOne(usable(purpose, digest, now)).catch(readFailed);
    return row && toCode(row);
  }

  async redeem(purpose: Purpose, digest: string, now: Instant): Promise<OneTimeCode | null> {
    const row = await this.#codes.findOneAndDelete(usable(purpose, digest, now)).catch(writeFailed);
    return row && toCode(row);
  }

  async revoke(purpose: Purpose, userId: UserId): Promise<void> {
    await this.#codes.deleteMany({ purpose, userId }).catch(writeFailed);
  }

  async sweep(now: Instant): Promise<void> {
    await this.#codes.deleteMany({ expiresAt: { $lte: new Date(now) } }).catch(writeFailed);
  }
}

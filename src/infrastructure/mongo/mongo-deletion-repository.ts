import type { Collection, Db } from 'mongodb';
import type { Deletion, DeletionRepository } from '../../application/ports/deletions.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import { readFailed, writeFailed } from './mongo-database.ts';
import { THERE, type UserRow } from './user-rows.ts';

const NOTHING_LEFT: Partial<UserRow> = {
  ...{ username: '', email: '', displayName: null, bio: null, location: null, birthDate: null, avatarId: null },
  ...{ publicFields: [], showPresence: false, role: 'user', passwordHash: '', nameKey: '', listedName: '', grams: [] },
};

/** A deleted account is a row of which the username's key is left, and what is to be done. */
export class MongoDeletionRepository implements DeletionRepository {
  readonly #users: Collection<UserRow>;

  constructor(db: Db) {
    this.#users = db.collection('users');
  }

  async begin({ userId, messages, at }: Deletion): Promise<boolean> {
    const end = { emailKey: userId, deletedAt: at, deletion: { messages, at }, nameHeldSince: at };
    const { modifiedCount } = await this.#users
      .updateOne(
        { _id: userId, ...THERE },
        { $set: { ...NOTHING_LEFT, ...end }, $unset: { lastSeenAt: 1 }, $inc: { version: 1 } },
      )
      .catch(writeFailed);
    return modifiedCount === 1;
  }

  async unfinished(limit: number): Promise<Deletion[]> {
    const rows = this.#users.find({ 'deletion.at': { $gte: 0 } }, { projection: { deletion: 1 } });
    const found = await rows.sort({ 'deletion.at': 1 }).limit(limit).toArray().catch(readFailed);
    return found.flatMap(({ _id, deletion }) => (deletion ? [{ userId: _id, ...deletion }] : []));
  }

  /** What the server keeps beyond its documents (free blocks, the oplog) is the server's. */
  async scrub(): Promise<boolean> {
    return true;
  }

  async finish(userId: UserId): Promise<void> {
    await this.#users.updateOne({ _id: userId }, { $unset: { deletion: 1 } }).catch(writeFailed);
  }

  async releaseNames(before: Instant): Promise<void> {
    const held = this.#users.find({ nameHeldSince: { $lt: before } }, { projection: { _id: 1 } });
    for (const { _id } of await held.toArray().catch(readFailed)) {
      await this.#users
        .updateOne({ _id }, { $set: { usernameKey: _id }, $unset: { nameHeldSince: 1 } })
        .catch(writeFailed);
    }
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { Collection, Db, Filter, MongoServerError } from 'mongodb';
import type { Credential, Taken, UserRepository } from '../../application/ports/persistence.ts';
import type { UserId } from '../../domain/ids.ts';
import { uniqueKey } from '../../domain/text.ts';
import type { User } from '../../domain/user.ts';
import { indexOf, isDuplicate, outcomeUnknown, readFailed, writeFailed } from './mongo-database.ts';

type UserRow = Omit<User, 'id'> & {
  readonly _id: UserId;
  readonly usernameKey: string;
  readonly emailKey: string;
  readonly passwordHash: string;
};

const fieldsOf = ({ id: _, ...user }: User): Omit<UserRow, '_id' | 'passwordHash'> => ({
  ...user,
  usernameKey: uniqueKey(user.username),
  emailKey: uniqueKey(user.email),
});

function toUser({ _id, usernameKey: _, emailKey: __, passwordHash: ___, ...user }: UserRow): User {
  return { id: _id, ...user };
}

const taken = (error: MongoServerError): Taken => (indexOf(error) === 'users_email' ? 'email-taken' : 'username-taken');

export class MongoUserRepository implements UserRepository {
  readonly #users: Collection<UserRow>;

  constructor(db: Db) {
    this.#users = db.collection('users');
  }

  async create(user: User, passwordHash: string): Promise<'created' | Taken> {
    try {
      await this.#users.insertOne({ _id: user.id, ...fieldsOf(user), passwordHash });
      return 'created';
    } catch (error) {
      if (!isDuplicate(error)) return writeFailed(error);
      const own = await this.#users.findOne({ _id: user.id }).catch(outcomeUnknown);
      return own ? 'created' : taken(error);
    }
  }

  async find(userId: UserId): Promise<User | null> {
    const row = await this.#users.findOne({ _id: userId }).catch(readFailed);
    return row && toUser(row);
  }

  async findMany(userIds: readonly UserId[]): Promise<User[]> {
    const rows = await this.#users
      .find({ _id: { $in: [...userIds] } })
      .toArray()
      .catch(readFailed);
    return rows.map(toUser);
  }

  async findByLogin(key: string): Promise<Credential | null> {
    return this.#credential(key.includes('@') ? { emailKey: key } : { usernameKey: key });
  }

  async findCredential(userId: UserId): Promise<Credential | null> {
    return this.#credential({ _id: userId });
  }

  async update(user: User): Promise<'updated' | 'stale' | Taken> {
    try {
      const isNext = { _id: user.id, version: user.version - 1 };
      const { matchedCount } = await this.#users.updateOne(isNext, { $set: fieldsOf(user) });
      if (matchedCount === 1) return 'updated';
    } catch (error) {
      return isDuplicate(error) ? taken(error) : writeFailed(error);
    }
    const row = await this.#users.findOne({ _id: user.id }).catch(outcomeUnknown);
    return row && isDeepStrictEqual(toUser(row), user) ? 'updated' : 'stale'; // told again
  }

  async setPasswordHash(userId: UserId, current: string, next: string): Promise<boolean> {
    const replaced = { $set: { passwordHash: next } };
    const { matchedCount } = await this.#users
      .updateOne({ _id: userId, passwordHash: current }, replaced)
      .catch(writeFailed);
    return matchedCount === 1;
  }

  async #credential(filter: Filter<UserRow>): Promise<Credential | null> {
    const row = await this.#users.findOne(filter).catch(readFailed);
    return row && { user: toUser(row), passwordHash: row.passwordHash };
  }
}

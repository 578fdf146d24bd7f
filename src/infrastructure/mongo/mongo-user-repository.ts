import { isDeepStrictEqual } from 'node:util';
import type { Collection, Db, Filter, MongoServerError } from 'mongodb';
import type { Credential, Taken, UserMatches, UserQuery, UserRepository } from '../../application/ports/persistence.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import type { User } from '../../domain/user.ts';
import type { MemberRow } from './mongo-chat-repository.ts';
import { indexOf, isDuplicate, outcomeUnknown, readFailed, writeFailed } from './mongo-database.ts';
import { searchUsers } from './mongo-user-search.ts';
import { fieldsOf, THERE, toUser, type UserRow } from './user-rows.ts';

const taken = (error: MongoServerError): Taken => (indexOf(error) === 'users_email' ? 'email-taken' : 'username-taken');

export class MongoUserRepository implements UserRepository {
  readonly #users: Collection<UserRow>;
  readonly #members: Collection<MemberRow>;

  constructor(db: Db) {
    this.#users = db.collection('users');
    this.#members = db.collection('members');
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
    const row = await this.#users.findOne({ _id: userId, ...THERE }).catch(readFailed);
    return row && toUser(row);
  }

  async findMany(userIds: readonly UserId[]): Promise<User[]> {
    const rows = await this.#users
      .find({ _id: { $in: [...userIds] }, ...THERE })
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
      const isNext = { _id: user.id, version: user.version - 1, ...THERE };
      const { matchedCount } = await this.#users.updateOne(isNext, { $set: fieldsOf(user) });
      if (matchedCount === 1) return 'updated';
    } catch (error) {
      return isDuplicate(error) ? taken(error) : writeFailed(error);
    }
    const row = await this.#users.findOne({ _id: user.id }).catch(outcomeUnknown);
    return row && isDeepStrictEqual(toUser(row), user) ? 'updated' : 'stale'; // told again
  }

  async setPasswordHash(userId: UserId, current: string | null, next: string): Promise<boolean> {
    const replaced = { $set: { passwordHash: next } };
    const { matchedCount } = await this.#users
      .updateOne({ _id: userId, ...THERE, ...(current !== null && { passwordHash: current }) }, replaced)
      .catch(writeFailed);
    return matchedCount === 1;
  }

  async hasAdmin(): Promise<boolean> {
    const admin = await this.#users.findOne({ role: 'admin', suspendedAt: null }).catch(readFailed);
    return admin !== null;
  }

  search(query: UserQuery): Promise<UserMatches> {
    return searchUsers(this.#users, this.#members, query);
  }

  async seen(userIds: readonly UserId[], at: Instant): Promise<void> {
    const these = { _id: { $in: [...userIds] }, ...THERE };
    await this.#users.updateMany(these, { $max: { lastSeenAt: at } }).catch(writeFailed);
  }

  async lastSeen(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, Instant>> {
    const these = { _id: { $in: [...userIds] }, ...THERE };
    const rows = await this.#users
      .find(these, { projection: { lastSeenAt: 1 } })
      .toArray()
      .catch(readFailed);
    return new Map(rows.flatMap(({ _id, lastSeenAt }) => (lastSeenAt === undefined ? [] : [[_id, lastSeenAt]])));
  }

  async #credential(filter: Filter<UserRow>): Promise<Credential | null> {
    const row = await this.#users.findOne({ ...filter, ...THERE }).catch(readFailed);
    return row && { user: toUser(row), passwordHash: row.passwordHash };
  }
}

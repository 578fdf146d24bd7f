import type { StatementSync } from 'node:sqlite';
import type { Credential, Taken, UserMatches, UserQuery, UserRepository } from '../../application/ports/persistence.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import { searchKey } from '../../domain/text.ts';
import { loginKey, type User } from '../../domain/user.ts';
import type { Database, Query } from './database.ts';
import { gramsColumn, SqliteUserSearch } from './sqlite-user-search.ts';
import { toUser, USER_COLUMNS, type UserRow } from './user-rows.ts';

type CredentialRow = [...UserRow, passwordHash: string];

const KEYS = 'username_key, email_key, name_key, listed_name';

export class SqliteUserRepository implements UserRepository {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #index: StatementSync;
  readonly #setPasswordHash: StatementSync;
  readonly #seen: StatementSync;
  readonly #lastSeen: Query<[userId: string, at: number]>;
  readonly #hasAdmin: Query<[number]>;
  readonly #find: Query<UserRow>;
  readonly #findMany: Query<UserRow>;
  readonly #credential: Query<CredentialRow>;
  readonly #byUsername: Query<CredentialRow>;
  readonly #byEmail: Query<CredentialRow>;
  readonly #holder: Query<[userId: string]>;
  readonly #search: SqliteUserSearch;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO users (${USER_COLUMNS}, ${KEYS}, password_hash) VALUES (${Array(21).fill('?').join(', ')})`);
    this.#update = database.statement(`
      UPDATE users SET (${USER_COLUMNS}, ${KEYS}) = (${Array(20).fill('?').join(', ')}) WHERE id = ?1`);
    this.#index = database.statement(`
      INSERT OR REPLACE INTO user_grams (rowid, grams) SELECT number, ?2 FROM users WHERE id = ?1`);
    this.#setPasswordHash = database.statement(`
      UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = coalesce(?, password_hash) AND deleted_at IS NULL`);
    this.#hasAdmin = database.query(`SELECT 1 FROM users WHERE role = 'admin' AND suspended_at IS NULL LIMIT 1`);
    this.#find = database.query(`SELECT ${USER_COLUMNS} FROM users WHERE id = ? AND deleted_at IS NULL`);
    this.#findMany = database.query(`SELECT ${USER_COLUMNS} FROM users
      WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL`);
    this.#seen = database.statement(`
      UPDATE users SET last_seen_at = max(coalesce(last_seen_at, 0), ?2)
      WHERE id IN (SELECT value FROM json_each(?1)) AND deleted_at IS NULL`);
    this.#lastSeen = database.query(`
      SELECT id, last_seen_at FROM users
      WHERE id IN (SELECT value FROM json_each(?)) AND last_seen_at IS NOT NULL AND deleted_at IS NULL`);
    this.#holder = database.query('SELECT id FROM users WHERE username_key = ?');
    this.#search = new SqliteUserSearch(database);
    const credential = (where: string): Query<CredentialRow> =>
      database.query(`SELECT ${USER_COLUMNS}, password_hash FROM users WHERE ${where} AND deleted_at IS NULL`);
    this.#credential = credential('id = ?');
    this.#byUsername = credential('username_key = ?');
    this.#byEmail = credential('email_key = ?');
  }

  create(user: User, passwordHash: string): Promise<'created' | Taken> {
    return this.#database.write(() => {
      if (this.#credential.get(user.id)) return 'created';
      const taken = this.#taken(user);
      if (taken) return taken;
      this.#insert.run(...parametersOf(user), passwordHash);
      this.#index.run(user.id, gramsColumn(user));
      return 'created';
    });
  }

  find(userId: UserId): Promise<User | null> {
    return this.#database.read(() => {
      const row = this.#find.get(userId);
      return row ? toUser(row) : null;
    });
  }

  findMany(userIds: readonly UserId[]): Promise<User[]> {
    return this.#database.read(() => this.#findMany.all(JSON.stringify(userIds)).map(toUser));
  }

  /** No key of a username is looked for among the addresses, nor the other way round: nobody can pass for another. */
  findByLogin(key: string): Promise<Credential | null> {
    return this.#database.read(() => toCredential((key.includes('@') ? this.#byEmail : this.#byUsername).get(key)));
  }

  findCredential(userId: UserId): Promise<Credential | null> {
    return this.#database.read(() => toCredential(this.#credential.get(userId)));
  }

  update(user: User): Promise<'updated' | 'stale' | Taken> {
    return this.#database.write(() => {
      const stored = toCredential(this.#credential.get(user.id))?.user;
      if (stored && isSame(stored, user)) return 'updated';
      if (stored?.version !== user.version - 1) return 'stale';
      const taken = this.#taken(user);
      if (taken) return taken;
      this.#update.run(...parametersOf(user));
      if (gramsColumn(stored) !== gramsColumn(user)) this.#index.run(user.id, gramsColumn(user));
      return 'updated';
    });
  }

  setPasswordHash(userId: UserId, current: string | null, next: string): Promise<boolean> {
    return this.#database.write(() => this.#setPasswordHash.run(next, userId, current).changes === 1n);
  }

  hasAdmin(): Promise<boolean> {
    return this.#database.read(() => this.#hasAdmin.get() !== undefined);
  }

  search(query: UserQuery): Promise<UserMatches> {
    return this.#database.read(() => this.#search.run(query));
  }

  seen(userIds: readonly UserId[], at: Instant): Promise<void> {
    return this.#database.write(() => void this.#seen.run(JSON.stringify(userIds), at));
  }

  lastSeen(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, Instant>> {
    return this.#database.read(() => new Map(this.#lastSeen.all(JSON.stringify(userIds))));
  }

  /** What of this user somebody else has; a username also somebody who was deleted. */
  #taken(user: User): Taken | null {
    const isAnothers = (row: readonly [string, ...unknown[]] | undefined) => row !== undefined && row[0] !== user.id;
    if (isAnothers(this.#holder.get(loginKey(user.username)))) return 'username-taken';
    if (isAnothers(this.#byEmail.get(loginKey(user.email)))) return 'email-taken';
    return null;
  }
}

/** Whether an update was made before, and is only told again. */
const isSame = (a: User, b: User): boolean => JSON.stringify(parametersOf(a)) === JSON.stringify(parametersOf(b));

const parametersOf = (user: User): (string | number | null)[] => [
  user.id,
  user.username,
  user.email,
  user.displayName,
  user.bio,
  user.location,
  user.birthDate,
  Number(user.isPrivate),
  JSON.stringify(user.publicFields),
  Number(user.showPresence),
  user.role,
  user.version,
  user.createdAt,
  user.updatedAt,
  user.suspendedAt,
  user.avatarId,
  loginKey(user.username),
  loginKey(user.email),
  searchKey(user.displayName ?? ''),
  searchKey((user.isPrivate ? null : user.displayName) ?? ''),
];

const toCredential = (row: CredentialRow | undefined): Credential | null =>
  row ? { user: toUser(row), passwordHash: row[16] } : null;

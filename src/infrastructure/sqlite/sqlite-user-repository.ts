import type { StatementSync } from 'node:sqlite';
import type { Credential, Taken, UserRepository } from '../../application/ports/persistence.ts';
import type { UserId } from '../../domain/ids.ts';
import { loginKey, type PublishableField, type User } from '../../domain/user.ts';
import type { Database, Query } from './database.ts';

/** In the order of `UserRow` and of `parametersOf`. */
const COLUMNS = `id, username, email, display_name, bio, location, birth_date, is_private, public_fields, show_presence,
  role, version, created_at, updated_at`;

type UserRow = [
  id: string,
  username: string,
  email: string,
  displayName: string | null,
  bio: string | null,
  location: string | null,
  birthDate: string | null,
  isPrivate: number,
  publicFields: string,
  showPresence: number,
  role: User['role'],
  version: number,
  createdAt: number,
  updatedAt: number,
];

type CredentialRow = [...UserRow, passwordHash: string];

export class SqliteUserRepository implements UserRepository {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #setPasswordHash: StatementSync;
  readonly #findMany: Query<UserRow>;
  readonly #credential: Query<CredentialRow>;
  readonly #byUsername: Query<CredentialRow>;
  readonly #byEmail: Query<CredentialRow>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO users (${COLUMNS}, username_key, email_key, password_hash)
      VALUES (${Array(17).fill('?').join(', ')})`);
    this.#update = database.statement(`
      UPDATE users SET (${COLUMNS}, username_key, email_key) = (${Array(16).fill('?').join(', ')}) WHERE id = ?1`);
    this.#setPasswordHash = database.statement('UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?');
    this.#findMany = database.query(`SELECT ${COLUMNS} FROM users WHERE id IN (SELECT value FROM json_each(?))`);
    const credential = (where: string): Query<CredentialRow> =>
      database.query(`SELECT ${COLUMNS}, password_hash FROM users WHERE ${where}`);
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
      return 'created';
    });
  }

  async find(userId: UserId): Promise<User | null> {
    const [user] = await this.findMany([userId]);
    return user ?? null;
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
      return 'updated';
    });
  }

  setPasswordHash(userId: UserId, current: string, next: string): Promise<boolean> {
    return this.#database.write(() => this.#setPasswordHash.run(next, userId, current).changes === 1);
  }

  /** What of this user somebody else has. */
  #taken(user: User): Taken | null {
    const isAnothers = (row: CredentialRow | undefined) => row !== undefined && row[0] !== user.id;
    if (isAnothers(this.#byUsername.get(loginKey(user.username)))) return 'username-taken';
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
  loginKey(user.username),
  loginKey(user.email),
];

const toCredential = (row: CredentialRow | undefined): Credential | null =>
  row ? { user: toUser(row), passwordHash: row[14] } : null;

const toUser = (row: readonly [...UserRow, ...unknown[]]): User => ({
  id: row[0],
  username: row[1],
  email: row[2],
  displayName: row[3],
  bio: row[4],
  location: row[5],
  birthDate: row[6],
  isPrivate: row[7] === 1,
  publicFields: JSON.parse(row[8]) as PublishableField[],
  showPresence: row[9] === 1,
  role: row[10],
  version: row[11],
  createdAt: row[12],
  updatedAt: row[13],
});

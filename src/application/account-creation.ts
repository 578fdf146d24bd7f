import { DomainError } from '../domain/errors.ts';
import { checkDisplayName, checkEmail, checkPassword, checkUsername, type User } from '../domain/user.ts';
import type { NewPasswords } from './new-passwords.ts';
import type { Taken, UserRepository } from './ports/persistence.ts';
import type { Clock, IdGenerator } from './ports/services.ts';

export interface NewAccount {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | null;
}

/** What holds for the fields of every new account, for `checkFields`. */
export const newAccountRules = (input: NewAccount) => ({
  username: () => checkUsername(input.username),
  email: () => checkEmail(input.email),
  password: () => checkPassword(input.password),
  displayName: () => checkDisplayName(input.displayName ?? null),
});

/** Makes accounts, whoever wants them made. */
export class AccountCreation {
  readonly #users: UserRepository;
  readonly #passwords: NewPasswords;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;

  constructor(deps: { users: UserRepository; passwords: NewPasswords; clock: Clock; ids: IdGenerator }) {
    this.#users = deps.users;
    this.#passwords = deps.passwords;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  /** @param checked what passed `newAccountRules` @throws DomainError PASSWORD_WEAK, USERNAME_TAKEN, EMAIL_TAKEN */
  async create(checked: NewAccount, role: User['role']): Promise<User> {
    const { username, email, password, displayName = null } = checked;
    const now = this.#clock.now();
    const user: User = {
      ...{ id: this.#ids.next(), username, email, displayName, avatarId: null, bio: null },
      ...{ location: null, birthDate: null, isPrivate: false, publicFields: [], showPresence: true, role, version: 1 },
      ...{ createdAt: now, updatedAt: now, suspendedAt: null },
    };
    const created = await this.#users.create(user, await this.#passwords.hash(password, user));
    if (created !== 'created') throw takenError(created);
    return user;
  }
}

export function takenError(taken: Taken): DomainError {
  return taken === 'username-taken'
    ? new DomainError('USERNAME_TAKEN', 'This username is taken.')
    : new DomainError('EMAIL_TAKEN', 'This e-mail address is taken.');
}

import { checkFields, DomainError } from '../domain/errors.ts';
import { checkPassword, loginKey, type User, userNotFound } from '../domain/user.ts';
import { type AccountCreation, type NewAccount, newAccountRules } from './account-creation.ts';
import { endSessions } from './end-sessions.ts';
import type { Invitation, InvitationService } from './invitation-service.ts';
import type { NewPasswords } from './new-passwords.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type {
  SessionRepository,
  StoreSettings,
  UserMatches,
  UserPosition,
  UserRepository,
} from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, Digests } from './ports/services.ts';
import { updateUser } from './update-user.ts';

const USERS_PER_READ = 100;
const FIRST_INVITATION = 'first-admin-invitation';

/** What the configuration says of the admin of a server. */
export interface ConfiguredAdmin {
  readonly login: string;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * What whoever runs the server may do, at its start or from its command line, without an account of his own. Nothing of it may be
 * reached from the network.
 */
export class OperatorService {
  readonly #users: UserRepository;
  readonly #sessions: SessionRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #settings: StoreSettings;
  readonly #creation: AccountCreation;
  readonly #invitations: InvitationService;
  readonly #passwords: NewPasswords;
  readonly #digests: Digests;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: {
    users: UserRepository;
    sessions: SessionRepository;
    codes: OneTimeCodeRepository;
    settings: StoreSettings;
    creation: AccountCreation;
    invitations: InvitationService;
    passwords: NewPasswords;
    digests: Digests;
    bus: EventBus;
    clock: Clock;
  }) {
    this.#users = deps.users;
    this.#sessions = deps.sessions;
    this.#codes = deps.codes;
    this.#settings = deps.settings;
    this.#creation = deps.creation;
    this.#invitations = deps.invitations;
    this.#passwords = deps.passwords;
    this.#digests = deps.digests;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** @throws DomainError VALIDATION_FAILED, PASSWORD_WEAK, USERNAME_TAKEN, EMAIL_TAKEN */
  createUser(input: NewAccount, role: User['role']): Promise<User> {
    return this.#creation.create(checkFields(newAccountRules(input)), role);
  }

  /** Sets a password and ends all sessions of the account. @throws DomainError VALIDATION_FAILED, PASSWORD_WEAK, USER_NOT_FOUND */
  async resetPassword(login: string, password: string): Promise<User> {
    const checked = checkFields({ password: () => checkPassword(password) });
    const user = await this.#find(login);
    await this.#users.setPasswordHash(user.id, null, await this.#passwords.hash(checked.password, user));
    await this.#codes.revoke('password-reset', user.id);
    await endSessions(this.#sessions, this.#bus, user.id);
    return user;
  }

  /** Makes somebody an admin, and lets him in again if he was suspended. @throws DomainError USER_NOT_FOUND */
  async promote(login: string): Promise<User> {
    const { id } = await this.#find(login);
    const admin = { role: 'admin', suspendedAt: null } as const;
    const promoted = await updateUser(this.#users, this.#clock, id, () => admin);
    if (!promoted) throw userNotFound();
    return promoted;
  }

  /** Everybody, the oldest account first. */
  async *everybody(): AsyncGenerator<User> {
    const query = { viewerId: '', order: 'createdAt', descending: false, offset: 0, limit: USERS_PER_READ } as const;
    let after: UserPosition | null = null;
    do {
      const matches: UserMatches = await this.#users.search({ ...query, after });
      yield* matches.users;
      after = matches.next;
    } while (after !== null);
  }

  /**
   * Makes the configured admin one: promotes the account that has the login, or makes one where nobody has it.
   * @throws DomainError VALIDATION_FAILED, PASSWORD_WEAK, EMAIL_TAKEN, USER_NOT_FOUND where the account is missing and cannot be made
   */
  async ensureAdmin({ login, email, password }: ConfiguredAdmin): Promise<User> {
    if (await this.#users.findByLogin(loginKey(login.trim()))) return this.promote(login);
    if (email === undefined || password === undefined) {
      const what =
        'nobody has the login of PARLEY_ADMIN_LOGIN; to make the account takes an e-mail address and a password';
      throw new DomainError('USER_NOT_FOUND', what);
    }
    return this.createUser({ username: login, email, password }, 'admin').catch(async (error: unknown) => {
      const isThere = await this.#users.findByLogin(loginKey(login.trim())); // of nodes that start at once, one is faster
      if (isThere) return this.promote(login);
      throw error;
    });
  }

  /**
   * An invitation to become the first admin, once in the life of a store and only while it has none; else null. Whoever loses it
   * promotes somebody by the command line.
   */
  async inviteFirstAdmin(): Promise<Invitation | null> {
    if (await this.#users.hasAdmin()) return null;
    const invitation = await this.#invitations.inviteAdmin();
    const digest = this.#digests.digest(invitation.code);
    if ((await this.#settings.keep(FIRST_INVITATION, digest)) === digest) return invitation;
    await this.#invitations.withdraw(invitation);
    return null;
  }

  async #find(login: string): Promise<User> {
    const credential = await this.#users.findByLogin(loginKey(login.trim()));
    if (!credential) throw userNotFound();
    return credential.user;
  }
}

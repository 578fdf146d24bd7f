import { checkFields, DomainError } from '../domain/errors.ts';
import { checkEmail, checkPassword, loginKey } from '../domain/user.ts';
import { endSessions } from './end-sessions.ts';
import type { NewPasswords } from './new-passwords.ts';
import type { MailQueue } from './ports/mail-queue.ts';
import type { OneTimeCode, OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { SessionRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, Digests } from './ports/services.ts';

/** A way back in for whoever has forgotten his password and can read his mail. */
export class PasswordResetService {
  readonly #users: UserRepository;
  readonly #sessions: SessionRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #mailQueue: MailQueue;
  readonly #passwords: NewPasswords;
  readonly #digests: Digests;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: {
    users: UserRepository;
    sessions: SessionRepository;
    codes: OneTimeCodeRepository;
    mailQueue: MailQueue;
    passwords: NewPasswords;
    digests: Digests;
    bus: EventBus;
    clock: Clock;
  }) {
    this.#users = deps.users;
    this.#sessions = deps.sessions;
    this.#codes = deps.codes;
    this.#mailQueue = deps.mailQueue;
    this.#passwords = deps.passwords;
    this.#digests = deps.digests;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /**
   * Has a mail sent to this address if it is somebody's. Whether it is, is not even looked up here but when the mail is made
   * (MailDelivery): so neither the answer nor its time can tell.
   * @throws DomainError VALIDATION_FAILED for what is no address
   */
  async request(input: { email: string }): Promise<void> {
    const { email } = checkFields({ email: () => checkEmail(input.email) });
    const id = `password-reset ${this.#digests.digest(loginKey(email))}`;
    await this.#mailQueue.enqueue(id, { kind: 'password-reset', to: email }, this.#clock.now());
  }

  /**
   * Sets a new password, uses up the token and all others of the account, and ends all of its sessions.
   * @throws DomainError VALIDATION_FAILED, PASSWORD_WEAK, RESET_TOKEN_INVALID
   */
  async reset(input: { token: string; newPassword: string }): Promise<void> {
    const { newPassword } = checkFields({ newPassword: () => checkPassword(input.newPassword) });
    const digest = this.#digests.digest(input.token);
    // Looked at before the password is hashed, which is dear, and taken after, when little is left that could fail.
    const owner = await this.#users.find(ownerOf(await this.#codes.find('password-reset', digest, this.#clock.now())));
    if (!owner) throw tokenInvalid();
    const passwordHash = await this.#passwords.hash(newPassword, owner);
    const userId = ownerOf(await this.#codes.redeem('password-reset', digest, this.#clock.now()));
    await this.#users.setPasswordHash(userId, null, passwordHash);
    await this.#codes.revoke('password-reset', userId);
    await endSessions(this.#sessions, this.#bus, userId);
  }
}

function ownerOf(code: OneTimeCode | null): string {
  if (code?.userId) return code.userId;
  throw tokenInvalid();
}

const tokenInvalid = (): DomainError =>
  new DomainError('RESET_TOKEN_INVALID', 'This token is not valid, or not any more. Ask for a new mail.');

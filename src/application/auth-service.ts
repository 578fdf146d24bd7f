import { checkFields, DomainError } from '../domain/errors.ts';
import type { Instant, SessionId, UserId } from '../domain/ids.ts';
import {
  ACCESS_TOKEN_MS,
  type Actor,
  DEVICE_MAX,
  REFRESH_TOKEN_MS,
  type Session,
  TICKET_MS,
} from '../domain/session.ts';
import { optionalText } from '../domain/text.ts';
import { checkDisplayName, checkEmail, checkPassword, checkUsername, loginKey, type User } from '../domain/user.ts';
import type { RefreshDigests, SessionRepository, Taken, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, Digests, IdGenerator, PasswordHasher } from './ports/services.ts';

/** What signing in gives. The transport makes the access token of it; the refresh token is had here once and never again. */
export interface Grant {
  readonly user: User;
  readonly session: Session;
  readonly refreshToken: string;
  readonly accessExpiresAt: Instant;
}

export interface Registration {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | null;
  readonly device?: string | null;
}

const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;

/**
 * Accounts, sessions and what proves them. One session is one signed-in device. Its refresh token changes with every use, and
 * a second use of an old one ends the session (RFC 9700 4.14.2).
 */
export class AuthService {
  readonly #users: UserRepository;
  readonly #sessions: SessionRepository;
  readonly #hasher: PasswordHasher;
  readonly #digests: Digests;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;

  constructor(deps: {
    users: UserRepository;
    sessions: SessionRepository;
    hasher: PasswordHasher;
    digests: Digests;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
  }) {
    this.#users = deps.users;
    this.#sessions = deps.sessions;
    this.#hasher = deps.hasher;
    this.#digests = deps.digests;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  /** Makes an account and signs it in. @throws DomainError VALIDATION_FAILED, USERNAME_TAKEN, EMAIL_TAKEN */
  async register(input: Registration): Promise<Grant> {
    const checked = checkFields({
      username: () => checkUsername(input.username),
      email: () => checkEmail(input.email),
      password: () => checkPassword(input.password),
      displayName: () => checkDisplayName(input.displayName ?? null),
      device: () => optionalText(input.device ?? null, DEVICE_MAX),
    });
    const { username, email, displayName } = checked;
    const now = this.#clock.now();
    const user: User = {
      ...{ id: this.#ids.next(), username, email, displayName, bio: null, location: null, birthDate: null },
      ...{ isPrivate: false, publicFields: [], showPresence: true, role: 'user', version: 1 },
      ...{ createdAt: now, updatedAt: now },
    };
    const created = await this.#users.create(user, await this.#hasher.hash(checked.password));
    if (created !== 'created') throw takenError(created);
    return this.#signIn(user, checked.device);
  }

  /**
   * `login` is a username or an address, in any case. An unknown login and a wrong password are told in the same words and
   * take the same time.
   * @throws DomainError BAD_CREDENTIALS
   */
  async login(input: { login: string; password: string; device?: string | null }): Promise<Grant> {
    const { device } = checkFields({ device: () => optionalText(input.device ?? null, DEVICE_MAX) });
    const credential = await this.#users.findByLogin(loginKey(input.login.trim()));
    if (!credential) {
      await this.#hasher.pretend(input.password);
      throw badCredentials();
    }
    const { user, passwordHash } = credential;
    if (!(await this.#hasher.verify(passwordHash, input.password))) throw badCredentials();
    if (this.#hasher.isOutdated(passwordHash)) {
      await this.#users.setPasswordHash(user.id, passwordHash, await this.#hasher.hash(input.password));
    }
    return this.#signIn(user, device);
  }

  /** A new pair of tokens for a refresh token, which dies. @throws DomainError TOKEN_INVALID */
  async refresh(refreshToken: string): Promise<Grant> {
    const used = this.#digestsOf(refreshToken);
    const [family] = refreshToken.split('.');
    const fresh = `${family}.${this.#ids.secret(SECRET_BYTES)}`;
    const now = this.#clock.now();
    const next = this.#digestsOf(fresh).token;
    const rotation = await this.#sessions.rotate(used, next, now, now + REFRESH_TOKEN_MS);
    if ('reused' in rotation) this.#publishEnded(rotation.reused.userId, [rotation.reused.id]);
    if (!('session' in rotation)) throw tokenInvalid();
    const user = await this.#users.find(rotation.session.userId);
    if (!user) throw tokenInvalid();
    return { user, session: rotation.session, refreshToken: fresh, accessExpiresAt: now + ACCESS_TOKEN_MS };
  }

  /** The session behind an access token, if it has not ended since. @throws DomainError TOKEN_INVALID */
  async authenticate(actor: Actor): Promise<Session> {
    const session = await this.#sessions.find(actor.sessionId, this.#clock.now());
    if (session?.userId !== actor.userId) throw tokenInvalid();
    return session;
  }

  /** Ends the session that asks for it. */
  async logout(actor: Actor): Promise<void> {
    await this.endSession(actor, actor.sessionId);
  }

  async logoutAll(actor: Actor): Promise<void> {
    await this.#endAll(actor.userId, null);
  }

  /** The actor's signed-in devices, most recently used first. */
  sessions(actor: Actor): Promise<Session[]> {
    return this.#sessions.list(actor.userId, this.#clock.now());
  }

  /** @throws DomainError SESSION_NOT_FOUND, also for somebody else's */
  async endSession(actor: Actor, sessionId: SessionId): Promise<void> {
    if (!(await this.#sessions.end(actor.userId, sessionId))) {
      throw new DomainError('SESSION_NOT_FOUND', 'There is no such session.');
    }
    this.#publishEnded(actor.userId, [sessionId]);
  }

  /** Changes the password and ends all other sessions. @throws DomainError BAD_CREDENTIALS, VALIDATION_FAILED */
  async changePassword(actor: Actor, input: { currentPassword: string; newPassword: string }): Promise<void> {
    const { newPassword } = checkFields({ newPassword: () => checkPassword(input.newPassword) });
    const credential = await this.#users.findCredential(actor.userId);
    if (!credential || !(await this.#hasher.verify(credential.passwordHash, input.currentPassword))) {
      throw badCredentials();
    }
    const fresh = await this.#hasher.hash(newPassword);
    if (!(await this.#users.setPasswordHash(actor.userId, credential.passwordHash, fresh))) throw badCredentials();
    await this.#endAll(actor.userId, actor.sessionId);
  }

  /** A ticket that opens one WebSocket within 30 s, for clients that cannot send a header. */
  async issueTicket(actor: Actor): Promise<{ ticket: string; expiresInMs: number }> {
    const ticket = this.#ids.secret(SECRET_BYTES);
    const expiresAt = this.#clock.now() + TICKET_MS;
    await this.#sessions.createTicket(this.#digests.digest(ticket), actor.sessionId, expiresAt);
    return { ticket, expiresInMs: TICKET_MS };
  }

  /** The session that a ticket was given to, once. @throws DomainError TOKEN_INVALID */
  async redeemTicket(ticket: string): Promise<Session> {
    const now = this.#clock.now();
    const sessionId = await this.#sessions.redeemTicket(this.#digests.digest(ticket), now);
    const session = sessionId === null ? null : await this.#sessions.find(sessionId, now);
    if (!session) throw tokenInvalid();
    return session;
  }

  async #signIn(user: User, device: string | null): Promise<Grant> {
    const now = this.#clock.now();
    const session: Session = {
      ...{ id: this.#ids.next(), userId: user.id, device },
      ...{ createdAt: now, lastUsedAt: now, expiresAt: now + REFRESH_TOKEN_MS },
    };
    const refreshToken = `${this.#ids.secret(FAMILY_BYTES)}.${this.#ids.secret(SECRET_BYTES)}`;
    await this.#sessions.create(session, this.#digestsOf(refreshToken));
    return { user, session, refreshToken, accessExpiresAt: now + ACCESS_TOKEN_MS };
  }

  /**
   * A refresh token is `family.secret`. The family names the session without being its id, so that whoever knows it has held a
   * token of this session: with the wrong secret it is an old one.
   */
  #digestsOf(refreshToken: string): RefreshDigests {
    const [family = '', secret, ...rest] = refreshToken.split('.');
    if (!family || !secret || rest.length > 0) throw tokenInvalid();
    return { family: this.#digests.digest(family), token: this.#digests.digest(secret) };
  }

  async #endAll(userId: UserId, except: SessionId | null): Promise<void> {
    this.#publishEnded(userId, await this.#sessions.endAll(userId, except));
  }

  #publishEnded(userId: UserId, sessionIds: readonly SessionId[]): void {
    if (sessionIds.length > 0) this.#bus.publish({ type: 'sessions.ended', userId, sessionIds });
  }
}

export function takenError(taken: Taken): DomainError {
  return taken === 'username-taken'
    ? new DomainError('USERNAME_TAKEN', 'This username is taken.')
    : new DomainError('EMAIL_TAKEN', 'This e-mail address is taken.');
}

const badCredentials = (): DomainError => new DomainError('BAD_CREDENTIALS', 'The login or the password is wrong.');
const tokenInvalid = (): DomainError => new DomainError('TOKEN_INVALID', 'The token is not valid, or not any more.');

import { checkFields, DomainError } from '../domain/errors.ts';
import type { Instant, SessionId } from '../domain/ids.ts';
import {
  ACCESS_TOKEN_MS,
  type Actor,
  BASIC_DEVICE,
  BASIC_SESSION_MS,
  DEVICE_MAX,
  REFRESH_TOKEN_MS,
  SESSIONS_MAX,
  type Session,
  TICKET_MS,
} from '../domain/session.ts';
import { optionalText } from '../domain/text.ts';
import { checkPassword, loginKey, type User } from '../domain/user.ts';
import { type AccountCreation, type NewAccount, newAccountRules } from './account-creation.ts';
import { endSessions, tellEnded } from './end-sessions.ts';
import type { InvitationService } from './invitation-service.ts';
import type { NewPasswords } from './new-passwords.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { Credential, RefreshDigests, SessionRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, Digests, IdGenerator, KeyedDigests, PasswordHasher } from './ports/services.ts';

/** What signing in gives. The transport makes the access token of it; the refresh token is had here once and never again. */
export interface Grant {
  readonly user: User;
  readonly session: Session;
  readonly refreshToken: string;
  readonly accessExpiresAt: Instant;
}

export interface Registration extends NewAccount {
  readonly device?: string | null;
  readonly invitation?: string | null;
}

const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;

/**
 * Accounts, sessions and what proves them. One session is one signed-in device. Its refresh token changes with every use, and
 * the use of an old one ends the session (RFC 9700 4.14.2).
 */
export class AuthService {
  readonly #users: UserRepository;
  readonly #sessions: SessionRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #creation: AccountCreation;
  readonly #invitations: InvitationService;
  readonly #hasher: PasswordHasher;
  readonly #passwords: NewPasswords;
  readonly #digests: Digests;
  readonly #successors: KeyedDigests;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;

  constructor(deps: {
    users: UserRepository;
    sessions: SessionRepository;
    codes: OneTimeCodeRepository;
    creation: AccountCreation;
    invitations: InvitationService;
    hasher: PasswordHasher;
    passwords: NewPasswords;
    digests: Digests;
    successors: KeyedDigests;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
  }) {
    this.#users = deps.users;
    this.#sessions = deps.sessions;
    this.#codes = deps.codes;
    this.#creation = deps.creation;
    this.#invitations = deps.invitations;
    this.#hasher = deps.hasher;
    this.#passwords = deps.passwords;
    this.#digests = deps.digests;
    this.#successors = deps.successors;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  /**
   * Makes an account and signs it in. An invitation is used up by it, and by nothing less.
   * @throws DomainError VALIDATION_FAILED, PASSWORD_WEAK, USERNAME_TAKEN, EMAIL_TAKEN, INVITATION_INVALID, FORBIDDEN where it
   * takes an invitation
   */
  async register(input: Registration): Promise<Grant> {
    const invitation = await this.#invitations.admit(input.invitation ?? null);
    const { device, ...account } = checkFields({
      ...newAccountRules(input),
      device: () => optionalText(input.device ?? null, DEVICE_MAX),
    });
    if (invitation) await this.#invitations.redeem(invitation);
    const creating = this.#creation.create(account, invitation?.role ?? 'user');
    const user = await creating.catch(async (error: unknown) => {
      if (invitation && error instanceof DomainError) await this.#invitations.giveBack(invitation);
      throw error;
    });
    return this.#signIn(user, device);
  }

  /**
   * `login` is a username or an address, in any case. An unknown login and a wrong password are told in the same words and
   * take the same time; that an account is suspended is told to whoever has its password.
   * @throws DomainError BAD_CREDENTIALS, ACCOUNT_SUSPENDED
   */
  async login(input: { login: string; password: string; device?: string | null }): Promise<Grant> {
    const { device } = checkFields({ device: () => optionalText(input.device ?? null, DEVICE_MAX) });
    const proven = await this.#prove(input);
    const grant = await this.#signIn(proven.user, device);
    await this.#confirm(proven, grant.session);
    return grant;
  }

  /**
   * On whose behalf a script acts that sends login and password with each request. Scripts of one person share a session,
   * which is in his list like any other and is a new one after an hour: so whatever ends sessions ends this access too, and the
   * password is asked for again. docs/adr/0007 has the reasons.
   * @throws DomainError BAD_CREDENTIALS, ACCOUNT_SUSPENDED
   */
  async openBasicSession(input: { login: string; password: string }): Promise<Actor> {
    const proven = await this.#prove(input);
    const { id: userId } = proven.user;
    const now = this.#clock.now();
    const open = (await this.#sessions.list(userId, now)).find(
      ({ device, createdAt }) => device === BASIC_DEVICE && createdAt > now - BASIC_SESSION_MS,
    );
    const session = open ?? (await this.#signIn(proven.user, BASIC_DEVICE, 2 * BASIC_SESSION_MS)).session;
    await this.#confirm(proven, session);
    return { userId, sessionId: session.id };
  }

  /** The account that login and password stand for. */
  async #prove(input: { login: string; password: string }): Promise<Credential> {
    const credential = await this.#users.findByLogin(loginKey(input.login.trim()));
    if (!credential) {
      await this.#hasher.pretend(input.password);
      throw badCredentials();
    }
    const { user, passwordHash } = credential;
    if (!(await this.#hasher.verify(passwordHash, input.password))) throw badCredentials();
    if (user.suspendedAt !== null) throw suspended();
    if (!this.#hasher.isOutdated(passwordHash)) return credential;
    const fresh = await this.#hasher.hash(input.password);
    const renewed = await this.#users.setPasswordHash(user.id, passwordHash, fresh);
    return { user, passwordHash: renewed ? fresh : passwordHash };
  }

  /** What was proven before a session began may have changed by then, with all sessions ended but this one. */
  async #confirm({ user, passwordHash }: Credential, session: Session): Promise<void> {
    const current = await this.#users.findCredential(user.id);
    if (current?.passwordHash === passwordHash && current.user.suspendedAt === null) return;
    await this.#sessions.end(user.id, session.id);
    throw current?.user.suspendedAt ? suspended() : badCredentials();
  }

  /**
   * A new pair of tokens for a refresh token, which dies. Its successor is always the same, so whom the answer does not reach may
   * ask again for 30 s, until the successor is used: docs/adr/0011. @throws DomainError TOKEN_INVALID
   */
  async refresh(refreshToken: string): Promise<Grant> {
    const used = this.#digestsOf(refreshToken);
    const [family] = refreshToken.split('.');
    const fresh = `${family}.${this.#successors.digest(`after refresh token ${refreshToken}`)}`;
    const now = this.#clock.now();
    const next = this.#digestsOf(fresh).token;
    const rotation = await this.#sessions.rotate(used, next, now, now + REFRESH_TOKEN_MS);
    if ('reused' in rotation)
      tellEnded(this.#bus, { userId: rotation.reused.userId, sessionIds: [rotation.reused.id] });
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

  /** Those of these sessions that have not ended. */
  living(sessionIds: readonly SessionId[]): Promise<ReadonlySet<SessionId>> {
    return this.#sessions.living(sessionIds, this.#clock.now());
  }

  /** Ends the session that asks for it. Also where another request has just ended it. */
  async logout({ userId, sessionId }: Actor): Promise<void> {
    if (await this.#sessions.end(userId, sessionId)) tellEnded(this.#bus, { userId, sessionIds: [sessionId] });
  }

  async logoutAll(actor: Actor): Promise<void> {
    await endSessions(this.#sessions, this.#bus, actor.userId);
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
    tellEnded(this.#bus, { userId: actor.userId, sessionIds: [sessionId] });
  }

  /**
   * Changes the password and ends all other sessions, and what is signed in by the old password itself.
   * @throws DomainError BAD_CREDENTIALS, VALIDATION_FAILED, PASSWORD_WEAK
   */
  async changePassword(actor: Actor, input: { currentPassword: string; newPassword: string }): Promise<void> {
    const { newPassword } = checkFields({ newPassword: () => checkPassword(input.newPassword) });
    const credential = await this.#users.findCredential(actor.userId);
    if (!credential || !(await this.#hasher.verify(credential.passwordHash, input.currentPassword))) {
      throw badCredentials();
    }
    const fresh = await this.#passwords.hash(newPassword, credential.user);
    if (!(await this.#users.setPasswordHash(actor.userId, credential.passwordHash, fresh))) throw badCredentials();
    await this.#codes.revoke('password-reset', actor.userId);
    const session = await this.#sessions.find(actor.sessionId, this.#clock.now());
    const kept = session?.device === BASIC_DEVICE ? null : actor.sessionId;
    await endSessions(this.#sessions, this.#bus, actor.userId, kept);
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

  async #signIn(user: User, device: string | null, forMs: number = REFRESH_TOKEN_MS): Promise<Grant> {
    const now = this.#clock.now();
    const session: Session = {
      ...{ id: this.#ids.next(), userId: user.id, device },
      ...{ createdAt: now, lastUsedAt: now, expiresAt: now + forMs },
    };
    const refreshToken = `${this.#ids.secret(FAMILY_BYTES)}.${this.#ids.secret(SECRET_BYTES)}`;
    await this.#sessions.create(session, this.#digestsOf(refreshToken));
    await this.#endSurplus(session);
    return { user, session, refreshToken, accessExpiresAt: now + ACCESS_TOKEN_MS };
  }

  /** Of more sessions than a person may have, those end that were not used for longest. */
  async #endSurplus({ userId, id: newest, createdAt: now }: Session): Promise<void> {
    const others = (await this.#sessions.list(userId, now)).filter(({ id }) => id !== newest);
    const surplus = others.slice(SESSIONS_MAX - 1).map(({ id }) => id);
    for (const id of surplus) await this.#sessions.end(userId, id);
    tellEnded(this.#bus, { userId, sessionIds: surplus });
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
}

const badCredentials = (): DomainError => new DomainError('BAD_CREDENTIALS', 'The login or the password is wrong.');
const suspended = (): DomainError => new DomainError('ACCOUNT_SUSPENDED', 'This account is suspended.');
const tokenInvalid = (): DomainError => new DomainError('TOKEN_INVALID', 'The token is not valid, or not any more.');

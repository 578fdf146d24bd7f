import { DomainError } from '../domain/errors.ts';
import type { Instant } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import type { User } from '../domain/user.ts';
import type { OneTimeCode, OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { UserRepository } from './ports/persistence.ts';
import type { Clock, Digests, IdGenerator } from './ports/services.ts';
import { requireAdmin } from './require-admin.ts';

/** Who may make an account for himself: anybody, whoever was invited, or nobody. */
export type RegistrationMode = 'open' | 'invitation' | 'closed';

/** A fresh invitation. The code is had here once and never again. */
export interface Invitation {
  readonly code: string;
  readonly expiresAt: Instant;
}

const CODE_BYTES = 18;
const INVITATION_MS = 7 * 24 * 3_600_000;

/** Invitations: who may register where not everybody may, and what he becomes. */
export class InvitationService {
  readonly #codes: OneTimeCodeRepository;
  readonly #users: UserRepository;
  readonly #digests: Digests;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly mode: RegistrationMode;

  constructor(deps: {
    codes: OneTimeCodeRepository;
    users: UserRepository;
    digests: Digests;
    clock: Clock;
    ids: IdGenerator;
    mode: RegistrationMode;
  }) {
    this.#codes = deps.codes;
    this.#users = deps.users;
    this.#digests = deps.digests;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.mode = deps.mode;
  }

  /** Admins only. @throws DomainError FORBIDDEN, also where registration is closed */
  async invite(actor: Actor, role: User['role']): Promise<Invitation> {
    await requireAdmin(this.#users, actor);
    if (this.mode === 'closed') throw closed();
    return this.#create(actor.userId, role);
  }

  /** The server's own invitation to become its first admin; good also where registration is closed. */
  inviteAdmin(): Promise<Invitation> {
    return this.#create(null, 'admin');
  }

  /**
   * What lets somebody with this code register, or somebody with none; null where none is needed.
   * @throws DomainError FORBIDDEN, INVITATION_INVALID
   */
  async admit(code: string | null): Promise<OneTimeCode | null> {
    if (code === null) {
      if (this.mode === 'open') return null;
      throw this.mode === 'closed' ? closed() : new DomainError('FORBIDDEN', 'Registration is by invitation.');
    }
    const invitation = await this.#codes.find('invitation', this.#digests.digest(code), this.#clock.now());
    const isServers = invitation?.userId === null;
    if (this.mode === 'closed' && !isServers) throw closed();
    if (!invitation || !(await this.#mayInvite(invitation.userId))) throw invalidInvitation();
    return invitation;
  }

  /** Uses it up. @throws DomainError INVITATION_INVALID when somebody was faster */
  async redeem({ digest }: OneTimeCode): Promise<void> {
    if (!(await this.#codes.redeem('invitation', digest, this.#clock.now()))) throw invalidInvitation();
  }

  /** Makes it good again: nobody came in by it after all. */
  async giveBack(invitation: OneTimeCode): Promise<void> {
    await this.#codes.create(invitation);
  }

  /** Makes it worthless. */
  async withdraw({ code }: Invitation): Promise<void> {
    await this.#codes.redeem('invitation', this.#digests.digest(code), this.#clock.now());
  }

  /** Else whoever is suspended could have invited himself before. */
  async #mayInvite(userId: OneTimeCode['userId']): Promise<boolean> {
    const user = userId === null ? null : await this.#users.find(userId);
    return userId === null || (user?.role === 'admin' && user.suspendedAt === null);
  }

  async #create(userId: OneTimeCode['userId'], role: User['role']): Promise<Invitation> {
    const code = this.#ids.secret(CODE_BYTES);
    const expiresAt = this.#clock.now() + INVITATION_MS;
    const digest = this.#digests.digest(code);
    await this.#codes.create({ digest, purpose: 'invitation', userId, role, expiresAt });
    return { code, expiresAt };
  }
}

const closed = (): DomainError => new DomainError('FORBIDDEN', 'Registration is closed.');
const invalidInvitation = (): DomainError =>
  new DomainError('INVITATION_INVALID', 'This invitation is not valid, or not any more.');

import { checkFields, DomainError } from '../domain/errors.ts';
import type { UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import { type User, userNotFound } from '../domain/user.ts';
import { type AccountCreation, type NewAccount, newAccountRules } from './account-creation.ts';
import { endSessions } from './end-sessions.ts';
import type { SessionRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';
import { requireAdmin } from './require-admin.ts';
import { updateUser } from './update-user.ts';

/** What the admins of a server do with other people's accounts. Everybody else is refused with FORBIDDEN. */
export class AdministrationService {
  readonly #users: UserRepository;
  readonly #sessions: SessionRepository;
  readonly #creation: AccountCreation;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: {
    users: UserRepository;
    sessions: SessionRepository;
    creation: AccountCreation;
    bus: EventBus;
    clock: Clock;
  }) {
    this.#users = deps.users;
    this.#sessions = deps.sessions;
    this.#creation = deps.creation;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** Makes an account for somebody else. @throws DomainError FORBIDDEN, VALIDATION_FAILED, PASSWORD_WEAK, USERNAME_TAKEN, EMAIL_TAKEN */
  async createUser(actor: Actor, input: NewAccount & { readonly role?: User['role'] }): Promise<User> {
    await requireAdmin(this.#users, actor);
    return this.#creation.create(checkFields(newAccountRules(input)), input.role ?? 'user');
  }

  /**
   * Signs somebody out everywhere, and lets him in nowhere, until he is restored. To do it again changes nothing.
   * @throws DomainError FORBIDDEN, USER_NOT_FOUND, SUSPENDING_ONESELF
   */
  async suspend(actor: Actor, userId: UserId): Promise<void> {
    await requireAdmin(this.#users, actor);
    if (userId === actor.userId) throw new DomainError('SUSPENDING_ONESELF', 'Nobody suspends himself.');
    await this.#setSuspended(userId, this.#clock.now());
    await endSessions(this.#sessions, this.#bus, userId, null, { suspended: true });
  }

  /** @throws DomainError FORBIDDEN, USER_NOT_FOUND */
  async restore(actor: Actor, userId: UserId): Promise<void> {
    await requireAdmin(this.#users, actor);
    await this.#setSuspended(userId, null);
  }

  async #setSuspended(userId: UserId, at: number | null): Promise<void> {
    const change = ({ suspendedAt }: User) => ((suspendedAt === null) === (at === null) ? {} : { suspendedAt: at });
    const updated = await updateUser(this.#users, this.#clock, userId, change);
    if (!updated) throw userNotFound();
    this.#bus.publish({ type: 'user.updated', userId, version: updated.version });
  }
}

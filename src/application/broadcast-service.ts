import { checkFields } from '../domain/errors.ts';
import { checkContent } from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import type { UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';
import { requireAdmin } from './require-admin.ts';

/** Announcements to everybody who is connected. They are not stored. */
export class BroadcastService {
  readonly #users: UserRepository;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: { users: UserRepository; bus: EventBus; clock: Clock }) {
    this.#users = deps.users;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** @throws DomainError FORBIDDEN, VALIDATION_FAILED */
  async send(actor: Actor, input: { content: string }): Promise<void> {
    await requireAdmin(this.#users, actor);
    const { content } = checkFields({ content: () => checkContent(input.content) });
    this.#bus.publish({ type: 'broadcast', userId: actor.userId, content, at: this.#clock.now() });
  }
}

import { FOR_EVER } from '../domain/chat.ts';
import { validationFailed } from '../domain/errors.ts';
import type { ChatId, Instant } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import type { ChatService } from './chat-service.ts';
import type { ChatRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';

/** Of which chats a person wants no notifications. Clients keep to it; what is sent is the same. All of his devices are told. */
export class MuteService {
  readonly #access: ChatService;
  readonly #chats: ChatRepository;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: { access: ChatService; chats: ChatRepository; bus: EventBus; clock: Clock }) {
    this.#access = deps.access;
    this.#chats = deps.chats;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** Until then, or for ever. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN, VALIDATION_FAILED */
  async mute(actor: Actor, chatId: ChatId, until: Instant | null): Promise<void> {
    await this.#access.membership(actor, chatId);
    if (until !== null && until <= this.#clock.now()) {
      throw validationFailed([{ path: '/until', message: 'must lie ahead' }]);
    }
    await this.#set(actor, chatId, until ?? FOR_EVER);
  }

  /** @throws DomainError CHAT_NOT_FOUND, FORBIDDEN */
  async unmute(actor: Actor, chatId: ChatId): Promise<void> {
    await this.#access.membership(actor, chatId);
    await this.#set(actor, chatId, null);
  }

  async #set({ userId }: Actor, chatId: ChatId, until: Instant | null): Promise<void> {
    await this.#chats.mute(chatId, userId, until);
    this.#bus.publish({ type: 'chat.muted', chatId, userId, until });
  }
}

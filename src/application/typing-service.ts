import type { ChatId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import type { ChatService } from './chat-service.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';

const GAP_MS = 3_000;
/** In a larger chat nobody hears who types. */
const MEMBERS_TOLD_MAX = 100;
const REMEMBERED_MAX = 10_000;

/** Who is about to write something. Told to the others of a chat, and never stored. */
export class TypingService {
  readonly #chats: ChatService;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();

  constructor(deps: { chats: ChatService; bus: EventBus; clock: Clock }) {
    this.#chats = deps.chats;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** Tells it once in 3 s for each person and chat. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN */
  async tell(actor: Actor, chatId: ChatId): Promise<void> {
    const { chat } = await this.#chats.membership(actor, chatId);
    if (chat.memberCount > MEMBERS_TOLD_MAX || !this.#isDue(`${chatId} ${actor.userId}`)) return;
    this.#bus.publish({ type: 'chat.typing', chatId, userId: actor.userId });
  }

  #isDue(key: string): boolean {
    const now = this.#clock.elapsed();
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < GAP_MS) return false;
    this.#told.delete(key);
    this.#told.set(key, now);
    if (this.#told.size > REMEMBERED_MAX) {
      for (const [oldest, at] of this.#told) {
        if (now - at < GAP_MS && this.#told.size <= REMEMBERED_MAX * 2) break;
        this.#told.delete(oldest);
      }
    }
    return true;
  }
}

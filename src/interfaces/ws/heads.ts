import type { ChatService } from '../../application/chat-service.ts';
import type { Logger } from '../../application/ports/services.ts';
import type { ChatId } from '../../domain/ids.ts';

const CHATS_PER_READ = 500;
const RETRY_MS = 1_000;

/** Finds what bells have not told: reads the heads of chats, many at once, and says how far each has got. */
export class Heads {
  readonly #chats: Pick<ChatService, 'findMany'>;
  readonly #logger: Logger;
  readonly #reached: (chatId: ChatId, rev: number) => void;
  #waiting: ChatId[] = [];

  constructor(deps: {
    chats: Pick<ChatService, 'findMany'>;
    logger: Logger;
    reached: (chatId: ChatId, rev: number) => void;
  }) {
    this.#chats = deps.chats;
    this.#logger = deps.logger;
    this.#reached = deps.reached;
  }

  /** Reads the head of this chat together with all others that are asked for in this turn. */
  read(chatId: ChatId): void {
    if (this.#waiting.push(chatId) > 1) return;
    setImmediate(() => {
      const chatIds = this.#waiting;
      this.#waiting = [];
      void this.readAll(chatIds);
    });
  }

  /** What cannot be read is tried again soon. */
  async readAll(chatIds: readonly ChatId[]): Promise<void> {
    for (let i = 0; i < chatIds.length; i += CHATS_PER_READ) {
      const some = chatIds.slice(i, i + CHATS_PER_READ);
      try {
        for (const { id, rev } of await this.#chats.findMany(some)) this.#reached(id, rev);
      } catch (err) {
        this.#logger.warn({ err }, 'heads not read; soon again');
        setTimeout(() => void this.readAll(some), RETRY_MS).unref();
      }
    }
  }
}

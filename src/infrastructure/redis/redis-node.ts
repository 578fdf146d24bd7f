import type { EventBus, PresenceStore, RateLimiter } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';
import { RedisEventBus } from './redis-event-bus.ts';
import { RedisLink } from './redis-link.ts';
import { RedisPresenceStore } from './redis-presence-store.ts';
import { RedisRateLimiter } from './redis-rate-limiter.ts';

/** What one process has of Redis: a connection, and adapters on it, each over one that knows this process alone. */
export class RedisNode {
  readonly #link: RedisLink;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #nodeId: string;
  #presence: RedisPresenceStore | null = null;

  /**
   * @param deps.epoch the store's: nodes of other stores may use the same Redis
   * @param deps.nodeId a UUID that no other process has
   */
  constructor(deps: { url: string; logger: Logger; epoch: string; nodeId: string }) {
    this.#link = new RedisLink(deps);
    this.#logger = deps.logger;
    this.#prefix = `parley:${deps.epoch}`;
    this.#nodeId = deps.nodeId;
  }

  eventBus(local: EventBus): EventBus {
    return new RedisEventBus({ ...this.#deps, local, logger: this.#logger });
  }

  presenceStore(own: PresenceStore): PresenceStore {
    this.#presence = new RedisPresenceStore({ ...this.#deps, own });
    return this.#presence;
  }

  rateLimiter(own: RateLimiter): RateLimiter {
    return new RedisRateLimiter({ ...this.#deps, own });
  }

  /** Begins to connect, once the adapters are there, and waits no longer than this. Answers whether Redis is there. */
  open(patienceMs: number): Promise<boolean> {
    return this.#link.open(patienceMs);
  }

  /** Says good-bye to the other nodes, and sends what is on its way. */
  async close(): Promise<void> {
    await this.#presence?.close();
    await this.#link.close();
  }

  get #deps() {
    return { link: this.#link, prefix: this.#prefix, nodeId: this.#nodeId };
  }
}

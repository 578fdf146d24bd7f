import type { BusEvent, EventBus } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';

type Listener = (event: BusEvent) => void;

/**
 * The bus of a single process: every listener has been called when `publish` returns, but for events that a listener itself
 * publishes: they come next, so that all listeners see one order. A listener that throws is logged and stops nobody else.
 */
export class LocalEventBus implements EventBus {
  /** There are none. */
  readonly reachesOthers = true;
  readonly #logger: Logger;
  readonly #listeners = new Set<Listener>();
  #queue: BusEvent[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  publish(event: BusEvent): void {
    const isHandingOver = this.#queue.push(event) > 1;
    if (isHandingOver) return;
    try {
      for (const next of this.#queue) this.#handOver(next);
    } finally {
      this.#queue = [];
    }
  }

  subscribe(listener: Listener): () => void {
    const own: Listener = (event) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  follow(): null {
    return null;
  }

  unfollow(): void {}

  #handOver(event: BusEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ err: error, event: event.type }, 'a listener of the bus failed');
      }
    }
  }
}

import type { Store } from '../application/ports/persistence.ts';
import type { EventBus } from '../application/ports/realtime.ts';
import type { Clock } from '../application/ports/services.ts';

const CHECK_MS = 2_000;

export interface ReadinessReport {
  readonly ready: boolean;
  /** Why not, one word each: `stopping`, `store`; or what is degraded while it is ready: `bus`. */
  readonly reasons: readonly string[];
}

/** Whether this process wants new work: its store answers, and it is not stopping. Without its bus it still serves. */
export class Readiness {
  readonly #store: Pick<Store, 'check'>;
  readonly #bus: Pick<EventBus, 'reachesOthers'>;
  readonly #clock: Clock;
  #stopping = false;

  constructor(deps: { store: Pick<Store, 'check'>; bus: Pick<EventBus, 'reachesOthers'>; clock: Clock }) {
    this.#store = deps.store;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** From now on not ready, so that a proxy sends new work elsewhere. */
  stop(): void {
    this.#stopping = true;
  }

  async report(): Promise<ReadinessReport> {
    if (this.#stopping) return { ready: false, reasons: ['stopping'] };
    const silent = this.#clock.sleep(CHECK_MS).then(() => false);
    const answered = this.#store.check().then(
      () => true,
      () => false,
    );
    const ready = await Promise.race([answered, silent]);
    const reasons = [...(ready ? [] : ['store']), ...(this.#bus.reachesOthers ? [] : ['bus'])];
    return { ready, reasons };
  }
}

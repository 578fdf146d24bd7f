import type { Allowance, Rate, RateLimiter } from '../../application/ports/realtime.ts';
import type { Clock } from '../../application/ports/services.ts';

const ALLOWED: Allowance = { allowed: true, retryAfterMs: 0 };

/**
 * Counts in the memory of this process, by the generic cell rate algorithm (ITU-T I.371, annex A): one time for each key. Of
 * more than `keysMax` keys, the one that was used longest ago is forgotten.
 */
export class LocalRateLimiter implements RateLimiter {
  readonly #clock: Clock;
  readonly #keysMax: number;
  /** When each key will have everything back; the one that was used longest ago first. */
  readonly #fullAt = new Map<string, number>();

  constructor(clock: Clock, keysMax = 100_000) {
    this.#clock = clock;
    this.#keysMax = keysMax;
  }

  async take(key: string, { max, windowMs }: Rate, cost = 1): Promise<Allowance> {
    const now = this.#clock.elapsed();
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + (Math.min(cost, max) * windowMs) / max;
    const retryAfterMs = Math.round(fullAt - now - windowMs); // a third of a second, three times, may be a little more than one
    if (retryAfterMs > 0) return { allowed: false, retryAfterMs };
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size > this.#keysMax) this.#forgetOldest();
    return ALLOWED;
  }

  #forgetOldest(): void {
    for (const oldest of this.#fullAt.keys()) {
      this.#fullAt.delete(oldest);
      return;
    }
  }
}

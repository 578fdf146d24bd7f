import type { RateLimiter } from '../application/ports/realtime.ts';
import { DomainError } from '../domain/errors.ts';
import type { LimitName, Limits } from './limits.ts';

/** The limits that both transports keep, and what counts for them. */
export class RateLimits {
  readonly #limiter: RateLimiter | null;
  readonly #limits: Limits;

  /** @param limiter null where nothing is limited */
  constructor(limiter: RateLimiter | null, limits: Limits) {
    this.#limiter = limiter;
    this.#limits = limits;
  }

  /**
   * Counts what this address, user, login or e-mail address wants to do.
   * @throws DomainError RATE_LIMITED, with the time to wait, where that is too much
   */
  async take(name: LimitName, subject: string, cost = 1): Promise<void> {
    if (!this.#limiter) return;
    const { allowed, retryAfterMs } = await this.#limiter.take(`${name}:${subject}`, this.#limits[name], cost);
    if (!allowed) throw new DomainError('RATE_LIMITED', 'Too many requests.', { retryAfterMs });
  }
}

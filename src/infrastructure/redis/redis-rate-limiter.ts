import type { Allowance, Rate, RateLimiter } from '../../application/ports/realtime.ts';
import type { RedisLink } from './redis-link.ts';

/**
 * The generic cell rate algorithm (ITU-T I.371, annex A) in one step, by Redis' own clock: the key holds when it will have
 * everything back, and is gone by then. Answers after how many milliseconds the same would be allowed, 0 where it is.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local max, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local fullAt = tonumber(redis.call('GET', KEYS[1]) or now)
fullAt = math.max(math.min(fullAt, now + window), now) + math.min(cost, max) * window / max
local wait = math.floor(fullAt - now - window + 0.5)
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.3f', fullAt), 'PX', math.max(1, math.ceil(fullAt - now)))
return 0`;

/** Counts in Redis, for all nodes together; while that is away, by the limiter of this node. */
export class RedisRateLimiter implements RateLimiter {
  readonly #link: RedisLink;
  readonly #own: RateLimiter;
  readonly #prefix: string;

  /** @param deps.own counts for this node alone */
  constructor(deps: { link: RedisLink; own: RateLimiter; prefix: string }) {
    this.#link = deps.link;
    this.#own = deps.own;
    this.#prefix = `${deps.prefix}:rate`;
  }

  async take(key: string, rate: Rate, cost = 1): Promise<Allowance> {
    const numbers = [rate.max, rate.windowMs, cost].map(String);
    const wait = await this.#link.ask((client) =>
      client.eval(TAKE, { keys: [`${this.#prefix}:${key}`], arguments: numbers }),
    );
    if (typeof wait !== 'number') return this.#own.take(key, rate, cost);
    return { allowed: wait === 0, retryAfterMs: wait };
  }
}

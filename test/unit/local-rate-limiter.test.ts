import { describe, expect, test } from '@jest/globals';
import { LocalRateLimiter } from '../../src/infrastructure/local/local-rate-limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';

const TEN_A_SECOND = { max: 10, windowMs: 1_000 };
const THREE_A_SECOND = { max: 3, windowMs: 1_000 };

function start(keysMax?: number) {
  const clock = new ManualClock();
  return { clock, limiter: new LocalRateLimiter(clock, keysMax) };
}

const takeUntilRefused = async (limiter: LocalRateLimiter, rate = THREE_A_SECOND, key = 'ann') => {
  for (let taken = 0; ; taken += 1) if (!(await limiter.take(key, rate)).allowed) return taken;
};

describe('LocalRateLimiter', () => {
  test.each([1, 3, 7, 60, 999])('allows %d at once, and then one after each part of the window', async (max) => {
    const { clock, limiter } = start();
    const rate = { max, windowMs: 60_000 };
    expect(await takeUntilRefused(limiter, rate)).toBe(max);
    const { allowed, retryAfterMs } = await limiter.take('ann', rate);
    expect([allowed, Math.abs(retryAfterMs - rate.windowMs / max) <= 1]).toEqual([false, true]);
    clock.advance(retryAfterMs - 1);
    expect((await limiter.take('ann', rate)).allowed).toBe(false);
    clock.advance(1);
    expect(await takeUntilRefused(limiter, rate)).toBe(1);
  });

  test('gives everything back after the window, and no more', async () => {
    const { clock, limiter } = start();
    await takeUntilRefused(limiter);
    clock.advance(100 * THREE_A_SECOND.windowMs);
    expect(await takeUntilRefused(limiter)).toBe(3);
  });

  test('a cost takes so much at once; what is refused takes nothing and may be smaller', async () => {
    const { clock, limiter } = start();
    expect(await limiter.take('ann', TEN_A_SECOND, 8)).toEqual({ allowed: true, retryAfterMs: 0 });
    expect(await limiter.take('ann', TEN_A_SECOND, 5)).toEqual({ allowed: false, retryAfterMs: 300 });
    expect(await limiter.take('ann', TEN_A_SECOND, 2)).toEqual({ allowed: true, retryAfterMs: 0 });
    clock.advance(1_000);
    expect((await limiter.take('ann', TEN_A_SECOND, 50)).allowed).toBe(true);
    expect(await limiter.take('ann', TEN_A_SECOND)).toEqual({ allowed: false, retryAfterMs: 100 });
  });

  test('counts each key for itself', async () => {
    const { limiter } = start();
    await takeUntilRefused(limiter);
    expect(await takeUntilRefused(limiter, THREE_A_SECOND, 'bob')).toBe(3);
  });

  test('holds nobody off for longer than a window, though the clock was set back', async () => {
    const { clock, limiter } = start();
    await takeUntilRefused(limiter);
    clock.set(clock.now() - 86_400_000);
    expect(await limiter.take('ann', THREE_A_SECOND)).toEqual({ allowed: false, retryAfterMs: 333 });
  });

  test('knows so many keys at most, and forgets the one that was used longest ago', async () => {
    const { limiter } = start(2);
    for (const key of ['ann', 'bob']) await takeUntilRefused(limiter, THREE_A_SECOND, key);
    await limiter.take('eve', THREE_A_SECOND);
    expect((await limiter.take('bob', THREE_A_SECOND)).allowed).toBe(false);
    expect(await takeUntilRefused(limiter, THREE_A_SECOND, 'ann')).toBe(3);
  });
});

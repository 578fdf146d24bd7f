import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RateLimiter } from '../../src/application/ports/realtime.ts';
import { anId, ids } from '../support/builders.ts';

/** One adapter's way to give the suite two nodes; where it is for one process, both are the same. */
export interface RateLimiterHarness {
  readonly name: string;
  fresh(): Promise<{ readonly here: RateLimiter; readonly there: RateLimiter; dispose(): Promise<void> }>;
}

const FIVE_A_MINUTE = { max: 5, windowMs: 60_000 };

/** Proves the promises of RateLimiter, by the clock of the wall. */
export function rateLimiterSuite(harness: RateLimiterHarness): void {
  describe(`RateLimiter on ${harness.name}`, () => {
    let here: RateLimiter;
    let there: RateLimiter;
    let dispose: () => Promise<void>;
    beforeEach(async () => {
      ({ here, there, dispose } = await harness.fresh());
    });
    afterEach(() => dispose());

    test('all nodes count together, and what is refused says when it would be allowed', async () => {
      const began = Date.now();
      for (const node of [here, there, here, there, here]) {
        expect(await node.take('k', FIVE_A_MINUTE)).toEqual({ allowed: true, retryAfterMs: 0 });
      }
      for (const node of [here, there]) {
        const { allowed, retryAfterMs } = await node.take('k', FIVE_A_MINUTE);
        expect(allowed).toBe(false);
        expect(retryAfterMs).toBeGreaterThan(11_900 - (Date.now() - began));
        expect(retryAfterMs).toBeLessThanOrEqual(12_000);
      }
    });

    test('of many at once so many are allowed', async () => {
      const taken = await Promise.all(ids(40).map((_, i) => (i % 2 === 0 ? here : there).take('k', FIVE_A_MINUTE)));
      expect(taken.filter(({ allowed }) => allowed)).toHaveLength(5);
    });

    test('each key counts for itself, whatever it is called', async () => {
      for (const key of ['k', 'k:1', 'login:Ann Ж\r\n$5', anId()]) {
        expect((await here.take(key, FIVE_A_MINUTE, 5)).allowed).toBe(true);
        expect((await there.take(key, FIVE_A_MINUTE)).allowed).toBe(false);
      }
    });

    test('a cost takes so much at once, more than all counts as all, and a refusal takes nothing', async () => {
      expect((await here.take('k', FIVE_A_MINUTE, 4)).allowed).toBe(true);
      expect((await here.take('k', FIVE_A_MINUTE, 3)).allowed).toBe(false);
      expect((await here.take('k', FIVE_A_MINUTE, 1)).allowed).toBe(true);
      expect((await here.take('other', FIVE_A_MINUTE, 100)).allowed).toBe(true);
    });

    test('comes back with time', async () => {
      const rate = { max: 2, windowMs: 600 };
      for (;;) {
        const [key, began] = [anId(), performance.now()];
        expect((await here.take(key, rate, 2)).allowed).toBe(true);
        const { allowed, retryAfterMs } = await there.take(key, rate);
        if (allowed && performance.now() - began >= 300) continue; // it has come back already: the machine stood still
        expect([allowed, retryAfterMs <= 300]).toEqual([false, true]);
        await sleep(retryAfterMs + 1);
        expect((await there.take(key, rate)).allowed).toBe(true);
        break;
      }
    });
  });
}

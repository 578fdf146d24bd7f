import { describe, expect, test } from '@jest/globals';
import type { Letter } from '../../src/application/ports/mail-queue.ts';
import { ids, NOON } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const MINUTE = 60_000;
const LETTER: Letter = { kind: 'password-reset', to: 'Ann <ünï@example.org>' };

/** Proves the promises of MailQueue. */
export function mailQueueSuite(harness: StoreHarness): void {
  describe(`MailQueue on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const claim = (now: number, limit = 10) => subject.store.mailQueue.claim(now, now + MINUTE, limit);
    const idsOf = (letters: readonly { readonly id: string }[]) => letters.map(({ id }) => id).toSorted();

    test('gives back a letter as it was queued, also after a restart', async () => {
      const changed: Letter = { kind: 'address-changed', to: 'old@example.org', userId: 'ann' };
      await subject.store.mailQueue.enqueue('one', LETTER, NOON);
      await subject.store.mailQueue.enqueue('two', changed, NOON + 1);
      const { mailQueue } = await subject.restart();
      const letters = await mailQueue.claim(NOON + 1, NOON + MINUTE, 10);
      expect(letters).toHaveLength(2);
      expect(letters).toContainEqual({ id: 'one', letter: LETTER, queuedAt: NOON, attempts: 1 });
      expect(letters).toContainEqual({ id: 'two', letter: changed, queuedAt: NOON + 1, attempts: 1 });
    });

    test('queues one id once while it waits, and again after it is done', async () => {
      const { mailQueue } = subject.store;
      for (const at of [NOON, NOON + 1]) await mailQueue.enqueue('one', LETTER, at);
      expect(await claim(NOON)).toHaveLength(1);
      await mailQueue.enqueue('one', LETTER, NOON + 2);
      expect(await claim(NOON + 2)).toEqual([]);
      await mailQueue.done('one');
      await mailQueue.done('one');
      expect(await claim(NOON + MINUTE)).toEqual([]);
      await mailQueue.enqueue('one', LETTER, NOON + 3);
      expect(await claim(NOON + 3)).toEqual([{ id: 'one', letter: LETTER, queuedAt: NOON + 3, attempts: 1 }]);
    });

    test('gives what is due, the longest due if there are more, and not before', async () => {
      for (const [i, id] of ['a', 'b', 'c'].entries()) await subject.store.mailQueue.enqueue(id, LETTER, NOON - i);
      expect(await claim(NOON - 3)).toEqual([]);
      expect(idsOf(await claim(NOON, 2))).toEqual(['b', 'c']);
      expect(idsOf(await claim(NOON, 2))).toEqual(['a']);
    });

    test('gives it again when the lease has run out or at the time that its failure says', async () => {
      await subject.store.mailQueue.enqueue('one', LETTER, NOON);
      await claim(NOON);
      expect(await claim(NOON + MINUTE - 1)).toEqual([]);
      expect(await claim(NOON + MINUTE)).toEqual([{ id: 'one', letter: LETTER, queuedAt: NOON, attempts: 2 }]);
      await subject.store.mailQueue.failed('one', NOON + 5 * MINUTE);
      expect(await claim(NOON + 5 * MINUTE - 1)).toEqual([]);
      expect((await claim(NOON + 5 * MINUTE))[0]?.attempts).toBe(3);
      await subject.store.mailQueue.failed('gone', NOON);
      expect(await claim(NOON)).toEqual([]);
    });

    test('gives each of 20 letters to one of many who race', async () => {
      const letters = ids(20);
      for (const id of letters) await subject.store.mailQueue.enqueue(id, LETTER, NOON);
      const stores = [subject.store, await subject.second()];
      const claims = ids(10).map((_, i) => stores[i % 2]?.mailQueue.claim(NOON, NOON + MINUTE, 5) ?? []);
      const given = (await Promise.all(claims)).flat();
      expect(idsOf(given)).toEqual(letters.toSorted());
    });
  });
}

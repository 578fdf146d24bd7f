import { describe, expect, test } from '@jest/globals';
import { ids } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Proves the promises of StoreSettings, and that an open store says that it is well. */
export function settingsSuite(harness: StoreHarness): void {
  describe(`StoreSettings on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    test('has one epoch, for every instance and after a restart', async () => {
      const { settings } = subject.store;
      const other = (await subject.second()).settings;
      const epochs = await Promise.all(ids(10).map((_, i) => (i % 2 === 0 ? settings : other).epoch()));
      const [epoch] = epochs;
      expect(epoch?.length).toBeGreaterThanOrEqual(16);
      expect(new Set(epochs).size).toBe(1);
      expect(await (await subject.restart()).settings.epoch()).toBe(epoch);
    });

    test('has an epoch of its own', async () => {
      const other = await harness.fresh();
      try {
        expect(await other.store.settings.epoch()).not.toBe(await subject.store.settings.epoch());
      } finally {
        await other.dispose();
      }
    });

    test('has another epoch once it is renewed, for whoever opens it then', async () => {
      const { settings } = subject.store;
      const before = await settings.epoch();
      const renewed = await settings.renewEpoch();
      expect(renewed).not.toBe(before);
      expect(await settings.epoch()).toBe(renewed);
      expect(await (await subject.restart()).settings.epoch()).toBe(renewed);
    });

    test('can be given a new epoch before it has had any', async () => {
      const other = await harness.fresh();
      try {
        const { settings } = other.store;
        expect(await settings.renewEpoch()).toBe(await settings.epoch());
      } finally {
        await other.dispose();
      }
    });

    test('keeps the first value given for a name', async () => {
      const { settings } = subject.store;
      expect(await settings.find('one')).toBeNull();
      expect(await settings.keep('one', 'first')).toBe('first');
      expect(await settings.find('one')).toBe('first');
      expect(await settings.keep('one', 'second')).toBe('first');
      expect(await settings.keep('other', 'second')).toBe('second');
      const again = (await subject.restart()).settings;
      expect(await again.keep('one', 'third')).toBe('first');
    });

    test('gives 20 who race the same value', async () => {
      const { settings } = subject.store;
      const other = (await subject.second()).settings;
      const values = await Promise.all(ids(20).map((id, i) => (i % 2 === 0 ? settings : other).keep('raced', id)));
      expect(new Set(values).size).toBe(1);
      expect(await settings.keep('raced', 'late')).toBe(values[0]);
    });

    test('is well', async () => {
      await expect(subject.store.check()).resolves.toBeUndefined();
    });
  });
}

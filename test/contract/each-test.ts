import { afterEach, beforeEach } from '@jest/globals';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { StoreHarness, StoreUnderTest } from './harness.ts';

/** The store of the running test. */
export interface Subject {
  readonly store: Store;
  /** Another instance over the same data where the adapter bears one, else the same one: "another node". */
  second(): Promise<Store>;
  /** The store as a restarted process finds it. */
  restart(): Promise<Store>;
}

/** Gives each test of the describe in which it is called a new, empty store, and takes it away afterwards. */
export function storeForEachTest(harness: StoreHarness): Subject {
  let current: StoreUnderTest | null = null;
  const subject = (): StoreUnderTest => {
    if (!current) throw new Error('no test is running');
    return current;
  };
  beforeEach(async () => {
    current = await harness.fresh();
  });
  afterEach(async () => {
    await current?.dispose();
    current = null;
  });
  return {
    get store() {
      return subject().store;
    },
    second: async () => (await subject().second()) ?? subject().store,
    restart: () => subject().restart(),
  };
}

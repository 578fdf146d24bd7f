import type { Store } from '../../src/application/ports/persistence.ts';

/** One adapter's way to give the contract suites a store of their own. */
export interface StoreHarness {
  readonly name: string;
  /** A new, empty, migrated store that nobody else uses. */
  fresh(): Promise<StoreUnderTest>;
}

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes what is open and opens the same data again, as a restarted process would. */
  restart(): Promise<Store>;
  /**
   * A second instance over the same data while the first goes on, as a second node would; null where the store is for one
   * process (SQLite).
   */
  second(): Promise<Store | null>;
  /** Closes every instance and takes the data away. */
  dispose(): Promise<void>;
}

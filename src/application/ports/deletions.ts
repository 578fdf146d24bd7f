import type { Instant, UserId } from '../../domain/ids.ts';

/** An account that is no more, while something of it is left to be cleared away. */
export interface Deletion {
  readonly userId: UserId;
  /** What becomes of his messages. */
  readonly messages: 'keep' | 'erase';
  readonly at: Instant;
}

/** The end of accounts. */
export interface DeletionRepository {
  /**
   * Takes an account away and puts down what is left to do, in one step. From then on no method of UserRepository finds it; its
   * address is free, its username not yet. False where there is no such account.
   */
  begin(deletion: Deletion): Promise<boolean>;
  /** Those that are not finished, oldest first, at most `limit`. */
  unfinished(limit: number): Promise<Deletion[]>;
  /**
   * Takes what was deleted out of the store's own files too, where bytes stay in unused parts of them. False where it would take
   * too long while the store is in use, and some may be left. @throws StoreError while somebody reads what was there before
   */
  scrub(): Promise<boolean>;
  finish(userId: UserId): Promise<void>;
  /** Frees the usernames of accounts that were deleted before this. */
  releaseNames(before: Instant): Promise<void>;
}

import { StoreError } from '../application/ports/persistence.ts';
import { DomainError } from '../domain/errors.ts';

const RETRY_AFTER_MS = 1_000;

/**
 * Whatever was thrown, as the refusal that a client is given: a store that cannot be reached is UNAVAILABLE, and anything that
 * nobody foresaw is INTERNAL, without a word of what it was. The original is its `cause`, for the log.
 */
export function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof StoreError) {
    const options = { retryAfterMs: RETRY_AFTER_MS, cause: error };
    return new DomainError('UNAVAILABLE', 'The store cannot be reached.', options);
  }
  return new DomainError('INTERNAL', 'Something went wrong here.', { cause: error });
}

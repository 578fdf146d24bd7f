import type { Instant, UserId } from '../../domain/ids.ts';

/**
 * A reason to write to somebody. The mail itself is made when it is sent, so that no code that opens an account is ever stored.
 * `password-reset`: somebody asked for it, whether or not the address is anybody's. `address-changed`: to the former one.
 */
export type Letter =
  | { readonly kind: 'password-reset'; readonly to: string }
  | { readonly kind: 'address-changed'; readonly to: string; readonly userId: UserId };

export interface QueuedLetter {
  readonly id: string;
  readonly letter: Letter;
  readonly queuedAt: Instant;
  /** How often it was claimed, this time too. */
  readonly attempts: number;
}

/** Letters that wait to be sent. Each is sent at least once, whatever crashes. */
export interface MailQueue {
  /** Queues it, due at once; one whose id waits already is not queued again. */
  enqueue(id: string, letter: Letter, now: Instant): Promise<void>;
  /** At most `limit` of those that are due, the longest due, in no order; nobody else is given them before `leaseUntil`. */
  claim(now: Instant, leaseUntil: Instant, limit: number): Promise<QueuedLetter[]>;
  /** It was sent, or need not be. */
  done(id: string): Promise<void>;
  /** It could not be sent, and is due again at `retryAt`. */
  failed(id: string, retryAt: Instant): Promise<void>;
}

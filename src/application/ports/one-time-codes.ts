import type { Instant, UserId } from '../../domain/ids.ts';
import type { User } from '../../domain/user.ts';

/** A secret that is good for one thing, once, and known to the store by its digest only. */
export interface OneTimeCode {
  readonly digest: string;
  readonly purpose: 'invitation' | 'password-reset';
  /** Whose password may be set, or who invites; null where the server itself does. */
  readonly userId: UserId | null;
  /** What an invitation makes of whoever registers with it. */
  readonly role: User['role'];
  readonly expiresAt: Instant;
}

export interface OneTimeCodeRepository {
  create(code: OneTimeCode): Promise<void>;
  /** One that is unused and has not expired by `now`. */
  find(purpose: OneTimeCode['purpose'], digest: string, now: Instant): Promise<OneTimeCode | null>;
  /** The same, and takes it: of any number at once one gets it, and nobody ever after. */
  redeem(purpose: OneTimeCode['purpose'], digest: string, now: Instant): Promise<OneTimeCode | null>;
  /** Takes away all of this person's. */
  revoke(purpose: OneTimeCode['purpose'], userId: UserId): Promise<void>;
  /** Forgets what has expired. */
  sweep(now: Instant): Promise<void>;
}

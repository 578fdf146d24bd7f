import type { Instant, SessionId, UserId } from './ids.ts';

export const DEVICE_MAX = 100;
export const ACCESS_TOKEN_MS = 10 * 60_000;
export const REFRESH_TOKEN_MS = 30 * 24 * 3_600_000;
export const TICKET_MS = 30_000;

/** One signed-in device. Its refresh token changes with every use; the row keeps only digests. */
export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly device: string | null;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  /** When the refresh token dies unused. Sliding: every refresh moves it. */
  readonly expiresAt: Instant;
}

/** On whose behalf a use case runs. The first argument of every one of them. */
export interface Actor {
  readonly userId: UserId;
  readonly sessionId: SessionId;
}

import type { Instant, SessionId, UserId } from './ids.ts';

export const DEVICE_MAX = 100;
/** How many devices one person may be signed in on. */
export const SESSIONS_MAX = 100;
export const ACCESS_TOKEN_MS = 10 * 60_000;
export const REFRESH_TOKEN_MS = 30 * 24 * 3_600_000;
/** How long the exchange of a refresh token may be repeated, by whom its answer did not reach. */
export const REFRESH_REPEAT_MS = 30_000;
export const TICKET_MS = 30_000;
/** How long what HTTP Basic opened is used before a new one is. */
export const BASIC_SESSION_MS = 3_600_000;
/** What the list of sessions calls the session of a script that signs in by HTTP Basic. */
export const BASIC_DEVICE = 'HTTP Basic';

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

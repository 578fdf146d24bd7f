import type { ChatId, SessionId, UserId } from '../../domain/ids.ts';
import type { Outgoing } from './outbox.ts';

/** Whoever events are brought to, in the name of one user. */
export interface Follower {
  readonly identity: { readonly userId: UserId; readonly sessionId: SessionId } | null;
  readonly following: Set<ChatId>;
  /** Chats from which the user was removed while a right was being read, each with the `rev` of that. */
  readonly rightChecks: Set<Map<ChatId, number>>;
  readonly closed: boolean;
  deliver(event: Outgoing): void;
  /** What the user's session was good for is over. */
  close(code: number, reason: string): void;
}

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

/** Does this while every chat from which the user is removed meanwhile is kept, with the `rev` of that. He must be attached. */
export async function watchingRemovals<T>(
  follower: Follower,
  work: (removed: ReadonlyMap<ChatId, number>) => Promise<T>,
): Promise<T> {
  const removed = new Map<ChatId, number>();
  follower.rightChecks.add(removed);
  try {
    return await work(removed);
  } finally {
    follower.rightChecks.delete(removed);
  }
}

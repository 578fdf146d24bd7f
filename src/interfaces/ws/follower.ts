import type { Change } from '../../domain/changes.ts';
import type { ChatId, SessionId, UserId } from '../../domain/ids.ts';
import type { Outgoing } from './outbox.ts';

/** Whoever events are brought to, in the name of one user. */
export interface Follower {
  readonly identity: { readonly userId: UserId; readonly sessionId: SessionId } | null;
  readonly following: Set<ChatId>;
  /** Chats from which the user was removed while a right was being read, each with the `rev` of that; null while none is read. */
  rightChecks: Set<Map<ChatId, number>> | null;
  readonly closed: boolean;
  deliver(event: Outgoing): void;
  /** What the user's session was good for is over. */
  close(code: number, reason: string): void;
}

export const userIdOf = ({ identity }: Pick<Follower, 'identity'>): UserId => identity?.userId ?? '';

/** Does this while every chat from which the user is removed meanwhile is kept, with the `rev` of that. He must be attached. */
export async function watchingRemovals<T>(
  follower: Follower,
  work: (removed: ReadonlyMap<ChatId, number>) => Promise<T>,
): Promise<T> {
  const removed = new Map<ChatId, number>();
  follower.rightChecks ??= new Set();
  const checks = follower.rightChecks.add(removed);
  try {
    return await work(removed);
  } finally {
    checks.delete(removed);
    if (checks.size === 0) follower.rightChecks = null;
  }
}

/** Of whoever is removed while one of his connections reads what it may follow, that is kept. */
export function voidRights(
  of: { connectionsOf(userId: UserId): readonly Follower[] },
  chatId: ChatId,
  changes: readonly Change[],
): void {
  for (const change of changes) {
    if (change.type !== 'member.removed') continue;
    for (const connection of change.userIds.flatMap((userId) => of.connectionsOf(userId))) {
      for (const check of connection.rightChecks ?? []) check.set(chatId, change.rev);
    }
  }
}

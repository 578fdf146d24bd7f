import type { BusEvent } from '../../application/ports/realtime.ts';
import type { Change, Commit } from '../../domain/changes.ts';
import type { ChatId, Instant, UserId } from '../../domain/ids.ts';
import type { Follower } from './follower.ts';

/** Somebody to whom a chat is new. */
export interface Newcomer {
  readonly userId: UserId;
  readonly at: Instant;
}

export type ReadBell = Extract<BusEvent, { type: 'chat.read' }>;
/** It waits its turn like the rest: who was just brought in may not have been shown the chat yet. */
export type TypingBell = Extract<BusEvent, { type: 'chat.typing' }>;

/**
 * There is something to deliver: what a commit holds, a read mark, that somebody types, what the log has up to a rev, a chat to whom
 * it is new.
 */
export type Bell = Commit | ReadBell | TypingBell | number | Newcomer;

export const isCommit = (bell: Bell): bell is Commit => typeof bell !== 'number' && 'changes' in bell;
export const isRead = (bell: Bell): bell is ReadBell => typeof bell !== 'number' && 'toAll' in bell;
export const isTyping = (bell: Bell): bell is TypingBell =>
  typeof bell !== 'number' && 'type' in bell && bell.type === 'chat.typing';

/** Those to whom this change makes the chat new. */
export const newcomersOf = (change: Change): readonly UserId[] =>
  change.type === 'chat.created' || change.type === 'member.added' ? change.userIds : [];

/** One chat that sockets of this node follow. */
export interface Channel {
  readonly chatId: ChatId;
  readonly followers: Set<Follower>;
  /** The last `rev` that was delivered, or that its first followers read for themselves; null until then. */
  rev: number | null;
  readonly bells: Bell[];
  busy: boolean;
}

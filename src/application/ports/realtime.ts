import type { Commit } from '../../domain/changes.ts';
import type { ChatId, Instant, SessionId, UserId } from '../../domain/ids.ts';

/** A bell: something happened that open sockets may have to hear of. What matters is in the store, before the bell rings. */
export type BusEvent =
  | { readonly type: 'commit'; readonly commit: Commit }
  | {
      readonly type: 'chat.read';
      readonly chatId: ChatId;
      readonly userId: UserId;
      readonly seq: number;
      /** For the reader's own devices. */
      readonly unreadCount: number;
      /** Whether the other members hear of it too. */
      readonly toAll: boolean;
    }
  | { readonly type: 'user.updated'; readonly userId: UserId; readonly version: number }
  | {
      readonly type: 'sessions.ended';
      readonly userId: UserId;
      readonly sessionIds: readonly SessionId[];
      /** Because the account was suspended. */
      readonly suspended?: true;
    }
  | {
      readonly type: 'presence.changed';
      readonly userId: UserId;
      readonly status: PresenceStatus;
      readonly lastSeenAt: Instant | null;
      /** The chats whose members hear of it. */
      readonly chatIds: readonly ChatId[];
    }
  | { readonly type: 'chat.typing'; readonly chatId: ChatId; readonly userId: UserId }
  | { readonly type: 'broadcast'; readonly userId: UserId; readonly content: string; readonly at: Instant };

export type OnlineStatus = 'online' | 'away';
export type PresenceStatus = OnlineStatus | 'offline';

/** Who is connected, over all nodes. A node that ends without a word is forgotten within 30 s. */
export interface PresenceStore {
  /**
   * Keeps what one connection says of its user; null when it has ended. A user is online if any of his connections says so, else
   * away if he has any.
   */
  set(userId: UserId, connectionId: string, status: OnlineStatus | null): Promise<void>;
  /** Whoever is offline is left out. */
  statuses(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, OnlineStatus>>;
  /** Everybody who is not offline, in no order. */
  connected(): Promise<UserId[]>;
}

/**
 * Carries events to every node that listens. It may drop, double and reorder; whoever listens must bear it (a commit's revs say
 * what is missing). Within one process it does none of these.
 */
export interface EventBus {
  /** Hands over and returns at once; a bus that is away is never waited for, and never throws. */
  publish(event: BusEvent): void;
  /** Calls back for every event, in the order of publication, until the returned function is called. */
  subscribe(listener: (event: BusEvent) => void): () => void;
}

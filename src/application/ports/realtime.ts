import type { Commit } from '../../domain/changes.ts';
import type { ChatId, SessionId, UserId } from '../../domain/ids.ts';

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
  | { readonly type: 'sessions.ended'; readonly userId: UserId; readonly sessionIds: readonly SessionId[] };

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

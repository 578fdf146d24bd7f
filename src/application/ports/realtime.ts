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
      /** For the reader's own devices, and as of this `rev` of the chat. */
      readonly unreadCount: number;
      readonly rev: number;
      /** Whether the other members hear of it too. */
      readonly toAll: boolean;
    }
  | {
      readonly type: 'chat.muted';
      readonly chatId: ChatId;
      /** Whose devices hear of it, and nobody else's. */
      readonly userId: UserId;
      /** Null where the chat is muted no more. */
      readonly until: Instant | null;
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
  | { readonly type: 'broadcast'; readonly userId: UserId; readonly content: string; readonly at: Instant }
  /** Events since then may have got lost: whoever keeps something by them reads it again. */
  | { readonly type: 'missed'; readonly since: Instant };

/** What a node may want to hear of: a chat that its sockets follow, or a person who is connected to it. */
export type Topic = `chat:${ChatId}` | `user:${UserId}`;

export type OnlineStatus = 'online' | 'away';
export type PresenceStatus = OnlineStatus | 'offline';

/** Who is connected, over all nodes. A node that ends without a word is forgotten within 30 s. It never throws: what is not known is left out. */
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
  /** Whoever was connected to a node that has ended without a word. Each node's people are told once, to one of the others. */
  vanished(): Promise<UserId[]>;
}

/** So much at once; it grows back evenly within the window, so that it is also the most in the long run. */
export interface Rate {
  readonly max: number;
  readonly windowMs: number;
}

export interface Allowance {
  readonly allowed: boolean;
  /** After how many milliseconds the same would be allowed; 0 where it is. */
  readonly retryAfterMs: number;
}

/** Counts, over all nodes, what each key uses up of its rate. Bounded in memory: it may forget a key, to the key's favour. */
export interface RateLimiter {
  /**
   * Takes `cost`, 1 unless given, from what the key has left; more than `max` counts as `max`. What is refused takes nothing.
   * Never rejects, and never waits for long: who cannot reach the other nodes counts alone.
   */
  take(key: string, rate: Rate, cost?: number): Promise<Allowance>;
}

/**
 * Carries events to every node that wants them. It may drop, double and reorder; whoever listens must bear it (a commit's revs
 * say what is missing). Where it knows that it may have dropped some, it says `missed`. Within one process it does none of these.
 */
export interface EventBus {
  /** Hands over and returns at once; a bus that is away is never waited for, and never throws. */
  publish(event: BusEvent): void;
  /** Calls back for every event of this node, and for those of others that it follows, until the returned function is called. */
  subscribe(listener: (event: BusEvent) => void): () => void;
  /**
   * From now on this node wants events of these topics, until `unfollow` has been called as often. Null if it hears of them
   * already; else resolves once it does: what others published before may have passed by. What is not about a chat or a person's
   * own connections comes unasked.
   */
  follow(topics: readonly Topic[]): Promise<void> | null;
  unfollow(topics: readonly Topic[]): void;
  /** Whether events reach other nodes at present. */
  readonly reachesOthers: boolean;
}

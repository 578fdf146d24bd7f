import type { Attachment, Chat, Me, Member, Message, Presence, UserRef } from './contract.ts';
import type { ParleyError } from './parley-error.ts';

/**
 * Everything that a user interface shows, in one immutable tree: what did not change keeps its identity. Things are kept once, under
 * their ids: a person's name and picture are in `users`, whatever the copies inside messages and chats say.
 */
export interface ParleyState {
  readonly account: Account;
  readonly connection: Connection;
  /** Why this client stopped for good (a close code of 4400 to 4499); `connect()` tries again. */
  readonly stopped: ParleyError | null;
  /** Whose state this is; known before `me` is. */
  readonly userId: string | null;
  readonly me: Me | null;
  readonly users: ById<UserRef>;
  /** Mine, by id; see `chatList` for their order. */
  readonly chats: ById<Chat>;
  /** Whether `chats` has been read since sign-in, or is there from the copy; it stays so while offline. */
  readonly chatsLoaded: boolean;
  /** One window into the history of each chat that was looked into. */
  readonly timelines: ById<Timeline>;
  /** Of the chats whose members were asked for. */
  readonly members: ById<MemberList>;
  /** Who is not in it is offline. */
  readonly presence: ById<Presence>;
  /** Who is typing, by chat, longest first. */
  readonly typing: ById<readonly string[]>;
  /** What is to be sent, by chat, in the order in which it will be; what was refused stays in its place. */
  readonly outbox: ById<readonly OutgoingMessage[]>;
}

export type ById<T> = Readonly<Record<string, T>>;

/** `unknown` until the storage has told whether somebody is signed in. */
export type Account = 'unknown' | 'signed-out' | 'signed-in';

/** `offline` only after 5 s without a link, so that a blink is not shown. */
export type Connection = 'idle' | 'connecting' | 'online' | 'offline';

/** Consecutive lines of one chat, by `seq`. It ends at the newest line unless `hasNewer`, and then grows as lines come. */
export interface Timeline {
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export interface MemberList {
  /** In the order of joining in the store; those who came since at the end. */
  readonly items: readonly Member[];
  readonly nextCursor: string | null;
}

/** A message of mine that is not in the history yet. */
export interface OutgoingMessage {
  readonly clientId: string;
  readonly chatId: string;
  readonly content: string;
  readonly replyTo: string | null;
  readonly attachments: readonly Attachment[];
  readonly createdAt: string;
  /** Of two messages the one with the lower number goes first. */
  readonly order: number;
  /** `sent` is stored, and about to appear in the history; `refused` waits for `messages.retry` or `messages.discard`. */
  readonly status: 'waiting' | 'sent' | 'refused';
  /** Once it is sent: the change of its chat that stored it. */
  readonly rev: number | null;
  /** Why it was refused. */
  readonly error: { readonly code: string; readonly detail: string } | null;
}

/** A line as it is shown: stored, or on its way. Both have the same key (`lineKey`), so one takes the other's place. */
export type Line = Message | OutgoingMessage;

export const INITIAL_STATE: ParleyState = {
  account: 'unknown',
  connection: 'idle',
  stopped: null,
  userId: null,
  me: null,
  users: {},
  chats: {},
  chatsLoaded: false,
  timelines: {},
  members: {},
  presence: {},
  typing: {},
  outbox: {},
};

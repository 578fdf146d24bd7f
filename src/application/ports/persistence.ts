/**
 * What the use cases ask of a store. Two adapters keep these promises (SQLite, MongoDB); `test/contract` proves each on both.
 *
 * For all of it: absence is a value (null, an empty list), a refusal is an answer, and only a store that cannot be reached or
 * cannot write throws, with `StoreError`. A write that was answered is durable and visible to every read that starts later, in
 * any process.
 */
import type { Change, ChatState, Commit } from '../../domain/changes.ts';
import type { Chat, Member, ReadMark } from '../../domain/chat.ts';
import type { Needs } from '../../domain/decide.ts';
import type { BlobId, ChatId, Instant, MessageId, SessionId, UserId } from '../../domain/ids.ts';
import type { Message, MessageFilter } from '../../domain/message.ts';
import type { Session } from '../../domain/session.ts';
import type { FileUse, StoredFile } from '../../domain/stored-file.ts';
import type { User } from '../../domain/user.ts';
import type { DeletionRepository } from './deletions.ts';
import type { MailQueue } from './mail-queue.ts';
import type { OneTimeCodeRepository } from './one-time-codes.ts';

/**
 * The store could not do it. `not-done`: certainly nothing was stored (the disk is full, no connection could be made).
 * `unknown`: it may have been (a time-out, a link lost after the request left); the same call again finds out.
 */
export class StoreError extends Error {
  readonly outcome: 'not-done' | 'unknown';

  constructor(outcome: 'not-done' | 'unknown', cause: unknown) {
    super(`the store could not answer (${outcome}): ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'StoreError';
    this.outcome = outcome;
  }
}

/**
 * The store is there but not one that this program may use: another program's, a newer version's, a damaged one, one that
 * another process has open. Nothing was changed.
 */
export class StoreRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreRefused';
  }
}

/** Rows that a writer still has in memory from its own last commit; they spare the store a read. */
export interface KnownRows {
  readonly chat: Chat;
  readonly members: ReadonlyMap<UserId, Member>;
}

/** The changes of one chat with `rev` above the one and up to and with the other. */
export interface RevRange {
  readonly chatId: ChatId;
  readonly afterRev: number;
  readonly upTo: number;
}

/** The log of every chat, and the only way in which a chat changes. docs/adr/0002 has the reasons. */
export interface ChatLog {
  /**
   * The rows that a decision needs: the chat's row first, then the rest, so that nothing is older than the head. With `known`,
   * what it holds is not read; should a row turn out newer than the known head, everything is read afresh.
   */
  load(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState>;

  /**
   * Stores each commit, whole, if its chat's head is still at `firstRev - 1`, and writes its images where they are newer than
   * the rows; one promise per commit, in the same order. A commit that is stored already, by its id, is `stored` again: so an
   * append may be repeated until its answer is known. At most one commit per chat in a call. After `conflict` a `load` without
   * `known` sees what came in between.
   * Rejects with StoreError; `unknown` means that the same commit must be appended again before anything else in its chat.
   */
  append(commits: readonly Commit[]): Promise<'stored' | 'conflict'>[];

  /** Says that these commits were published: nobody needs to do so after a crash. May be late, may be lost, never throws. */
  settle(commits: readonly Commit[]): void;

  /** Commits that were stored and not settled, older than this many milliseconds, oldest first, at most `limit`. */
  unsettled(olderThanMs: number, limit: number): Promise<Commit[]>;

  /** Changes with `rev` above `afterRev`, in order, at most `limit`. Changes below a chat's floor may be missing. */
  changesAfter(chatId: ChatId, afterRev: number, limit: number): Promise<Change[]>;

  /**
   * The same for many chats together, in one look-up where that is worth something: a list for each range, in their order. No
   * `upTo` may lie above a head that was read before.
   */
  changesIn(ranges: readonly RevRange[]): Promise<Change[][]>;

  /**
   * Empties what deleted chats left, a step at a time: messages up to the floor keep their numbers and clientId only, changes
   * below the floor are dropped. Answers true when there is nothing left to do.
   */
  purge(): Promise<boolean>;
}

/** A person's membership with all that a chat list shows. */
export interface Membership {
  readonly chat: Chat;
  readonly member: Member;
  readonly mark: ReadMark;
  /** Until when the member wants no notifications of this chat; null where he has not said so. */
  readonly mutedUntil: Instant | null;
}

export interface MarkedMember {
  readonly member: Member;
  readonly mark: ReadMark;
}

/** Where a chat stands, and one of its members in it. */
export interface ChatHead extends Pick<Chat, 'id' | 'rev' | 'seq' | 'memberCount'> {
  /** The `seq` of his `effectiveMark`. */
  readonly readSeq: number;
  /** As in his membership. */
  readonly mutedUntil: Instant | null;
}

/** Reading chats and memberships, and the read marks, which are not of the log. */
export interface ChatRepository {
  find(chatId: ChatId): Promise<Chat | null>;

  /** The membership, also of a chat that is deleted or left (see `chat.live`, `member.active`); null if there never was one. */
  membership(chatId: ChatId, userId: UserId): Promise<Membership | null>;

  /**
   * All active memberships of live chats, or those of these chats alone, in no order; at most 2 indexed look-ups however many
   * there are.
   */
  memberships(userId: UserId, chatIds?: readonly ChatId[]): Promise<Membership[]>;

  /** Of the same chats the heads alone, which cost a fraction. */
  heads(userId: UserId): Promise<ChatHead[]>;

  countMemberships(userId: UserId): Promise<number>;

  /** Active members with `userId` above `after`, in the order of their ids, at most `limit`. */
  members(chatId: ChatId, after: UserId | null, limit: number): Promise<MarkedMember[]>;

  /** The membership rows of these people, also of those who have gone, in no order; who never was a member is left out. */
  membersById(chatId: ChatId, userIds: readonly UserId[]): Promise<MarkedMember[]>;

  /** The same over many chats, in one look-up. */
  membersIn(of: readonly { readonly chatId: ChatId; readonly userId: UserId }[]): Promise<MarkedMember[]>;

  /** Raises somebody's mark, each part on its own, and answers what it is then. Null if he has no membership row. */
  raiseMark(chatId: ChatId, userId: UserId, mark: ReadMark): Promise<ReadMark | null>;

  /** Keeps until when somebody wants no notifications; null ends it. Answers whether he has a membership row. */
  mute(chatId: ChatId, userId: UserId, until: Instant | null): Promise<boolean>;

  /**
   * The list keys of live public rooms, from the first one after `after` (`''` is before all), in the order of their UTF-8
   * bytes. What it costs depends on `limit` alone.
   */
  listPublic(after: string, limit: number): Promise<string[]>;

  /** Many by their ids, in no order; what is not there is left out. */
  findMany(chatIds: readonly ChatId[]): Promise<Chat[]>;

  /** Whether both are active members of some live chat. */
  shareChat(a: UserId, b: UserId): Promise<boolean>;

  /** Those of these people who share a live chat with this one; at most 2 look-ups however many they are. */
  acquaintances(userId: UserId, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>;

  /** Ids of all chats in which he has a membership row, in no order: also of deleted ones, and of those that he has left. */
  chatIdsEver(userId: UserId): Promise<ChatId[]>;
}

export interface MessagePage {
  /** Only `seq` above this. */
  readonly above: number;
  /** Only `seq` up to and with this: the head that the reader was shown. */
  readonly upTo: number;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** From where on unread lines are counted, and up to which head: what was stored after it does not count yet. */
export interface UnreadQuery {
  readonly chatId: ChatId;
  readonly above: number;
  readonly head: Pick<Chat, 'rev' | 'seq'>;
}

/** Reading messages. They are written by `ChatLog.append` alone. */
export interface MessageRepository {
  find(chatId: ChatId, messageId: MessageId): Promise<Message | null>;

  /** Many of one chat by their ids, in no order; what is not there is left out. */
  findMany(chatId: ChatId, messageIds: readonly MessageId[]): Promise<Message[]>;

  /** The same over many chats, in one look-up. */
  findIn(of: readonly { readonly chatId: ChatId; readonly messageId: MessageId }[]): Promise<Message[]>;

  /** Lines of one chat by `seq`. */
  page(chatId: ChatId, page: MessagePage): Promise<Message[]>;

  /** Those lines of the page that pass the filter. It may look at every line between the bounds, so they bound its cost. */
  search(chatId: ChatId, page: MessagePage, filter: MessageFilter): Promise<Message[]>;

  /** The lines at these places, in no order, in one look-up; what is not there is left out. */
  at(places: readonly { readonly chatId: ChatId; readonly seq: number }[]): Promise<Message[]>;

  /** The `n` of the last line with `seq` up to this; 0 where there is none. */
  countUpTo(chatId: ChatId, seq: number): Promise<number>;

  /**
   * For each chat, how many lines above the mark are written by `userId` himself or, by others, deleted: what an unread count
   * leaves out. At most 2 indexed look-ups for all.
   */
  countNotUnread(userId: UserId, queries: readonly UnreadQuery[]): Promise<Map<ChatId, number>>;
}

export type Taken = 'username-taken' | 'email-taken';

/** Accounts. Usernames and addresses are unique by `uniqueKey`; the store forbids a second one, whatever races. */
export interface UserRepository {
  create(user: User, passwordHash: string): Promise<'created' | Taken>;
  find(userId: UserId): Promise<User | null>;
  /** In no order; what is not there is left out. */
  findMany(userIds: readonly UserId[]): Promise<User[]>;
  /** By `loginKey` of a username or an address, with the password's hash, which is had here and by `findCredential` alone. */
  findByLogin(key: string): Promise<Credential | null>;
  findCredential(userId: UserId): Promise<Credential | null>;
  /** Replaces the row if its version is still `user.version - 1`. */
  update(user: User): Promise<'updated' | 'stale' | Taken>;
  /**
   * Replaces the hash if it is still `current`, so that no change of a password is undone, or, with null, whatever it is;
   * answers whether it did.
   */
  setPasswordHash(userId: UserId, current: string | null, next: string): Promise<boolean>;
  /** Whether there is anybody with the role of admin who is not suspended. */
  hasAdmin(): Promise<boolean>;
  /**
   * People in the order of the query. Its cost depends on the page, not on how many people there are: it looks at a bounded
   * number of rows, so a page may be short, or empty, and go on all the same.
   */
  search(query: UserQuery): Promise<UserMatches>;
  /** Raises the time at which these people were last connected. It is not part of their rows' versions. */
  seen(userIds: readonly UserId[], at: Instant): Promise<void>;
  /** When they were last connected; whoever never was is left out. */
  lastSeen(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, Instant>>;
}

/** What people are listed by; `displayName` as strangers see it, so that nobody's place tells a name that he hides. */
export type UserOrder = 'createdAt' | 'username' | 'displayName';

/** Where somebody stands in an order: the time or the key that he is listed by, and his id, which decides between equals. */
export interface UserPosition {
  readonly value: Instant | string;
  readonly id: UserId;
}

/** All that is given must hold. `username` is as `uniqueKey` makes it, other texts as `searchKey`; nothing in them has any power. */
export interface UserQuery {
  /** Who asks. A display name that its owner keeps from strangers is looked at only for himself and for acquaintances. */
  readonly viewerId: UserId;
  readonly username?: string;
  readonly displayName?: string;
  readonly usernamePart?: string;
  readonly displayNamePart?: string;
  /** A part of either. */
  readonly part?: string;
  /** Nobody but these. */
  readonly ids?: readonly UserId[];
  readonly exceptId?: UserId;
  readonly order: UserOrder;
  readonly descending: boolean;
  /** Only who comes after this. */
  readonly after: UserPosition | null;
  readonly offset: number;
  readonly limit: number;
}

export interface UserMatches {
  readonly users: readonly User[];
  /** Where to go on; null where nobody is left. */
  readonly next: UserPosition | null;
}

export interface Credential {
  readonly user: User;
  readonly passwordHash: string;
}

/** What a refresh token is known by: its session's family and its own digest. Neither gives the token. */
export interface RefreshDigests {
  readonly family: string;
  readonly token: string;
}

export type Rotation = { readonly session: Session } | { readonly refused: 'unknown' } | { readonly reused: Session };

export interface SessionRepository {
  create(session: Session, refresh: RefreshDigests): Promise<void>;
  /** A session that has not ended and not expired by `now`. */
  find(sessionId: SessionId, now: Instant): Promise<Session | null>;
  /** Those of these that have not ended and not expired by `now`; in one look-up. */
  living(sessionIds: readonly SessionId[], now: Instant): Promise<ReadonlySet<SessionId>>;
  /** Most recently used first. */
  list(userId: UserId, now: Instant): Promise<Session[]>;
  /**
   * Exchanges the current digest for the next one, in one conditional step: of any number at once, one wins. The same exchange
   * again, while `next` is the current one and for REFRESH_REPEAT_MS, gives the same and changes nothing. Any other digest of the right
   * family was used before: `reused`, and that session has ended.
   */
  rotate(used: RefreshDigests, next: string, now: Instant, expiresAt: Instant): Promise<Rotation>;
  /** Answers whether there was such a session. */
  end(userId: UserId, sessionId: SessionId): Promise<boolean>;
  /** Ends all but `except`; answers which. */
  endAll(userId: UserId, except: SessionId | null): Promise<SessionId[]>;
  /** Takes away all that is known of this person's sessions. */
  forget(userId: UserId): Promise<void>;
  /** Forgets what has expired: sessions and tickets. */
  sweep(now: Instant): Promise<void>;
  /** A one-use ticket for the WebSocket, by its digest. */
  createTicket(digest: string, sessionId: SessionId, expiresAt: Instant): Promise<void>;
  /** The ticket's session, once; null ever after, and for one that has expired or never was. */
  redeemTicket(digest: string, now: Instant): Promise<SessionId | null>;
}

/**
 * What is known of every file whose bytes are somewhere: a row is there before the first byte is stored, and until the last is
 * taken away. A row is open while its bytes come, then whole, and in the end doomed; only a whole one is found.
 */
export interface FileRepository {
  /** Makes an open row. Its `bytes` are what may come, so that they count while they do. */
  open(file: StoredFile): Promise<void>;
  /** Says what has come, and makes the row whole. False where it is not there or doomed. */
  complete(file: Pick<StoredFile, 'id' | 'mediaType' | 'bytes' | 'width' | 'height'>): Promise<boolean>;
  /** In no order; what is not there is left out. */
  findMany(ids: readonly BlobId[]): Promise<StoredFile[]>;
  /** What somebody has uploaded, or is uploading, that has no use yet. */
  unsent(ownerId: UserId): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Adds a use to each of these, once, and puts off their check. True if all of them are there; each that is has it anyway. */
  use(ids: readonly BlobId[], use: FileUse, checkAt: Instant): Promise<boolean>;
  /** Has this one checked at this time. */
  scheduleCheck(id: BlobId, checkAt: Instant): Promise<void>;
  /** The same for all that somebody has uploaded. */
  scheduleChecks(ownerId: UserId, checkAt: Instant): Promise<void>;
  /** Rows of any state whose check is due, those longest due first, at most `limit`. */
  due(now: Instant, limit: number): Promise<StoredFile[]>;
  /** After a check: leaves these uses and puts off the next check, unless something has happened to the row since. */
  keep(checked: StoredFile, uses: readonly FileUse[], checkAt: Instant): Promise<void>;
  /** After a check: nobody finds or uses it any more. False, and nothing is done, if something has happened to the row since. */
  doom(checked: StoredFile): Promise<boolean>;
  remove(id: BlobId): Promise<void>;
}

/** What there is one of in a store. */
export interface StoreSettings {
  /** Names this store's history; a new one after a backup was restored. */
  epoch(): Promise<string>;
  /** Gives the history a new name, and answers it. Processes that are open already go on with the old one. */
  renewEpoch(): Promise<string>;
  /** The value under this name; null where there is none. */
  find(name: string): Promise<string | null>;
  /** The value kept under this name; `fresh` becomes it where there is none. All callers get the same, whatever races. */
  keep(name: string, fresh: string): Promise<string>;
}

/** One opened store: its repositories, its health and its end. */
export interface Store {
  readonly chatLog: ChatLog;
  readonly chats: ChatRepository;
  readonly messages: MessageRepository;
  readonly users: UserRepository;
  readonly deletions: DeletionRepository;
  readonly sessions: SessionRepository;
  readonly codes: OneTimeCodeRepository;
  readonly mailQueue: MailQueue;
  readonly files: FileRepository;
  readonly settings: StoreSettings;
  /** Resolves when the store can be read and written now. @throws StoreError */
  check(): Promise<void>;
  close(): Promise<void>;
}

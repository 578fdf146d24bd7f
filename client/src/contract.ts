// Made by `npm run docs` from the contract of the server. Do not edit.

export interface Attachment {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly url: string;
}

export type Change =
  | ChangeChatCreated
  | ChangeChatUpdated
  | ChangeChatDeleted
  | ChangeMemberAdded
  | ChangeMemberUpdated
  | ChangeMemberRemoved
  | ChangeMessageCreated
  | ChangeMessageUpdated
  | ChangeMessageDeleted;

export interface ChangeChatCreated {
  readonly type: 'chat.created';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: ChatCreated;
}

export interface ChatCreated {
  readonly chat: Chat;
}

/** A chat as this member sees it. A direct chat has a peer and no name. */
export interface Chat {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly kind: 'direct' | 'group' | 'public';
  readonly name: string | null;
  readonly description: string | null;
  readonly avatarUrl: string | null;
  readonly peer: UserRef | null;
  readonly memberCount: number;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly updatedAt: string;
  readonly seq: number;
  readonly rev: number;
  readonly lastMessage: Message | null;
  readonly role: 'owner' | 'admin' | 'member';
  readonly joinedSeq: number;
  readonly readSeq: number;
  readonly unreadCount: number;
  /** No notifications of it are wanted. */
  readonly muted: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly mutedUntil: string | null;
}

/** Who somebody is. Of a deleted person only the id is left; a private one shows strangers no name and no picture. */
export interface UserRef {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly deleted: boolean;
}

/** A line of a history. A tombstone (deletedAt set) has no content, no reply and no attachments; a system line has no content. */
export interface Message {
  /** Opaque; a UUID today. */
  readonly id: string;
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly seq: number;
  readonly rev: number;
  readonly kind: 'text' | 'system';
  /** Opaque; a UUID today. */
  readonly senderId: string;
  readonly sender: UserRef;
  readonly clientId: string | null;
  readonly content: string | null;
  readonly replyTo: ReplyTo | null;
  readonly attachments: readonly Attachment[];
  readonly system: System | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly editedAt: string | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly deletedAt: string | null;
}

export interface ReplyTo {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly seq: number;
}

/** What a system line tells; who did it is the sender. */
export interface System {
  readonly type: 'chat.created' | 'chat.updated' | 'member.added' | 'member.removed';
  readonly users: readonly UserRef[];
  readonly name: string | null;
}

export interface ChangeChatUpdated {
  readonly type: 'chat.updated';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: ChatUpdated;
}

export interface ChatUpdated {
  readonly chat: ChatSettings;
  readonly message: Message | null;
}

export interface ChatSettings {
  readonly name: string | null;
  readonly description: string | null;
  readonly avatarUrl: string | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly updatedAt: string;
}

export interface ChangeChatDeleted {
  readonly type: 'chat.deleted';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: ChatDeleted;
}

export interface ChatDeleted {
}

export interface ChangeMemberAdded {
  readonly type: 'member.added';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MembersChanged;
}

export interface MembersChanged {
  readonly members: readonly Member[];
  readonly memberCount: number;
  readonly message: Message | null;
}

export interface Member {
  /** Opaque; a UUID today. */
  readonly userId: string;
  readonly user: UserRef;
  readonly role: 'owner' | 'admin' | 'member';
  /** RFC 3339, UTC, with milliseconds. */
  readonly joinedAt: string;
  readonly readSeq: number;
}

export interface ChangeMemberUpdated {
  readonly type: 'member.updated';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MembersChanged;
}

export interface ChangeMemberRemoved {
  readonly type: 'member.removed';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MembersChanged;
}

export interface ChangeMessageCreated {
  readonly type: 'message.created';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MessageChanged;
}

export interface MessageChanged {
  readonly message: Message;
}

export interface ChangeMessageUpdated {
  readonly type: 'message.updated';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MessageChanged;
}

export interface ChangeMessageDeleted {
  readonly type: 'message.deleted';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  /** Opaque; a UUID today. */
  readonly actorId: string | null;
  readonly data: MessageChanged;
}

/** What an edit has replaced. */
export interface EarlierText {
  readonly content: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
}

/** One's own profile. */
export interface Me {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly deleted: boolean;
  readonly bio: string | null;
  readonly location: string | null;
  readonly birthDate: string | null;
  readonly email: string | null;
  readonly isPrivate: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly updatedAt: string;
  readonly role: 'user' | 'admin';
  /** What strangers may see of what is otherwise hidden. */
  readonly publicFields: readonly ('email' | 'birthDate')[];
  readonly showPresence: boolean;
  readonly version: number;
}

/** Whether somebody is there. Offline and never seen is also who hides it, and who shares no chat with the one who asks. */
export interface Presence {
  /** Opaque; a UUID today. */
  readonly userId: string;
  readonly status: 'online' | 'away' | 'offline';
  /** RFC 3339, UTC, with milliseconds. */
  readonly lastSeenAt: string | null;
}

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** From a closed list; branch on this. */
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly FieldProblem[];
  /** Of the token endpoint alone: RFC 6749 5.2. */
  readonly error?: string;
  readonly error_description?: string;
}

export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** A public room as anybody sees it. */
export interface PublicChat {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly kind: 'public';
  readonly name: string | null;
  readonly description: string | null;
  readonly avatarUrl: string | null;
  readonly memberCount: number;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  readonly joined: boolean;
}

export interface Session {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly device: string | null;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly lastUsedAt: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/** A profile. What the viewer may not see is null. */
export interface User {
  /** Opaque; a UUID today. */
  readonly id: string;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly deleted: boolean;
  readonly bio: string | null;
  readonly location: string | null;
  readonly birthDate: string | null;
  readonly email: string | null;
  readonly isPrivate: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly createdAt: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly updatedAt: string;
}

export interface Accepted {
}

export interface Changes {
  readonly items: readonly Change[];
  /** The chat's head: there is more while the last item's rev is below. */
  readonly rev: number;
}

export type ChatSeen =
  | Chat
  | PublicChat;

export interface Gifs {
  readonly items: readonly Gif[];
}

export interface Gif {
  readonly id: string;
  readonly title: string;
  /** Of the provider; https. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly preview: GifPreview;
}

export interface GifPreview {
  /** Of the provider; https. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

export interface Health {
  readonly status: 'ok';
}

export interface Invitation {
  /** Registers one person. */
  readonly code: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly expiresAt: string;
}

export interface ReadResult {
  readonly readSeq: number;
  readonly unreadCount: number;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not, one word each; while ready, what is degraded. */
  readonly reasons: readonly string[];
}

export type SentResult =
  | Message
  | { readonly items: readonly Message[]; };

export interface ServerInfo {
  readonly name: 'parley';
  readonly version: string;
  readonly registration: 'open' | 'invitation' | 'closed';
  /** What this server offers beyond the core. */
  readonly features: readonly string[];
  readonly limits: Limits;
}

export interface Limits {
  readonly usernameLength: Range;
  readonly passwordLength: Range;
  readonly contentLength: number;
  readonly messagesPerBatch: number;
  readonly membersPerCall: number;
  readonly membersPerChat: number;
  readonly chatsPerUser: number;
  readonly attachmentsPerMessage: number;
  readonly attachmentBytes: number;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface SignedIn {
  readonly user: Me;
  /** For the Authorization header: "Bearer <access token>". */
  readonly accessToken: string;
  /** Good for one refresh; using it again ends the session. */
  readonly refreshToken: string;
  /** In seconds. */
  readonly expiresIn: number;
}

export interface Ticket {
  /** Opens one WebSocket: /api/v1/ws?ticket=… */
  readonly ticket: string;
  /** In seconds. */
  readonly expiresIn: number;
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** In seconds. */
  readonly expires_in: number;
  readonly refresh_token: string;
}

export interface AccountDeletion {
  readonly password: string;
  /** What becomes of what I wrote. */
  readonly messages: 'keep' | 'erase';
}

export interface AvatarQuery {
  /** Opaque; a UUID today. */
  readonly v?: string;
}

export interface Announcement {
  /** 1 to 4,000 characters, trimmed */
  readonly content: string;
}

export interface ChangesQuery {
  readonly afterRev: number;
  readonly limit?: number;
}

export interface ChatChange {
  /** 1 to 100 characters */
  readonly name?: string;
  /** at most 500 characters */
  readonly description?: string | null;
}

export interface MessageEdit {
  /** 1 to 4,000 characters, trimmed */
  readonly content: string;
}

export interface FeedQuery {
  readonly limit?: number;
  /** nextCursor of the page before */
  readonly cursor?: string;
  /** only what I wrote myself */
  readonly sender?: 'me';
}

export interface ForgottenPassword {
  /** of the account */
  readonly email: string;
}

export interface GifsQuery {
  /** 1 to 50 characters, trimmed */
  readonly q: string;
}

export interface HistoryQuery {
  readonly limit?: number;
  /** nextCursor of the page before */
  readonly cursor?: string;
  readonly offset?: number;
  readonly order?: 'asc' | 'desc';
  /** the same as order */
  readonly sort?: 'createdAt' | '-createdAt';
  readonly before?: number;
  readonly after?: number;
  readonly around?: number;
  /** Opaque; a UUID today. */
  readonly senderId?: string;
  /** the whole text, exactly */
  readonly content?: string;
  /** a part of the text, whatever the case */
  readonly 'content-like'?: string;
  /** createdAt then or later */
  readonly from?: string;
  /** createdAt then or earlier */
  readonly to?: string;
}

export interface NewInvitation {
  readonly role?: 'user' | 'admin';
}

export interface ListQuery {
  readonly limit?: number;
  /** nextCursor of the page before */
  readonly cursor?: string;
}

export interface Login {
  /** username or e-mail address */
  readonly login: string;
  readonly password: string;
  readonly device?: string | null;
}

export interface NewMembers {
  readonly userIds: readonly string[];
}

export interface Mute {
  /** RFC 3339 */
  readonly until?: string | null;
}

export type NewChatBody =
  | NewGroup
  | NewRoom
  | NewDirectChat;

export interface NewGroup {
  readonly kind: 'group';
  /** 1 to 100 characters */
  readonly name: string;
  readonly memberIds: readonly string[];
}

export interface NewRoom {
  readonly kind: 'public';
  /** 1 to 100 characters */
  readonly name: string;
}

export interface NewDirectChat {
  readonly kind: 'direct';
  /** Opaque; a UUID today. */
  readonly userId: string;
}

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | null;
  readonly role?: 'user' | 'admin';
}

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

export interface PeopleQuery {
  readonly limit?: number;
  /** nextCursor of the page before */
  readonly cursor?: string;
  readonly offset?: number;
  /** the username, whatever the case */
  readonly username?: string;
  /** the name, whatever the case */
  readonly displayName?: string;
  /** a part of the username, whatever the case */
  readonly 'username-like'?: string;
  /** a part of the name, whatever the case */
  readonly 'displayName-like'?: string;
  /** a part of either, whatever the case */
  readonly q?: string;
  /** at most 100, with commas between */
  readonly ids?: string;
  /** Without me. */
  readonly excludeMe?: 'true' | 'false';
  /** Only who is online, as far as I may know. */
  readonly online?: 'true' | 'false';
  readonly sort?: 'username' | '-username' | 'displayName' | '-displayName' | 'createdAt' | '-createdAt';
}

export interface ProfileChange {
  readonly username?: string;
  readonly email?: string;
  readonly displayName?: string | null;
  /** at most 500 characters */
  readonly bio?: string | null;
  /** at most 100 characters */
  readonly location?: string | null;
  /** YYYY-MM-DD */
  readonly birthDate?: string | null;
  readonly isPrivate?: boolean;
  readonly publicFields?: readonly ('email' | 'birthDate')[];
  readonly showPresence?: boolean;
}

export interface ReadMark {
  readonly seq: number;
}

export interface Refresh {
  readonly refreshToken: string;
}

export interface Registration {
  /** 3 to 25 characters, without @, / and blanks; unique whatever the case */
  readonly username: string;
  /** unique whatever the case */
  readonly email: string;
  /** 8 to 128 characters of any kind */
  readonly password: string;
  /** 1 to 50 characters */
  readonly displayName?: string | null;
  /** what the list of sessions calls this device */
  readonly device?: string | null;
  /** a code from an admin; needed where registration is by invitation */
  readonly invitation?: string | null;
}

export interface PasswordReset {
  /** from the mail */
  readonly token: string;
  readonly newPassword: string;
}

export interface RoleChange {
  readonly role: 'owner' | 'admin' | 'member';
}

export interface RoomsQuery {
  readonly limit?: number;
  /** nextCursor of the page before */
  readonly cursor?: string;
  /** a part of the name, whatever the case */
  readonly q?: string;
}

export type SendBody =
  | NewMessage
  | NewMessages;

export interface NewMessage {
  /** 1 to 4,000 characters, trimmed; may be empty with an attachment */
  readonly content: string;
  /** 1 to 64 characters: the same one never makes a second message of yours in this chat */
  readonly clientId?: string;
  /** Opaque; a UUID today. */
  readonly replyTo?: string | null;
  /** Uploads of mine, each once. */
  readonly attachmentIds?: readonly string[];
}

export interface NewMessages {
  readonly messages: readonly NewMessage[];
}

export interface TokenRequest {
  /** password or refresh_token */
  readonly grant_type?: string;
  /** username or e-mail address */
  readonly username?: string;
  readonly password?: string;
  readonly refresh_token?: string;
}

export interface PingFrame {
  readonly type: 'ping';
}

export interface PongFrame {
  readonly type: 'pong';
  readonly id?: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly serverTime: string;
}

export interface TokenExpiringFrame {
  readonly type: 'token.expiring';
  readonly data: TokenExpiring;
}

export interface TokenExpiring {
  /** RFC 3339, UTC, with milliseconds. */
  readonly expiresAt: string;
}

/** The server stops, and closes with 1012 once it has answered what it has read. */
export interface GoingAwayFrame {
  readonly type: 'going_away';
  readonly data: GoingAway;
}

export interface GoingAway {
  /** When to connect again. */
  readonly retryAfterMs: number;
}

export interface ChatReadFrame {
  readonly type: 'chat.read';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly data: ChatRead;
}

export interface ChatRead {
  /** Opaque; a UUID today. */
  readonly userId: string;
  readonly seq: number;
  readonly unreadCount?: number;
}

export interface ChatMutedFrame {
  readonly type: 'chat.muted';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly data: ChatMuted;
}

export interface ChatMuted {
  readonly muted: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly mutedUntil: string | null;
}

/** Too much was missed of this chat: read it afresh. The numbers are those of its head. */
export interface ChatTooLongFrame {
  readonly type: 'chat.too_long';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly rev: number;
  readonly seq: number;
  readonly data: TooLong;
}

export interface TooLong {
}

export interface ChatTypingFrame {
  readonly type: 'chat.typing';
  /** Opaque; a UUID today. */
  readonly chatId: string;
  readonly data: ChatTyping;
}

export interface ChatTyping {
  /** Opaque; a UUID today. */
  readonly userId: string;
}

export interface PresenceChangedFrame {
  readonly type: 'presence.changed';
  readonly data: Presence;
}

export interface BroadcastFrame {
  readonly type: 'broadcast';
  readonly data: Broadcast;
}

export interface Broadcast {
  readonly content: string;
  readonly from: UserRef;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
}

export interface UserUpdatedFrame {
  readonly type: 'user.updated';
  readonly data: UserUpdated;
}

export interface UserUpdated {
  readonly user: UserRef;
}

export type ReadyFrame =
  | Resumed
  | NotResumed;

export interface Resumed {
  readonly type: 'ready';
  /** Opaque; a UUID today. */
  readonly sessionId: string;
  /** Opaque; a UUID today. */
  readonly userId: string;
  /** Version of the user's own row. */
  readonly me: number;
  /** The store's, as it was when the numbers were given. */
  readonly epoch: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly expiresAt: string;
  readonly resumed: true;
  /** How many events follow that were missed. */
  readonly replayed: number;
}

export interface NotResumed {
  readonly type: 'ready';
  /** Opaque; a UUID today. */
  readonly sessionId: string;
  /** Opaque; a UUID today. */
  readonly userId: string;
  /** Version of the user's own row. */
  readonly me: number;
  /** The store's, as it was when the numbers were given. */
  readonly epoch: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly expiresAt: string;
  readonly resumed: false;
  readonly reason: 'none' | 'epoch';
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly id?: string;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
  readonly retryAfterMs?: number;
}

/** What the client has, as it was answered last; nothing at first. What was of another epoch counts as nothing. */
export interface Sync {
  /** The store's, as it was when the numbers were given. */
  readonly epoch?: string;
  /** Version of the user's own row. */
  readonly me?: number;
  readonly chats?: Readonly<Record<string, Known>>;
  /** Seconds to wait where there is nothing to tell. */
  readonly wait?: number;
}

/** A chat's last `rev` that the client has, its read mark and, if the client keeps that, whether it is muted. */
export interface Known {
  readonly rev: number;
  readonly readSeq: number;
  readonly muted?: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly mutedUntil?: string | null;
}

export interface SyncResult {
  /** The store's, as it was when the numbers were given. */
  readonly epoch: string;
  /** Version of the user's own row. */
  readonly me: number;
  readonly events: readonly SyncEvent[];
  /** What the client has once it has applied the events. */
  readonly chats: Readonly<Record<string, Head>>;
  /** There is more already: ask again at once. */
  readonly more: boolean;
}

export type SyncEvent =
  | ChangeChatCreated
  | ChangeChatUpdated
  | ChangeChatDeleted
  | ChangeMemberAdded
  | ChangeMemberUpdated
  | ChangeMemberRemoved
  | ChangeMessageCreated
  | ChangeMessageUpdated
  | ChangeMessageDeleted
  | ChatReadFrame
  | ChatMutedFrame
  | ChatTooLongFrame
  | UserUpdatedFrame;

export interface Head {
  readonly rev: number;
  readonly seq: number;
  readonly readSeq: number;
  readonly muted?: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly mutedUntil?: string | null;
}

/** What comes over the socket besides changes. */
export type LiveFrame =
  | PingFrame
  | PongFrame
  | TokenExpiringFrame
  | GoingAwayFrame
  | ChatReadFrame
  | ChatMutedFrame
  | ChatTooLongFrame
  | ChatTypingFrame
  | PresenceChangedFrame
  | BroadcastFrame
  | UserUpdatedFrame;

/** Why the server refuses. */
export type ErrorCode =
  | 'VALIDATION_FAILED'
  | 'MALFORMED_BODY'
  | 'AUTHENTICATION_REQUIRED'
  | 'INVALID_GRANT'
  | 'UNSUPPORTED_GRANT_TYPE'
  | 'BAD_CREDENTIALS'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_INVALID'
  | 'FORBIDDEN'
  | 'ORIGIN_REFUSED'
  | 'ACCOUNT_SUSPENDED'
  | 'ROUTE_NOT_FOUND'
  | 'USER_NOT_FOUND'
  | 'SESSION_NOT_FOUND'
  | 'CHAT_NOT_FOUND'
  | 'MEMBER_NOT_FOUND'
  | 'MESSAGE_NOT_FOUND'
  | 'ATTACHMENT_NOT_FOUND'
  | 'AVATAR_NOT_FOUND'
  | 'GIFS_OFF'
  | 'METHOD_NOT_ALLOWED'
  | 'USERNAME_TAKEN'
  | 'EMAIL_TAKEN'
  | 'CLIENT_ID_REUSED'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'CHAT_WITH_ONESELF'
  | 'DIRECT_CHAT_FIXED'
  | 'OWNER_MUST_HAND_OVER'
  | 'REPLY_TARGET_UNKNOWN'
  | 'USERS_UNKNOWN'
  | 'ATTACHMENT_UNKNOWN'
  | 'UPLOAD_LIMIT'
  | 'IMAGE_REFUSED'
  | 'AVATARS_UNSUPPORTED'
  | 'CHAT_FULL'
  | 'TOO_MANY_CHATS'
  | 'INVITATION_INVALID'
  | 'RESET_TOKEN_INVALID'
  | 'PASSWORD_WEAK'
  | 'SUSPENDING_ONESELF'
  | 'RATE_LIMITED'
  | 'INTERNAL'
  | 'GIFS_UNAVAILABLE'
  | 'UNAVAILABLE'
  | 'BUSY'
  | 'OUTCOME_UNKNOWN';

/** Why the server ends a connection. */
export const CLOSE = {
  serverError: 4000,
  heartbeat: 4003,
  slowConsumer: 4002,
  rateLimited: 4004,
  tokenExpired: 4010,
  authLate: 4011,
  badFrame: 4400,
  revoked: 4401,
  suspended: 4403,
  tooManySockets: 4408,
  restarting: 1012
} as const;

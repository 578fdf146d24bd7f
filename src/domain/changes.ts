import type { Chat, ChatKind, Member, Role } from './chat.ts';
import type { BlobId, ChatId, Instant, MessageId, UserId } from './ids.ts';
import { type Draft, EARLIER_TEXTS_MAX, type Message, type SystemLine, sendKey } from './message.ts';

/**
 * What a decision says will happen to a chat, with all that is needed to make it so. `lineId` is the id of the system line
 * that tells of it, null where none is written.
 */
export type Fact =
  | {
      readonly type: 'chat.created';
      readonly kind: ChatKind;
      readonly name: string | null;
      readonly roles: ReadonlyMap<UserId, Role>;
      readonly lineId: MessageId | null;
    }
  | {
      readonly type: 'chat.updated';
      readonly name: string | null;
      readonly description: string | null;
      readonly avatarId: BlobId | null;
      readonly lineId: MessageId;
    }
  | { readonly type: 'chat.deleted' }
  | { readonly type: 'member.added'; readonly userIds: readonly UserId[]; readonly lineId: MessageId | null }
  | { readonly type: 'member.updated'; readonly roles: ReadonlyMap<UserId, Role> }
  | {
      readonly type: 'member.removed';
      readonly userId: UserId;
      readonly banned: boolean;
      readonly lineId: MessageId | null;
    }
  | { readonly type: 'message.created'; readonly draft: Draft; readonly replyTo: Message['replyTo'] }
  | { readonly type: 'message.updated'; readonly messageId: MessageId; readonly content: string }
  | { readonly type: 'message.deleted'; readonly messageId: MessageId };

export type ChangeType = Fact['type'];

/** One thing that happened in a chat, as the log keeps it: numbers and ids, never text. */
export interface Change {
  readonly type: ChangeType;
  /** Dense from 1 within the chat. */
  readonly rev: number;
  /** Set where the change wrote a line. */
  readonly seq: number | null;
  readonly at: Instant;
  readonly actorId: UserId;
  /** The message it made, edited or deleted, or the system line that tells of it. */
  readonly messageId: MessageId | null;
  /** Whose memberships it touched. */
  readonly userIds: readonly UserId[];
}

/** The rows that changes left behind, whole, as they are afterwards; each carries its `rev`. */
export interface Images {
  readonly chat: Chat;
  readonly members: readonly Member[];
  readonly messages: readonly Message[];
}

/** What one append stores for one chat: all of it or nothing. */
export interface Commit {
  readonly id: string;
  readonly chatId: ChatId;
  readonly firstRev: number;
  readonly lastRev: number;
  readonly at: Instant;
  readonly changes: readonly Change[];
  readonly images: Images;
}

/**
 * The part of a chat that a decision looks at, read no earlier than its head. A membership or message that is not in its map
 * does not exist, provided that it was asked for (`needs` in decide.ts).
 */
export interface ChatState {
  chat: Chat | null;
  readonly members: Map<UserId, Member>;
  readonly messages: Map<MessageId, Message>;
  /** Messages by `sendKey`: those already stored under a `clientId` that a command repeats. */
  readonly sent: Map<string, Message>;
  /** Who owns the chat when its owner goes. */
  heir: Member | null;
}

export const emptyState = (chat: Chat | null = null): ChatState => ({
  chat,
  members: new Map(),
  messages: new Map(),
  sent: new Map(),
  heir: null,
});

/**
 * Makes a fact so: folds it into the state, gives it its numbers and returns the change for the log. The fact must have come
 * from `decide` on this very state; it cannot fail.
 */
export function record(state: ChatState, chatId: ChatId, actorId: UserId, now: Instant, fact: Fact): Change {
  const before = state.chat ?? unborn(chatId, fact, now);
  const at = Math.max(now, before.activeAt);
  const chat = { ...before, rev: before.rev + 1 };
  state.chat = chat;
  const effect = apply(state, chat, actorId, at, fact);
  return { type: fact.type, rev: chat.rev, seq: null, at, actorId, messageId: null, userIds: [], ...effect };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Effect = Partial<Pick<Change, 'seq' | 'messageId' | 'userIds'>>;

function apply(state: ChatState, chat: Mutable<Chat>, actorId: UserId, at: Instant, fact: Fact): Effect {
  switch (fact.type) {
    case 'chat.created': {
      const others = [...fact.roles.keys()].filter((id) => id !== actorId);
      Object.assign(chat, {
        live: true,
        name: fact.name,
        description: null,
        createdAt: at,
        updatedAt: at,
        activeAt: at,
      });
      const line = writeLine(state, chat, actorId, at, fact.lineId, 'chat.created', others, fact.name);
      return { ...line, ...join(state, chat, at, fact.roles) };
    }
    case 'chat.updated': {
      const newName = fact.name === chat.name ? null : fact.name;
      Object.assign(chat, { name: fact.name, description: fact.description, avatarId: fact.avatarId, updatedAt: at });
      return writeLine(state, chat, actorId, at, fact.lineId, 'chat.updated', [], newName);
    }
    case 'chat.deleted':
      Object.assign(chat, {
        live: false,
        memberCount: 0,
        name: null,
        description: null,
        avatarId: null,
        updatedAt: at,
      });
      Object.assign(chat, { floorRev: chat.rev, floorSeq: chat.seq, floorN: chat.n });
      return {};
    case 'member.added': {
      const line = writeLine(state, chat, actorId, at, fact.lineId, 'member.added', fact.userIds);
      return { ...line, ...join(state, chat, at, new Map(fact.userIds.map((id) => [id, 'member']))) };
    }
    case 'member.updated':
      for (const [userId, role] of fact.roles) changeMember(state, chat, userId, { role });
      return { userIds: [...fact.roles.keys()] };
    case 'member.removed':
      changeMember(state, chat, fact.userId, { active: false, role: 'member', banned: fact.banned });
      chat.memberCount -= 1;
      return {
        ...writeLine(state, chat, actorId, at, fact.lineId, 'member.removed', [fact.userId]),
        userIds: [fact.userId],
      };
    case 'message.created':
      return writeMessage(state, chat, actorId, at, fact.draft, fact.replyTo);
    case 'message.updated':
      return editMessage(state, chat, at, fact.messageId, fact.content);
    case 'message.deleted':
      return changeMessage(state, chat, fact.messageId, { ...NOTHING_LEFT, deletedAt: at });
  }
}

/** What a tombstone has of what its message had. */
const NOTHING_LEFT = { digest: null, content: null, replyTo: null, attachments: [], earlier: [] };

/** The row of a chat that has no past. */
function unborn(id: ChatId, fact: Fact, at: Instant): Chat {
  if (fact.type !== 'chat.created') throw new Error(`${fact.type} in a chat that was never created`);
  const [a, b] = [...fact.roles.keys()].sort();
  const pair: Chat['pair'] = fact.kind === 'direct' && a !== undefined && b !== undefined ? [a, b] : null;
  const born = { id, kind: fact.kind, pair, live: false, name: null, description: null, avatarId: null };
  const numbers = { memberCount: 0, rev: 0, seq: 0, n: 0, floorRev: 0, floorSeq: 0, floorN: 0 };
  return { ...born, createdAt: at, updatedAt: at, activeAt: at, ...numbers };
}

function join(state: ChatState, chat: Mutable<Chat>, at: Instant, roles: ReadonlyMap<UserId, Role>): Effect {
  for (const [userId, role] of roles) {
    const joined = { joinedAt: at, joinedSeq: chat.seq, joinedN: chat.n };
    state.members.set(userId, { chatId: chat.id, userId, role, active: true, banned: false, ...joined, rev: chat.rev });
  }
  chat.memberCount += roles.size;
  return { userIds: [...roles.keys()] };
}

function changeMember(
  state: ChatState,
  chat: Chat,
  userId: UserId,
  to: Partial<Pick<Member, 'role' | 'active' | 'banned'>>,
): void {
  const member = state.members.get(userId) ?? (state.heir?.userId === userId ? state.heir : null);
  if (!member) throw new Error(`member ${userId} was not loaded`);
  state.members.set(userId, { ...member, ...to, rev: chat.rev });
}

function writeMessage(
  state: ChatState,
  chat: Mutable<Chat>,
  senderId: UserId,
  at: Instant,
  draft: Draft,
  replyTo: Message['replyTo'],
): Effect {
  chat.n += 1;
  const { id, clientId, digest, content, attachments } = draft;
  const sent = { clientId, digest, content, attachments, replyTo };
  return addLine(state, chat, at, { id, kind: 'text', senderId, ...sent, system: null });
}

function writeLine(
  state: ChatState,
  chat: Mutable<Chat>,
  senderId: UserId,
  at: Instant,
  id: MessageId | null,
  type: SystemLine['type'],
  userIds: readonly UserId[],
  name: string | null = null,
): Effect {
  if (id === null) return {};
  const system = { type, userIds, name };
  const blank = { clientId: id, digest: null, content: null, attachments: [], replyTo: null };
  return addLine(state, chat, at, { id, kind: 'system', senderId, ...blank, system });
}

type LineContent = Pick<
  Message,
  'id' | 'kind' | 'senderId' | 'clientId' | 'digest' | 'content' | 'attachments' | 'replyTo' | 'system'
>;

function addLine(state: ChatState, chat: Mutable<Chat>, at: Instant, content: LineContent): Effect {
  chat.seq += 1;
  chat.activeAt = at;
  const message: Message = {
    id: content.id,
    chatId: chat.id,
    seq: chat.seq,
    rev: chat.rev,
    n: chat.n,
    kind: content.kind,
    senderId: content.senderId,
    clientId: content.clientId,
    digest: content.digest,
    content: content.content,
    attachments: content.attachments,
    replyTo: content.replyTo,
    system: content.system,
    earlier: [],
    createdAt: at,
    editedAt: null,
    deletedAt: null,
  };
  state.messages.set(message.id, message);
  state.sent.set(sendKey(message.senderId, message.clientId), message);
  return { seq: chat.seq, messageId: message.id };
}

function editMessage(state: ChatState, chat: Chat, at: Instant, id: MessageId, content: string): Effect {
  const before = loadedMessage(state, id);
  const replaced = { content: before.content ?? '', at: before.editedAt ?? before.createdAt };
  const earlier = [...before.earlier, replaced].slice(-EARLIER_TEXTS_MAX);
  return changeMessage(state, chat, id, { content, earlier, editedAt: at });
}

function loadedMessage(state: ChatState, id: MessageId): Message {
  const message = state.messages.get(id);
  if (!message) throw new Error(`message ${id} was not loaded`);
  return message;
}

function changeMessage(state: ChatState, chat: Chat, id: MessageId, to: Partial<Message>): Effect {
  const message = loadedMessage(state, id);
  const changed = { ...message, ...to, rev: chat.rev };
  state.messages.set(id, changed);
  state.sent.set(sendKey(message.senderId, message.clientId), changed);
  return { messageId: id };
}

/** The rows that these changes touched, as the state has them now. */
export function imagesOf(state: ChatState, changes: readonly Change[]): Images {
  const { chat } = state;
  if (!chat) throw new Error('no change was recorded');
  const members = new Map<UserId, Member>();
  const messages = new Map<MessageId, Message>();
  for (const change of changes) {
    for (const userId of change.userIds) {
      const member = state.members.get(userId);
      if (member) members.set(userId, member);
    }
    const message = change.messageId === null ? undefined : state.messages.get(change.messageId);
    if (message) messages.set(message.id, message);
  }
  return { chat, members: [...members.values()], messages: [...messages.values()] };
}

/**
 * From the domain to the wire, field by field, for HTTP and WebSocket alike. Nothing leaves that is not named here, and names
 * of people are joined here: `people` holds whoever the ids stand for; whoever is not in it has gone.
 */

import type { Missed } from '../application/catch-up.ts';
import { type ChangeView, type ChatView, readSeqOf, shown } from '../application/chat-service.ts';
import type { MarkedMember } from '../application/ports/persistence.ts';
import type { Presence } from '../application/presence-service.ts';
import type { RoomView } from '../application/public-rooms.ts';
import { type Chat, effectiveMark, FOR_EVER } from '../domain/chat.ts';
import type { BlobId, Instant, UserId } from '../domain/ids.ts';
import type { Attachment, EarlierText, Message } from '../domain/message.ts';
import type { Session } from '../domain/session.ts';
import { type Acquaintance, seenBy, type User } from '../domain/user.ts';
import type { SyncEvent } from './contract/frames.ts';
import type * as wire from './contract/shapes.ts';

type Named = Pick<User, 'id' | 'username' | 'displayName' | 'avatarId'>;
export type People = ReadonlyMap<UserId, Named>;

/** The minute that was asked for last, and how its times begin: times come in runs, and a Date each would cost more than the rest. */
let minute = Number.NaN;
let beginning = '';

/** RFC 3339 in UTC, with milliseconds. */
export function presentTime(at: Instant): string {
  const asked = Math.floor(at / 60_000);
  if (asked !== minute) {
    minute = asked;
    beginning = new Date(asked * 60_000).toISOString().slice(0, -7);
  }
  const digits = String(100_000 + at - asked * 60_000);
  return `${beginning}${digits.slice(1, 3)}.${digits.slice(3)}Z`;
}
const timeOrNull = (at: Instant | null): string | null => (at === null ? null : presentTime(at));

const BASE = '/api/v1';

/** Where the picture of a person or a chat is; a new picture has a new address. */
const avatarUrl = (
  whose: 'users' | 'chats',
  { id, avatarId }: { id: string; avatarId: BlobId | null },
): string | null => (avatarId === null ? null : `${BASE}/${whose}/${id}/avatar?v=${avatarId}`);

export function presentAttachment({ id, name, mediaType, bytes, width, height }: Attachment): wire.Attachment {
  return { id, name, mediaType, bytes, width, height, url: `${BASE}/attachments/${id}` };
}

function presentRef(people: People, id: UserId): wire.UserRef {
  const user = people.get(id);
  if (!user) return { id, username: null, displayName: null, avatarUrl: null, deleted: true };
  return refOf(user);
}

/** The same for everybody, strangers too. */
export function presentRefToAll(people: ReadonlyMap<UserId, User>, id: UserId): wire.UserRef {
  const user = people.get(id);
  return user ? refOf(seenBy(user, 'stranger')) : presentRef(people, id);
}

function refOf(user: Named): wire.UserRef {
  const { id, username, displayName } = user;
  return { id, username, displayName, avatarUrl: avatarUrl('users', user), deleted: false };
}

export function presentPresence({ userId, status, lastSeenAt }: Presence): wire.Presence {
  return { userId, status, lastSeenAt: timeOrNull(lastSeenAt) };
}

export function presentUser(user: User, viewer: Acquaintance): wire.User {
  const seen = seenBy(user, viewer);
  const { id, username, displayName, bio, location, birthDate, email, isPrivate, createdAt, updatedAt } = seen;
  return {
    ...{
      id,
      username,
      displayName,
      avatarUrl: avatarUrl('users', seen),
      deleted: false,
      bio,
      location,
      birthDate,
      email,
      isPrivate,
    },
    ...{ createdAt: presentTime(createdAt), updatedAt: presentTime(updatedAt) },
  };
}

export function presentMe(user: User): wire.Me {
  const { role, publicFields, showPresence, version } = user;
  return { ...presentUser(user, 'self'), role, publicFields: [...publicFields], showPresence, version };
}

export function presentSession(session: Session, currentId: string): wire.Session {
  const { id, device, createdAt, lastUsedAt } = session;
  return {
    id,
    device,
    createdAt: presentTime(createdAt),
    lastUsedAt: presentTime(lastUsedAt),
    current: id === currentId,
  };
}

export function presentMember(chat: Chat, { member, mark }: MarkedMember, people: People): wire.Member {
  const { userId, role, joinedAt } = member;
  const readSeq = effectiveMark(chat, member, mark).seq;
  return { userId, user: presentRef(people, userId), role, joinedAt: presentTime(joinedAt), readSeq };
}

export function presentMessage(message: Message, people: People): wire.Message {
  const { id, chatId, seq, rev, kind, senderId, clientId, content, replyTo, system } = message;
  return {
    ...{ id, chatId, seq, rev, kind, senderId, sender: presentRef(people, senderId) },
    clientId: kind === 'text' ? clientId : null,
    ...{ content, replyTo: replyTo && { id: replyTo.id, seq: replyTo.seq } },
    attachments: message.attachments.map(presentAttachment),
    system: system && { type: system.type, users: system.userIds.map((u) => presentRef(people, u)), name: system.name },
    createdAt: presentTime(message.createdAt),
    editedAt: timeOrNull(message.editedAt),
    deletedAt: timeOrNull(message.deletedAt),
  };
}

export const presentEarlier = ({ content, at }: EarlierText): { content: string; at: string } => ({
  content,
  at: presentTime(at),
});

/** For ever is a time without end. */
export const presentMute = (until: Instant | null): { muted: boolean; mutedUntil: string | null } => ({
  muted: until !== null,
  mutedUntil: timeOrNull(until === FOR_EVER ? null : until),
});

export function presentChat(view: ChatView, people: People): wire.Chat {
  const { chat, member, lastMessage, unreadCount, mutedUntil } = view;
  const peerId = chat.pair?.find((id) => id !== member.userId);
  return {
    ...{
      id: chat.id,
      kind: chat.kind,
      name: chat.name,
      description: chat.description,
      avatarUrl: avatarUrl('chats', chat),
    },
    peer: peerId === undefined ? null : presentRef(people, peerId),
    ...{
      memberCount: chat.memberCount,
      createdAt: presentTime(chat.createdAt),
      updatedAt: presentTime(chat.updatedAt),
    },
    ...{ seq: chat.seq, rev: chat.rev, lastMessage: lastMessage && presentMessage(lastMessage, people) },
    ...{ role: member.role, joinedSeq: member.joinedSeq, readSeq: readSeqOf(view), unreadCount },
    ...presentMute(mutedUntil),
  };
}

export function presentRoom({ chat, joined }: RoomView): wire.PublicChat {
  const { id, name, description, memberCount, createdAt } = chat;
  const looks = { id, kind: 'public', name, description, avatarUrl: avatarUrl('chats', chat) } as const;
  return { ...looks, memberCount, createdAt: presentTime(createdAt), joined };
}

/** A stored change as the frame on the socket and the item of /changes. `mine` is the chat as the reader sees it. */
export function presentChange(view: ChangeView, mine: ChatView, people: People): wire.Change {
  return view.change.type === 'chat.created'
    ? presentNewChat(view.change, mine, people)
    : presentSharedChange(view, people);
}

/** The chat as its reader, to whom it is new, sees it now; so the `rev` is the head's, and what came before is in it. */
export function presentNewChat(
  { at, actorId }: { readonly at: Instant; readonly actorId: UserId | null },
  mine: ChatView,
  people: People,
): wire.Change {
  const { id, rev } = mine.chat;
  const data = { chat: presentChat(mine, people) };
  return { type: 'chat.created', chatId: id, rev, seq: null, at: presentTime(at), actorId, data };
}

/** Any other change: the same for everybody who may see it. */
export function presentSharedChange(view: ChangeView, people: People): wire.Change {
  const { type, rev, seq, at, actorId } = view.change;
  const data = presentChangeData(view, people);
  return { type, chatId: view.chat.id, rev, seq, at: presentTime(at), actorId, data } as wire.Change;
}

function presentChangeData({ change, message, members, chat }: ChangeView, people: People): object {
  const line = message && presentMessage(shown(chat, message), people);
  switch (change.type) {
    case 'chat.created':
      throw new Error('a new chat is not the same for everybody');
    case 'chat.updated':
      return { chat: presentSettings(chat), message: line };
    case 'chat.deleted':
      return {};
    case 'member.added':
    case 'member.updated':
    case 'member.removed': {
      const { memberCount } = chat;
      return { members: members.map((m) => presentMember(chat, m, people)), memberCount, message: line };
    }
    case 'message.created':
    case 'message.updated':
    case 'message.deleted':
      return { message: line };
  }
}

function presentSettings(chat: Chat): object {
  const { name, description, updatedAt } = chat;
  return { name, description, avatarUrl: avatarUrl('chats', chat), updatedAt: presentTime(updatedAt) };
}

/** What a client has missed: the very frames that it would have had on the socket. */
export function presentMissed(missed: Missed, people: People): SyncEvent {
  switch (missed.type) {
    case 'change':
      return presentSharedChange(missed.view, people);
    case 'chat':
      return presentNewChat({ at: missed.view.member.joinedAt, actorId: null }, missed.view, people);
    case 'read': {
      const { chat, member, unreadCount } = missed.view;
      const data = { userId: member.userId, seq: readSeqOf(missed.view), unreadCount };
      return { type: 'chat.read', chatId: chat.id, data };
    }
    case 'mute':
      return { type: 'chat.muted', chatId: missed.chatId, data: presentMute(missed.until) };
    case 'too-long': {
      const { id: chatId, rev, seq } = missed.chat;
      return { type: 'chat.too_long', chatId, rev, seq, data: {} };
    }
    case 'me':
      return presentUserUpdated(missed.user.id, people);
  }
}

export const presentUserUpdated = (userId: UserId, people: People) =>
  ({ type: 'user.updated', data: { user: presentRef(people, userId) } }) as const;

/** Everybody whom these name. */
export function peopleInMissed(missed: Missed): UserId[] {
  if (missed.type === 'change') return peopleInChange(missed.view);
  if (missed.type === 'chat') return peopleInChat(missed.view);
  return missed.type === 'me' ? [missed.user.id] : [];
}

/** Everybody whom a message names. */
export const peopleInMessage = ({ senderId, system }: Message): UserId[] => [senderId, ...(system?.userIds ?? [])];

/** Everybody whom these messages name, each once. */
export function peopleInMessages(messages: readonly Message[]): Set<UserId> {
  const people = new Set<UserId>();
  for (const message of messages) for (const userId of peopleInMessage(message)) people.add(userId);
  return people;
}

/** Everybody whom a chat in a list names. */
export const peopleInChat = ({ chat, lastMessage }: ChatView): UserId[] => [
  ...(chat.pair ?? []),
  ...(lastMessage ? peopleInMessage(lastMessage) : []),
];

/** Everybody whom a change names. */
export const peopleInChange = ({ message, members }: ChangeView): UserId[] => [
  ...members.map(({ member }) => member.userId),
  ...(message ? peopleInMessage(message) : []),
];

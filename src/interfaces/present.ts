/**
 * From the domain to the wire, field by field, for HTTP and WebSocket alike. Nothing leaves that is not named here, and names
 * of people are joined here: `people` holds whoever the ids stand for; whoever is not in it has gone.
 */
import { type ChangeView, type ChatView, readSeqOf, shown } from '../application/chat-service.ts';
import type { MarkedMember } from '../application/ports/persistence.ts';
import type { Change } from '../domain/changes.ts';
import { type Chat, effectiveMark } from '../domain/chat.ts';
import type { Instant, UserId } from '../domain/ids.ts';
import type { Message } from '../domain/message.ts';
import type { Session } from '../domain/session.ts';
import { type Acquaintance, seenBy, type User } from '../domain/user.ts';
import type * as wire from './contract/shapes.ts';

export type People = ReadonlyMap<UserId, User>;

export const presentTime = (at: Instant): string => new Date(at).toISOString();
const timeOrNull = (at: Instant | null): string | null => (at === null ? null : presentTime(at));

/** Somebody as people who share a chat with him see him. */
export function presentRef(people: People, id: UserId): wire.UserRef {
  const user = people.get(id);
  if (!user) return { id, username: null, displayName: null, avatarUrl: null, deleted: true };
  return { id, username: user.username, displayName: user.displayName, avatarUrl: null, deleted: false };
}

export function presentUser(user: User, viewer: Acquaintance): wire.User {
  const { id, username, displayName, bio, location, birthDate, email, isPrivate, createdAt, updatedAt } = seenBy(
    user,
    viewer,
  );
  return {
    ...{ id, username, displayName, avatarUrl: null, deleted: false, bio, location, birthDate, email, isPrivate },
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
    ...{ content, replyTo: replyTo && { id: replyTo.id, seq: replyTo.seq }, attachments: [] },
    system: system && { type: system.type, users: system.userIds.map((u) => presentRef(people, u)), name: system.name },
    createdAt: presentTime(message.createdAt),
    editedAt: timeOrNull(message.editedAt),
    deletedAt: timeOrNull(message.deletedAt),
  };
}

export function presentChat(view: ChatView, people: People): wire.Chat {
  const { chat, member, lastMessage, unreadCount } = view;
  const peerId = chat.pair?.find((id) => id !== member.userId);
  return {
    ...{ id: chat.id, kind: chat.kind, name: chat.name, description: chat.description, avatarUrl: null },
    peer: peerId === undefined ? null : presentRef(people, peerId),
    ...{
      memberCount: chat.memberCount,
      createdAt: presentTime(chat.createdAt),
      updatedAt: presentTime(chat.updatedAt),
    },
    ...{ seq: chat.seq, rev: chat.rev, lastMessage: lastMessage && presentMessage(lastMessage, people) },
    ...{ role: member.role, joinedSeq: member.joinedSeq, readSeq: readSeqOf(view), unreadCount },
  };
}

/** A stored change as the frame on the socket and the item of /changes. `mine` is the chat as the reader sees it. */
export function presentChange(view: ChangeView, mine: ChatView, people: People): wire.Change {
  return view.change.type === 'chat.created'
    ? presentNewChat(view.change, mine, people)
    : presentSharedChange(view, people);
}

/** The chat as its reader, to whom it is new, sees it now; so the `rev` is the head's, and what came before is in it. */
export function presentNewChat({ at, actorId }: Change, mine: ChatView, people: People): wire.Change {
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

function presentSettings({ name, description, updatedAt }: Chat): object {
  return { name, description, avatarUrl: null, updatedAt: presentTime(updatedAt) };
}

/** Everybody whom a message names. */
export const peopleInMessage = ({ senderId, system }: Message): UserId[] => [senderId, ...(system?.userIds ?? [])];

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

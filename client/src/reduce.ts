/** What the state becomes. Pure functions; whatever does not change keeps its identity. */
import type { Copy } from './archive.ts';
import type { Change, Chat, ChatReadFrame, LiveFrame, Member, Message, Presence, UserRef } from './contract.ts';
import { withEntries, withEntry, without } from './records.ts';
import type { OutgoingMessage, ParleyState } from './state.ts';
import { countUnread, isUnreadOf, windowOf, withLine } from './timeline.ts';

type State = ParleyState;

const isSame = <T extends object>(a: T | undefined, b: T): boolean =>
  a !== undefined && (Object.keys(b) as (keyof T)[]).every((key) => Object.is(a[key], b[key]));

/** People as they were seen last. */
export function withUsers(state: State, seen: readonly (UserRef | null | undefined)[]): State {
  const fresh = seen
    .filter((user) => user !== null && user !== undefined)
    .map(({ id, username, displayName, avatarUrl, deleted }) => ({ id, username, displayName, avatarUrl, deleted }))
    .filter((user) => !isSame(state.users[user.id], user));
  if (fresh.length === 0) return state;
  return {
    ...state,
    users: withEntries(
      state.users,
      fresh.map((user) => [user.id, user] as const),
    ),
  };
}

const peopleOf = (message: Message | null): UserRef[] =>
  message ? [message.sender, ...(message.system?.users ?? [])] : [];

export function withPeopleOf(state: State, messages: readonly Message[]): State {
  return withUsers(state, messages.flatMap(peopleOf));
}

/** A chat, whole: new, or read afresh. */
export function withChat(state: State, chat: Chat): State {
  const known = withUsers(state, [chat.peer, ...peopleOf(chat.lastMessage)]);
  return withoutSeen({ ...known, chats: withEntry(known.chats, chat.id, chat) }, chat.id);
}

export function withChatFields(state: State, chatId: string, fields: Partial<Chat>): State {
  const chat = state.chats[chatId];
  if (!chat || isSame({ ...chat, ...fields }, chat)) return state;
  return { ...state, chats: withEntry(state.chats, chatId, { ...chat, ...fields }) };
}

/** With what a copy has, where nothing is known yet. */
export function withCopy(state: State, { me, chats }: Copy): State {
  return chats.reduce(withChat, withUsers({ ...state, me, chatsLoaded: true }, [me]));
}

/** With these newest lines of a chat that is there and of which none are, while there is no link. */
export function withCopiedLines(state: State, chatId: string, lines: readonly Message[]): State {
  const [first, last] = [lines[0], lines.at(-1)];
  const chat = state.chats[chatId];
  if (!first || !last || !chat || state.timelines[chatId] || state.connection === 'online') return state;
  const window = windowOf(lines, { hasOlder: first.seq > 1, hasNewer: last.seq < chat.seq });
  return { ...withPeopleOf(state, lines), timelines: withEntry(state.timelines, chatId, window) };
}

/** A chat that is no longer mine, with all that was known of it. What is on its way there stays: it is to be refused, not lost. */
export function withoutChat(state: State, chatId: string): State {
  return {
    ...state,
    chats: without(state.chats, chatId),
    timelines: without(state.timelines, chatId),
    members: without(state.members, chatId),
    typing: without(state.typing, chatId),
  };
}

/** Without lines that have been sent and that the chat as known now contains. */
function withoutSeen(state: State, chatId: string): State {
  const rev = state.chats[chatId]?.rev ?? 0;
  return filterOutbox(state, chatId, ({ status, rev: sentRev }) => status !== 'sent' || (sentRev ?? 0) > rev);
}

export function filterOutbox(state: State, chatId: string, keep: (line: OutgoingMessage) => boolean): State {
  const lines = state.outbox[chatId];
  if (!lines || lines.every(keep)) return state;
  const kept = lines.filter(keep);
  const outbox = kept.length > 0 ? withEntry(state.outbox, chatId, kept) : without(state.outbox, chatId);
  return { ...state, outbox };
}

/** After a change that is the next of its chat. */
export function applyChange(state: State, change: Change): State {
  const { chatId, rev } = change;
  if (change.type === 'chat.created') return withChat(withoutChat(state, chatId), change.data.chat);
  if (change.type === 'chat.deleted' || removesMe(state, change)) return withoutChat(state, chatId);
  return withoutSeen(applyWithin(withChatFields(state, chatId, { rev }), change), chatId);
}

export const removesMe = (state: State, change: Change): boolean =>
  change.type === 'member.removed' && change.data.members.some(({ userId }) => userId === state.userId);

function applyWithin(state: State, change: Change): State {
  const { chatId, type } = change;
  switch (type) {
    case 'message.created':
      return withNewLine(state, change.data.message);
    case 'message.updated':
    case 'message.deleted': {
      const { message } = change.data;
      const chat = state.chats[chatId];
      const wasUnread =
        type === 'message.deleted' && message.seq > (chat?.readSeq ?? 0) && isUnreadOf(message, state.userId);
      return withImage(wasUnread ? addUnread(state, chatId, -1) : state, message);
    }
    case 'chat.updated':
      return withSystemLine(withChatFields(state, chatId, change.data.chat), change.data.message);
    case 'member.added':
    case 'member.updated':
    case 'member.removed': {
      const { members, memberCount, message } = change.data;
      const seen = withUsers(
        withChatFields(state, chatId, { memberCount }),
        members.map(({ user }) => user),
      );
      return withSystemLine(withMembers(seen, chatId, type, members), message);
    }
    default:
      return state;
  }
}

function withNewLine(state: State, message: Message): State {
  const { chatId, senderId, clientId } = message;
  const isMine = senderId === state.userId;
  const unseen = isMine ? filterOutbox(state, chatId, (line) => line.clientId !== clientId) : state;
  const counted =
    isUnreadOf(message, state.userId) && message.seq > (state.chats[chatId]?.readSeq ?? 0)
      ? addUnread(unseen, chatId, 1)
      : unseen;
  return withLastLine(withoutTyping(counted, chatId, senderId), message);
}

const withSystemLine = (state: State, message: Message | null): State =>
  message ? withLastLine(state, message) : state;

function withLastLine(state: State, message: Message): State {
  const chat = state.chats[message.chatId];
  if (!chat || message.seq <= chat.seq) return withImage(state, message);
  return withTimelineLine(withChatFields(state, chat.id, { seq: message.seq, lastMessage: message }), message);
}

/** After a line has changed. */
export function withImage(state: State, message: Message): State {
  const last = state.chats[message.chatId]?.lastMessage;
  const isLast = last?.id === message.id && message.rev > last.rev;
  return withTimelineLine(isLast ? withChatFields(state, message.chatId, { lastMessage: message }) : state, message);
}

function withTimelineLine(state: State, message: Message): State {
  const known = withPeopleOf(state, [message]);
  const timeline = known.timelines[message.chatId];
  const changed = timeline && withLine(timeline, message);
  if (!changed || changed === timeline) return known;
  return { ...known, timelines: withEntry(known.timelines, message.chatId, changed) };
}

function addUnread(state: State, chatId: string, difference: number): State {
  const unreadCount = Math.max(0, (state.chats[chatId]?.unreadCount ?? 0) + difference);
  return withChatFields(state, chatId, { unreadCount });
}

function withMembers(state: State, chatId: string, type: string, changed: readonly Member[]): State {
  const mine = changed.find(({ userId }) => userId === state.userId);
  const known = mine ? withChatFields(state, chatId, { role: mine.role }) : state;
  const list = known.members[chatId];
  if (!list) return known;
  const gone = new Set(type === 'member.removed' ? changed.map(({ userId }) => userId) : []);
  const images = new Map(changed.map((member) => [member.userId, member]));
  const items = list.items
    .filter(({ userId }) => !gone.has(userId))
    .map((member) => laterOf(member, images.get(member.userId)));
  const added =
    type === 'member.added'
      ? changed.filter(({ userId }) => !list.items.some((member) => member.userId === userId))
      : [];
  return { ...known, members: withEntry(known.members, chatId, { ...list, items: [...items, ...added] }) };
}

/** The newer image of a member; but of two marks the higher counts. */
const laterOf = (member: Member, image: Member | undefined): Member =>
  image ? { ...image, readSeq: Math.max(member.readSeq, image.readSeq) } : member;

/** My mark in a chat, which never goes back. The number of unread lines is counted here where the window shows them, else as told. */
export function withReadMark(state: State, chatId: string, seq: number, told?: number): State {
  const chat = state.chats[chatId];
  if (!chat || seq < chat.readSeq) return state;
  const timeline = state.timelines[chatId];
  const counted = seq >= chat.seq ? 0 : timeline && countUnread(timeline, seq, state.userId);
  return withChatFields(state, chatId, { readSeq: seq, unreadCount: counted ?? told ?? chat.unreadCount });
}

function applyRead(state: State, { chatId, data: { userId, seq, unreadCount } }: ChatReadFrame): State {
  if (userId === state.userId) return withReadMark(state, chatId, seq, unreadCount);
  const list = state.members[chatId];
  const index = list?.items.findIndex((member) => member.userId === userId) ?? -1;
  const member = list?.items[index];
  if (!list || !member || member.readSeq >= seq) return state;
  const items = list.items.with(index, { ...member, readSeq: seq });
  return { ...state, members: withEntry(state.members, chatId, { ...list, items }) };
}

/** After an event that is not a stored change. */
export function applyLive(state: State, frame: LiveFrame): State {
  switch (frame.type) {
    case 'chat.read':
      return applyRead(state, frame);
    case 'chat.muted':
      return withChatFields(state, frame.chatId, frame.data);
    case 'chat.typing':
      return withTyping(state, frame.chatId, frame.data.userId);
    case 'presence.changed':
      return withPresence(frame.data.status === 'offline' ? withoutTypingOf(state, frame.data.userId) : state, [
        frame.data,
      ]);
    case 'user.updated':
      return withUsers(state, [frame.data.user]);
    default:
      return state;
  }
}

export function withPresence(state: State, seen: readonly Presence[]): State {
  const fresh = seen.filter((presence) => !isSame(state.presence[presence.userId], presence));
  if (fresh.length === 0) return state;
  return {
    ...state,
    presence: withEntries(
      state.presence,
      fresh.map((one) => [one.userId, one] as const),
    ),
  };
}

function withTyping(state: State, chatId: string, userId: string): State {
  const typing = state.typing[chatId] ?? [];
  if (userId === state.userId || typing.includes(userId) || !state.chats[chatId]) return state;
  return { ...state, typing: withEntry(state.typing, chatId, [...typing, userId]) };
}

/** Who has gone types nowhere. */
const withoutTypingOf = (state: State, userId: string): State =>
  Object.keys(state.typing).reduce((before, chatId) => withoutTyping(before, chatId, userId), state);

export function withoutTyping(state: State, chatId: string, userId: string): State {
  const typing = state.typing[chatId];
  if (!typing?.includes(userId)) return state;
  const others = typing.filter((id) => id !== userId);
  return {
    ...state,
    typing: others.length > 0 ? withEntry(state.typing, chatId, others) : without(state.typing, chatId),
  };
}

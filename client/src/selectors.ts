/** What a user interface shows, made of the state. The same object comes back while nothing that it shows has changed. */
import type { Chat, Member, Message, Presence } from './contract.ts';
import type { ById, Line, MemberList, OutgoingMessage, ParleyState, Timeline } from './state.ts';

const NONE: readonly never[] = [];
const NOTHING = {};

/** Remembers the last result for each `of`, as long as `and` is the same. */
function remember<A extends object, B, R>(make: (of: A, and: B) => R): (of: A, and: B) => R {
  const made = new WeakMap<A, { readonly and: B; readonly result: R }>();
  return (of, and) => {
    const known = made.get(of);
    if (known && Object.is(known.and, and)) return known.result;
    const result = make(of, and);
    made.set(of, { and, result });
    return result;
  };
}

const activityOf = ({ lastMessage, createdAt }: Chat): string => lastMessage?.createdAt ?? createdAt;

const sorted = remember((chats: ById<Chat>, _: null): readonly Chat[] =>
  Object.values(chats).sort((a, b) => compare(activityOf(b), activityOf(a)) || compare(a.id, b.id)),
);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** My chats, latest activity first. */
export const chatList = ({ chats }: ParleyState): readonly Chat[] => sorted(chats, null);

const summed = remember((chats: ById<Chat>, _: null): number =>
  Object.values(chats).reduce((sum, { unreadCount, muted }) => sum + (muted ? 0 : unreadCount), 0),
);

/** Unread lines in all chats that are not muted. */
export const unreadTotal = ({ chats }: ParleyState): number => summed(chats, null);

const joined = remember((messages: readonly Message[], outgoing: readonly OutgoingMessage[]): readonly Line[] =>
  outgoing.length === 0 ? messages : [...messages, ...outgoing],
);

/** The window of a chat and, where it reaches the end, what is on its way below it. */
export function linesOf({ timelines, outbox }: ParleyState, chatId: string): readonly Line[] {
  const { messages, hasNewer }: Timeline = timelines[chatId] ?? { messages: NONE, hasOlder: false, hasNewer: false };
  return joined(messages, hasNewer ? NONE : (outbox[chatId] ?? NONE));
}

export const isOutgoing = (line: Line): line is OutgoingMessage => 'status' in line;

/** The same for a message on its way and for the line that takes its place. */
export const lineKey = (line: Line): string => line.clientId ?? (isOutgoing(line) ? '' : line.id);

/** Who is typing, longest first. */
export const typingIn = ({ typing }: ParleyState, chatId: string): readonly string[] => typing[chatId] ?? NONE;

const readers = remember((message: Message, list: MemberList | object): readonly Member[] =>
  'items' in list
    ? list.items.filter(({ userId, readSeq }) => readSeq >= message.seq && userId !== message.senderId)
    : NONE,
);

/** Who has read this message, of the members that are known, without its sender. */
export const readersOf = ({ members }: ParleyState, message: Message): readonly Member[] =>
  readers(message, members[message.chatId] ?? NOTHING);

/** Where somebody is not known to be there, he is not. */
export function presenceOf({ presence }: ParleyState, userId: string): Presence['status'] {
  return presence[userId]?.status ?? 'offline';
}

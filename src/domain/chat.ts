import { DomainError } from './errors.ts';
import type { BlobId, ChatId, Instant, UserId } from './ids.ts';
import { optionalText, searchKey, storableText } from './text.ts';

const CHAT_NAME_MAX = 100;
const DESCRIPTION_MAX = 500;
export const MEMBERS_PER_CALL = 100;
export const MEMBERS_MAX = 10_000;
export const CHATS_MAX = 2_000;

export type Role = 'owner' | 'admin' | 'member';
export type ChatKind = 'direct' | 'group' | 'public';

/** A chat's own row, and with it the chat's head `(rev, seq)`: up to this `rev`, everything is in its rows. */
export interface Chat {
  readonly id: ChatId;
  readonly kind: ChatKind;
  /** The two people of a direct chat, sorted; null for others. */
  readonly pair: readonly [UserId, UserId] | null;
  /** False between `chat.deleted` and, for a direct chat, the next `chat.created`. */
  readonly live: boolean;
  readonly name: string | null;
  readonly description: string | null;
  readonly avatarId: BlobId | null;
  readonly memberCount: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** When the last line was written; it never goes back, and nothing in the chat is dated before it. */
  readonly activeAt: Instant;
  /** Number of the last stored change, dense from 1. */
  readonly rev: number;
  /** Number of the last line, dense from 1. */
  readonly seq: number;
  /** How many lines people have written. */
  readonly n: number;
  /** What a deletion put out of sight: nobody sees a line with `seq` up to `floorSeq`. */
  readonly floorRev: number;
  readonly floorSeq: number;
  readonly floorN: number;
}

/** Somebody's membership. The row stays, with `active` false, when he has gone. */
export interface Member {
  readonly chatId: ChatId;
  readonly userId: UserId;
  readonly role: Role;
  readonly active: boolean;
  /** Removed by somebody else: he cannot join a public room by himself again. */
  readonly banned: boolean;
  readonly joinedAt: Instant;
  /** The chat's `seq` and `n` when he joined: what came before is not unread to him. */
  readonly joinedSeq: number;
  readonly joinedN: number;
  /** The chat's `rev` of the last change of this row. */
  readonly rev: number;
}

/** How far somebody has read: the last line, and the count of people's lines up to it. Both only rise. */
export interface ReadMark {
  readonly seq: number;
  readonly n: number;
}

export const NO_MARK: ReadMark = { seq: 0, n: 0 };

/** The mark that counts: it starts at what he found when he joined, and at what a deletion put away. */
export function effectiveMark(chat: Chat, member: Member, stored: ReadMark): ReadMark {
  return {
    seq: Math.max(stored.seq, member.joinedSeq, chat.floorSeq),
    n: Math.max(stored.n, member.joinedN, chat.floorN),
  };
}

/** The end of what has none. */
export const FOR_EVER: Instant = Number.MAX_SAFE_INTEGER;

/**
 * What public rooms are listed by: their names, as `searchKey` makes them, then their ids. Null for a chat that
 * is in no such list.
 */
export const listKey = ({ id, kind, live, name }: Pick<Chat, 'id' | 'kind' | 'live' | 'name'>): string | null =>
  kind === 'public' && live && name !== null ? `${searchKey(name)}\n${id}` : null;

/** The two parts of a list key. */
export function readListKey(key: string): { readonly name: string; readonly id: ChatId } {
  const end = key.lastIndexOf('\n');
  return { name: key.slice(0, end), id: key.slice(end + 1) };
}

const RANK: Record<Role, number> = { owner: 2, admin: 1, member: 0 };

export const isAtLeast = (role: Role, least: Role): boolean => RANK[role] >= RANK[least];
export const outranks = (role: Role, other: Role): boolean => RANK[role] > RANK[other];

/** @throws DomainError VALIDATION_FAILED */
export const checkChatName = (raw: string): string => storableText(raw, 1, CHAT_NAME_MAX);

/** @throws DomainError VALIDATION_FAILED */
export const checkDescription = (raw: string | null): string | null => optionalText(raw, DESCRIPTION_MAX);

/** The one answer for a chat that does not exist and for one that is not the caller's to see. */
export const chatNotFound = (): DomainError => new DomainError('CHAT_NOT_FOUND', 'There is no such chat.');
export const memberNotFound = (): DomainError =>
  new DomainError('MEMBER_NOT_FOUND', 'There is no such member in this chat.');
export const forbidden = (detail: string): DomainError => new DomainError('FORBIDDEN', detail);
/** To whoever is not in a public room, of which anybody may know. */
export const notJoined = (): DomainError => forbidden('Join the room first.');
export const directChatFixed = (detail: string): DomainError => new DomainError('DIRECT_CHAT_FIXED', detail);

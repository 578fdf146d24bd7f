import type { Chat, ChatKind, Member, ReadMark, Role } from '../../domain/chat.ts';
import type { ChatId, Instant } from '../../domain/ids.ts';
import type { Attachment, EarlierText, Message, SystemLine } from '../../domain/message.ts';

/** Rows are read as tuples, so each list of columns stands beside the tuple and the mapping that go with it. */

/** The greatest `seq` and `rev` that a place has room for. */
export const PLACE_MAX = 2 ** 32 - 1;

/** A bound that a place has room for. */
export const clamp = (bound: number): number => Math.min(Math.max(bound, 0), PLACE_MAX);

export const CHAT_COLUMNS = `chats.id, chats.kind, chats.pair_low, chats.pair_high, chats.live, chats.name,
  chats.description, chats.member_count, chats.created_at, chats.updated_at, chats.active_at,
  chats.rev, chats.seq, chats.n, chats.floor_rev, chats.floor_seq, chats.floor_n, chats.avatar_id`;

/** Where the columns begin that are read after a chat's. */
export const CHAT_WIDTH = 18;

export type ChatRow = [
  id: string,
  kind: ChatKind,
  pairLow: string | null,
  pairHigh: string | null,
  live: number,
  name: string | null,
  description: string | null,
  memberCount: number,
  createdAt: number,
  updatedAt: number,
  activeAt: number,
  rev: number,
  seq: number,
  n: number,
  floorRev: number,
  floorSeq: number,
  floorN: number,
  avatarId: string | null,
];

export const toChat = (row: readonly [...ChatRow, ...unknown[]]): Chat => ({
  id: row[0],
  kind: row[1],
  pair: row[2] === null || row[3] === null ? null : [row[2], row[3]],
  live: row[4] === 1,
  name: row[5],
  description: row[6],
  memberCount: row[7],
  createdAt: row[8],
  updatedAt: row[9],
  activeAt: row[10],
  rev: row[11],
  seq: row[12],
  n: row[13],
  floorRev: row[14],
  floorSeq: row[15],
  floorN: row[16],
  avatarId: row[17],
});

export const MEMBER_COLUMNS = `members.user_id, members.role, members.active, members.joined_at, members.joined_seq,
  members.joined_n, members.rev, members.read_seq, members.read_n, members.banned,
  members.muted_until`;

export type MemberRow = [
  userId: string,
  role: Role,
  active: number,
  joinedAt: number,
  joinedSeq: number,
  joinedN: number,
  rev: number,
  readSeq: number,
  readN: number,
  banned: number,
  mutedUntil: number | null,
];

export const toMember = (chatId: ChatId, row: readonly [...MemberRow, ...unknown[]]): Member => ({
  chatId,
  userId: row[0],
  role: row[1],
  active: row[2] === 1,
  banned: row[9] === 1,
  joinedAt: row[3],
  joinedSeq: row[4],
  joinedN: row[5],
  rev: row[6],
});

export const toMark = (row: readonly [...MemberRow, ...unknown[]]): ReadMark => ({ seq: row[7], n: row[8] });
export const toMutedUntil = (row: MemberRow): Instant | null => row[10];

export const MESSAGE_COLUMNS = `messages.id, messages.seq, messages.rev, messages.n, messages.is_system,
  messages.sender_id, messages.client_id, messages.digest, messages.content, messages.reply_id, messages.reply_seq,
  messages.system, messages.created_at, messages.edited_at, messages.deleted_at, messages.attachments,
  messages.earlier`;

export type MessageRow = [
  id: string,
  seq: number,
  rev: number,
  n: number,
  isSystem: number,
  senderId: string,
  clientId: string,
  digest: string | null,
  content: string | null,
  replyId: string | null,
  replySeq: number | null,
  system: string | null,
  createdAt: number,
  editedAt: number | null,
  deletedAt: number | null,
  attachments: string | null,
  earlier: string | null,
];

export const toMessage = (chatId: ChatId, row: readonly [...MessageRow, ...unknown[]]): Message => ({
  id: row[0],
  chatId,
  seq: row[1],
  rev: row[2],
  n: row[3],
  kind: row[4] === 1 ? 'system' : 'text',
  senderId: row[5],
  clientId: row[6],
  digest: row[7],
  content: row[8],
  replyTo: row[9] === null || row[10] === null ? null : { id: row[9], seq: row[10] },
  attachments: listIn<Attachment>(row[15]),
  earlier: listIn<EarlierText>(row[16]),
  system: row[11] === null ? null : (JSON.parse(row[11]) as SystemLine),
  createdAt: row[12],
  editedAt: row[13],
  deletedAt: row[14],
});

/** A list is JSON; an empty one, as most are, is NULL. */
const listIn = <T>(column: string | null): T[] => (column === null ? [] : (JSON.parse(column) as T[]));
export const listColumn = (list: readonly unknown[]): string | null =>
  list.length === 0 ? null : JSON.stringify(list);

import type { Document } from 'mongodb';
import type { PartKind, PartOf, RecordKind, RecordOf } from '../../application/ports/store-transfer.ts';
import { NO_MARK } from '../../domain/chat.ts';
import type { CommitRow } from './mongo-chat-log.ts';
import { type ChatRow, chatRow, type MemberRow, memberRow, toChat, toMember } from './mongo-chat-repository.ts';
import { type FileRow, toFile } from './mongo-file-repository.ts';
import type { LetterRow } from './mongo-mail-queue.ts';
import { type MessageRow, messageRow, toMessage } from './mongo-message-repository.ts';
import { type CodeRow, toCode } from './mongo-one-time-code-repository.ts';
import { type SessionRow, toSession } from './mongo-session-repository.ts';
import { fieldsOf, toUser, type UserRow } from './user-rows.ts';

/** A collection whose rows are records, or the parts of a chat, in the order of one field. */
export interface Form<T> {
  readonly collection: string;
  readonly orderedBy: string;
  toItem(row: Document): T;
  toRow(item: T): StoredRow;
}

export type StoredRow = Document & { readonly _id: string };

/** Rows are what this program wrote, so that each is of its collection's type. */
const form = <T, Row extends { readonly _id: string }>(
  collection: string,
  orderedBy: string,
  toItem: (row: Row) => T,
  toRow: (item: T) => Row,
): Form<T> => ({ collection, orderedBy, toItem: (row) => toItem(row as Row), toRow });

export const RECORDS: { readonly [K in RecordKind]: Form<RecordOf[K]> } = {
  setting: form(
    'settings',
    '_id',
    ({ _id, value }: { _id: string; value: string }) => ({ name: _id, value }),
    ({ name, value }) => ({ _id: name, value }),
  ),
  user: form('users', '_id', toUserRecord, toUserRow),
  session: form(
    'sessions',
    '_id',
    (row: SessionRow) => ({ ...toSession(row), family: row.family, token: row.token, ended: row.ended }),
    // `previous` is for a call that is made again, and none is under way.
    ({ id, expiresAt, ...session }) => ({ _id: id, ...session, expiresAt: new Date(expiresAt), previous: null }),
  ),
  code: form(
    'oneTimeCodes',
    '_id',
    toCode,
    ({ digest, expiresAt, ...code }): CodeRow => ({
      ...{ _id: digest, ...code, expiresAt: new Date(expiresAt) },
    }),
  ),
  letter: form(
    'mailQueue',
    '_id',
    ({ _id, ...letter }: LetterRow) => ({ id: _id, ...letter }),
    ({ id, ...letter }) => ({ _id: id, ...letter }),
  ),
  file: form(
    'files',
    '_id',
    (row: FileRow) => ({ ...toFile(row), state: row.state }),
    ({ id, ...file }) => ({ _id: id, ...file, unsent: file.uses.length === 0 }),
  ),
  chat: form('chats', '_id', toChat, (chat): ChatRow => chatRow(chat, false)),
};

export const PARTS: { readonly [K in PartKind]: Form<PartOf[K]> } = {
  member: form(
    'members',
    'userId',
    (row: MemberRow) => ({ ...toMember(row), mark: row.mark ?? NO_MARK, mutedUntil: row.mutedUntil ?? null }),
    ({ mark, mutedUntil, ...member }) => ({ ...memberRow(member), mark, mutedUntil }),
  ),
  message: form('messages', 'seq', (row: MessageRow) => toMessage(row), messageRow),
  commit: form('commits', 'firstRev', toCommit, toCommitRow),
};

function toUserRecord(row: UserRow): RecordOf['user'] {
  const { passwordHash, usernameKey, lastSeenAt = null, deletedAt = null, deletion } = row;
  return { ...toUser(row), passwordHash, usernameKey, lastSeenAt, deletedAt, deletion: deletion?.messages ?? null };
}

function toUserRow({ passwordHash, usernameKey, lastSeenAt, deletedAt, deletion, ...user }: RecordOf['user']): UserRow {
  const row = { _id: user.id, ...fieldsOf(user), passwordHash, ...(lastSeenAt !== null && { lastSeenAt }) };
  if (deletedAt === null) return row;
  return {
    ...row,
    ...{ usernameKey, emailKey: user.id, nameKey: '', listedName: '', grams: [], deletedAt },
    ...(deletion !== null && { deletion: { messages: deletion, at: deletedAt } }),
    ...(usernameKey !== user.id && { nameHeldSince: deletedAt }),
  };
}

function toCommit({ _id, chatId, firstRev, lastRev, at, changes = [] }: CommitRow): PartOf['commit'] {
  return { id: _id, chatId, firstRev, lastRev, at, changes };
}

function toCommitRow({ id, changes, ...commit }: PartOf['commit']): CommitRow {
  return { _id: id, ...commit, ...(changes.length > 0 && { changes }) };
}

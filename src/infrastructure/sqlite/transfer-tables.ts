import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { RecordKind, RecordOf } from '../../application/ports/store-transfer.ts';
import { searchKey } from '../../domain/text.ts';
import { loginKey } from '../../domain/user.ts';

export type TableName = Exclude<RecordKind, 'chat'>;

/** A table whose rows are records, by its key. */
interface Table<T> {
  readonly name: string;
  readonly key: string;
  toRecord(row: Columns): T;
  toRow(record: T): Readonly<Record<string, SQLInputValue>>;
}

type Columns = Readonly<Record<string, SQLOutputValue>>;

const text = (value: SQLOutputValue | undefined): string => String(value);
const textOrNull = (value: SQLOutputValue | undefined): string | null => (value === null ? null : String(value));
const number = (value: SQLOutputValue | undefined): number => Number(value);
const numberOrNull = (value: SQLOutputValue | undefined): number | null => (value === null ? null : Number(value));
/** JSON, or a word of a closed list, that this program wrote. */
const parsed = <T>(value: SQLOutputValue | undefined): T => JSON.parse(String(value)) as T;
const word = <T extends string | null>(value: SQLOutputValue | undefined): T => value as T;

const user: Table<RecordOf['user']> = {
  name: 'users',
  key: 'id',
  toRecord: (row) => ({
    id: text(row.id),
    username: text(row.username),
    email: text(row.email),
    displayName: textOrNull(row.display_name),
    bio: textOrNull(row.bio),
    location: textOrNull(row.location),
    birthDate: textOrNull(row.birth_date),
    isPrivate: row.is_private === 1,
    publicFields: parsed(row.public_fields),
    showPresence: row.show_presence === 1,
    role: word(row.role),
    version: number(row.version),
    createdAt: number(row.created_at),
    updatedAt: number(row.updated_at),
    suspendedAt: numberOrNull(row.suspended_at),
    avatarId: textOrNull(row.avatar_id),
    passwordHash: text(row.password_hash),
    usernameKey: text(row.username_key),
    lastSeenAt: numberOrNull(row.last_seen_at),
    deletedAt: numberOrNull(row.deleted_at),
    deletion: word(row.deletion),
  }),
  toRow: (record) => {
    const { isPrivate, displayName, deletedAt } = record;
    return {
      id: record.id,
      username: record.username,
      email: record.email,
      display_name: displayName,
      bio: record.bio,
      location: record.location,
      birth_date: record.birthDate,
      is_private: Number(isPrivate),
      public_fields: JSON.stringify(record.publicFields),
      show_presence: Number(record.showPresence),
      role: record.role,
      version: record.version,
      created_at: record.createdAt,
      updated_at: record.updatedAt,
      suspended_at: record.suspendedAt,
      avatar_id: record.avatarId,
      password_hash: record.passwordHash,
      username_key: record.usernameKey,
      email_key: deletedAt === null ? loginKey(record.email) : record.id,
      name_key: searchKey(displayName ?? ''),
      listed_name: searchKey((isPrivate ? null : displayName) ?? ''),
      last_seen_at: record.lastSeenAt,
      deleted_at: deletedAt,
      deletion: record.deletion,
    };
  },
};

const session: Table<RecordOf['session']> = {
  name: 'sessions',
  key: 'id',
  toRecord: (row) => ({
    id: text(row.id),
    userId: text(row.user_id),
    device: textOrNull(row.device),
    createdAt: number(row.created_at),
    lastUsedAt: number(row.last_used_at),
    expiresAt: number(row.expires_at),
    family: text(row.family),
    token: text(row.token),
    ended: row.ended === 1,
  }),
  toRow: ({ id, userId, device, createdAt, lastUsedAt, expiresAt, family, token, ended }) => ({
    ...{ id, user_id: userId, device, created_at: createdAt, last_used_at: lastUsedAt, expires_at: expiresAt },
    ...{ family, token, ended: Number(ended) },
  }),
};

const code: Table<RecordOf['code']> = {
  name: 'one_time_codes',
  key: 'digest',
  toRecord: (row) => ({
    digest: text(row.digest),
    purpose: word(row.purpose),
    userId: textOrNull(row.user_id),
    role: word(row.role),
    expiresAt: number(row.expires_at),
  }),
  toRow: ({ digest, purpose, userId, role, expiresAt }) => ({
    ...{ digest, purpose, user_id: userId, role, expires_at: expiresAt },
  }),
};

const letter: Table<RecordOf['letter']> = {
  name: 'mail_queue',
  key: 'id',
  toRecord: (row) => ({
    id: text(row.id),
    letter: parsed(row.letter),
    queuedAt: number(row.queued_at),
    dueAt: number(row.due_at),
    attempts: number(row.attempts),
  }),
  toRow: ({ id, letter, queuedAt, dueAt, attempts }) => ({
    ...{ id, letter: JSON.stringify(letter), queued_at: queuedAt, due_at: dueAt, attempts },
  }),
};

const file: Table<RecordOf['file']> = {
  name: 'files',
  key: 'id',
  toRecord: (row) => ({
    id: text(row.id),
    ownerId: text(row.owner_id),
    state: word(row.state),
    name: text(row.name),
    mediaType: text(row.media_type),
    bytes: number(row.bytes),
    width: numberOrNull(row.width),
    height: numberOrNull(row.height),
    createdAt: number(row.created_at),
    checkAt: number(row.check_at),
    uses: parsed(row.uses),
  }),
  toRow: ({ id, ownerId, state, name, mediaType, bytes, width, height, createdAt, checkAt, uses }) => ({
    ...{ id, owner_id: ownerId, state, name, media_type: mediaType, bytes, width, height },
    ...{ created_at: createdAt, check_at: checkAt, uses: JSON.stringify(uses) },
  }),
};

const setting: Table<RecordOf['setting']> = {
  name: 'settings',
  key: 'name',
  toRecord: (row) => ({ name: text(row.name), value: text(row.value) }),
  toRow: ({ name, value }) => ({ name, value }),
};

export const TABLES: { readonly [K in TableName]: Table<RecordOf[K]> } = { setting, user, session, code, letter, file };

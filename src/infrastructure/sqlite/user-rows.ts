import type { PublishableField, User } from '../../domain/user.ts';

/** In the order of `UserRow`. */
export const USER_COLUMNS = `id, username, email, display_name, bio, location, birth_date, is_private, public_fields, show_presence,
  role, version, created_at, updated_at, suspended_at, avatar_id`;

export type UserRow = [
  id: string,
  username: string,
  email: string,
  displayName: string | null,
  bio: string | null,
  location: string | null,
  birthDate: string | null,
  isPrivate: number,
  publicFields: string,
  showPresence: number,
  role: User['role'],
  version: number,
  createdAt: number,
  updatedAt: number,
  suspendedAt: number | null,
  avatarId: string | null,
];

export const toUser = (row: readonly [...UserRow, ...unknown[]]): User => ({
  id: row[0],
  username: row[1],
  email: row[2],
  displayName: row[3],
  bio: row[4],
  location: row[5],
  birthDate: row[6],
  isPrivate: row[7] === 1,
  publicFields: JSON.parse(row[8]) as PublishableField[],
  showPresence: row[9] === 1,
  role: row[10],
  version: row[11],
  createdAt: row[12],
  updatedAt: row[13],
  suspendedAt: row[14],
  avatarId: row[15],
});

import type { Collection, Filter } from 'mongodb';
import type { UserMatches, UserOrder, UserPosition, UserQuery } from '../../application/ports/persistence.ts';
import { gramsOfPart } from '../../domain/grams.ts';
import { searchKey } from '../../domain/text.ts';
import { acquaintancesAmong, type MemberRow } from './mongo-chat-repository.ts';
import { readFailed } from './mongo-database.ts';
import { gram, THERE, toUser, type UserRow } from './user-rows.ts';

const ROWS_AT_ONCE = 500;
/** How many rows one page may look at beside its offset; it is short where more would have been needed. */
const LOOKED_AT = 10_000;

const FIELD = { createdAt: 'createdAt', username: 'usernameKey', displayName: 'listedName' } as const satisfies Record<
  UserOrder,
  keyof UserRow
>;

/**
 * Finds people by parts of their names. Each row has the runs of 1 to 3 code points of both names under one index; it gives the
 * candidates, in the order that is wanted, and the names themselves decide.
 */
export async function searchUsers(
  users: Collection<UserRow>,
  members: Collection<MemberRow>,
  query: UserQuery,
): Promise<UserMatches> {
  if (query.limit < 1) return { users: [], next: null }; // to the driver, 0 is "without a limit"
  const found: UserRow[] = [];
  let [after, toSkip, looked] = [query.after, query.offset, 0];
  for (;;) {
    const rows = await nextRows(users, query, after);
    const fitting = await thoseThatFit(members, rows, query);
    found.push(...fitting.slice(toSkip));
    toSkip = Math.max(0, toSkip - fitting.length);
    looked += rows.length;
    const page = found.slice(0, query.limit);
    if (found.length > query.limit) return { users: page.map(toUser), next: positionOf(page.at(-1), query) };
    if (rows.length < ROWS_AT_ONCE) return { users: page.map(toUser), next: null };
    after = positionOf(rows.at(-1), query);
    if (looked >= LOOKED_AT + query.offset) return { users: page.map(toUser), next: after };
  }
}

function positionOf(row: UserRow | undefined, { order }: UserQuery): UserPosition | null {
  return row ? { value: row[FIELD[order]], id: row._id } : null;
}

async function nextRows(users: Collection<UserRow>, query: UserQuery, after: UserPosition | null): Promise<UserRow[]> {
  const field = FIELD[query.order];
  const direction = query.descending ? -1 : 1;
  const beyond = query.descending ? '$lt' : '$gt';
  const filters: Filter<UserRow>[] = [THERE, ...candidatesOf(query)];
  if (after) {
    filters.push({
      $or: [{ [field]: { [beyond]: after.value } }, { [field]: after.value, _id: { [beyond]: after.id } }],
    } as Filter<UserRow>);
  }
  const rows = users.find({ $and: filters }).sort({ [field]: direction, _id: direction });
  return rows.limit(ROWS_AT_ONCE).toArray().catch(readFailed);
}

/** What the database can say of who fits: everybody who does, and perhaps others. */
function candidatesOf(query: UserQuery): Filter<UserRow>[] {
  const { username, displayName, usernamePart, displayNamePart, part, ids, exceptId } = query;
  const has = (name: 'u' | 'n', text: string): Filter<UserRow> => ({
    grams: { $all: gramsOfPart(text).map((piece) => gram(name, piece)) },
  });
  const filters: (Filter<UserRow> | null)[] = [
    username === undefined ? null : { usernameKey: username },
    displayName === undefined ? null : { nameKey: displayName, ...has('n', displayName) },
    usernamePart === undefined ? null : has('u', usernamePart),
    displayNamePart === undefined ? null : has('n', displayNamePart),
    part === undefined ? null : { $or: [has('u', part), has('n', part)] },
    ids === undefined ? null : { _id: { $in: [...ids] } },
    exceptId === undefined ? null : { _id: { $ne: exceptId } },
  ];
  return filters.filter((filter) => filter !== null);
}

/** Looks at the names. Where only one that is hidden from strangers fits, it takes an acquaintance. */
async function thoseThatFit(
  members: Collection<MemberRow>,
  rows: readonly UserRow[],
  query: UserQuery,
): Promise<UserRow[]> {
  const candidates = rows.filter((row) => fits(row, query, true));
  const hidden = candidates.filter((row) => row._id !== query.viewerId && row.isPrivate && !fits(row, query, false));
  const ids = hidden.map((row) => row._id);
  const known = await acquaintancesAmong(members, query.viewerId, ids);
  const refused = new Set(ids.filter((id) => !known.has(id)));
  return candidates.filter((row) => !refused.has(row._id));
}

function fits({ username, nameKey }: UserRow, query: UserQuery, withName: boolean): boolean {
  const { displayName, usernamePart, displayNamePart, part } = query;
  const usernameKey = searchKey(username);
  return (
    (usernamePart === undefined || usernameKey.includes(usernamePart)) &&
    (displayName === undefined || (withName && nameKey === displayName)) &&
    (displayNamePart === undefined || (withName && nameKey.includes(displayNamePart))) &&
    (part === undefined || usernameKey.includes(part) || (withName && nameKey.includes(part)))
  );
}

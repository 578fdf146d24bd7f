import type { UserMatches, UserOrder, UserPosition, UserQuery } from '../../application/ports/persistence.ts';
import { gramsOf, gramsOfPart } from '../../domain/grams.ts';
import { searchKey } from '../../domain/text.ts';
import type { User } from '../../domain/user.ts';
import type { Database, Query } from './database.ts';
import { toUser, USER_COLUMNS, type UserRow } from './user-rows.ts';

type Parameter = string | number;
type Condition = readonly [sql: string, ...parameters: Parameter[]];
type FoundRow = [...UserRow, value: string | number];

/** So many people at most are looked at one by one; of more, the order's index gives a page sooner. */
const CANDIDATES_MAX = 2_000;
/** Of so many at most it is known who they are while the index is walked over; of more, enough of its first rows fit. */
const KNOWN_MAX = 20_000;
/** How many rows of an order's index one page may walk over: an offset, and then what so common a part needs. */
const WALK_MAX = 20_000;

const COLUMN: Record<UserOrder, string> = {
  createdAt: 'created_at',
  username: 'username_key',
  displayName: 'listed_name',
};
/** Before and after everybody. No code point comes after U+10FFFF. */
const EDGES = {
  number: [-1, Number.MAX_SAFE_INTEGER],
  text: ['', '\u{10FFFF}'],
} as const;

const USERNAME = "replace(username_key, 'ς', 'σ')";
const MAY_SEE_NAME = `(is_private = 0 OR id = ?
  OR EXISTS (
    SELECT 1 FROM members AS his CROSS JOIN members AS mine ON mine.chat = his.chat CROSS JOIN chats ON chats.number = his.chat
    WHERE his.user_id = users.id AND his.active = 1 AND mine.user_id = ? AND mine.active = 1 AND live = 1))`;

/**
 * Finds people by parts of their names. `user_grams` has, for each, the runs of 1 to 3 code points of both names, as tokens that
 * no tokenizer can split; it gives the candidates, and the names themselves decide. Where there are too many candidates, people
 * are looked at in the order that is wanted, of whom then enough fit.
 */
export class SqliteUserSearch {
  readonly #database: Database;
  readonly #candidates: Query<[number: number]>;
  readonly #candidateAt: Query<[number: number]>;
  /** By their text, of which there are a few dozen. */
  readonly #queries = new Map<string, Query<readonly Parameter[]>>();

  constructor(database: Database) {
    this.#database = database;
    this.#candidates = database.query('SELECT rowid FROM user_grams WHERE user_grams MATCH ? LIMIT ?');
    this.#candidateAt = database.query('SELECT rowid FROM user_grams WHERE user_grams MATCH ? LIMIT 1 OFFSET ?');
  }

  run(query: UserQuery): UserMatches {
    const candidates = this.#candidatesOf(query);
    return candidates ? this.#among(candidates, query) : this.#walk(query);
  }

  /** The most telling condition, if there is one that few people fulfil. */
  #candidatesOf(query: UserQuery): Condition | null {
    if (query.username !== undefined) return ['username_key = ?', query.username];
    if (query.ids) return ['id IN (SELECT value FROM json_each(?))', JSON.stringify(query.ids)];
    const match = matchOf(query);
    if (match === null) return null;
    const numbers = this.#candidates.all(match, CANDIDATES_MAX + 1).map(([number]) => number);
    if (numbers.length > CANDIDATES_MAX) return null;
    return ['users.number IN (SELECT value FROM json_each(?))', JSON.stringify(numbers)];
  }

  /** Who may fit, by the index of the order alone: to look at the rows of everybody on the way takes long. */
  #known(query: UserQuery): Condition[] {
    const match = matchOf(query);
    if (match === null || this.#candidateAt.get(match, KNOWN_MAX)) return [];
    return [['users.number IN (SELECT rowid FROM user_grams WHERE user_grams MATCH ?)', match]];
  }

  #among(candidates: Condition, query: UserQuery): UserMatches {
    const column = `+${COLUMN[query.order]}`; // the plus keeps the order's index out of it
    const { sql, parameters } = conjunction([candidates, isThere, afterOf(column, '+id', query), ...filtersOf(query)]);
    const fitting = `SELECT number AS picked, ${column} AS value FROM users
      WHERE ${sql} ${orderBy(column, '+id', query)} LIMIT ? OFFSET ?`;
    return pageOf(this.#all(pickedRows(fitting, query), [...parameters, query.limit + 1, query.offset]), query);
  }

  /** Goes through the order's index. What has not come up after so many rows is left to the next page. */
  #walk(query: UserQuery): UserMatches {
    const column = COLUMN[query.order];
    const from = conjunction([isThere, afterOf(column, 'id', query)]);
    const walked = `FROM users WHERE ${from.sql} ${orderBy(column, 'id', query)}`;
    const filters = conjunction([...this.#known(query), ...filtersOf(query)]);
    const fitting = `SELECT number AS picked, value
      FROM (SELECT users.number, ${column} AS value, ${filters.sql} AS fits ${walked} LIMIT ?) WHERE fits LIMIT ? OFFSET ?`;
    const bounds = [WALK_MAX, query.limit + 1, query.offset];
    const rows = this.#all(pickedRows(fitting, query), [...filters.parameters, ...from.parameters, ...bounds]);
    const page = pageOf(rows, query);
    if (page.next) return page;
    const [end] = this.#all(`SELECT ${column}, id ${walked} LIMIT 1 OFFSET ?`, [...from.parameters, WALK_MAX - 1]);
    return { ...page, next: end ? { value: end[0] as string | number, id: end[1] as string } : null };
  }

  #all(sql: string, parameters: readonly Parameter[]): FoundRow[] {
    const query = this.#queries.get(sql) ?? this.#database.query<readonly Parameter[]>(sql);
    this.#queries.set(sql, query);
    return query.all(...parameters) as unknown as FoundRow[];
  }
}

/** The rows of those who were picked: sorting them whole would take longer. */
const pickedRows = (picking: string, query: UserQuery): string =>
  `SELECT ${USER_COLUMNS}, value FROM (${picking}) CROSS JOIN users ON number = picked ${orderBy('value', 'id', query)}`;

function pageOf(rows: readonly FoundRow[], { limit }: UserQuery): UserMatches {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next: UserPosition | null = last && rows.length > limit ? { value: last.at(-1) as string, id: last[0] } : null;
  return { users: page.map(toUser), next };
}

const isThere: Condition = ['deleted_at IS NULL'];

/** Always a bound, so that the index is searched and never read from its first row on. */
function afterOf(column: string, id: string, { order, descending, after }: UserQuery): Condition {
  const [first, last] = order === 'createdAt' ? EDGES.number : EDGES.text;
  const { value, id: afterId } = after ?? { value: descending ? last : first, id: '' };
  return [`(${column}, ${id}) ${descending ? '<' : '>'} (?, ?)`, value, afterId];
}

const orderBy = (column: string, id: string, { descending }: UserQuery): string => {
  const direction = descending ? 'DESC' : 'ASC';
  return `ORDER BY ${column} ${direction}, ${id} ${direction}`;
};

function filtersOf(query: UserQuery): Condition[] {
  const { viewerId, displayName, usernamePart, displayNamePart, part, exceptId } = query;
  const nameIs = (sql: string, name: string): Condition => [`(${sql} AND ${MAY_SEE_NAME})`, name, viewerId, viewerId];
  const filters: (Condition | null)[] = [
    ['1'],
    exceptId === undefined ? null : ['id <> ?', exceptId],
    usernamePart === undefined ? null : [`instr(${USERNAME}, ?) > 0`, usernamePart],
    displayName === undefined ? null : nameIs('name_key = ?', displayName),
    displayNamePart === undefined ? null : nameIs('instr(name_key, ?) > 0', displayNamePart),
  ];
  if (part !== undefined) {
    const [sql, ...parameters] = nameIs('instr(name_key, ?) > 0', part);
    filters.push([`(instr(${USERNAME}, ?) > 0 OR ${sql})`, part, ...parameters]);
  }
  return filters.filter((filter) => filter !== null);
}

const conjunction = (conditions: readonly Condition[]): { sql: string; parameters: Parameter[] } => ({
  sql: conditions.map(([sql]) => sql).join(' AND '),
  parameters: conditions.flatMap(([, ...parameters]) => parameters),
});

/** A gram as a token: which of the names it is of, and its bytes in hexadecimal. */
const token = (name: 'u' | 'n', gram: string): string => name + Buffer.from(gram).toString('hex');

/** What the index has of somebody. */
export const gramsColumn = ({ username, displayName }: Pick<User, 'username' | 'displayName'>): string =>
  [
    ...gramsOf(searchKey(username)).map((gram) => token('u', gram)),
    ...gramsOf(searchKey(displayName ?? '')).map((gram) => token('n', gram)),
  ].join(' ');

/** The query in the language of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax); null if it names no part. */
function matchOf({ displayName, usernamePart, displayNamePart, part }: UserQuery): string | null {
  const all = (name: 'u' | 'n', text: string) =>
    `(${gramsOfPart(text)
      .map((gram) => token(name, gram))
      .join(' AND ')})`;
  const terms = [
    usernamePart === undefined ? [] : all('u', usernamePart),
    displayName === undefined ? [] : all('n', displayName),
    displayNamePart === undefined ? [] : all('n', displayNamePart),
    part === undefined ? [] : `(${all('u', part)} OR ${all('n', part)})`,
  ].flat();
  return terms.length === 0 ? null : terms.join(' AND ');
}

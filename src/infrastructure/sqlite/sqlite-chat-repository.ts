import type { ChatHead, ChatRepository, MarkedMember, Membership } from '../../application/ports/persistence.ts';
import type { Chat, ReadMark } from '../../domain/chat.ts';
import type { ChatId, Instant, UserId } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';
import {
  CHAT_COLUMNS,
  CHAT_WIDTH,
  type ChatRow,
  MEMBER_COLUMNS,
  type MemberRow,
  toChat,
  toMark,
  toMember,
  toMutedUntil,
} from './rows.ts';

type HeadRow = [id: ChatId, rev: number, seq: number, memberCount: number, readSeq: number, mutedUntil: Instant | null];

const OF_CHAT = 'chat = (SELECT number FROM chats WHERE id = ?)';

export class SqliteChatRepository implements ChatRepository {
  readonly #database: Database;
  readonly #find: Query<ChatRow>;
  readonly #membership: Query<[...ChatRow, ...MemberRow]>;
  readonly #memberships: Query<[...ChatRow, ...MemberRow]>;
  readonly #membershipsIn: Query<[...ChatRow, ...MemberRow]>;
  readonly #heads: Query<HeadRow>;
  readonly #count: Query<[number]>;
  readonly #members: Query<MemberRow>;
  readonly #membersById: Query<MemberRow>;
  readonly #membersIn: Query<[...MemberRow, chatId: ChatId]>;
  readonly #raise: Query<[seq: number, n: number]>;
  readonly #mute: Query<[number]>;
  readonly #listPublic: Query<[listKey: string]>;
  readonly #findMany: Query<ChatRow>;
  readonly #share: Query<[number]>;
  readonly #acquaintances: Query<[userId: string]>;
  readonly #chatIdsEver: Query<[chatId: string]>;

  constructor(database: Database) {
    this.#database = database;
    this.#find = database.query(`SELECT ${CHAT_COLUMNS} FROM chats WHERE id = ?`);
    this.#membership = database.query(`
      SELECT ${CHAT_COLUMNS}, ${MEMBER_COLUMNS} FROM chats JOIN members ON chat = number WHERE id = ? AND user_id = ?`);
    this.#memberships = database.query(`
      SELECT ${CHAT_COLUMNS}, ${MEMBER_COLUMNS} FROM members CROSS JOIN chats ON number = chat
      WHERE user_id = ? AND active = 1 AND live = 1`);
    this.#membershipsIn = database.query(`
      SELECT ${CHAT_COLUMNS}, ${MEMBER_COLUMNS} FROM json_each(?2) AS wanted
      CROSS JOIN chats ON chats.id = wanted.value CROSS JOIN members ON chat = number AND user_id = ?1
      WHERE active = 1 AND live = 1`);
    this.#heads = database.query(`
      SELECT chats.id, chats.rev, chats.seq, chats.member_count, max(read_seq, joined_seq, floor_seq), muted_until
      FROM members CROSS JOIN chats ON number = chat
      WHERE user_id = ? AND active = 1 AND live = 1`);
    this.#count = database.query(`
      SELECT count(*) FROM members CROSS JOIN chats ON number = chat WHERE user_id = ? AND active = 1 AND live = 1`);
    this.#members = database.query(`
      SELECT ${MEMBER_COLUMNS} FROM members WHERE ${OF_CHAT} AND user_id > ? AND active = 1 ORDER BY user_id LIMIT ?`);
    this.#membersById = database.query(`
      SELECT ${MEMBER_COLUMNS} FROM members
      WHERE ${OF_CHAT} AND user_id IN (SELECT value FROM json_each(?))`);
    this.#membersIn = database.query(`
      SELECT ${MEMBER_COLUMNS}, chats.id FROM json_each(?) AS wanted
      CROSS JOIN chats ON chats.id = wanted.value ->> 0
      CROSS JOIN members ON chat = number AND user_id = wanted.value ->> 1`);
    this.#raise = database.query(`
      UPDATE members SET read_seq = max(read_seq, ?), read_n = max(read_n, ?) WHERE ${OF_CHAT} AND user_id = ?
      RETURNING read_seq, read_n`);
    this.#mute = database.query(`
      UPDATE members SET muted_until = ? WHERE ${OF_CHAT} AND user_id = ? RETURNING 1`);
    this.#listPublic = database.query(`
      SELECT list_key FROM chats WHERE list_key IS NOT NULL AND list_key > ? ORDER BY list_key LIMIT ?`);
    this.#findMany = database.query(`
      SELECT ${CHAT_COLUMNS} FROM chats WHERE id IN (SELECT value FROM json_each(?))`);
    this.#share = database.query(`
      SELECT 1 FROM members AS one CROSS JOIN members AS other ON other.chat = one.chat CROSS JOIN chats ON number = one.chat
      WHERE one.user_id = ? AND one.active = 1 AND other.user_id = ? AND other.active = 1 AND live = 1 LIMIT 1`);
    this.#acquaintances = database.query(`
      SELECT value FROM json_each(?2) WHERE EXISTS (
        SELECT 1 FROM members AS his CROSS JOIN members AS mine ON mine.chat = his.chat CROSS JOIN chats ON number = his.chat
        WHERE his.user_id = value AND his.active = 1 AND mine.user_id = ?1 AND mine.active = 1 AND live = 1)`);
    this.#chatIdsEver = database.query(`
      SELECT id FROM chats WHERE number IN (
        SELECT chat FROM members WHERE user_id = ?1 AND active = 1
        UNION ALL SELECT chat FROM members WHERE user_id = ?1 AND active = 0)`);
  }

  find(chatId: ChatId): Promise<Chat | null> {
    return this.#database.read(() => {
      const row = this.#find.get(chatId);
      return row ? toChat(row) : null;
    });
  }

  membership(chatId: ChatId, userId: UserId): Promise<Membership | null> {
    return this.#database.read(() => {
      const row = this.#membership.get(chatId, userId);
      return row ? toMembership(row) : null;
    });
  }

  memberships(userId: UserId, chatIds?: readonly ChatId[]): Promise<Membership[]> {
    return this.#database.read(() => {
      const rows = chatIds ? this.#membershipsIn.all(userId, JSON.stringify(chatIds)) : this.#memberships.all(userId);
      return rows.map(toMembership);
    });
  }

  heads(userId: UserId): Promise<ChatHead[]> {
    return this.#database.read(() => this.#heads.all(userId).map(toHead));
  }

  countMemberships(userId: UserId): Promise<number> {
    return this.#database.read(() => this.#count.get(userId)?.[0] ?? 0);
  }

  members(chatId: ChatId, after: UserId | null, limit: number): Promise<MarkedMember[]> {
    return this.#database.read(() =>
      this.#members.all(chatId, after ?? '', limit).map((row) => toMarkedMember(chatId, row)),
    );
  }

  membersById(chatId: ChatId, userIds: readonly UserId[]): Promise<MarkedMember[]> {
    return this.#database.read(() =>
      this.#membersById.all(chatId, JSON.stringify(userIds)).map((row) => toMarkedMember(chatId, row)),
    );
  }

  membersIn(of: readonly { readonly chatId: ChatId; readonly userId: UserId }[]): Promise<MarkedMember[]> {
    const wanted = JSON.stringify(of.map(({ chatId, userId }) => [chatId, userId]));
    return this.#database.read(() => this.#membersIn.all(wanted).map((row) => toMarkedMember(row[11], row)));
  }

  raiseMark(chatId: ChatId, userId: UserId, mark: ReadMark): Promise<ReadMark | null> {
    return this.#database.write(() => {
      const row = this.#raise.get(mark.seq, mark.n, chatId, userId);
      return row ? { seq: row[0], n: row[1] } : null;
    });
  }

  mute(chatId: ChatId, userId: UserId, until: Instant | null): Promise<boolean> {
    return this.#database.write(() => this.#mute.get(until, chatId, userId) !== undefined);
  }

  listPublic(after: string, limit: number): Promise<string[]> {
    return this.#database.read(() => this.#listPublic.all(after, limit).map(([key]) => key));
  }

  findMany(chatIds: readonly ChatId[]): Promise<Chat[]> {
    return this.#database.read(() => this.#findMany.all(JSON.stringify(chatIds)).map(toChat));
  }

  shareChat(a: UserId, b: UserId): Promise<boolean> {
    return this.#database.read(() => this.#share.get(a, b) !== undefined);
  }

  acquaintances(userId: UserId, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const others = JSON.stringify([...new Set(userIds)].filter((id) => id !== userId));
    return this.#database.read(() => new Set(this.#acquaintances.all(userId, others).map(([id]) => id)));
  }

  chatIdsEver(userId: UserId): Promise<ChatId[]> {
    return this.#database.read(() => this.#chatIdsEver.all(userId).map(([id]) => id));
  }
}

const toMarkedMember = (chatId: ChatId, row: readonly [...MemberRow, ...unknown[]]): MarkedMember => ({
  member: toMember(chatId, row),
  mark: toMark(row),
});

function toMembership(row: [...ChatRow, ...MemberRow]): Membership {
  const chat = toChat(row);
  const member = row.slice(CHAT_WIDTH) as MemberRow;
  return { chat, ...toMarkedMember(chat.id, member), mutedUntil: toMutedUntil(member) };
}

const toHead = ([id, rev, seq, memberCount, readSeq, mutedUntil]: HeadRow): ChatHead => ({
  id,
  rev,
  seq,
  memberCount,
  readSeq,
  mutedUntil,
});

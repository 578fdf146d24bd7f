import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import {
  OF_THE_MACHINE,
  type PartKind,
  type PartOf,
  PROGRESS,
  type RecordKind,
  type RecordOf,
  type StoreTransfer,
} from '../../application/ports/store-transfer.ts';
import type { ChatId } from '../../domain/ids.ts';
import { decodeChanges, encodeChanges } from './change-list.ts';
import { CommitWrites, indexedUpTo } from './commit-writes.ts';
import { type Database, openDatabase, type SqliteOptions } from './database.ts';
import {
  CHAT_COLUMNS,
  type ChatRow,
  MEMBER_COLUMNS,
  MESSAGE_COLUMNS,
  type MemberRow,
  type MessageRow,
  PLACE_MAX,
  toChat,
  toMark,
  toMember,
  toMessage,
  toMutedUntil,
} from './rows.ts';
import { SqliteChatLog } from './sqlite-chat-log.ts';
import { gramsColumn } from './sqlite-user-search.ts';
import { TABLES, type TableName } from './transfer-tables.ts';

/** @throws StoreRefused as openSqliteStore does */
export function openSqliteTransfer(options: SqliteOptions): StoreTransfer {
  return new SqliteStoreTransfer(openDatabase(options));
}

type Values = Readonly<Record<string, SQLInputValue>>;
type PageOfChat = [chatId: ChatId, number: number, after: string | number, limit: number];
type Readers = { readonly [K in PartKind]: (...page: PageOfChat) => PartOf[K][] };
type Writers = { readonly [K in PartKind]: (number: number, part: PartOf[K]) => void };

class SqliteStoreTransfer implements StoreTransfer {
  readonly #database: Database;
  readonly #log: SqliteChatLog;
  readonly #writes: CommitWrites;
  readonly #statements = new Map<string, StatementSync>();

  readonly #readers: Readers = {
    member: (...page) => this.#members(...page),
    message: (...page) => this.#messages(...page),
    commit: (...page) => this.#commits(...page),
  };
  readonly #writers: Writers = {
    member: (number, member) => this.#putMember(number, member),
    message: (number, message) => this.#putMessage(number, message),
    commit: (number, commit) => this.#putCommit(number, commit),
  };

  constructor(database: Database) {
    this.#database = database;
    this.#log = new SqliteChatLog(database);
    this.#writes = new CommitWrites(database);
  }

  async finish(): Promise<void> {
    while (!(await this.#log.purge()));
  }

  records<K extends RecordKind>(kind: K, after: string, limit: number): Promise<RecordOf[K][]> {
    return this.#database.read(() => {
      const found = kind === 'chat' ? this.#chats(after, limit) : this.#rows(kind as TableName, after, limit);
      return found as RecordOf[K][];
    });
  }

  putRecords<K extends RecordKind>(kind: K, records: readonly RecordOf[K][]): Promise<void> {
    return this.#database.write(() => {
      for (const record of records) {
        if (kind === 'chat') this.#putChat(record as RecordOf['chat']);
        else this.#put(kind as TableName, record);
      }
    });
  }

  parts<K extends PartKind>(kind: K, chatId: ChatId, after: string | number, limit: number): Promise<PartOf[K][]> {
    return this.#database.read(() => this.#readers[kind](chatId, this.#numberOf(chatId), after, limit));
  }

  putParts<K extends PartKind>(kind: K, chatId: ChatId, parts: readonly PartOf[K][]): Promise<void> {
    return this.#database.write(() => {
      const number = this.#numberOf(chatId);
      for (const part of parts) this.#writers[kind](number, part);
    });
  }

  async progress(): Promise<string | null> {
    return this.#database.read(() => {
      const row = this.#sql('SELECT value FROM settings WHERE name = ?').get(PROGRESS);
      return row ? String(row.value) : null;
    });
  }

  noteProgress(note: string | null): Promise<void> {
    return this.#database.write(() => {
      if (note === null) this.#sql('DELETE FROM settings WHERE name = ?').run(PROGRESS);
      else this.#sql('REPLACE INTO settings (name, value) VALUES (?, ?)').run(PROGRESS, note);
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #sql(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.statement(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #rows(kind: TableName, after: string, limit: number): unknown[] {
    const { name, key, toRecord } = TABLES[kind];
    const others = kind === 'setting' ? `AND name NOT IN (${OF_THE_MACHINE.map((each) => `'${each}'`).join()})` : '';
    const rows = this.#sql(`SELECT * FROM ${name} WHERE ${key} > ? ${others} ORDER BY ${key} LIMIT ?`).all(
      after,
      limit,
    );
    return rows.map((row) => toRecord(row as Record<string, SQLOutputValue>));
  }

  /** Taken away and written anew, so that it does not matter whether it was there. */
  #put(kind: TableName, record: unknown): void {
    const { name, key, toRow } = TABLES[kind];
    const row = (toRow as (record: unknown) => Values)(record);
    const id = row[key] ?? null;
    if (kind === 'user')
      this.#sql('DELETE FROM user_grams WHERE rowid = (SELECT number FROM users WHERE id = ?)').run(id);
    this.#sql(`DELETE FROM ${name} WHERE ${key} = ?`).run(id);
    this.#insert('INSERT', name, row);
    if (kind === 'user') this.#index(record as RecordOf['user']);
  }

  #insert(verb: 'INSERT' | 'REPLACE' | 'INSERT OR IGNORE', table: string, row: Values): void {
    const columns = Object.keys(row);
    const sql = `${verb} INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`;
    this.#sql(sql).run(...Object.values(row));
  }

  #index(user: RecordOf['user']): void {
    if (user.deletedAt !== null) return;
    const sql = 'INSERT INTO user_grams (rowid, grams) SELECT number, ? FROM users WHERE id = ?';
    this.#sql(sql).run(gramsColumn(user), user.id);
  }

  #chats(after: string, limit: number): RecordOf['chat'][] {
    const query = this.#database.query<ChatRow>(`SELECT ${CHAT_COLUMNS} FROM chats WHERE id > ? ORDER BY id LIMIT ?`);
    return query.all(after, limit).map(toChat);
  }

  /** What was deleted of it has been purged before it came here. */
  #putChat(chat: RecordOf['chat']): void {
    const row = this.#sql('SELECT number FROM chats WHERE id = ?').get(chat.id);
    const number = this.#writes.storeChat(row ? Number(row.number) : null, chat);
    const purged = 'UPDATE chats SET purged_rev = floor_rev, purged_seq = floor_seq WHERE number = ?';
    this.#sql(purged).run(number);
  }

  #numberOf(chatId: ChatId): number {
    const row = this.#sql('SELECT number FROM chats WHERE id = ?').get(chatId);
    if (!row) throw new Error(`chat ${chatId} is not there`);
    return Number(row.number);
  }

  #members(...[chatId, number, after, limit]: PageOfChat): PartOf['member'][] {
    const query = this.#database.query<MemberRow>(`
      SELECT ${MEMBER_COLUMNS} FROM members WHERE chat = ? AND user_id > ? ORDER BY user_id LIMIT ?`);
    const rows = query.all(number, after, limit);
    return rows.map((row) => ({ ...toMember(chatId, row), mark: toMark(row), mutedUntil: toMutedUntil(row) }));
  }

  #putMember(number: number, { mark, mutedUntil, ...member }: PartOf['member']): void {
    this.#writes.storeMember(number, member);
    const marked = 'UPDATE members SET read_seq = ?, read_n = ?, muted_until = ? WHERE chat = ? AND user_id = ?';
    this.#sql(marked).run(mark.seq, mark.n, mutedUntil, number, member.userId);
  }

  #messages(...[chatId, number, after, limit]: PageOfChat): PartOf['message'][] {
    const query = this.#database.query<MessageRow>(`
      SELECT ${MESSAGE_COLUMNS} FROM messages
      WHERE place > (?1 << 32 | ?2) AND place <= (?1 << 32 | ${PLACE_MAX}) ORDER BY place LIMIT ?3`);
    return query.all(number, after, limit).map((row) => toMessage(chatId, row));
  }

  #putMessage(number: number, message: PartOf['message']): void {
    this.#writes.storeMessage(number, message);
    const head = this.#sql('SELECT seq FROM chats WHERE number = ?').get(number);
    if (message.kind === 'system' || message.seq > indexedUpTo(Number(head?.seq))) return;
    const indexed = 'INSERT OR IGNORE INTO own_lines (sender_id, place) VALUES (?, ? << 32 | ?)';
    this.#sql(indexed).run(message.senderId, number, message.seq);
  }

  #commits(...[chatId, number, after, limit]: PageOfChat): PartOf['commit'][] {
    const query = this.#database.query<[firstRev: number, lastRev: number, id: string, at: number, changes: string]>(`
      SELECT place & ${PLACE_MAX}, last_rev, id, at, changes FROM commits
      WHERE place > (?1 << 32 | ?2) AND place <= (?1 << 32 | ${PLACE_MAX}) ORDER BY place LIMIT ?3`);
    const creation = this.#database.query<[id: string, senderId: string, createdAt: number]>(
      'SELECT id, sender_id, created_at FROM messages WHERE place = (? << 32 | ?)',
    );
    return query.all(number, after, limit).map(([firstRev, lastRev, id, at, text]) => {
      const changes = decodeChanges(text, firstRev, (seq) => {
        const row = creation.get(number, seq);
        if (!row) throw new Error(`no message at ${number}/${seq}`);
        return { id: row[0], senderId: row[1], createdAt: row[2] };
      });
      return { id, chatId, firstRev, lastRev, at, changes };
    });
  }

  #putCommit(number: number, { id, firstRev, lastRev, at, changes }: PartOf['commit']): void {
    const sql = 'REPLACE INTO commits (place, last_rev, id, at, changes) VALUES (? << 32 | ?, ?, ?, ?, ?)';
    this.#sql(sql).run(number, firstRev, lastRev, id, at, encodeChanges(changes));
  }
}

import type { StatementSync } from 'node:sqlite';
import type { Commit } from '../../domain/changes.ts';
import { type Chat, listKey, type Member } from '../../domain/chat.ts';
import type { Message } from '../../domain/message.ts';
import { encodeChanges } from './change-list.ts';
import type { Database, Query } from './database.ts';
import { listColumn } from './rows.ts';

/**
 * Up to which line `own_lines` has a chat's lines. They are entered many at a time, because the lines of each sender stand by
 * themselves there: one by one, every message would cost the writing of a page of its own.
 */
export const OWN_LINES_STEP = 128;
export const indexedUpTo = (seq: number): number => seq - (seq % OWN_LINES_STEP);

/** Writes one commit, inside a transaction. */
export class CommitWrites {
  readonly #head: Query<[number: number, rev: number, seq: number]>;
  readonly #commitId: Query<[id: string]>;
  readonly #insertChat: StatementSync;
  readonly #updateChat: StatementSync;
  readonly #insertCommit: StatementSync;
  readonly #insertUnsettled: StatementSync;
  readonly #writeMember: StatementSync;
  readonly #writeMessage: StatementSync;
  readonly #indexOwnLines: StatementSync;

  constructor(database: Database) {
    this.#head = database.query('SELECT number, rev, seq FROM chats WHERE id = ?');
    this.#commitId = database.query('SELECT id FROM commits WHERE place = (? << 32 | ?)');
    const columns = `live, name, description, member_count, created_at, updated_at, active_at, rev, seq, n,
      floor_rev, floor_seq, floor_n, avatar_id, list_key`;
    this.#insertChat = database.statement(`
      INSERT INTO chats (${columns}, id, kind, pair_low, pair_high) VALUES (${Array(19).fill('?').join()})`);
    this.#updateChat = database.statement(`
      UPDATE chats SET (${columns}) = (${Array(15).fill('?').join()}) WHERE number = ?`);
    this.#insertCommit = database.statement(
      'INSERT INTO commits (place, last_rev, id, at, changes) VALUES (? << 32 | ?, ?, ?, ?, ?)',
    );
    this.#insertUnsettled = database.statement('INSERT INTO unsettled (place, since) VALUES (? << 32 | ?, ?)');
    this.#writeMember = database.statement(`
      INSERT INTO members (chat, user_id, role, active, banned, joined_at, joined_seq, joined_n, rev)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (chat, user_id) DO UPDATE SET
        (role, active, banned, joined_at, joined_seq, joined_n, rev) =
        (excluded.role, excluded.active, excluded.banned, excluded.joined_at, excluded.joined_seq, excluded.joined_n, excluded.rev)
      WHERE excluded.rev > rev`);
    this.#writeMessage = database.statement(`
      INSERT INTO messages (place, id, rev, n, is_system, sender_id, client_id, digest, content, reply_id, reply_seq,
        system, created_at, edited_at, deleted_at, attachments, earlier)
      VALUES (? << 32 | ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (place) DO UPDATE SET
        (rev, digest, content, reply_id, reply_seq, system, edited_at, deleted_at, attachments, earlier) =
        (excluded.rev, excluded.digest, excluded.content, excluded.reply_id, excluded.reply_seq, excluded.system,
          excluded.edited_at, excluded.deleted_at, excluded.attachments, excluded.earlier)
      WHERE excluded.rev > rev`);
    this.#indexOwnLines = database.statement(`
      INSERT INTO own_lines (sender_id, place)
      SELECT sender_id, place FROM messages
      WHERE place > (?1 << 32 | ?2) AND place <= (?1 << 32 | ?3) AND is_system = 0 ORDER BY sender_id, place`);
  }

  store(commit: Commit): 'stored' | 'conflict' {
    const { chatId, firstRev, lastRev, images } = commit;
    const [known, rev, seq] = this.#head.get(chatId) ?? [null, 0, 0];
    if (rev !== firstRev - 1) return known !== null && this.#isStored(known, commit) ? 'stored' : 'conflict';
    const number = this.storeChat(known, images.chat);
    this.#insertCommit.run(number, firstRev, lastRev, commit.id, commit.at, encodeChanges(commit.changes));
    this.#insertUnsettled.run(number, firstRev, Date.now());
    for (const member of images.members) this.storeMember(number, member);
    for (const message of images.messages) this.storeMessage(number, message);
    const [indexed, toIndex] = [indexedUpTo(seq), indexedUpTo(images.chat.seq)];
    if (toIndex > indexed) this.#indexOwnLines.run(number, indexed, toIndex);
    return 'stored';
  }

  #isStored(number: number, { id, firstRev }: Commit): boolean {
    return this.#commitId.get(number, firstRev)?.[0] === id;
  }

  /** Writes the row of a chat that has this number, or none yet; answers its number. */
  storeChat(known: number | null, chat: Chat): number {
    const row = [
      Number(chat.live),
      chat.name,
      chat.description,
      chat.memberCount,
      chat.createdAt,
      chat.updatedAt,
      chat.activeAt,
      chat.rev,
      chat.seq,
      chat.n,
      chat.floorRev,
      chat.floorSeq,
      chat.floorN,
      chat.avatarId,
      listKey(chat),
    ];
    if (known !== null) {
      this.#updateChat.run(...row, known);
      return known;
    }
    const [low, high] = chat.pair ?? [null, null];
    return Number(this.#insertChat.run(...row, chat.id, chat.kind, low, high).lastInsertRowid);
  }

  storeMember(number: number, member: Member): void {
    const { userId, role, active, banned, joinedAt, joinedSeq, joinedN, rev } = member;
    this.#writeMember.run(number, userId, role, Number(active), Number(banned), joinedAt, joinedSeq, joinedN, rev);
  }

  storeMessage(number: number, message: Message): void {
    this.#writeMessage.run(
      number,
      message.seq,
      message.id,
      message.rev,
      message.n,
      Number(message.kind === 'system'),
      message.senderId,
      message.clientId,
      message.digest,
      message.content,
      message.replyTo?.id ?? null,
      message.replyTo?.seq ?? null,
      message.system && JSON.stringify(message.system),
      message.createdAt,
      message.editedAt,
      message.deletedAt,
      listColumn(message.attachments),
      listColumn(message.earlier),
    );
  }
}

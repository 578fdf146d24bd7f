import type { MessagePage, MessageRepository, UnreadQuery } from '../../application/ports/persistence.ts';
import { takingTurns } from '../../application/taking-turns.ts';
import type { ChatId, MessageId, UserId } from '../../domain/ids.ts';
import { type Message, type MessageFilter, passes } from '../../domain/message.ts';
import { OWN_LINES_STEP } from './commit-writes.ts';
import type { Database, Query } from './database.ts';
import { clamp, MESSAGE_COLUMNS, type MessageRow, toMessage } from './rows.ts';

const LOOKED_AT_ONCE = 500;

const NUMBER = '(SELECT number FROM chats WHERE id = ?1)';
const ASKED_HEAD = '(number << 32 | asked.value ->> 2)';

export class SqliteMessageRepository implements MessageRepository {
  readonly #database: Database;
  readonly #findMany: Query<MessageRow>;
  readonly #findIn: Query<[...MessageRow, chatId: ChatId]>;
  readonly #page: Record<MessagePage['order'], Query<MessageRow>>;
  readonly #at: Query<[...MessageRow, chatId: ChatId]>;
  readonly #countUpTo: Query<[number]>;
  readonly #countNotUnread: Query<[chatId: ChatId, count: number]>;

  constructor(database: Database) {
    this.#database = database;
    this.#findMany = database.query(`
      SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id IN (SELECT value FROM json_each(?2)) AND chat = ${NUMBER}`);
    this.#findIn = database.query(`
      SELECT ${MESSAGE_COLUMNS}, chats.id FROM json_each(?) AS wanted
      CROSS JOIN messages ON messages.id = wanted.value ->> 1
      CROSS JOIN chats ON number = chat AND chats.id = wanted.value ->> 0`);
    const page = (order: string): Query<MessageRow> =>
      database.query(`
        SELECT ${MESSAGE_COLUMNS} FROM messages
        WHERE place > (${NUMBER} << 32 | ?2) AND place <= (${NUMBER} << 32 | ?3) ORDER BY place ${order} LIMIT ?4`);
    this.#page = { asc: page('ASC'), desc: page('DESC') };
    this.#at = database.query(`
      SELECT ${MESSAGE_COLUMNS}, chats.id FROM json_each(?) AS wanted
      CROSS JOIN chats ON chats.id = wanted.value ->> 0
      CROSS JOIN messages ON place = (number << 32 | wanted.value ->> 1)`);
    this.#countUpTo = database.query(`
      SELECT n FROM messages
      WHERE place > (${NUMBER} << 32) AND place <= (${NUMBER} << 32 | ?2) ORDER BY place DESC LIMIT 1`);
    this.#countNotUnread = database.query(`
      SELECT chats.id,
        (SELECT count(*) FROM own_lines
          WHERE sender_id = ?1 AND place > (number << 32 | asked.value ->> 1) AND place <= ${ASKED_HEAD})
        + (SELECT count(*) FROM messages
          WHERE sender_id = ?1 AND is_system = 0
            AND place > (number << 32 | max(asked.value ->> 1, chats.seq - chats.seq % ${OWN_LINES_STEP})) AND place <= ${ASKED_HEAD})
        + (SELECT count(*) FROM messages INDEXED BY messages_deleted
          WHERE sender_id <> ?1 AND is_system = 0 AND deleted_at IS NOT NULL AND rev <= asked.value ->> 3
            AND place > (number << 32 | asked.value ->> 1) AND place <= ${ASKED_HEAD})
      FROM json_each(?2) AS asked CROSS JOIN chats ON chats.id = asked.value ->> 0`);
  }

  async find(chatId: ChatId, messageId: MessageId): Promise<Message | null> {
    const [message] = await this.findMany(chatId, [messageId]);
    return message ?? null;
  }

  findMany(chatId: ChatId, messageIds: readonly MessageId[]): Promise<Message[]> {
    return this.#database.read(() =>
      this.#findMany.all(chatId, JSON.stringify(messageIds)).map((row) => toMessage(chatId, row)),
    );
  }

  findIn(of: readonly { readonly chatId: ChatId; readonly messageId: MessageId }[]): Promise<Message[]> {
    const wanted = JSON.stringify(of.map(({ chatId, messageId }) => [chatId, messageId]));
    return this.#database.read(() => this.#findIn.all(wanted).map((row) => toMessage(row[17], row)));
  }

  page(chatId: ChatId, { above, upTo, order, limit }: MessagePage): Promise<Message[]> {
    return this.#database.read(() =>
      this.#page[order].all(chatId, clamp(above), clamp(upTo), limit).map((row) => toMessage(chatId, row)),
    );
  }

  /** In steps, between which others have their turn: a fold of many long texts takes its time. */
  async search(chatId: ChatId, page: MessagePage, filter: MessageFilter): Promise<Message[]> {
    const matches = passes(filter);
    const found: Message[] = [];
    const othersTurn = takingTurns();
    let rest = { ...page, limit: LOOKED_AT_ONCE };
    while (found.length < page.limit) {
      const lines = await this.page(chatId, rest);
      for (const line of lines) {
        if (matches(line)) found.push(line);
        await othersTurn(line.content);
      }
      const last = lines.at(-1);
      if (!last || lines.length < LOOKED_AT_ONCE) break;
      rest = page.order === 'asc' ? { ...rest, above: last.seq } : { ...rest, upTo: last.seq - 1 };
    }
    return found.slice(0, page.limit);
  }

  at(places: readonly { readonly chatId: ChatId; readonly seq: number }[]): Promise<Message[]> {
    const wanted = JSON.stringify(places.map(({ chatId, seq }) => [chatId, clamp(seq)]));
    return this.#database.read(() => this.#at.all(wanted).map((row) => toMessage(row[17], row)));
  }

  countUpTo(chatId: ChatId, seq: number): Promise<number> {
    return this.#database.read(() => this.#countUpTo.get(chatId, clamp(seq))?.[0] ?? 0);
  }

  countNotUnread(userId: UserId, queries: readonly UnreadQuery[]): Promise<Map<ChatId, number>> {
    const asked = JSON.stringify(
      queries.map(({ chatId, above, head }) => [chatId, clamp(above), clamp(head.seq), head.rev]),
    );
    return this.#database.read(() => new Map(this.#countNotUnread.all(userId, asked)));
  }
}

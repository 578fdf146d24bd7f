import type { KnownRows } from '../../application/ports/persistence.ts';
import { type ChatState, emptyState } from '../../domain/changes.ts';
import type { Chat, Member } from '../../domain/chat.ts';
import type { Needs } from '../../domain/decide.ts';
import type { ChatId, UserId } from '../../domain/ids.ts';
import type { Database, Query } from './database.ts';
import {
  CHAT_COLUMNS,
  type ChatRow,
  MEMBER_COLUMNS,
  MESSAGE_COLUMNS,
  type MemberRow,
  type MessageRow,
  toChat,
  toMember,
  toMessage,
} from './rows.ts';

/** Reads what a decision needs. */
export class StateRows {
  readonly #number: Query<[number]>;
  readonly #chat: Query<[...ChatRow, number: number]>;
  readonly #member: Query<MemberRow>;
  readonly #heir: Query<MemberRow>;
  readonly #message: Query<MessageRow>;
  readonly #sent: Query<MessageRow>;

  constructor(database: Database) {
    this.#number = database.query('SELECT number FROM chats WHERE id = ?');
    this.#chat = database.query(`SELECT ${CHAT_COLUMNS}, number FROM chats WHERE id = ?`);
    this.#member = database.query(`SELECT ${MEMBER_COLUMNS} FROM members WHERE chat = ? AND user_id = ?`);
    this.#heir = database.query(`
      SELECT ${MEMBER_COLUMNS} FROM members WHERE chat = ? AND active = 1 AND role <> 'owner'
      ORDER BY role = 'admin' DESC, joined_at, user_id LIMIT 1`);
    this.#message = database.query(`SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id = ? AND chat = ?`);
    this.#sent = database.query(`
      SELECT ${MESSAGE_COLUMNS} FROM messages WHERE chat = ? AND client_id = ? AND sender_id = ?`);
  }

  read(chatId: ChatId, needs: Needs, known: KnownRows | null): ChatState {
    const [number, chat] = known ? [this.#number.get(chatId)?.[0], known.chat] : this.#readChat(chatId);
    const state = emptyState(chat);
    if (number === undefined) return state;
    for (const id of needs.messages) {
      const row = this.#message.get(id, number);
      if (row) state.messages.set(id, toMessage(chatId, row));
    }
    const senders = [...state.messages.values()].map((message) => message.senderId);
    for (const userId of [...needs.members, ...senders]) {
      const member = known?.members.get(userId) ?? this.#readMember(chatId, number, userId);
      if (member) state.members.set(userId, member);
    }
    for (const key of needs.sendKeys) {
      const colon = key.indexOf(':');
      const row = this.#sent.get(number, key.slice(colon + 1), key.slice(0, colon));
      if (row) state.sent.set(key, toMessage(chatId, row));
    }
    const heir = needs.heir ? this.#heir.get(number) : undefined;
    state.heir = heir ? toMember(chatId, heir) : null;
    return state;
  }

  #readChat(chatId: ChatId): [number: number | undefined, chat: Chat | null] {
    const row = this.#chat.get(chatId);
    return row ? [row[17], toChat(row)] : [undefined, null];
  }

  #readMember(chatId: ChatId, number: number, userId: UserId): Member | null {
    const row = this.#member.get(number, userId);
    return row ? toMember(chatId, row) : null;
  }
}

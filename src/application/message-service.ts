import type { Chat } from '../domain/chat.ts';
import { checkFields } from '../domain/errors.ts';
import type { ChatId, MessageId, UserId } from '../domain/ids.ts';
import { checkClientId, checkContent, type Draft, type Message, messageNotFound } from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import { type ChatService, onlyOneOf, shown } from './chat-service.ts';
import type { ChatWriter } from './chat-writer.ts';
import { decodeCursor, encodeCursor, type Page } from './page.ts';
import type { MessageRepository } from './ports/persistence.ts';
import type { Digests, IdGenerator } from './ports/services.ts';

export interface NewMessage {
  readonly content: string;
  readonly clientId?: string | undefined;
  readonly replyTo?: MessageId | null | undefined;
}

export interface Sent {
  readonly messages: readonly Message[];
  /** False when all of them had been stored before, under the same clientIds. */
  readonly stored: boolean;
}

export interface HistoryQuery {
  readonly limit: number;
  readonly order?: 'asc' | 'desc' | undefined;
  /** At most one of these four. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Messages of a chat: sending, reading, editing, deleting. */
export class MessageService {
  readonly #chats: ChatService;
  readonly #messages: MessageRepository;
  readonly #writer: ChatWriter;
  readonly #digests: Digests;
  readonly #ids: IdGenerator;

  constructor(deps: {
    chats: ChatService;
    messages: MessageRepository;
    writer: ChatWriter;
    digests: Digests;
    ids: IdGenerator;
  }) {
    this.#chats = deps.chats;
    this.#messages = deps.messages;
    this.#writer = deps.writer;
    this.#digests = deps.digests;
    this.#ids = deps.ids;
  }

  /**
   * Sends all of these or none. A clientId that this person has used in this chat is not sent again: the same content is
   * answered with the stored message, other content is refused.
   * @throws DomainError VALIDATION_FAILED, CHAT_NOT_FOUND, CLIENT_ID_REUSED, REPLY_TARGET_UNKNOWN
   */
  async send(actor: Actor, chatId: ChatId, messages: readonly NewMessage[]): Promise<Sent> {
    return this.#submit(actor, chatId, this.#drafts(messages));
  }

  /** The same to the direct chat with this person, which opens where it is not. @throws DomainError CHAT_WITH_ONESELF, USERS_UNKNOWN */
  async sendTo(actor: Actor, peerId: UserId, messages: readonly NewMessage[]): Promise<Sent> {
    const drafts = this.#drafts(messages);
    return this.#submit(actor, await this.#chats.directChatId(actor, peerId), drafts, peerId);
  }

  /** Lines by `seq`; newest first unless asked otherwise. @throws DomainError CHAT_NOT_FOUND, VALIDATION_FAILED */
  async page(actor: Actor, chatId: ChatId, query: HistoryQuery): Promise<Page<Message>> {
    const { before, after, around, cursor, limit } = query;
    onlyOneOf({ before, after, around, cursor });
    const [order, above, below] =
      cursor === undefined
        ? [query.order ?? (after === undefined ? 'desc' : 'asc'), after ?? 0, before ?? Number.MAX_SAFE_INTEGER]
        : decodeCursor(cursor, 'string', 'number', 'number');
    const direction = order === 'asc' ? 'asc' : 'desc';
    const { chat } = await this.#chats.membership(actor, chatId);
    if (around !== undefined) return this.#around(chat, around, limit, direction);
    const bounds = { above: Math.max(chat.floorSeq, above), upTo: Math.min(chat.seq, below - 1) };
    const found = await this.#messages.page(chat.id, { ...bounds, order: direction, limit: limit + 1 });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    if (!last || found.length <= limit) return { items, nextCursor: null };
    const rest = direction === 'asc' ? [direction, last.seq, below] : [direction, above, last.seq];
    return { items, nextCursor: encodeCursor(rest) };
  }

  /** @throws DomainError CHAT_NOT_FOUND, MESSAGE_NOT_FOUND */
  async get(actor: Actor, chatId: ChatId, messageId: MessageId): Promise<Message> {
    const { chat } = await this.#chats.membership(actor, chatId);
    const message = await this.#messages.find(chatId, messageId);
    if (!message || message.seq <= chat.floorSeq || message.seq > chat.seq) throw messageNotFound();
    return message;
  }

  /** @throws DomainError CHAT_NOT_FOUND, MESSAGE_NOT_FOUND, FORBIDDEN, VALIDATION_FAILED */
  async edit(actor: Actor, chatId: ChatId, messageId: MessageId, content: string): Promise<Message> {
    const checked = checkFields({ content: () => checkContent(content) });
    const command = { type: 'message.edit', messageId, content: checked.content } as const;
    const { messages } = await this.#writer.submit(chatId, actor.userId, command);
    const [message] = messages;
    if (!message) throw messageNotFound();
    return message;
  }

  /** Leaves a tombstone in its place. Once more is fine. @throws DomainError CHAT_NOT_FOUND, MESSAGE_NOT_FOUND, FORBIDDEN */
  async delete(actor: Actor, chatId: ChatId, messageId: MessageId): Promise<void> {
    await this.#writer.submit(chatId, actor.userId, { type: 'message.delete', messageId });
  }

  async #submit(actor: Actor, chatId: ChatId, drafts: readonly Draft[], peerId?: UserId): Promise<Sent> {
    const command = { type: 'message.send', drafts, ...(peerId !== undefined && { peerId }) } as const;
    const { chat, changes, messages } = await this.#writer.submit(chatId, actor.userId, command);
    return { messages: messages.map((message) => shown(chat, message)), stored: changes.length > 0 };
  }

  #drafts(messages: readonly NewMessage[]): Draft[] {
    const [only] = messages;
    if (messages.length === 1 && only) return [this.#draft(only)];
    const rules = Object.fromEntries(messages.map((message, i) => [`messages/${i}`, () => this.#draft(message)]));
    return Object.values(checkFields<Record<string, Draft>>(rules));
  }

  #draft(message: NewMessage): Draft {
    const id = this.#ids.next();
    const checked = checkFields({
      content: () => checkContent(message.content),
      clientId: () => (message.clientId === undefined ? id : checkClientId(message.clientId)),
    });
    const replyTo = message.replyTo ?? null;
    return { ...checked, id, replyTo, digest: this.#digests.digest(JSON.stringify([checked.content, replyTo])) };
  }

  /** Half of the page before `seq`, the rest from it on; what one side lacks the other does not make up for. */
  async #around(chat: Chat, seq: number, limit: number, order: 'asc' | 'desc'): Promise<Page<Message>> {
    const before = Math.floor(limit / 2);
    const [older, newer] = await Promise.all([
      this.#messages.page(chat.id, {
        above: chat.floorSeq,
        upTo: Math.min(seq - 1, chat.seq),
        order: 'desc',
        limit: before,
      }),
      this.#messages.page(chat.id, {
        above: Math.max(seq - 1, chat.floorSeq),
        upTo: chat.seq,
        order: 'asc',
        limit: limit - before,
      }),
    ]);
    const ascending = [...older.reverse(), ...newer];
    return { items: order === 'asc' ? ascending : ascending.reverse(), nextCursor: null };
  }
}

import type { Chat } from '../domain/chat.ts';
import { checkFields } from '../domain/errors.ts';
import type { AttachmentId, ChatId, Instant, MessageId, UserId } from '../domain/ids.ts';
import {
  checkClientId,
  checkContent,
  type Draft,
  type Message,
  type MessageFilter,
  messageNotFound,
} from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import type { AttachmentService } from './attachment-service.ts';
import { type ChatService, shown } from './chat-service.ts';
import type { ChatWriter } from './chat-writer.ts';
import { lastLinesBefore } from './line-times.ts';
import { decodeCursor, encodeCursor, onlyOneOf, type Page } from './page.ts';
import type { MessageRepository } from './ports/persistence.ts';
import type { Digests, IdGenerator } from './ports/services.ts';

export interface NewMessage {
  readonly content: string;
  readonly clientId?: string | undefined;
  readonly replyTo?: MessageId | null | undefined;
  /** Uploads of the sender's, each once. With one, the content may be empty. */
  readonly attachmentIds?: readonly AttachmentId[] | undefined;
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
  /** So many are left out at the beginning. Goes with neither `cursor` nor `around`, and `around` with none of the rest either. */
  readonly offset?: number | undefined;
  /** Written then or later, and then or earlier. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /** A page that is filtered looks at so many lines at most, and is short where more would have been needed. */
  readonly filter?: MessageFilter | undefined;
}

const LOOKED_AT = 10_000;
const OFFSET_MAX = 10_000;

interface Range {
  readonly order: 'asc' | 'desc';
  /** The bounds that were asked for, which every further page keeps. */
  readonly asked: { readonly above: number; readonly below: number };
  readonly above: number;
  readonly upTo: number;
  readonly skip: number;
}

/** Messages of a chat: sending, reading, editing, deleting. */
export class MessageService {
  readonly #chats: ChatService;
  readonly #messages: MessageRepository;
  readonly #writer: ChatWriter;
  readonly #attachments: AttachmentService;
  readonly #digests: Digests;
  readonly #ids: IdGenerator;

  constructor(deps: {
    chats: ChatService;
    messages: MessageRepository;
    writer: ChatWriter;
    attachments: AttachmentService;
    digests: Digests;
    ids: IdGenerator;
  }) {
    this.#chats = deps.chats;
    this.#messages = deps.messages;
    this.#writer = deps.writer;
    this.#attachments = deps.attachments;
    this.#digests = deps.digests;
    this.#ids = deps.ids;
  }

  /**
   * Sends all of these or none. A clientId that this person has used in this chat is not sent again: the same content is
   * answered with the stored message, other content is refused.
   * @throws DomainError VALIDATION_FAILED, CHAT_NOT_FOUND, CLIENT_ID_REUSED, REPLY_TARGET_UNKNOWN, ATTACHMENT_UNKNOWN, UPLOAD_LIMIT
   */
  async send(actor: Actor, chatId: ChatId, messages: readonly NewMessage[]): Promise<Sent> {
    return this.#submit(actor, chatId, await this.#attach(actor, chatId, messages, this.#drafts(messages)));
  }

  /** The same to the direct chat with this person, which opens where it is not. @throws DomainError CHAT_WITH_ONESELF, USERS_UNKNOWN */
  async sendTo(actor: Actor, peerId: UserId, messages: readonly NewMessage[]): Promise<Sent> {
    const drafts = this.#drafts(messages);
    const chatId = await this.#chats.directChatId(actor, peerId);
    return this.#submit(actor, chatId, await this.#attach(actor, chatId, messages, drafts), peerId);
  }

  /** Lines by `seq`; newest first unless asked otherwise. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN, VALIDATION_FAILED */
  async page(actor: Actor, chatId: ChatId, query: HistoryQuery): Promise<Page<Message>> {
    const { before, after, around, cursor, offset, from, to, filter } = query;
    onlyOneOf({ before, after, around, cursor });
    onlyOneOf({ cursor, offset });
    const narrowing = { offset, from, to, ...filter };
    if (around !== undefined)
      for (const [name, value] of Object.entries(narrowing)) onlyOneOf({ around, [name]: value });
    const { chat } = await this.#chats.membership(actor, chatId);
    if (around !== undefined) return this.#around(chat, around, query.limit, query.order ?? 'desc');
    const range = await this.#range(chat, query);
    return Object.keys(filter ?? {}).length === 0
      ? this.#page(chat.id, range, query.limit)
      : this.#search(chat.id, range, query.limit, filter ?? {});
  }

  /** The history of the direct chat with somebody; empty where there is none. @throws DomainError CHAT_WITH_ONESELF, USERS_UNKNOWN */
  async pageWith(actor: Actor, peerId: UserId, query: HistoryQuery): Promise<Page<Message>> {
    const chatId = await this.#chats.findDirect(actor, peerId);
    return chatId === null ? { items: [], nextCursor: null } : this.page(actor, chatId, query);
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

  /** The drafts with their files. */
  async #attach(
    actor: Actor,
    chatId: ChatId,
    messages: readonly NewMessage[],
    drafts: readonly Draft[],
  ): Promise<readonly Draft[]> {
    if (!messages.some(hasFiles)) return drafts;
    const attach = async (draft: Draft, ids: readonly AttachmentId[]): Promise<Draft> => {
      if (ids.length === 0) return draft;
      const attachments = await this.#attachments.attach(actor, { chatId, clientId: draft.clientId }, ids);
      return { ...draft, attachments };
    };
    return Promise.all(drafts.map((draft, i) => attach(draft, messages[i]?.attachmentIds ?? [])));
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
      content: () => checkContent(message.content, hasFiles(message)),
      clientId: () => (message.clientId === undefined ? id : checkClientId(message.clientId)),
    });
    const replyTo = message.replyTo ?? null;
    return {
      ...checked,
      id,
      replyTo,
      attachments: [],
      digest: this.#digests.digest(JSON.stringify([checked.content, replyTo, ...(message.attachmentIds ?? [])])),
    };
  }

  /** Which lines a query is about, and how many of them it leaves out at the beginning. */
  async #range(chat: Chat, query: HistoryQuery): Promise<Range> {
    const { before, after, cursor, offset = 0, from, to } = query;
    const [direction, start, end, left] =
      cursor === undefined
        ? [query.order ?? (after === undefined ? 'desc' : 'asc'), after ?? 0, before ?? Number.MAX_SAFE_INTEGER, offset]
        : decodeCursor(cursor, 'string', 'number', 'number', 'number');
    const order = direction === 'asc' ? 'asc' : 'desc';
    const lastBefore = async (before: Instant) => (await lastLinesBefore(this.#messages, [{ chat, before }]))[0] ?? 0;
    return {
      order,
      asked: { above: start, below: end },
      above: Math.max(chat.floorSeq, start, from === undefined ? 0 : await lastBefore(from)),
      upTo: Math.min(chat.seq, end - 1, to === undefined ? chat.seq : await lastBefore(to + 1)),
      skip: Math.min(Math.max(left, 0), OFFSET_MAX),
    };
  }

  /** Without a filter every line counts, so what is left out is a matter of arithmetic. */
  async #page(chatId: ChatId, range: Range, limit: number): Promise<Page<Message>> {
    const { order, above, upTo, skip } = range;
    const bounds = order === 'asc' ? { above: above + skip, upTo } : { above, upTo: upTo - skip };
    const found = await this.#messages.page(chatId, { ...bounds, order, limit: limit + 1 });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: last && found.length > limit ? cursorFrom(range, last.seq, 0) : null };
  }

  async #search(chatId: ChatId, range: Range, limit: number, filter: MessageFilter): Promise<Page<Message>> {
    const { order, skip } = range;
    const window =
      order === 'asc'
        ? { above: range.above, upTo: Math.min(range.upTo, range.above + LOOKED_AT) }
        : { above: Math.max(range.above, range.upTo - LOOKED_AT), upTo: range.upTo };
    const found = await this.#messages.search(chatId, { ...window, order, limit: skip + limit + 1 }, filter);
    const items = found.slice(skip, skip + limit);
    const last = items.at(-1);
    if (last && found.length > skip + limit) return { items, nextCursor: cursorFrom(range, last.seq, 0) };
    const isAll = window.above === range.above && window.upTo === range.upTo;
    const edge = order === 'asc' ? window.upTo : window.above + 1;
    return { items, nextCursor: isAll ? null : cursorFrom(range, edge, Math.max(0, skip - found.length)) };
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

/** Where the page after this line begins; `skip` lines are left out there. */
const cursorFrom = ({ order, asked }: Range, seq: number, skip: number): string =>
  encodeCursor(order === 'asc' ? [order, seq, asked.below, skip] : [order, asked.above, seq, skip]);

const hasFiles = ({ attachmentIds = [] }: NewMessage): boolean => attachmentIds.length > 0;

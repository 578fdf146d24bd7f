import type { Collection, Db, Filter } from 'mongodb';
import type { MessagePage, MessageRepository, UnreadQuery } from '../../application/ports/persistence.ts';
import { takingTurns } from '../../application/taking-turns.ts';
import type { ChatId, MessageId, UserId } from '../../domain/ids.ts';
import { type Message, type MessageFilter, passes, sendKey } from '../../domain/message.ts';
import { readFailed } from './mongo-database.ts';

const LOOKED_AT_ONCE = 500;

export type MessageRow = Omit<Message, 'id'> & {
  readonly _id: MessageId;
  readonly sendKey: string;
  /** Where it stands, on deleted messages alone: they are counted by a sparse index that holds nothing else. */
  readonly tombstone?: string;
};

export function messageRow({ id, ...message }: Message): MessageRow {
  const key = sendKey(message.senderId, message.clientId);
  const row = { _id: id, ...message, sendKey: key };
  return message.deletedAt === null ? row : { ...row, tombstone: place(message.chatId, message.seq) };
}

export function toMessage({ _id, sendKey: _, tombstone: __, ...message }: MessageRow): Message {
  return { id: _id, ...message };
}

/** Sorts, within a chat, as `seq` does. */
const place = (chatId: ChatId, seq: number): string => `${chatId}/${String(seq).padStart(16, '0')}`;

export class MongoMessageRepository implements MessageRepository {
  readonly #messages: Collection<MessageRow>;

  constructor(db: Db) {
    this.#messages = db.collection('messages');
  }

  async find(chatId: ChatId, messageId: MessageId): Promise<Message | null> {
    const row = await this.#messages.findOne({ _id: messageId, chatId }).catch(readFailed);
    return row && toMessage(row);
  }

  async findMany(chatId: ChatId, messageIds: readonly MessageId[]): Promise<Message[]> {
    return this.#all({ _id: { $in: [...messageIds] }, chatId });
  }

  async findIn(of: readonly { readonly chatId: ChatId; readonly messageId: MessageId }[]): Promise<Message[]> {
    if (of.length === 0) return [];
    const [messageIds, chatIds] = [
      new Set(of.map((place) => place.messageId)),
      new Set(of.map((place) => place.chatId)),
    ];
    const found = await this.#all({ _id: { $in: [...messageIds] }, chatId: { $in: [...chatIds] } });
    const wanted = new Set(of.map(({ chatId, messageId }) => `${chatId}/${messageId}`));
    return found.filter(({ id, chatId }) => wanted.has(`${chatId}/${id}`));
  }

  async page(chatId: ChatId, { above, upTo, order, limit }: MessagePage): Promise<Message[]> {
    if (limit < 1) return []; // to the driver, 0 is "without a limit"
    const rows = this.#messages.find({ chatId, seq: { $gt: above, $lte: upTo } });
    return (
      await rows
        .sort({ seq: order === 'asc' ? 1 : -1 })
        .limit(limit)
        .toArray()
        .catch(readFailed)
    ).map(toMessage);
  }

  async search(chatId: ChatId, { above, upTo, order, limit }: MessagePage, filter: MessageFilter): Promise<Message[]> {
    const { senderId, content } = filter;
    const exactly = { ...(senderId !== undefined && { senderId }), ...(content !== undefined && { content }) };
    const rows = this.#messages.find({ chatId, seq: { $gt: above, $lte: upTo }, ...exactly });
    const matches = passes(filter);
    const found: Message[] = [];
    const othersTurn = takingTurns();
    try {
      for await (const row of rows.sort({ seq: order === 'asc' ? 1 : -1 }).batchSize(LOOKED_AT_ONCE)) {
        if (found.length >= limit) break;
        const message = toMessage(row);
        if (matches(message)) found.push(message);
        await othersTurn(message.content);
      }
    } catch (error) {
      readFailed(error);
    }
    return found;
  }

  async at(places: readonly { readonly chatId: ChatId; readonly seq: number }[]): Promise<Message[]> {
    if (places.length === 0) return [];
    return this.#all({ $or: places.map(({ chatId, seq }) => ({ chatId, seq })) });
  }

  async countUpTo(chatId: ChatId, seq: number): Promise<number> {
    const last = { sort: { seq: -1 }, projection: { n: 1 } } as const;
    return (await this.#messages.findOne({ chatId, seq: { $lte: seq } }, last).catch(readFailed))?.n ?? 0;
  }

  async countNotUnread(userId: UserId, queries: readonly UnreadQuery[]): Promise<Map<ChatId, number>> {
    if (queries.length === 0) return new Map();
    const own = queries.map(({ chatId, above, head }) => ({
      chatId,
      senderId: userId,
      seq: { $gt: above, $lte: head.seq },
    }));
    const deleted = queries.map(({ chatId, above, head }) => ({
      tombstone: { $gt: place(chatId, above), $lte: place(chatId, head.seq) },
      rev: { $lte: head.rev },
    }));
    const counts = await Promise.all([
      this.#count({ $or: own, kind: 'text' }),
      this.#count({ $or: deleted, senderId: { $ne: userId } }),
    ]);
    const sums = new Map<ChatId, number>();
    for (const { _id, count } of counts.flat()) sums.set(_id, (sums.get(_id) ?? 0) + count);
    return sums;
  }

  async #count(filter: Filter<MessageRow>): Promise<{ _id: ChatId; count: number }[]> {
    const groups = [{ $match: filter }, { $group: { _id: '$chatId', count: { $sum: 1 } } }];
    return this.#messages.aggregate<{ _id: ChatId; count: number }>(groups).toArray().catch(readFailed);
  }

  async #all(filter: Filter<MessageRow>): Promise<Message[]> {
    return (await this.#messages.find(filter).toArray().catch(readFailed)).map(toMessage);
  }
}

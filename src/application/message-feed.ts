import type { ChatId, Instant } from '../domain/ids.ts';
import type { Message } from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import { lastLinesBefore } from './line-times.ts';
import { decodeCursor, encodeCursor, type Page } from './page.ts';
import type { ChatRepository, MessageRepository } from './ports/persistence.ts';

/** How many lines one page may look at; it is short where more would have been needed. */
const LOOKED_AT = 2_000;
/** How many chats are read ahead in one look-up, and how many lines of each at most. */
const CHATS_AT_ONCE = 32;
const LINES_AT_ONCE = 64;

export interface FeedQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Only what the actor wrote himself. */
  readonly sentOnly?: boolean;
}

/** What is left to read of one chat. */
interface Stream {
  readonly chatId: ChatId;
  readonly floor: number;
  /** Where it is read on, downwards. */
  next: number;
  /** Read ahead, newest first. */
  lines: Message[];
  /** Of the newest line that is left; while none is read ahead, an upper bound of that. */
  at: Instant;
  /** How many lines are read ahead next time. */
  ahead: number;
}

/** All messages of somebody's chats, as one history. */
export class MessageFeed {
  readonly #chats: ChatRepository;
  readonly #messages: MessageRepository;

  constructor(deps: { chats: ChatRepository; messages: MessageRepository }) {
    this.#chats = deps.chats;
    this.#messages = deps.messages;
  }

  /**
   * What people wrote in the chats that the actor is in, newest first; of the same millisecond, by chat. Chats are merged as far
   * as the page needs, so it costs a look at the memberships and at about as many lines as it has.
   * @throws DomainError VALIDATION_FAILED
   */
  async list(actor: Actor, { limit, cursor, sentOnly = false }: FeedQuery): Promise<Page<Message>> {
    const queue = await this.#open(
      actor,
      cursor === undefined ? null : decodeCursor(cursor, 'number', 'string', 'number'),
    );
    const items: Message[] = [];
    let last: Message | null = null;
    for (let looked = 0; looked < LOOKED_AT; looked += 1) {
      const line = await this.#next(queue);
      if (!line) return { items, nextCursor: null };
      const isWanted = line.kind === 'text' && (!sentOnly || line.senderId === actor.userId);
      if (isWanted && items.length === limit) break;
      if (isWanted) items.push(line);
      last = line;
    }
    return { items, nextCursor: last && encodeCursor([last.createdAt, last.chatId, last.seq]) };
  }

  /** One stream for each chat that has lines after the cursor, the newest last. */
  async #open(actor: Actor, after: readonly [Instant, ChatId, number] | null): Promise<Stream[]> {
    const [at, lastChat, lastSeq] = after ?? [Number.MAX_SAFE_INTEGER, '', 0];
    const chats = (await this.#chats.memberships(actor.userId)).map(({ chat }) => ({
      chat,
      // Of the cursor's own millisecond, the chats that come after its chat are still to be told.
      before: chat.id > lastChat ? at + 1 : at,
    }));
    const cut = chats.filter(({ chat, before }) => chat.activeAt >= before && chat.id !== lastChat);
    const ends = await lastLinesBefore(this.#messages, cut);
    const endOf = new Map(cut.map(({ chat }, i) => [chat.id, ends[i] ?? 0]));
    endOf.set(lastChat, lastSeq - 1);
    return chats
      .map(({ chat, before }) => ({
        ...{ chatId: chat.id, floor: chat.floorSeq, next: Math.min(endOf.get(chat.id) ?? chat.seq, chat.seq) },
        ...{ lines: [], ahead: 2, at: Math.min(chat.activeAt, chat.id === lastChat ? at : before - 1) },
      }))
      .filter((stream) => stream.next > stream.floor)
      .sort(newestLast);
  }

  async #next(queue: Stream[]): Promise<Message | null> {
    for (let stream = queue.pop(); stream; stream = queue.pop()) {
      const [line, following] = stream.lines;
      if (line) {
        stream.lines.shift();
        stream.at = (following ?? line).createdAt;
        enqueue(queue, stream);
        return line;
      }
      await this.#readAhead(queue, stream);
    }
    return null;
  }

  /** Reads on in this stream, which is out of the queue, and with it in those that come next and have nothing either. */
  async #readAhead(queue: Stream[], first: Stream): Promise<void> {
    const others = queue.slice(-CHATS_AT_ONCE).filter(({ lines }) => lines.length === 0);
    const streams = [first, ...others];
    const places = streams.flatMap(({ chatId, next, floor, ahead }) =>
      Array.from({ length: Math.min(ahead, next - floor) }, (_, i) => ({ chatId, seq: next - i })),
    );
    const lines = Map.groupBy(await this.#messages.at(places), ({ chatId }) => chatId);
    queue.splice(0, queue.length, ...queue.filter((stream) => !others.includes(stream)));
    for (const stream of streams) {
      stream.lines = (lines.get(stream.chatId) ?? []).sort((a, b) => b.seq - a.seq);
      stream.next -= stream.ahead;
      stream.ahead = Math.min(stream.ahead * 2, LINES_AT_ONCE);
      stream.at = stream.lines[0]?.createdAt ?? stream.at;
      enqueue(queue, stream);
    }
  }
}

const newestLast = (a: Stream, b: Stream): number => a.at - b.at || (a.chatId < b.chatId ? 1 : -1);

/** Puts a stream where it belongs, unless it has come to its end. */
function enqueue(queue: Stream[], stream: Stream): void {
  if (stream.lines.length === 0 && stream.next <= stream.floor) return;
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other && newestLast(other, stream) < 0) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, stream);
}

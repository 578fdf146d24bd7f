import type { Chat } from '../domain/chat.ts';
import type { Instant } from '../domain/ids.ts';
import type { MessageRepository } from './ports/persistence.ts';

export interface TimeQuery {
  readonly chat: Chat;
  readonly before: Instant;
}

/**
 * For each query, the `seq` of the chat's last line that was written before the instant; the floor's where there is none. Time
 * never goes back within a chat, so it is found by halving: about 20 look-ups, each for all queries together.
 */
export async function lastLinesBefore(messages: MessageRepository, queries: readonly TimeQuery[]): Promise<number[]> {
  const ranges = queries.map(({ chat, before }) => ({ chatId: chat.id, before, low: chat.floorSeq, high: chat.seq }));
  for (;;) {
    const open = ranges.filter(({ low, high }) => low < high);
    if (open.length === 0) return ranges.map(({ low }) => low);
    const lines = await messages.at(open.map((range) => ({ chatId: range.chatId, seq: middle(range) })));
    const lineOf = new Map(lines.map((line) => [line.chatId, line]));
    for (const range of open) {
      const isEarlier = (lineOf.get(range.chatId)?.createdAt ?? Number.POSITIVE_INFINITY) < range.before;
      if (isEarlier) range.low = middle(range);
      else range.high = middle(range) - 1;
    }
  }
}

const middle = ({ low, high }: { low: number; high: number }): number => Math.ceil((low + high) / 2);

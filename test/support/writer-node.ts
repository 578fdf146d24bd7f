import { ChatWriter, type Outcome, type WriterLimits } from '../../src/application/chat-writer.ts';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { Commit } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { RandomIds } from '../../src/infrastructure/system.ts';
import { anId } from './builders.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLogger } from './recording-logger.ts';
import { WatchedLog } from './watched-log.ts';

export type WriterNode = ReturnType<typeof aWriterNode>;

/** A writer with a bus and a clock of its own, on a log that can be watched. */
export function aWriterNode(store: Store, limits: Partial<WriterLimits> = {}) {
  const log = new WatchedLog(store.chatLog);
  const [clock, logger] = [new ManualClock(), new RecordingLogger()];
  const bus = new LocalEventBus(logger);
  const published: Commit[] = [];
  bus.subscribe((event) => {
    if (event.type === 'commit') published.push(event.commit);
  });
  const writer = new ChatWriter({ log, bus, clock, ids: new RandomIds(), logger, limits });
  return { writer, log, logger, clock, published };
}

export const adding = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: anId() });
export const removing = (userId: string): Command => ({ type: 'member.remove', userId, lineId: anId() });

/** What became of a command: the number of changes that it stored, or the code of its refusal. */
export async function fate(answer: Promise<Outcome>): Promise<number | string> {
  try {
    return (await answer).changes.length;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

/** What people have written in a chat, in its order. */
export async function textsIn(store: Store, chatId: string): Promise<(string | null)[]> {
  const everything = { above: 0, upTo: Number.MAX_SAFE_INTEGER, order: 'asc', limit: 10_000 } as const;
  const lines = await store.messages.page(chatId, everything);
  return lines.filter((line) => line.kind === 'text').map((line) => line.content);
}

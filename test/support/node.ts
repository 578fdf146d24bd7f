import { createHash, randomBytes } from 'node:crypto';
import { ChatWriter } from '../../src/application/chat-writer.ts';
import type { ChatLog } from '../../src/application/ports/persistence.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { SystemClock } from '../../src/infrastructure/system.ts';
import { anId } from './builders.ts';
import { RecordingLogger } from './recording-logger.ts';

/** The writer of a node of its own: it shares nothing with another but the store. Its bus has no listeners. */
export const aWriter = (log: ChatLog): ChatWriter =>
  new ChatWriter({
    log,
    bus: new LocalEventBus(new RecordingLogger()),
    clock: new SystemClock(),
    ids: {
      next: anId,
      directChat: (a, b) => createHash('sha1').update([a, b].sort().join()).digest('hex'),
      secret: (bytes) => randomBytes(bytes).toString('base64url'),
      random: Math.random,
    },
    // However slow the machine: what is proved is that nothing is lost, not how fast the race is run.
    limits: { conflictMs: 60_000 },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });

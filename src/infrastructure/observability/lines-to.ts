import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

const WAITING_MAX = 1_048_576; // characters
const RETRY_MS = 100;

/**
 * Writes lines to a descriptor, those of one turn of the event loop together, since a write costs more than a line. Nothing waits for
 * them: what cannot be written (the disk is full, the reader is gone) is tried again, and what would be more than 1 MiB is left out.
 */
export function linesTo(descriptor: number): DestinationStream & { finish(): void } {
  let waiting = '';
  let taken = Buffer.alloc(0); // what a write has begun with
  let isWriting = false;
  let isDue = false; // a write, or soon one
  let retry: NodeJS.Timeout | undefined;

  const take = () => {
    if (taken.length > 0) return;
    taken = Buffer.from(waiting);
    waiting = '';
  };

  const flush = () => {
    take();
    isWriting = taken.length > 0;
    isDue = isWriting;
    if (isWriting) write(descriptor, taken, written);
  };

  const written = (error: Error | null, bytes: number) => {
    isWriting = false;
    if (error) {
      retry = setTimeout(flush, RETRY_MS).unref();
      return;
    }
    taken = taken.subarray(bytes);
    flush();
  };

  return {
    write: (line) => {
      if (waiting.length + line.length > WAITING_MAX) return;
      waiting += line;
      if (!isDue) setImmediate(flush);
      isDue = true;
    },
    /** For the end of the process: what waits is tried once more, at once, and then given up. */
    finish: () => {
      const begun = isWriting ? Buffer.alloc(0) : taken; // what is being written is in another thread
      let rest = Buffer.concat([begun, Buffer.from(waiting)]);
      waiting = '';
      taken = Buffer.alloc(0);
      clearTimeout(retry);
      try {
        while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
      } catch {
        // There is no later, and nowhere to say so.
      }
    },
  };
}

import type { Connection } from './connection.ts';
import { textFrames } from './outbox.ts';

/** The same frames to all of these, made once. */
export function sendTo(connections: Iterable<Connection>, texts: readonly string[]): void {
  let frames: Buffer | undefined;
  for (const connection of connections) {
    frames ??= textFrames(texts);
    connection.sendFrame(frames);
  }
}

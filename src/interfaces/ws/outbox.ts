import type { Duplex } from 'node:stream';

/** What may wait for one slow reader, in bytes: more, and the connection is better closed and resumed. */
const OUTBOX_MAX_BYTES = 1024 * 1024;

/** A whole unmasked text frame (RFC 6455 5.2), made once and then put on as many sockets as it is for. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81; // FIN, opcode 1
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}

const dirty: Outbox[] = [];

function flushAll(): void {
  for (const outbox of dirty.splice(0)) outbox.flush();
}

/**
 * The way out of one socket. What one turn of the event loop owes it goes out in one write, which is most of what a fan-out
 * costs. Frames are whole, so they mix with the control frames that `ws` writes to the same socket.
 */
export class Outbox {
  readonly #socket: Duplex;
  #frames: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Queues a frame for this turn's write. Answers false, and queues nothing, when too much waits already. */
  push(frame: Buffer): boolean {
    if (this.#bytes + this.#socket.writableLength + frame.length > OUTBOX_MAX_BYTES) return false;
    if (this.#frames.push(frame) === 1 && dirty.push(this) === 1) setImmediate(flushAll);
    this.#bytes += frame.length;
    return true;
  }

  flush(): void {
    const [only] = this.#frames;
    if (only === undefined) return;
    if (this.#socket.writable)
      this.#socket.write(this.#frames.length === 1 ? only : Buffer.concat(this.#frames, this.#bytes));
    this.#frames = [];
    this.#bytes = 0;
  }
}

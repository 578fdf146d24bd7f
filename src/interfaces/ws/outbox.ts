import type { Duplex } from 'node:stream';
import type { ChatId, UserId } from '../../domain/ids.ts';

/** What may wait for one slow reader, beside a batch: more, and the connection is better closed and resumed. */
export const WAITING_MAX_BYTES = 1024 * 1024;
/** Frames of this size are copied no more, but shared by all sockets until they have gone. */
const SHARED_BYTES = 64 * 1024;

/** One or several events on their way to many sockets. */
export interface Outgoing {
  readonly frames: Buffer;
  /** Where they are stored changes: which ones. */
  readonly changes?: StoredChanges;
  /** Where it is how far somebody has read, or what he has muted: whose, and of which chat. */
  readonly mark?: { readonly chatId: ChatId; readonly userId: UserId };
  /** Where it is no stored change: only who follows one of these chats may hear of it. */
  readonly heardIn?: readonly ChatId[];
  /** Nobody misses it who does not hear it now: somebody types, comes or goes. */
  readonly isFleeting?: true;
}

/** Changes of one chat that follow each other. */
export interface StoredChanges {
  readonly chatId: ChatId;
  /** Of the last one. */
  readonly rev: number;
  /** What is in the frames, one by one. */
  readonly texts: readonly string[];
  /** It shows the whole chat, and so holds every change up to its rev, also one that is still to come. */
  readonly isWhole?: true;
}

/** A whole unmasked text frame (RFC 6455 5.2), made once and then put on as many sockets as it is for. */
export const textFrame = (text: string): Buffer => textFrames([text]);

/** Several, one after the other. */
export function textFrames(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const frames = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + headerBytes(length) + length, 0));
  let at = 0;
  for (const [i, text] of texts.entries()) {
    at = writeHeader(frames, at, lengths[i] ?? 0);
    at += frames.write(text, at);
  }
  return frames;
}

const headerBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/** Answers where the payload begins. */
function writeHeader(frames: Buffer, at: number, length: number): number {
  frames[at] = 0x81; // FIN, opcode 1
  if (length < 126) {
    frames[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    frames[at + 1] = 126;
    return frames.writeUInt16BE(length, at + 2);
  }
  frames[at + 1] = 127;
  return frames.writeBigUInt64BE(BigInt(length), at + 2);
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
  /** What the socket still held when this turn's first frame came: it only sends until `flush`, and to ask it takes long. */
  #before = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** How much waits for the reader. */
  get bytes(): number {
    return this.#frames.length > 0 ? this.#before + this.#bytes : this.#socket.writableLength;
  }

  /** Queues a frame for this turn's write. */
  push(frame: Buffer): void {
    if (this.#frames.length === 0) {
      this.#before = this.#socket.writableLength;
      if (dirty.push(this) === 1) setImmediate(flushAll);
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Resolves when the reader has taken what waits, or has gone. */
  async drained(): Promise<void> {
    this.flush();
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#socket.off('drain', done).off('close', done);
        this.#before = 0;
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    if (this.#socket.writable) this.#write();
    this.#frames = [];
    this.#bytes = 0;
  }

  #write(): void {
    const [only] = this.#frames;
    if (only && this.#frames.length === 1) this.#socket.write(only);
    else if (this.#bytes < SHARED_BYTES) this.#socket.write(Buffer.concat(this.#frames, this.#bytes));
    else {
      this.#socket.cork();
      for (const frame of this.#frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }
}

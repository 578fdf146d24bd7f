import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const BUFFER_BYTES = 256 * 1024;
const CLOSE_OPCODE = 8;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export interface FrameListener {
  /** One frame's payload; the bytes are good only during the call. */
  onFrame(bytes: Buffer, start: number, end: number): void;
  /** After all frames that came together. */
  onPause(): void;
  /** The connection ended, and why if the server said so. */
  onEnd(reason: string): void;
}

/**
 * A WebSocket client (RFC 6455) that does no more than a load generator needs: whole text frames, no extensions, frames read in
 * place in one buffer per socket. A client that cost as much as the server would measure itself.
 */
export class LeanSocket {
  readonly #socket: Socket;
  readonly #bytes: Buffer;
  readonly #listener: FrameListener;
  #held = 0;
  #upgraded = false;

  /** @param bufferBytes more than the longest frame */
  constructor(port: number, path: string, listener: FrameListener, bufferBytes = BUFFER_BYTES) {
    this.#listener = listener;
    this.#bytes = Buffer.allocUnsafeSlow(bufferBytes);
    const onread = {
      buffer: () => this.#bytes.subarray(this.#held),
      callback: (length: number) => {
        this.#read(this.#held + length);
        return true;
      },
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    const key = randomBytes(16).toString('base64');
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    this.#socket.on('error', (error) => listener.onEnd(error.message));
    this.#socket.on('close', () => listener.onEnd('closed'));
  }

  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(end: number): void {
    let at = this.#upgraded ? 0 : this.#readUpgrade(end);
    while (end - at >= 2) {
      const size = this.#sizeAt(at, end);
      if (size === null) break;
      const start = at + headerBytes(size);
      if (start + size > end) break;
      if (((this.#bytes[at] ?? 0) & 15) === CLOSE_OPCODE) this.#readClose(start, size);
      else this.#listener.onFrame(this.#bytes, start, start + size);
      at = start + size;
    }
    this.#bytes.copyWithin(0, at, end);
    this.#held = end - at;
    if (this.#held === this.#bytes.length) throw new Error('a frame larger than the buffer');
    this.#listener.onPause();
  }

  /** Where the frames begin. */
  #readUpgrade(end: number): number {
    const head = this.#bytes.toString('latin1', 0, end);
    const length = head.indexOf('\r\n\r\n') + 4;
    if (length < 4) return 0;
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${head.slice(0, 200)}`);
    this.#upgraded = true;
    return length;
  }

  /** The payload's length; null while its header is not there whole. */
  #sizeAt(at: number, end: number): number | null {
    const short = this.#bytes[at + 1] ?? 0;
    if (short < 126) return short;
    if (short === 126) return end - at < 4 ? null : this.#bytes.readUInt16BE(at + 2);
    return end - at < 10 ? null : Number(this.#bytes.readBigUInt64BE(at + 2));
  }

  #readClose(start: number, size: number): void {
    const code = size >= 2 ? this.#bytes.readUInt16BE(start) : 1005;
    this.#listener.onEnd(`close ${code} ${this.#bytes.toString('utf8', start + 2, start + size)}`);
  }
}

const headerBytes = (size: number): number => (size < 126 ? 2 : size < 65_536 ? 4 : 10);

/** Whole masked text frames, ready for one write. ASCII only. */
export function maskedFrames(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => headerBytes(text.length) + 4 + text.length);
  const frames = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const text of texts) {
    frames[at] = 0x81; // FIN, opcode 1
    if (text.length < 126) frames[at + 1] = 0x80 | text.length;
    else {
      frames[at + 1] = 0x80 | 126;
      frames.writeUInt16BE(text.length, at + 2);
    }
    at += headerBytes(text.length);
    MASK.copy(frames, at);
    at += 4;
    frames.write(text, at, 'latin1');
    for (let i = 0; i < text.length; i += 1, at += 1) frames[at] = (frames[at] ?? 0) ^ (MASK[i & 3] ?? 0);
  }
  return frames;
}

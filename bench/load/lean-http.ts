import { connect, type Socket } from 'node:net';

const BUFFER_BYTES = 1024 * 1024;

/**
 * An HTTP/1.1 client (RFC 9112) that keeps one connection and one request in flight and looks at nothing but the status and the
 * length of an answer.
 */
export class LeanHttp {
  readonly #socket: Socket;
  readonly #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #onAnswer: (status: number) => void;
  #held = 0;
  /** Where the answer that is being read ends, once its head has said so. */
  #end: number | null = null;

  constructor(port: number, onAnswer: (status: number) => void, onEnd: (reason: string) => void) {
    this.#onAnswer = onAnswer;
    const onread = {
      buffer: () => this.#bytes.subarray(this.#held),
      callback: (length: number) => {
        this.#read(length);
        return true;
      },
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', (error) => onEnd(error.message));
    this.#socket.on('close', () => onEnd('closed'));
  }

  write(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(length: number): void {
    this.#held += length;
    this.#end ??= this.#readHead();
    if (this.#end === null || this.#held < this.#end) return;
    this.#held = 0;
    this.#end = null;
    this.#onAnswer(Number(this.#bytes.toString('latin1', 9, 12)));
  }

  #readHead(): number | null {
    const head = this.#bytes.subarray(0, this.#held).indexOf('\r\n\r\n');
    if (head === -1) return null;
    const length = /content-length: (\d+)/i.exec(this.#bytes.toString('latin1', 0, head))?.[1];
    if (length === undefined) throw new Error('an answer without a length');
    return head + 4 + Number(length);
  }
}

import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a link does: it carries everything, at once or slowly, holds everything back until it is mended, or breaks at the next
 * request or answer.
 */
type LinkState = 'open' | 'slow' | 'silent' | 'breaks at a request' | 'breaks at an answer';

const SLOW_MS = 200;

/** A link to a server, as a test would have it. */
export class TcpLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The ends of whoever has connected. */
  readonly #near = new Set<Socket>();
  #state: LinkState = 'open';

  private constructor(host: string, port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = dial({ host, port, allowHalfOpen: true });
      this.#near.add(near);
      near.on('close', () => this.#near.delete(near));
      this.#carry(near, far, 'breaks at a request');
      this.#carry(far, near, 'breaks at an answer');
    });
  }

  static async to(host: string, port: number): Promise<TcpLink> {
    const link = new TcpLink(host, port);
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (!address || typeof address === 'string') throw new Error('the link is closed');
    return address.port;
  }

  become(state: LinkState): void {
    this.#state = state;
    for (const socket of this.#sockets) state === 'silent' ? socket.pause() : socket.resume();
  }

  /** Ends every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Whoever has connected hears no more, and nobody at the other end is told. */
  halfOpen(): void {
    for (const socket of this.#near) {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
    }
    this.#near.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #carry(from: Socket, to: Socket, breaking: LinkState): void {
    this.#sockets.add(from);
    /** Once a link has been slow, what comes later waits for what came before. */
    let delayed: Promise<void> | undefined;
    from.on('data', (bytes: Buffer) => {
      if (this.#state === 'slow' || delayed) {
        const wait = this.#state === 'slow' ? SLOW_MS : 0;
        delayed = (delayed ?? Promise.resolve()).then(() => sleep(wait)).then(() => void to.write(bytes));
        return;
      }
      if (this.#state !== breaking) return void to.write(bytes);
      from.destroy();
      to.destroy();
    });
    from.on('end', () => to.end());
    from.on('error', () => undefined); // one side has gone; what it sent before still arrives
    from.on('close', () => this.#sockets.delete(from));
    if (this.#state === 'silent') from.pause();
  }
}

import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** What a link does: it carries everything, holds everything back until it is mended, or breaks at the next request or answer. */
type LinkState = 'open' | 'silent' | 'breaks at a request' | 'breaks at an answer';

/** A link to a server, as a test would have it. */
export class TcpLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: LinkState = 'open';

  private constructor(host: string, port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = dial({ host, port, allowHalfOpen: true });
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

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #carry(from: Socket, to: Socket, breaking: LinkState): void {
    this.#sockets.add(from);
    from.on('data', (bytes: Buffer) => {
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

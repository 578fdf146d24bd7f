import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** A link to a server that can be made silent: what is sent then waits, and arrives when the link is mended. */
export class TcpLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;

  private constructor(host: string, port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = dial({ host, port, allowHalfOpen: true });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (bytes: Buffer) => to.write(bytes));
        from.on('end', () => to.end());
        from.on('error', () => undefined); // the other side has gone; what it was sent before still arrives
        from.on('close', () => this.#sockets.delete(from));
        if (this.#isSilent) from.pause();
      }
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

  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

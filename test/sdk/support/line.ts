import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** The way to a server, which a test can cut, for everything or for WebSockets alone, and lead elsewhere. Its address stays. */
export class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #isCut = false;
  /** WebSockets are ended before a word, as by a proxy that does not know them. */
  cutsWebSockets = false;
  /** How many WebSockets have been tried. */
  upgrades = 0;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((near) => this.#carry(near));
  }

  static async to(url: string): Promise<Line> {
    const line = new Line(portOf(url));
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    if (!address || typeof address === 'string') throw new Error('the line is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(url?: string): void {
    if (url !== undefined) this.#port = portOf(url);
    this.#isCut = false;
  }

  /** What is under way stays there, and nothing is told. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #carry(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#isCut) return void near.destroy();
    const far = dial(this.#port, '127.0.0.1');
    far.on('error', () => undefined);
    // A request for a WebSocket may come on a connection that has served others before.
    near.on('data', (bytes: Buffer) => {
      if (!/^GET .*\r\n(.+\r\n)*upgrade: websocket/i.test(bytes.toString('latin1'))) return;
      this.upgrades += 1;
      if (!this.cutsWebSockets) return;
      near.destroy();
      far.destroy();
    });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

const portOf = (url: string): number => Number(new URL(url).port);

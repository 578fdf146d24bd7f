import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Listens at every address of the host, of which `localhost` may have two, and gives the URL.
     * @param at port 0 takes a free one
     */
    listenAt(at: { host: string; port: number }, addressesOf?: typeof addressesOfHost): Promise<string>;
  }
}

/** So many may wait to be accepted when all come back at once; the system may allow fewer (on Linux `net.core.somaxconn`). */
const BACKLOG = 16_384;
const SWEEP_MS = 100;
/** What has begun to come when the server closes has so long to come whole. */
const LAST_REQUESTS_MS = 3_000;

/** What listens everywhere is reached from its own machine at these. */
const REACHED_AT: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Adds `listenAt`. What comes in at further addresses is handed to the one server that there is, so that its certificate, its
 * limits and its end hold for all; fastify's `listen` would make a server for each.
 */
export function addListenAt(app: FastifyInstance): void {
  const further: Server[] = [];
  const open = new Set<Socket>();
  const unanswered = new Set<IncomingMessage>();
  function forget(this: Socket): void {
    open.delete(this);
  }
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', forget);
  });
  app.addHook('onRequest', ({ raw }, reply, done) => {
    unanswered.add(raw);
    reply.raw.once('close', () => unanswered.delete(raw));
    done();
  });
  app.addHook('preClose', async () => {
    if (!app.server.listening) return;
    const patienceEndsAt = performance.now() + LAST_REQUESTS_MS;
    const sweeping = setInterval(() => {
      // One that was answered before its body was whole becomes idle only now, and would be kept alive.
      app.server.closeIdleConnections();
      // One that sends its request a byte at a time, or no handshake, is never idle. What came whole is answered first.
      if (performance.now() < patienceEndsAt || [...unanswered].some(({ complete }) => complete)) return;
      for (const socket of open) socket.destroy();
    }, SWEEP_MS);
    app.server.once('close', () => clearInterval(sweeping));
    await Promise.all(further.map((server) => new Promise((resolve) => server.close(resolve))));
  });
  app.decorate('listenAt', async ({ host, port: wanted }, addressesOf = addressesOfHost) => {
    await app.ready();
    const [first = host, ...others] = await addressesOf(host);
    await listening(app.server, first, wanted);
    const { address, port } = app.server.address() as AddressInfo;
    for (const other of others) {
      const server = createServer({ noDelay: true }, (socket) => app.server.emit('connection', socket));
      await listening(server, other, port).then(
        () => further.push(server),
        (err) => app.log.warn({ err, address: other, port }, 'cannot listen here too'),
      );
    }
    const reached = REACHED_AT[address] ?? address;
    const scheme = app.initialConfig.https ? 'https' : 'http';
    return `${scheme}://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
  });
}

async function addressesOfHost(host: string): Promise<string[]> {
  if (host !== 'localhost') return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening');
}

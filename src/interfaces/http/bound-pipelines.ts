import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const WAITING_MAX = 100;

/**
 * Hangs up on a connection that has more requests waiting than this, and lets fall what came in the same piece. Node reads up to
 * two megabytes of one connection at once and hands on every request in them, 60,000 short ones, before anybody else has his turn.
 */
export function boundPipelines(server: Server): void {
  const handlers = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  const waiting = new WeakMap<object, number>();
  server.removeAllListeners('request').on('request', (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 0) - 1));
    if (count > WAITING_MAX) socket.destroy();
    else for (const handle of handlers) handle(request, response);
  });
}

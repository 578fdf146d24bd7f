import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { answerBrokenRequest, REQUEST_TIMEOUT } from './problem.ts';

const BASE_MS = 30_000;
const MORE_MS_PER_MIB = 30_000;
const MIB = 1024 * 1024;

/**
 * Hangs up on whoever has not sent his whole body in 30 s, and 30 s more for each MiB that he announced: so large files may come
 * over a slow line, and nobody holds a connection for ever. (The server's own `requestTimeout` is the same for all.) What is
 * injected comes over no connection, and is left alone.
 * @param longest no route takes more bytes, and more time is not given for them
 */
export function boundBodies(app: FastifyInstance, longest: number): void {
  app.addHook('onRequest', ({ raw, id }, reply, done) => {
    const announced = Number(raw.headers['content-length'] ?? 0);
    const hasBody = announced > 0 || raw.headers['transfer-encoding'] !== undefined;
    if (hasBody && raw.socket instanceof Socket) {
      const hangUp = () => {
        if (raw.complete) return;
        if (reply.sent) raw.socket.destroy();
        else answerBrokenRequest(REQUEST_TIMEOUT, raw.socket, id);
      };
      const ms = BASE_MS + Math.floor(Math.min(announced, longest) / MIB) * MORE_MS_PER_MIB;
      const timer = setTimeout(hangUp, ms);
      // An answer that comes before the body is whole ends the request for its handler, and not for the connection.
      const stop = () => {
        if (raw.complete || raw.socket.destroyed) clearTimeout(timer);
      };
      raw.once('end', stop).once('close', stop);
    }
    done();
  });
}

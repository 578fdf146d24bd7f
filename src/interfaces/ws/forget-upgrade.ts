import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';

const responses = new WeakMap<FastifyRequest, ServerResponse>();

/** Before the upgrade, for `forgetUpgrade`. */
export function rememberResponse(request: FastifyRequest, { raw }: FastifyReply): void {
  responses.set(request, raw);
}

/**
 * The plugin's listener keeps the request, and the socket the response: kilobytes, as long as the socket is open. So the response
 * ends here, as any that was sent (`resOnFinish` of node:http). The socket is left without a listener for errors.
 */
export function forgetUpgrade(socket: WebSocket, request: FastifyRequest): void {
  socket.removeAllListeners('error');
  const response = responses.get(request);
  response?.detachSocket(request.raw.socket);
  response?.emit('close');
}

import type { FastifyReply, FastifyRequest } from 'fastify';

/** The one line that a request leaves in the log. Never its query, headers or body. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { id: requestId, method, actor, failure, trail, span } = request;
  const { statusCode: status } = reply;
  const facts = {
    ...{ requestId, method, route: request.routeOptions.url, path: request.url.replace(/\?.*$/s, ''), status },
    ...trail,
    ...(span && { traceId: span.traceId }),
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(actor ? { userId: actor.userId, sessionId: actor.sessionId } : { ip: request.ip }),
  };
  if (status < 500) request.log.info(facts, 'request');
  else request.log[status === 500 ? 'error' : 'warn']({ ...facts, err: failure }, 'request failed');
}

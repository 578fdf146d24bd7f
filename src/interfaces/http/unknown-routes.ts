import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Refuses what no route is for, before its body is read: 405 with `Allow` where the path is known (RFC 9110 15.5.6), else 404.
 * @param answerPage answers what a page is for after all, and then says true
 */
export function refuseUnknownRoutes(
  app: FastifyInstance,
  limit: (request: FastifyRequest) => Promise<void>,
  answerPage?: (request: FastifyRequest, reply: FastifyReply) => boolean,
): void {
  const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (answerPage?.(request, reply)) return;
    await limit(request);
    const url = request.url.replace(/[?#].*$/s, '');
    const allowed = methodsOf(app, url);
    const isMissing = allowed.length === 0 || allowed.some((method) => method === request.method);
    if (isMissing) throw new DomainError('ROUTE_NOT_FOUND', 'There is nothing at this address.');
    reply.header('allow', allowed.join(', '));
    throw new DomainError('METHOD_NOT_ALLOWED', `Here one may ${allowed.join(', ')}.`);
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) refuse(request, reply).catch(done);
    else done();
  });
  app.setNotFoundHandler(refuse);
}

/** Of `/chats/public` those of that route, and not those of `/chats/:chatId`, whose pattern it fits too. */
function methodsOf(app: FastifyInstance, url: string): string[] {
  const found = METHODS.flatMap((method) => {
    const route = app.findRoute({ method, url });
    return route ? [{ method, parameters: Object.keys(route.params).length }] : [];
  });
  const fewest = Math.min(...found.map(({ parameters }) => parameters));
  return found.filter(({ parameters }) => parameters === fewest).map(({ method }) => method);
}

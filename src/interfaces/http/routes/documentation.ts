import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';

/** Everything below /docs is answered by a server of its own, which is made when somebody first asks. */
export const documentationRoutes =
  (build: () => Promise<FastifyInstance>): FastifyPluginAsync =>
  async (app) => {
    let documentation: Promise<FastifyInstance> | undefined;
    const answer = async ({ url, headers }: FastifyRequest, reply: FastifyReply) => {
      documentation ??= build();
      const made = await (await documentation).inject({ url, headers });
      if (made.statusCode === 404) return reply.callNotFound();
      const { connection: _, date: __, ...own } = made.headers;
      return reply.code(made.statusCode).headers(own).send(made.rawPayload);
    };
    app.get('/docs', { schema: { hide: true } }, answer);
    app.get('/docs/*', { schema: { hide: true } }, answer);
  };

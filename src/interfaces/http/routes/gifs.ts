import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Gifs } from '../../contract/answers.ts';
import { GifsQuery } from '../../contract/requests.ts';
import type { Services } from '../../services.ts';

/** GIFs of somebody else's, found by way of this server, so that he learns neither who asks nor from where. */
export const gifRoutes =
  ({ gifs }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/gifs',
      {
        schema: {
          operationId: 'findGifs',
          summary: 'GIFs by words, the best first, where this server has a provider',
          tags: ['messages'],
          querystring: GifsQuery,
          response: { 200: Gifs },
        },
        config: { limits: ['gifs'], errors: ['GIFS_OFF', 'GIFS_UNAVAILABLE'] },
      },
      async ({ query }) => {
        const found = await gifs.find(query);
        return { items: found.map(({ id, title, full, preview }) => ({ id, title, ...full, preview })) };
      },
    );
  };

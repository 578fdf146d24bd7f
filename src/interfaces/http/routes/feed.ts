import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { FeedQuery, HistoryQuery, PAGE_LIMIT, UserParams } from '../../contract/requests.ts';
import { Message, page } from '../../contract/shapes.ts';
import type { Services } from '../../services.ts';
import { joinMessages } from '../joins.ts';
import { readHistoryQuery } from '../read-history-query.ts';
import { theUserIsUnknown } from '../the-user-is-unknown.ts';

/** Messages by person rather than by chat. */
export const feedRoutes =
  ({ feed, messages, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/messages',
      {
        schema: {
          operationId: 'listAllMessages',
          summary: 'The messages of all my chats, newest first',
          tags: ['messages'],
          querystring: FeedQuery,
          response: { 200: page(Message) },
        },
      },
      async ({ actor, query: { sender, ...query } }) => {
        const sentOnly = sender === 'me';
        const { items, nextCursor } = await feed.list(actor, { limit: PAGE_LIMIT, ...query, sentOnly });
        return { items: await joinMessages(directory, actor, items), nextCursor };
      },
    );

    app.get(
      '/users/:userId/messages',
      {
        schema: {
          operationId: 'listDirectMessages',
          summary: 'The history of the direct chat with somebody; empty where there is none',
          tags: ['messages'],
          params: UserParams,
          querystring: HistoryQuery,
          response: { 200: page(Message) },
        },
        config: { limits: ['search'], errors: ['USER_NOT_FOUND', 'CHAT_WITH_ONESELF', 'CHAT_NOT_FOUND'] },
      },
      async ({ actor, params, query }) => {
        const reading = messages.pageWith(actor, params.userId, readHistoryQuery(query));
        const { items, nextCursor } = await reading.catch(theUserIsUnknown);
        return { items: await joinMessages(directory, actor, items), nextCursor };
      },
    );
  };

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ChatParams, PAGE_LIMIT, RoomsQuery } from '../../contract/requests.ts';
import { Chat, PublicChat, page } from '../../contract/shapes.ts';
import { presentRoom } from '../../present.ts';
import type { Services } from '../../services.ts';
import { joinChat } from '../joins.ts';

/** Public rooms: finding them and coming in. One leaves as one leaves a group. */
export const roomRoutes =
  ({ chats, rooms, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/chats/public',
      {
        schema: {
          operationId: 'listPublicChats',
          summary: 'All public rooms, by name',
          tags: ['chats'],
          querystring: RoomsQuery,
          response: { 200: page(PublicChat) },
        },
      },
      async ({ actor, query }) => {
        const { items, nextCursor } = await rooms.list(actor, { limit: PAGE_LIMIT, ...query });
        return { items: items.map(presentRoom), nextCursor };
      },
    );

    app.post(
      '/chats/:chatId/join',
      {
        schema: {
          operationId: 'joinChat',
          summary: 'Become a member of a public room; who is one already stays',
          tags: ['members'],
          params: ChatParams,
          response: { 200: Chat },
        },
        config: { limits: ['join'], errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', 'CHAT_FULL', 'TOO_MANY_CHATS'] },
      },
      async ({ actor, params }) => joinChat(directory, await chats.join(actor, params.chatId)),
    );
  };

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Changes, ChatSeen, Nothing, ReadResult } from '../../contract/answers.ts';
import {
  ChangesQuery,
  ChatBody,
  ChatParams,
  ListQuery,
  MuteBody,
  NewChatBody,
  PAGE_LIMIT,
  ReadBody,
} from '../../contract/requests.ts';
import { Chat, page } from '../../contract/shapes.ts';
import { presentRoom } from '../../present.ts';
import type { Services } from '../../services.ts';
import { joinChanges, joinChat, joinChats } from '../joins.ts';
import { readTime } from '../read-time.ts';
import { relocate } from '../relocate.ts';

/** Chats, what happened in them, and how far one has read. */
export const chatRoutes =
  ({ chats, muting, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/chats',
      {
        schema: {
          operationId: 'listChats',
          summary: 'My chats, latest activity first',
          tags: ['chats'],
          querystring: ListQuery,
          response: { 200: page(Chat) },
        },
      },
      async (request) => {
        const { items, nextCursor } = await chats.list(request.actor, { limit: PAGE_LIMIT, ...request.query });
        return { items: await joinChats(directory, request.actor, items), nextCursor };
      },
    );

    app.post(
      '/chats',
      {
        schema: {
          operationId: 'createChat',
          summary:
            'Make a group or a public room, or open the direct chat with somebody (200 where it is open already)',
          tags: ['chats'],
          body: NewChatBody,
          response: { 200: Chat, 201: Chat },
        },
        config: { errors: ['USERS_UNKNOWN', 'TOO_MANY_CHATS', 'CHAT_WITH_ONESELF'] },
      },
      async ({ actor, body }, reply) => {
        if (body.kind === 'public') {
          reply.code(201);
          return joinChat(directory, await chats.createRoom(actor, body));
        }
        if (body.kind === 'group') {
          reply.code(201);
          const group = await relocate(chats.createGroup(actor, body), 'USERS_UNKNOWN', () => '/memberIds');
          return joinChat(directory, group);
        }
        const opening = chats.openDirect(actor, body.userId);
        const { chat, created } = await relocate(opening, 'USERS_UNKNOWN', () => '/userId');
        reply.code(created ? 201 : 200);
        return joinChat(directory, chat);
      },
    );

    app.get(
      '/chats/:chatId',
      {
        schema: {
          operationId: 'getChat',
          summary: 'A chat as I see it; a public room from outside, too',
          tags: ['chats'],
          params: ChatParams,
          response: { 200: ChatSeen },
        },
        config: { errors: ['CHAT_NOT_FOUND'] },
      },
      async ({ actor, params }) => {
        const seen = await chats.look(actor, params.chatId);
        return 'member' in seen ? joinChat(directory, seen) : presentRoom(seen);
      },
    );

    app.patch(
      '/chats/:chatId',
      {
        schema: {
          operationId: 'updateChat',
          summary: 'Rename or describe a group or a room',
          tags: ['chats'],
          params: ChatParams,
          body: ChatBody,
          response: { 200: Chat },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', 'DIRECT_CHAT_FIXED'] },
      },
      async ({ actor, params, body }) => joinChat(directory, await chats.update(actor, params.chatId, body)),
    );

    app.delete(
      '/chats/:chatId',
      {
        schema: {
          operationId: 'deleteChat',
          summary: 'Delete a chat with its messages',
          tags: ['chats'],
          params: ChatParams,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async (request, reply) => {
        await chats.delete(request.actor, request.params.chatId);
        return reply.code(204).send();
      },
    );

    app.get(
      '/chats/:chatId/changes',
      {
        schema: {
          operationId: 'listChanges',
          summary: 'Everything that was stored since a rev, oldest first',
          tags: ['chats'],
          params: ChatParams,
          querystring: ChangesQuery,
          response: { 200: Changes },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, query }) => {
        const { items, chat } = await chats.changes(actor, params.chatId, { limit: PAGE_LIMIT, ...query });
        return { items: await joinChanges(directory, items, chat), rev: chat.chat.rev };
      },
    );

    app.put(
      '/chats/:chatId/mute',
      {
        schema: {
          operationId: 'muteChat',
          summary: 'No notifications of this chat, until then or for ever',
          tags: ['chats'],
          params: ChatParams,
          body: MuteBody,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, body }, reply) => {
        const until = body.until ?? null;
        await muting.mute(actor, params.chatId, until === null ? null : readTime('/until', until));
        return reply.code(204).send();
      },
    );

    app.delete(
      '/chats/:chatId/mute',
      {
        schema: {
          operationId: 'unmuteChat',
          summary: 'Notifications of this chat again',
          tags: ['chats'],
          params: ChatParams,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params }, reply) => {
        await muting.unmute(actor, params.chatId);
        return reply.code(204).send();
      },
    );

    app.put(
      '/chats/:chatId/read',
      {
        schema: {
          operationId: 'markRead',
          summary: 'Say how far I have read; a mark never goes back',
          tags: ['chats'],
          params: ChatParams,
          body: ReadBody,
          response: { 200: ReadResult },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, body }) => chats.markRead(actor, params.chatId, body.seq),
    );
  };

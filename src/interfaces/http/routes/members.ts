import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { UserId } from '../../../domain/ids.ts';
import type { Actor } from '../../../domain/session.ts';
import { Nothing } from '../../contract/answers.ts';
import { ChatParams, ListQuery, MemberParams, MembersBody, PAGE_LIMIT, RoleBody } from '../../contract/requests.ts';
import { list, Member, page } from '../../contract/shapes.ts';
import type { Services } from '../../services.ts';
import { joinMembers } from '../joins.ts';
import { relocate } from '../relocate.ts';

/** Who is in a chat, and as what. */
export const memberRoutes =
  ({ chats, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/chats/:chatId/members',
      {
        schema: {
          operationId: 'listMembers',
          summary: 'The members of a chat',
          tags: ['members'],
          params: ChatParams,
          querystring: ListQuery,
          response: { 200: page(Member) },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, query }) => {
        const { chat } = await chats.membership(actor, params.chatId);
        const { items, nextCursor } = await chats.members(actor, chat.id, { limit: PAGE_LIMIT, ...query });
        return { items: await joinMembers(directory, chat, items), nextCursor };
      },
    );

    app.post(
      '/chats/:chatId/members',
      {
        schema: {
          operationId: 'addMembers',
          summary: 'Add people; who is a member already stays as he is',
          tags: ['members'],
          params: ChatParams,
          body: MembersBody,
          response: { 200: list(Member) },
        },
        config: {
          errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', 'USERS_UNKNOWN', 'CHAT_FULL', 'TOO_MANY_CHATS', 'DIRECT_CHAT_FIXED'],
        },
      },
      async ({ actor, params, body }) => {
        const adding = chats.addMembers(actor, params.chatId, body.userIds);
        const members = await relocate(adding, 'USERS_UNKNOWN', () => '/userIds');
        const { chat } = await chats.membership(actor, params.chatId);
        return { items: await joinMembers(directory, chat, members) };
      },
    );

    app.patch(
      '/chats/:chatId/members/:userId',
      {
        schema: {
          operationId: 'changeRole',
          summary: 'Change a role; "owner" hands the chat over',
          tags: ['members'],
          params: MemberParams,
          body: RoleBody,
          response: { 200: Member },
        },
        config: {
          errors: ['CHAT_NOT_FOUND', 'MEMBER_NOT_FOUND', 'FORBIDDEN', 'OWNER_MUST_HAND_OVER', 'DIRECT_CHAT_FIXED'],
        },
      },
      async ({ actor, params, body }) => {
        const changed = await chats.changeRole(actor, params.chatId, userIdOf(params.userId, actor), body.role);
        const { chat } = await chats.membership(actor, params.chatId);
        const [member] = await joinMembers(directory, chat, [changed]);
        if (!member) throw new Error('one answer for each member');
        return member;
      },
    );

    app.delete(
      '/chats/:chatId/members/:userId',
      {
        schema: {
          operationId: 'removeMember',
          summary: 'Remove somebody, or leave',
          tags: ['members'],
          params: MemberParams,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'MEMBER_NOT_FOUND', 'FORBIDDEN', 'DIRECT_CHAT_FIXED'] },
      },
      async ({ actor, params }, reply) => {
        await chats.removeMember(actor, params.chatId, userIdOf(params.userId, actor));
        return reply.code(204).send();
      },
    );
  };

const userIdOf = (parameter: string, actor: Actor): UserId => (parameter === 'me' ? actor.userId : parameter);

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Invitation, Nothing } from '../../contract/answers.ts';
import { BroadcastBody, InvitationBody, NewUserBody, UserParams } from '../../contract/requests.ts';
import { User } from '../../contract/shapes.ts';
import { presentTime, presentUser } from '../../present.ts';
import type { Services } from '../../services.ts';

/** What only the admins of the server may do. */
export const administrationRoutes =
  ({ administration, invitations, broadcasts }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/users',
      {
        schema: {
          operationId: 'createUser',
          summary: 'Make an account for somebody else; admins only',
          tags: ['admin'],
          body: NewUserBody,
          response: { 201: User },
        },
        config: { errors: ['FORBIDDEN', 'USERNAME_TAKEN', 'EMAIL_TAKEN', 'PASSWORD_WEAK'] },
      },
      async (request, reply) => {
        const user = await administration.createUser(request.actor, request.body);
        reply.code(201);
        return presentUser(user, 'self');
      },
    );

    app.post(
      '/broadcasts',
      {
        schema: {
          operationId: 'broadcast',
          summary: 'Announce something to everybody who is connected; admins only',
          tags: ['admin'],
          body: BroadcastBody,
          response: { 202: Nothing },
        },
        config: { errors: ['FORBIDDEN'] },
      },
      async (request, reply) => {
        await broadcasts.send(request.actor, request.body);
        return reply.code(202).send();
      },
    );

    app.post(
      '/users/:userId/suspend',
      {
        schema: {
          operationId: 'suspendUser',
          summary: 'Sign somebody out everywhere and let him in nowhere; admins only',
          tags: ['admin'],
          params: UserParams,
          response: { 204: Nothing },
        },
        config: { errors: ['FORBIDDEN', 'USER_NOT_FOUND', 'SUSPENDING_ONESELF'] },
      },
      async (request, reply) => {
        await administration.suspend(request.actor, request.params.userId);
        return reply.code(204).send();
      },
    );

    app.post(
      '/users/:userId/restore',
      {
        schema: {
          operationId: 'restoreUser',
          summary: 'Let a suspended person in again; admins only',
          tags: ['admin'],
          params: UserParams,
          response: { 204: Nothing },
        },
        config: { errors: ['FORBIDDEN', 'USER_NOT_FOUND'] },
      },
      async (request, reply) => {
        await administration.restore(request.actor, request.params.userId);
        return reply.code(204).send();
      },
    );

    app.post(
      '/invitations',
      {
        schema: {
          operationId: 'invite',
          summary: 'A code with which one person may register within 7 days; admins only',
          tags: ['admin'],
          body: InvitationBody,
          response: { 201: Invitation },
        },
        config: { errors: ['FORBIDDEN'] },
      },
      async (request, reply) => {
        const { code, expiresAt } = await invitations.invite(request.actor, request.body?.role ?? 'user');
        reply.code(201);
        return { code, expiresAt: presentTime(expiresAt) };
      },
    );
  };

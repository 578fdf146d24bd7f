import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Nothing } from '../../contract/answers.ts';
import { AccountDeletionBody, PasswordBody, ProfileBody, UserParams } from '../../contract/requests.ts';
import { Me, User } from '../../contract/shapes.ts';
import { presentMe, presentUser } from '../../present.ts';
import type { Services } from '../../services.ts';

/** Profiles: one's own and other people's. */
export const userRoutes =
  ({ auth, profiles, deletion }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/users/me',
      {
        schema: { operationId: 'getMe', summary: 'My profile', tags: ['users'], response: { 200: Me } },
        config: { errors: ['USER_NOT_FOUND'] },
      },
      async (request) => presentMe(await profiles.me(request.actor)),
    );

    app.patch(
      '/users/me',
      {
        schema: {
          operationId: 'updateMe',
          summary: 'Change my profile; what is not named stays',
          tags: ['users'],
          body: ProfileBody,
          response: { 200: Me },
        },
        config: { errors: ['USER_NOT_FOUND', 'USERNAME_TAKEN', 'EMAIL_TAKEN'] },
      },
      async (request) => presentMe(await profiles.update(request.actor, request.body)),
    );

    app.delete(
      '/users/me',
      {
        schema: {
          operationId: 'deleteMe',
          summary: 'Delete my account for good; what I wrote stays without my name, or goes',
          tags: ['users'],
          body: AccountDeletionBody,
          response: { 204: Nothing },
        },
        config: { limits: ['password'], errors: ['BAD_CREDENTIALS'] },
      },
      async (request, reply) => {
        await deletion.delete(request.actor, request.body);
        return reply.code(204).send();
      },
    );

    app.put(
      '/users/me/password',
      {
        schema: {
          operationId: 'changePassword',
          summary: 'Change my password; all other sessions end',
          tags: ['users'],
          body: PasswordBody,
          response: { 204: Nothing },
        },
        config: { limits: ['password'], errors: ['BAD_CREDENTIALS', 'PASSWORD_WEAK'] },
      },
      async (request, reply) => {
        await auth.changePassword(request.actor, request.body);
        return reply.code(204).send();
      },
    );

    app.get(
      '/users/:userId',
      {
        schema: {
          operationId: 'getUser',
          summary: 'Somebody, as far as he lets me see',
          tags: ['users'],
          params: UserParams,
          response: { 200: User },
        },
        config: { errors: ['USER_NOT_FOUND'] },
      },
      async (request) => {
        const { user, viewer } = await profiles.view(request.actor, request.params.userId);
        return presentUser(user, viewer);
      },
    );
  };

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Accepted, Nothing } from '../../contract/answers.ts';
import { ForgotBody, ResetBody } from '../../contract/requests.ts';
import type { Services } from '../../services.ts';

/** For whoever has forgotten his password. */
export const passwordResetRoutes =
  ({ passwordResets }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/password/forgot',
      {
        schema: {
          operationId: 'forgotPassword',
          summary: 'Have a way to a new password mailed; the answer is the same for every address',
          tags: ['auth'],
          body: ForgotBody,
          response: { 202: Accepted },
        },
        config: { open: true, limits: ['reset', 'resetAddress'] },
      },
      async (request, reply) => {
        await passwordResets.request(request.body);
        reply.code(202);
        return {};
      },
    );

    app.post(
      '/auth/password/reset',
      {
        schema: {
          operationId: 'resetPassword',
          summary: 'Set a new password with the token from the mail; all sessions end',
          tags: ['auth'],
          body: ResetBody,
          response: { 204: Nothing },
        },
        config: { open: true, limits: ['reset'], errors: ['RESET_TOKEN_INVALID', 'PASSWORD_WEAK'] },
      },
      async (request, reply) => {
        await passwordResets.reset(request.body);
        return reply.code(204).send();
      },
    );
  };

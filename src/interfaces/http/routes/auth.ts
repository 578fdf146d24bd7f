import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Grant } from '../../../application/auth-service.ts';
import { ACCESS_TOKEN_MS } from '../../../domain/session.ts';
import { Nothing, SignedIn, Ticket } from '../../contract/answers.ts';
import { LoginBody, RefreshBody, RegisterBody, SessionParams } from '../../contract/requests.ts';
import { page, Session } from '../../contract/shapes.ts';
import { presentMe, presentSession } from '../../present.ts';
import type { Services } from '../../services.ts';

/** Accounts, sessions and what proves them. */
export const authRoutes =
  ({ auth }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    const presentGrant = ({ user, session, refreshToken, accessExpiresAt }: Grant): SignedIn => {
      const accessToken = app.accessTokens.sign({ userId: user.id, sessionId: session.id, expiresAt: accessExpiresAt });
      return { user: presentMe(user), accessToken, refreshToken, expiresIn: ACCESS_TOKEN_MS / 1000 };
    };

    app.post(
      '/auth/register',
      {
        schema: {
          operationId: 'register',
          summary: 'Make an account and sign in',
          tags: ['auth'],
          body: RegisterBody,
          response: { 201: SignedIn },
        },
        config: {
          open: true,
          limits: ['register'],
          errors: ['FORBIDDEN', 'INVITATION_INVALID', 'USERNAME_TAKEN', 'EMAIL_TAKEN', 'PASSWORD_WEAK'],
        },
      },
      async (request, reply) => {
        reply.code(201);
        return presentGrant(await auth.register(request.body));
      },
    );

    app.post(
      '/auth/login',
      {
        schema: {
          operationId: 'login',
          summary: 'Sign in by username or e-mail address',
          tags: ['auth'],
          body: LoginBody,
          response: { 200: SignedIn },
        },
        config: { open: true, limits: ['login', 'loginName'], errors: ['BAD_CREDENTIALS', 'ACCOUNT_SUSPENDED'] },
      },
      async (request) => presentGrant(await auth.login(request.body)),
    );

    app.post(
      '/auth/refresh',
      {
        schema: {
          operationId: 'refresh',
          summary: 'Exchange the refresh token for a new pair; the old one dies',
          tags: ['auth'],
          body: RefreshBody,
          response: { 200: SignedIn },
        },
        config: { open: true, limits: ['refresh'], errors: ['TOKEN_INVALID'] },
      },
      async (request) => presentGrant(await auth.refresh(request.body.refreshToken)),
    );

    app.post(
      '/auth/logout',
      { schema: { operationId: 'logout', summary: 'End this session', tags: ['auth'], response: { 204: Nothing } } },
      async (request, reply) => {
        await auth.logout(request.actor);
        return reply.code(204).send();
      },
    );

    app.post(
      '/auth/logout-all',
      {
        schema: {
          operationId: 'logoutAll',
          summary: 'End all of my sessions',
          tags: ['auth'],
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await auth.logoutAll(request.actor);
        return reply.code(204).send();
      },
    );

    app.get(
      '/auth/sessions',
      {
        schema: {
          operationId: 'listSessions',
          summary: 'My signed-in devices, most recently used first',
          tags: ['auth'],
          response: { 200: page(Session) },
        },
      },
      async ({ actor }) => {
        const sessions = await auth.sessions(actor);
        return { items: sessions.map((session) => presentSession(session, actor.sessionId)), nextCursor: null };
      },
    );

    app.delete(
      '/auth/sessions/:sessionId',
      {
        schema: {
          operationId: 'endSession',
          summary: 'Sign a device out',
          tags: ['auth'],
          params: SessionParams,
          response: { 204: Nothing },
        },
        config: { errors: ['SESSION_NOT_FOUND'] },
      },
      async (request, reply) => {
        await auth.endSession(request.actor, request.params.sessionId);
        return reply.code(204).send();
      },
    );

    app.post(
      '/auth/ticket',
      {
        schema: {
          operationId: 'issueTicket',
          summary: 'A one-use ticket for the WebSocket, for clients that cannot send a header with it',
          tags: ['auth'],
          response: { 201: Ticket },
        },
      },
      async (request, reply) => {
        const { ticket, expiresInMs } = await auth.issueTicket(request.actor);
        reply.code(201);
        return { ticket, expiresIn: expiresInMs / 1000 };
      },
    );
  };

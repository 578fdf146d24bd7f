import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CHATS_MAX, MEMBERS_MAX, MEMBERS_PER_CALL } from '../../../domain/chat.ts';
import { ATTACHMENTS_MAX, BATCH_MAX, CONTENT_MAX } from '../../../domain/message.ts';
import { PASSWORD_LENGTH, USERNAME_LENGTH } from '../../../domain/user.ts';
import { Health, ReadinessReport, ServerInfo } from '../../contract/answers.ts';
import type { ReadinessReport as Report } from '../../readiness.ts';
import type { Services } from '../../services.ts';

const READY_RETRY_AFTER_S = 1;

const LIMITS = {
  usernameLength: USERNAME_LENGTH,
  passwordLength: PASSWORD_LENGTH,
  contentLength: CONTENT_MAX,
  messagesPerBatch: BATCH_MAX,
  membersPerCall: MEMBERS_PER_CALL,
  membersPerChat: MEMBERS_MAX,
  chatsPerUser: CHATS_MAX,
  attachmentsPerMessage: ATTACHMENTS_MAX,
};

/** What a client may know of the server before anybody has signed in. */
export const serverRoutes =
  (version: string, { invitations, attachments, gifs }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/server',
      {
        schema: {
          operationId: 'getServer',
          summary: 'Version, limits and features',
          tags: ['server'],
          response: { 200: ServerInfo },
        },
        config: { open: true },
      },
      async (): Promise<ServerInfo> => ({
        name: 'parley',
        version,
        registration: invitations.mode,
        features: gifs.isOn ? ['gifs'] : [],
        limits: { ...LIMITS, attachmentBytes: attachments.maxBytes },
      }),
    );
  };

/** For whoever watches the process. */
export const probeRoutes =
  (readiness: () => Promise<Report>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/health',
      {
        schema: {
          operationId: 'getHealth',
          summary: 'Whether the process answers',
          tags: ['server'],
          response: { 200: Health },
        },
        config: { open: true },
      },
      async () => ({ status: 'ok' }) as const,
    );

    app.get(
      '/ready',
      {
        schema: {
          operationId: 'getReady',
          summary: 'Whether this process wants new work',
          tags: ['server'],
          response: { 200: ReadinessReport, 503: ReadinessReport },
        },
        config: { open: true },
      },
      async (_request, reply) => {
        const { ready, reasons } = await readiness();
        if (!ready) reply.code(503).header('retry-after', READY_RETRY_AFTER_S);
        return { ready, reasons: [...reasons] };
      },
    );
  };

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DomainError, type ErrorCode } from '../../../domain/errors.ts';
import { AVATAR_BYTES_MAX, avatarNotFound } from '../../../domain/stored-file.ts';
import { Bytes, Nothing } from '../../contract/answers.ts';
import { AvatarQuery, ChatParams, ImageBody, UserParams } from '../../contract/requests.ts';
import { Chat, Me } from '../../contract/shapes.ts';
import { presentMe } from '../../present.ts';
import type { Services } from '../../services.ts';
import { exceptBody } from '../except-body.ts';
import { joinChat } from '../joins.ts';
import { sendFile } from '../send-file.ts';

const IMAGE_ERRORS: readonly ErrorCode[] = ['IMAGE_REFUSED', 'AVATARS_UNSUPPORTED'];

/** Pictures of people and of chats: seeing them and taking them away. */
export const avatarRoutes =
  ({ avatars, storage }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.delete(
      '/users/me/avatar',
      {
        schema: {
          operationId: 'removeMyAvatar',
          summary: 'Take my picture away',
          tags: ['users'],
          response: { 204: Nothing },
        },
        config: { errors: ['USER_NOT_FOUND'] },
      },
      async ({ actor }, reply) => {
        await avatars.removeOwn(actor);
        return reply.code(204).send();
      },
    );

    app.get(
      '/users/:userId/avatar',
      {
        schema: {
          operationId: 'getAvatar',
          summary: "Somebody's picture, as far as he lets me see it",
          tags: ['users'],
          params: UserParams,
          querystring: AvatarQuery,
          response: { 200: Bytes, 206: Bytes, 304: Nothing },
        },
        config: { errors: ['USER_NOT_FOUND', 'AVATAR_NOT_FOUND'] },
      },
      async (request, reply) => {
        const { params, query, actor } = request;
        const file = await avatars.ofUser(actor, params.userId);
        return sendFile(request, reply, file, { storage, immutable: query.v === file.id, absent: avatarNotFound });
      },
    );

    app.delete(
      '/chats/:chatId/avatar',
      {
        schema: {
          operationId: 'removeChatAvatar',
          summary: "Take a chat's picture away",
          tags: ['chats'],
          params: ChatParams,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', 'DIRECT_CHAT_FIXED'] },
      },
      async ({ actor, params }, reply) => {
        await avatars.removeOfChat(actor, params.chatId);
        return reply.code(204).send();
      },
    );

    app.get(
      '/chats/:chatId/avatar',
      {
        schema: {
          operationId: 'getChatAvatar',
          summary: 'The picture of a chat that I am in, or of a public room',
          tags: ['chats'],
          params: ChatParams,
          querystring: AvatarQuery,
          response: { 200: Bytes, 206: Bytes, 304: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'AVATAR_NOT_FOUND'] },
      },
      async (request, reply) => {
        const { params, query, actor } = request;
        const file = await avatars.ofChat(actor, params.chatId);
        return sendFile(request, reply, file, { storage, immutable: query.v === file.id, absent: avatarNotFound });
      },
    );
  };

/** Giving them, in a scope of its own: its bodies are images, and nothing else is taken. */
export const avatarUploadRoutes =
  ({ avatars, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(/^image\//, { parseAs: 'buffer', bodyLimit: AVATAR_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    );
    const upload = { validatorCompiler: exceptBody, bodyLimit: AVATAR_BYTES_MAX };

    app.put(
      '/users/me/avatar',
      {
        schema: {
          operationId: 'setMyAvatar',
          summary: 'Give myself a picture: an image, which is cut to a square',
          tags: ['users'],
          consumes: ['image/*'],
          body: ImageBody,
          response: { 200: Me },
        },
        config: { limits: ['upload'], errors: ['USER_NOT_FOUND', 'UPLOAD_LIMIT', ...IMAGE_ERRORS] },
        ...upload,
      },
      async ({ actor, body }) => presentMe(await avatars.setOwn(actor, imageIn(body))),
    );

    app.put(
      '/chats/:chatId/avatar',
      {
        schema: {
          operationId: 'setChatAvatar',
          summary: 'Give a group or a room a picture, for those who may rename it',
          tags: ['chats'],
          consumes: ['image/*'],
          params: ChatParams,
          body: ImageBody,
          response: { 200: Chat },
        },
        config: {
          limits: ['upload'],
          errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', 'DIRECT_CHAT_FIXED', 'UPLOAD_LIMIT', ...IMAGE_ERRORS],
        },
        ...upload,
      },
      async ({ actor, params, body }) =>
        joinChat(directory, await avatars.setOfChat(actor, params.chatId, imageIn(body))),
    );
  };

function imageIn(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.byteLength > 0) return body;
  throw new DomainError('MALFORMED_BODY', 'Send an image.');
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import type { Sent } from '../../../application/message-service.ts';
import type { Actor } from '../../../domain/session.ts';
import { Nothing, SentResult } from '../../contract/answers.ts';
import { ChatParams, EditBody, HistoryQuery, MessageParams, SendBody, UserParams } from '../../contract/requests.ts';
import { EarlierText, list, Message, page } from '../../contract/shapes.ts';
import { presentEarlier } from '../../present.ts';
import type { Services } from '../../services.ts';
import { joinMessage, joinMessages } from '../joins.ts';
import { readHistoryQuery } from '../read-history-query.ts';
import { relocate } from '../relocate.ts';
import { theUserIsUnknown } from '../the-user-is-unknown.ts';

const BATCH_BODY_LIMIT = 2 * 1024 * 1024;
const SEND_ERRORS = ['CLIENT_ID_REUSED', 'REPLY_TARGET_UNKNOWN', 'ATTACHMENT_UNKNOWN', 'UPLOAD_LIMIT'] as const;

/** Sending, reading, editing and deleting. */
export const messageRoutes =
  ({ messages, directory }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** 201 if anything was stored; 200 if all of it had been stored before. */
    const answerSent = async (actor: Actor, body: SendBody, sending: Promise<Sent>, reply: FastifyReply) => {
      const sent = await (isBatchOfOne(body)
        ? relocate(sending, 'VALIDATION_FAILED', (path) => `/messages/0${path}`)
        : sending);
      reply.code(sent.stored ? 201 : 200);
      const items = await joinMessages(directory, actor, sent.messages);
      return answerOf(body, items);
    };

    app.get(
      '/chats/:chatId/messages',
      {
        schema: {
          operationId: 'listMessages',
          summary: 'The history of a chat, newest first unless asked otherwise',
          tags: ['messages'],
          params: ChatParams,
          querystring: HistoryQuery,
          response: { 200: page(Message) },
        },
        config: { limits: ['search'], errors: ['CHAT_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, query }) => {
        const { items, nextCursor } = await messages.page(actor, params.chatId, readHistoryQuery(query));
        return { items: await joinMessages(directory, actor, items), nextCursor };
      },
    );

    app.post(
      '/chats/:chatId/messages',
      {
        schema: {
          operationId: 'sendMessages',
          summary: 'Send a message, or up to 100: all of them or none',
          tags: ['messages'],
          params: ChatParams,
          body: SendBody,
          response: { 200: SentResult, 201: SentResult },
        },
        config: {
          limits: ['send'],
          errors: ['CHAT_NOT_FOUND', 'FORBIDDEN', ...SEND_ERRORS],
        },
        bodyLimit: BATCH_BODY_LIMIT,
      },
      async ({ actor, params, body }, reply) =>
        answerSent(actor, body, messages.send(actor, params.chatId, draftsOf(body)), reply),
    );

    app.post(
      '/users/:userId/messages',
      {
        schema: {
          operationId: 'sendDirectMessages',
          summary: 'Send to the direct chat with somebody; the first message opens it',
          tags: ['messages'],
          params: UserParams,
          body: SendBody,
          response: { 200: SentResult, 201: SentResult },
        },
        config: {
          limits: ['send'],
          errors: ['USER_NOT_FOUND', 'CHAT_WITH_ONESELF', 'TOO_MANY_CHATS', ...SEND_ERRORS],
        },
        bodyLimit: BATCH_BODY_LIMIT,
      },
      async ({ actor, params, body }, reply) => {
        const sending = messages.sendTo(actor, params.userId, draftsOf(body)).catch(theUserIsUnknown);
        return answerSent(actor, body, sending, reply);
      },
    );

    app.get(
      '/chats/:chatId/messages/:messageId',
      {
        schema: {
          operationId: 'getMessage',
          summary: 'One message',
          tags: ['messages'],
          params: MessageParams,
          response: { 200: Message },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params }) =>
        joinMessage(directory, actor, await messages.get(actor, params.chatId, params.messageId)),
    );

    app.get(
      '/chats/:chatId/messages/:messageId/history',
      {
        schema: {
          operationId: 'listEarlierTexts',
          summary: 'What edits have replaced in a message, the last 10, oldest first',
          tags: ['messages'],
          params: MessageParams,
          response: { 200: list(EarlierText) },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params }) => {
        const { earlier } = await messages.get(actor, params.chatId, params.messageId);
        return { items: earlier.map(presentEarlier) };
      },
    );

    app.patch(
      '/chats/:chatId/messages/:messageId',
      {
        schema: {
          operationId: 'editMessage',
          summary: 'Change the text of a message of mine',
          tags: ['messages'],
          params: MessageParams,
          body: EditBody,
          response: { 200: Message },
        },
        config: { limits: ['send'], errors: ['CHAT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params, body }) =>
        joinMessage(directory, actor, await messages.edit(actor, params.chatId, params.messageId, body.content)),
    );

    app.delete(
      '/chats/:chatId/messages/:messageId',
      {
        schema: {
          operationId: 'deleteMessage',
          summary: 'Delete a message; a tombstone stays in its place',
          tags: ['messages'],
          params: MessageParams,
          response: { 204: Nothing },
        },
        config: { errors: ['CHAT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'FORBIDDEN'] },
      },
      async ({ actor, params }, reply) => {
        await messages.delete(actor, params.chatId, params.messageId);
        return reply.code(204).send();
      },
    );
  };

const draftsOf = (body: SendBody) => ('messages' in body ? body.messages : [body]);

const isBatchOfOne = (body: SendBody): boolean => 'messages' in body && body.messages.length === 1;

function answerOf(body: SendBody, items: Message[]): Static<typeof SentResult> {
  if ('messages' in body) return { items };
  const [message] = items;
  if (!message) throw new Error('one answer for each message');
  return message;
}

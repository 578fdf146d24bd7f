import { Compile } from 'typebox/schema';
import { type DomainError, validationFailed } from '../../domain/errors.ts';
import type { Actor } from '../../domain/session.ts';
import { type CommandFrame, type CommandType, commands } from '../contract/frames.ts';
import type { LimitName } from '../limits.ts';
import { peopleInMessage, presentPresence } from '../present.ts';
import { schemaProblems } from '../schema-problems.ts';
import type { Services } from '../services.ts';
import type { Connection } from './connection.ts';
import { encodeMessageAck } from './encode.ts';
import type { Fanout } from './fanout.ts';

const validators = Object.fromEntries(
  Object.entries(commands).map(([type, schema]) => [type, Compile(schema)] as const),
);

export interface CommandContext {
  readonly services: Services;
  readonly fanout: Fanout;
  readonly connection: Connection;
  readonly actor: Actor;
}

type Handlers = { [T in CommandType]: (context: CommandContext, frame: CommandFrame<T>) => Promise<string> };

const ack = (id: string, result: object = {}): string => JSON.stringify({ type: 'ack', id, ...result });

/** Each command's handler; it answers with the ack, as text, and throws what it refuses. */
const handlers: Handlers = {
  'message.send': async ({ services, actor }, { id, chatId, userId, content, clientId, replyTo, attachmentIds }) => {
    const drafts = [{ content, clientId, replyTo, attachmentIds }];
    if ((chatId === undefined) === (userId === undefined)) {
      throw validationFailed([{ path: '/chatId', message: 'either chatId or userId says where to' }]);
    }
    const sent = await (chatId === undefined
      ? services.messages.sendTo(actor, userId ?? '', drafts)
      : services.messages.send(actor, chatId, drafts));
    return messageAck(services, id, sent.messages[0]);
  },
  'message.edit': async ({ services, actor }, { id, chatId, messageId, content }) =>
    messageAck(services, id, await services.messages.edit(actor, chatId, messageId, content)),
  'message.delete': async ({ services, actor }, { id, chatId, messageId }) => {
    await services.messages.delete(actor, chatId, messageId);
    return ack(id);
  },
  'chat.read': async ({ services, actor }, { id, chatId, seq }) =>
    ack(id, await services.chats.markRead(actor, chatId, seq)),
  'chat.join': async ({ services, fanout, connection, actor }, { id, chatId }) => {
    const { chat } = await services.chats.membership(actor, chatId);
    await fanout.followAll(connection, async () => {
      const { chat: current } = await services.chats.membership(actor, chatId);
      return [current];
    });
    return ack(id, { rev: chat.rev, seq: chat.seq });
  },
  'chat.leave': async ({ fanout, connection }, { id, chatId }) => {
    fanout.unfollow(connection, chatId);
    return ack(id);
  },
  'chat.typing': async ({ services, actor }, { id, chatId }) => {
    await services.typing.tell(actor, chatId);
    return ack(id);
  },
  'presence.set': async ({ connection }, { id, status }) => {
    await connection.presence?.set(status);
    return ack(id);
  },
  'presence.get': async ({ services, actor }, { id, userIds }) =>
    ack(id, { items: (await services.presence.of(actor, userIds)).map(presentPresence) }),
};

/** Its type, if it is a command. */
export const commandName = (type: unknown): string =>
  typeof type === 'string' && (Object.hasOwn(commands, type) || type === 'auth.refresh') ? type : 'unknown';

/** What a command counts for; what is no command counts too. */
export function limitOf(type: unknown): LimitName {
  if (type === 'message.send' || type === 'message.edit') return 'send';
  return type === 'chat.typing' ? 'typing' : 'command';
}

async function messageAck(
  services: Services,
  id: string,
  message: Parameters<typeof encodeMessageAck>[1] | undefined,
): Promise<string> {
  if (!message) throw new Error('an answer has its message');
  const ids = peopleInMessage(message);
  const people = services.directory.peek(ids) ?? (await services.directory.lookUp(ids));
  return encodeMessageAck(id, message, people);
}

/**
 * Runs one command and gives its ack.
 * @throws DomainError VALIDATION_FAILED for an unknown command or a wrong field, or whatever the use case refuses
 */
export function runCommand(context: CommandContext, frame: Record<string, unknown>): Promise<string> {
  const type = frame.type;
  const validator = typeof type === 'string' && Object.hasOwn(validators, type) ? validators[type] : undefined;
  if (!validator) throw validationFailed([{ path: '/type', message: 'is not a command' }]);
  if (!validator.Check(frame)) throw validationFailed(schemaProblems(validator.Errors(frame)));
  const handle = handlers[type as CommandType] as (c: CommandContext, f: object) => Promise<string>;
  return handle(context, frame);
}

/** How a refusal looks on the socket. */
export function errorFrame(id: string | undefined, refusal: DomainError): object {
  const { code, message, problems, retryAfterMs } = refusal;
  return {
    type: 'error',
    ...(id !== undefined && { id }),
    ...{ code, detail: message },
    ...(problems.length > 0 && { errors: problems }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** What goes over the WebSocket: one JSON object per text frame. Durable events have the form of `Change` (shapes.ts). */
import Type, { type Static, type TSchema } from 'typebox';
import { attachmentIds, Change, Id, Message, nullable, oneOf, Presence, Seq, shape, Time, UserRef } from './shapes.ts';

export const PROTOCOL_VERSION = 1;

const closed = { additionalProperties: false } as const;
const commandId = Type.String({ minLength: 1, maxLength: 64, description: "The client's own; the answer bears it." });

const command = <T extends string, P extends Record<string, TSchema>>(type: T, properties: P) =>
  Type.Object({ type: Type.Literal(type), id: commandId, ...properties }, closed);

const newMessage = {
  content: Type.String(),
  clientId: Type.Optional(Type.String()),
  replyTo: Type.Optional(nullable(Id)),
  attachmentIds: Type.Optional(attachmentIds),
};

/** A person is in at most 2,000 chats; some more may have been lost. */
const CHATS_KNOWN_MAX = 4_000;

/** As in `Chat`. */
const mute = { muted: Type.Optional(Type.Boolean()), mutedUntil: Type.Optional(nullable(Time)) };

const Known = shape(
  'Known',
  { rev: Seq, readSeq: Seq, ...mute },
  "A chat's last `rev` that the client has, its read mark and, if the client keeps that, whether it is muted.",
);

export type Known = Static<typeof Known>;

/** What a client has, by chat id. */
const knownChats = Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Known, {
  maxProperties: CHATS_KNOWN_MAX,
});
const epoch = Type.String({ maxLength: 64, description: "The store's, as it was when the numbers were given." });
const me = Type.Integer({ minimum: 0, description: "Version of the user's own row." });

/** The first frame of every connection; `token` unless a ticket or a header has said who it is. */
export const AuthFrame = Type.Object(
  {
    type: Type.Literal('auth'),
    token: Type.Optional(Type.String({ maxLength: 8192 })),
    deviceId: Type.Optional(Type.String({ maxLength: 100 })),
    resume: Type.Optional(
      Type.Object(
        { epoch, me: Type.Optional(me), chats: knownChats },
        { ...closed, description: 'What the client has; it is told what it has missed.' },
      ),
    ),
  },
  closed,
);

export type AuthFrame = Static<typeof AuthFrame>;

/** Every command of an authenticated connection, by its type. */
export const commands = {
  'message.send': command('message.send', {
    chatId: Type.Optional(
      Type.String({ ...Id, description: 'Where to; or userId, for the direct chat with somebody.' }),
    ),
    userId: Type.Optional(Id),
    ...newMessage,
  }),
  'message.edit': command('message.edit', { chatId: Id, messageId: Id, content: Type.String() }),
  'message.delete': command('message.delete', { chatId: Id, messageId: Id }),
  'chat.read': command('chat.read', { chatId: Id, seq: Seq }),
  'chat.join': command('chat.join', { chatId: Id }),
  'chat.leave': command('chat.leave', { chatId: Id }),
  'chat.typing': command('chat.typing', { chatId: Id }),
  'presence.set': command('presence.set', { status: oneOf(['online', 'away']) }),
  'presence.get': command('presence.get', { userIds: Type.Array(Id, { minItems: 1, maxItems: 100 }) }),
} as const;

/** A newer access token of the same session. */
export const RefreshFrame = command('auth.refresh', { token: Type.String() });

/** What a client may say at any time, besides. */
export const clientHeartbeat = {
  ping: Type.Object({ type: Type.Literal('ping'), id: Type.Optional(commandId) }, { ...closed, title: 'client ping' }),
  pong: Type.Object({ type: Type.Literal('pong') }, { ...closed, title: 'client pong' }),
} as const;

export type CommandType = keyof typeof commands;
export type CommandFrame<T extends CommandType = CommandType> = Static<(typeof commands)[T]>;

export const HelloFrame = shape('hello', {
  type: Type.Literal('hello'),
  protocol: Type.Literal(PROTOCOL_VERSION),
  heartbeatMs: Type.Integer(),
  serverTime: Time,
});

const ready = { type: Type.Literal('ready'), sessionId: Id, userId: Id, me, epoch, expiresAt: Time };

export const ReadyFrame = Type.Union(
  [
    shape('resumed', {
      ...ready,
      resumed: Type.Literal(true),
      replayed: Type.Integer({ minimum: 0, description: 'How many events follow that were missed.' }),
    }),
    shape('not resumed', { ...ready, resumed: Type.Literal(false), reason: oneOf(['none', 'epoch']) }),
  ],
  { title: 'ready' },
);

export const ErrorFrame = Type.Object(
  {
    type: Type.Literal('error'),
    id: Type.Optional(Type.String()),
    code: Type.String(),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(shape('FieldProblem', { path: Type.String(), message: Type.String() }))),
    retryAfterMs: Type.Optional(Type.Integer()),
  },
  { ...closed, title: 'error' },
);

/** What an ack says beside its `type` and `id`. */
export const acks = {
  'message.send': shape('message.send ack', { message: Message }),
  'message.edit': shape('message.edit ack', { message: Message }),
  'message.delete': shape('message.delete ack', {}),
  'chat.read': shape('chat.read ack', { readSeq: Seq, unreadCount: Type.Integer({ minimum: 0 }) }),
  'chat.join': shape('chat.join ack', { rev: Seq, seq: Seq }),
  'chat.leave': shape('chat.leave ack', {}),
  'chat.typing': shape('chat.typing ack', {}),
  'presence.set': shape('presence.set ack', {}),
  'presence.get': shape('presence.get ack', { items: Type.Array(Presence) }),
  'auth.refresh': shape('auth.refresh ack', { expiresAt: Time }),
} as const;

/** What comes between the commands: events that are not stored changes, and the heartbeat. */
export const liveFrames = {
  ping: shape('ping', { type: Type.Literal('ping') }),
  pong: Type.Object(
    { type: Type.Literal('pong'), id: Type.Optional(Type.String()), serverTime: Time },
    { ...closed, title: 'pong' },
  ),
  'token.expiring': shape('token.expiring', {
    type: Type.Literal('token.expiring'),
    data: shape('TokenExpiring', { expiresAt: Time }),
  }),
  going_away: shape(
    'going_away',
    {
      type: Type.Literal('going_away'),
      data: shape('GoingAway', {
        retryAfterMs: Type.Integer({ minimum: 0, description: 'When to connect again.' }),
      }),
    },
    'The server stops, and closes with 1012 once it has answered what it has read.',
  ),
  'chat.read': shape('chat.read', {
    type: Type.Literal('chat.read'),
    chatId: Id,
    data: shape('ChatRead', { userId: Id, seq: Seq, unreadCount: Type.Optional(Type.Integer({ minimum: 0 })) }),
  }),
  'chat.muted': shape('chat.muted', {
    type: Type.Literal('chat.muted'),
    chatId: Id,
    data: shape('ChatMuted', { muted: Type.Boolean(), mutedUntil: nullable(Time) }),
  }),
  'chat.too_long': shape(
    'chat.too_long',
    { type: Type.Literal('chat.too_long'), chatId: Id, rev: Seq, seq: Seq, data: shape('TooLong', {}) },
    'Too much was missed of this chat: read it afresh. The numbers are those of its head.',
  ),
  'chat.typing': shape('chat.typing', {
    type: Type.Literal('chat.typing'),
    chatId: Id,
    data: shape('ChatTyping', { userId: Id }),
  }),
  'presence.changed': shape('presence.changed', { type: Type.Literal('presence.changed'), data: Presence }),
  broadcast: shape('broadcast', {
    type: Type.Literal('broadcast'),
    data: shape('Broadcast', { content: Type.String(), from: UserRef, at: Time }),
  }),
  'user.updated': shape('user.updated', {
    type: Type.Literal('user.updated'),
    data: shape('UserUpdated', { user: UserRef }),
  }),
} as const;

/** What may have been missed. */
export const SyncEvent = Type.Union(
  [
    ...Change.anyOf,
    liveFrames['chat.read'],
    liveFrames['chat.muted'],
    liveFrames['chat.too_long'],
    liveFrames['user.updated'],
  ],
  { title: 'SyncEvent' },
);
export type SyncEvent = Static<typeof SyncEvent>;

export const SyncBody = shape(
  'Sync',
  {
    epoch: Type.Optional(epoch),
    me: Type.Optional(me),
    chats: Type.Optional(knownChats),
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: 30, description: 'Seconds to wait where there is nothing to tell.' }),
    ),
  },
  'What the client has, as it was answered last; nothing at first. What was of another epoch counts as nothing.',
);
export type SyncBody = Static<typeof SyncBody>;

const Head = shape('Head', { rev: Seq, seq: Seq, readSeq: Seq, ...mute });
export type Head = Static<typeof Head>;

export const SyncResult = shape('SyncResult', {
  epoch,
  me,
  events: Type.Array(SyncEvent),
  chats: Type.Record(Type.String(), Head, {
    description: 'What the client has once it has applied the events.',
  }),
  more: Type.Boolean({ description: 'There is more already: ask again at once.' }),
});
export type SyncResult = Static<typeof SyncResult>;

/** Why a connection ends (RFC 6455 7.4.2). 4000 to 4399: connect again; 4400 to 4499: do not, without a person's doing. */
export const CLOSE = {
  serverError: 4000,
  heartbeat: 4003,
  slowConsumer: 4002,
  rateLimited: 4004,
  tokenExpired: 4010,
  authLate: 4011,
  badFrame: 4400,
  revoked: 4401,
  suspended: 4403,
  tooManySockets: 4408,
  restarting: 1012,
} as const;

/** What HTTP answers beside the things themselves (shapes.ts). */
import Type, { type Static } from 'typebox';
import { Change, Chat, list, Me, Message, oneOf, PublicChat, Seq, shape, Time } from './shapes.ts';

/** The body of a 204. */
export const Nothing = Type.Unsafe<undefined>({ type: 'null', description: 'Done.' });

/** Bytes, as they are. */
export const Bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' });

const Seconds = Type.Integer({ minimum: 1, description: 'In seconds.' });
const Count = Type.Integer({ minimum: 0 });

export const SignedIn = shape('SignedIn', {
  user: Me,
  accessToken: Type.String({ description: 'For the Authorization header: "Bearer <access token>".' }),
  refreshToken: Type.String({ description: 'Good for one refresh; using it again ends the session.' }),
  expiresIn: Seconds,
});
export type SignedIn = Static<typeof SignedIn>;

/** RFC 6749 5.1. */
export const TokenAnswer = shape('TokenAnswer', {
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Seconds,
  refresh_token: Type.String(),
});

/** What was asked for will be done, if it can be. */
export const Accepted = shape('Accepted', {});

export const Invitation = shape('Invitation', {
  code: Type.String({ description: 'Registers one person.' }),
  expiresAt: Time,
});

export const Ticket = shape('Ticket', {
  ticket: Type.String({ description: 'Opens one WebSocket: /api/v1/ws?ticket=…' }),
  expiresIn: Seconds,
});

export const ReadResult = shape('ReadResult', { readSeq: Seq, unreadCount: Count });

/** A chat of one's own, or a public room from outside. */
export const ChatSeen = Type.Union([Chat, PublicChat]);

/** A single message is answered bare, a batch as a list. */
export const SentResult = Type.Union([Message, list(Message)]);

export const Changes = shape('Changes', {
  items: Type.Array(Change),
  rev: Type.Integer({ minimum: 0, description: "The chat's head: there is more while the last item's rev is below." }),
});

const rendition = {
  url: Type.String({ format: 'uri', description: 'Of the provider; https.' }),
  width: Type.Integer({ minimum: 1 }),
  height: Type.Integer({ minimum: 1 }),
};
export const Gifs = list(
  shape('Gif', { id: Type.String(), title: Type.String(), ...rendition, preview: shape('GifPreview', rendition) }),
);

export const ServerInfo = shape('ServerInfo', {
  name: Type.Literal('parley'),
  version: Type.String(),
  registration: oneOf(['open', 'invitation', 'closed']),
  features: Type.Array(Type.String(), { description: 'What this server offers beyond the core.' }),
  limits: shape('Limits', {
    usernameLength: shape('Range', { min: Count, max: Count }),
    passwordLength: shape('Range', { min: Count, max: Count }),
    contentLength: Count,
    messagesPerBatch: Count,
    membersPerCall: Count,
    membersPerChat: Count,
    chatsPerUser: Count,
    attachmentsPerMessage: Count,
    attachmentBytes: Count,
  }),
});

export type ServerInfo = Static<typeof ServerInfo>;

export const Health = shape('Health', { status: Type.Literal('ok') });

export const ReadinessReport = shape('Readiness', {
  ready: Type.Boolean(),
  reasons: Type.Array(Type.String(), { description: 'Why not, one word each; while ready, what is degraded.' }),
});

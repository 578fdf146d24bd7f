/** The things that Parley speaks of, as they look on the wire, over HTTP and over the socket alike. */
import Type, { type Static, type TObject, type TSchema } from 'typebox';

const closed = { additionalProperties: false } as const;

/** An object with just these fields, each of them always present. */
export const shape = <T extends Record<string, TSchema>>(id: string, properties: T, description?: string) =>
  Type.Object(properties, { ...closed, title: id, ...(description !== undefined && { description }) });

/** The same schema, or null. Written as a JSON Schema type array, which costs less to check and to serialise than a union. */
export const nullable = <T extends TSchema & { type: string }>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] });

export const oneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...(description !== undefined && { description }) });

export const Id = Type.String({ minLength: 1, maxLength: 64, description: 'Opaque; a UUID today.' });
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, with milliseconds.' });
const Count = Type.Integer({ minimum: 0 });
export const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const text = nullable(Type.String());

export const UserRef = shape(
  'UserRef',
  { id: Id, username: text, displayName: text, avatarUrl: text, deleted: Type.Boolean() },
  'Who somebody is. Of a deleted person only the id is left; a private one shows strangers no name and no picture.',
);
export type UserRef = Static<typeof UserRef>;

const userFields = {
  ...UserRef.properties,
  bio: text,
  location: text,
  birthDate: nullable(Type.String({ format: 'date' })),
  email: text,
  isPrivate: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
};

export const User = shape('User', userFields, 'A profile. What the viewer may not see is null.');
export type User = Static<typeof User>;

export const PublicField = oneOf(['email', 'birthDate']);

export const Me = shape(
  'Me',
  {
    ...userFields,
    role: oneOf(['user', 'admin']),
    publicFields: Type.Array(PublicField, { description: 'What strangers may see of what is otherwise hidden.' }),
    showPresence: Type.Boolean(),
    version: Type.Integer({ minimum: 1 }),
  },
  "One's own profile.",
);
export type Me = Static<typeof Me>;

export const Session = shape('Session', {
  id: Id,
  device: text,
  createdAt: Time,
  lastUsedAt: Time,
  current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
});
export type Session = Static<typeof Session>;

export const Presence = shape(
  'Presence',
  { userId: Id, status: oneOf(['online', 'away', 'offline']), lastSeenAt: nullable(Time) },
  'Whether somebody is there. Offline and never seen is also who hides it, and who shares no chat with the one who asks.',
);
export type Presence = Static<typeof Presence>;

export const Role = oneOf(['owner', 'admin', 'member']);

export const Member = shape('Member', { userId: Id, user: UserRef, role: Role, joinedAt: Time, readSeq: Seq });
export type Member = Static<typeof Member>;

export const Attachment = shape('Attachment', {
  id: Id,
  name: Type.String(),
  mediaType: Type.String(),
  bytes: Count,
  width: nullable(Count),
  height: nullable(Count),
  url: Type.String(),
});
export type Attachment = Static<typeof Attachment>;

export const attachmentIds = Type.Array(Id, { maxItems: 10, description: 'Uploads of mine, each once.' });

const System = shape(
  'System',
  {
    type: oneOf(['chat.created', 'chat.updated', 'member.added', 'member.removed']),
    users: Type.Array(UserRef),
    name: text,
  },
  'What a system line tells; who did it is the sender.',
);

const ReplyTo = shape('ReplyTo', { id: Id, seq: Seq });

export const Message = shape(
  'Message',
  {
    id: Id,
    chatId: Id,
    seq: Seq,
    rev: Seq,
    kind: oneOf(['text', 'system']),
    senderId: Id,
    sender: UserRef,
    clientId: text,
    content: text,
    replyTo: nullable(ReplyTo),
    attachments: Type.Array(Attachment),
    system: nullable(System),
    createdAt: Time,
    editedAt: nullable(Time),
    deletedAt: nullable(Time),
  },
  'A line of a history. A tombstone (deletedAt set) has no content, no reply and no attachments; a system line has no content.',
);
export type Message = Static<typeof Message>;

export const Chat = shape(
  'Chat',
  {
    id: Id,
    kind: oneOf(['direct', 'group', 'public']),
    name: text,
    description: text,
    avatarUrl: text,
    peer: nullable(UserRef),
    memberCount: Count,
    createdAt: Time,
    updatedAt: Time,
    seq: Seq,
    rev: Seq,
    lastMessage: nullable(Message),
    role: Role,
    joinedSeq: Seq,
    readSeq: Seq,
    unreadCount: Count,
    muted: Type.Boolean({ description: 'No notifications of it are wanted.' }),
    mutedUntil: nullable(Time),
  },
  'A chat as this member sees it. A direct chat has a peer and no name.',
);
export type Chat = Static<typeof Chat>;

export const PublicChat = shape(
  'PublicChat',
  {
    id: Id,
    kind: Type.Literal('public'),
    name: text,
    description: text,
    avatarUrl: text,
    memberCount: Count,
    createdAt: Time,
    joined: Type.Boolean(),
  },
  'A public room as anybody sees it.',
);
export type PublicChat = Static<typeof PublicChat>;

export const EarlierText = shape('EarlierText', { content: Type.String(), at: Time }, 'What an edit has replaced.');

const ChatSettings = shape('ChatSettings', { name: text, description: text, avatarUrl: text, updatedAt: Time });

const changeData = {
  'chat.created': shape('ChatCreated', { chat: Chat }),
  'chat.updated': shape('ChatUpdated', { chat: ChatSettings, message: nullable(Message) }),
  'chat.deleted': shape('ChatDeleted', {}),
  'member.added': shape('MembersChanged', {
    members: Type.Array(Member),
    memberCount: Count,
    message: nullable(Message),
  }),
  'member.updated': shape('MembersChanged', {
    members: Type.Array(Member),
    memberCount: Count,
    message: nullable(Message),
  }),
  'member.removed': shape('MembersChanged', {
    members: Type.Array(Member),
    memberCount: Count,
    message: nullable(Message),
  }),
  'message.created': shape('MessageChanged', { message: Message }),
  'message.updated': shape('MessageChanged', { message: Message }),
  'message.deleted': shape('MessageChanged', { message: Message }),
} as const;

const change = <T extends keyof typeof changeData>(type: T) =>
  shape(`Change ${type}`, {
    type: Type.Literal(type),
    chatId: Id,
    rev: Seq,
    seq: nullable(Seq),
    at: Time,
    actorId: nullable(Id),
    data: changeData[type],
  });

/** What happened in a chat; one item of /changes and one frame on the socket. */
export const Change = Type.Union(
  [
    change('chat.created'),
    change('chat.updated'),
    change('chat.deleted'),
    change('member.added'),
    change('member.updated'),
    change('member.removed'),
    change('message.created'),
    change('message.updated'),
    change('message.deleted'),
  ],
  { title: 'Change' },
);
export type Change = Static<typeof Change>;

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'From a closed list; branch on this.' }),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(shape('FieldProblem', { path: Type.String(), message: Type.String() }))),
    error: Type.Optional(Type.String({ description: 'Of the token endpoint alone: RFC 6749 5.2.' })),
    error_description: Type.Optional(Type.String()),
  },
  { title: 'Problem', description: 'RFC 9457.' },
);
export type Problem = Static<typeof Problem>;

/** A page of a list. */
export const page = <T extends TSchema>(
  item: T,
): TObject<{ items: ReturnType<typeof Type.Array<T>>; nextCursor: typeof text }> =>
  Type.Object({ items: Type.Array(item), nextCursor: text }, closed);

export const list = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item) }, closed);

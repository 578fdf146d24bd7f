/** What clients send over HTTP. Bodies are strict: an unknown field is an error. Lengths of texts are checked by the domain, after trimming. */
import Type, { type Static, type TSchema } from 'typebox';
import { Id, nullable, oneOf, PublicField, Role, Seq, shape } from './shapes.ts';

const closed = { additionalProperties: false } as const;
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema);
const text = (description: string) => Type.String({ description });

export const RegisterBody = shape('Registration', {
  username: text('3 to 25 characters, without @, / and blanks; unique whatever the case'),
  email: text('unique whatever the case'),
  password: text('8 to 128 characters of any kind'),
  displayName: maybe(nullable(text('1 to 50 characters'))),
  device: maybe(nullable(text('what the list of sessions calls this device'))),
});

export const LoginBody = shape('Login', {
  login: text('username or e-mail address'),
  password: Type.String(),
  device: maybe(nullable(Type.String())),
});

export const RefreshBody = shape('Refresh', { refreshToken: Type.String() });

export const PasswordBody = shape('PasswordChange', { currentPassword: Type.String(), newPassword: Type.String() });

export const ProfileBody = shape('ProfileChange', {
  username: maybe(Type.String()),
  email: maybe(Type.String()),
  displayName: maybe(nullable(Type.String())),
  bio: maybe(nullable(text('at most 500 characters'))),
  location: maybe(nullable(text('at most 100 characters'))),
  birthDate: maybe(nullable(text('YYYY-MM-DD'))),
  isPrivate: maybe(Type.Boolean()),
  publicFields: maybe(Type.Array(PublicField, { maxItems: 10 })),
  showPresence: maybe(Type.Boolean()),
});

const userIds = (minItems: number) => Type.Array(Id, { minItems, maxItems: 100 });

const NewGroup = shape('NewGroup', {
  kind: Type.Literal('group'),
  name: text('1 to 100 characters'),
  memberIds: userIds(0),
});
const NewDirectChat = shape('NewDirectChat', { kind: Type.Literal('direct'), userId: Id });
export const NewChatBody = Type.Union([NewGroup, NewDirectChat]);

export const ChatBody = shape('ChatChange', {
  name: maybe(text('1 to 100 characters')),
  description: maybe(nullable(text('at most 500 characters'))),
});

export const MembersBody = shape('NewMembers', { userIds: userIds(1) });
export const RoleBody = shape('RoleChange', { role: Role });

const NewMessage = shape('NewMessage', {
  content: text('1 to 4,000 characters, trimmed'),
  clientId: maybe(text('1 to 64 characters: the same one never makes a second message of yours in this chat')),
  replyTo: maybe(nullable(Id)),
});
const NewMessages = shape('NewMessages', { messages: Type.Array(NewMessage, { minItems: 1, maxItems: 100 }) });
export const SendBody = Type.Union([NewMessage, NewMessages]);
export type SendBody = Static<typeof SendBody>;

export const EditBody = shape('MessageEdit', { content: text('1 to 4,000 characters, trimmed') });
export const ReadBody = shape('ReadMark', { seq: Seq });

/** How many items a page has where the client does not say. */
export const PAGE_LIMIT = 50;

const limit = maybe(Type.Integer({ minimum: 1, maximum: 100, default: PAGE_LIMIT }));
const cursor = maybe(Type.String({ maxLength: 400, description: 'nextCursor of the page before' }));

export const NoQuery = Type.Object({}, closed);
export const ListQuery = Type.Object({ limit, cursor }, closed);
export const HistoryQuery = Type.Object(
  { limit, cursor, order: maybe(oneOf(['asc', 'desc'])), before: maybe(Seq), after: maybe(Seq), around: maybe(Seq) },
  closed,
);
export const ChangesQuery = Type.Object({ afterRev: Seq, limit }, closed);

export const UserParams = Type.Object({ userId: Id }, closed);
export const SessionParams = Type.Object({ sessionId: Id }, closed);
export const ChatParams = Type.Object({ chatId: Id }, closed);
export const MemberParams = Type.Object(
  { chatId: Id, userId: Type.String({ ...Id, description: 'Or "me".' }) },
  closed,
);
export const MessageParams = Type.Object({ chatId: Id, messageId: Id }, closed);

/** What clients send over HTTP. Bodies are strict: an unknown field is an error. Lengths of texts are checked by the domain, after trimming. */
import Type, { type Static, type TSchema } from 'typebox';
import { attachmentIds, Id, nullable, oneOf, PublicField, Role, Seq, shape } from './shapes.ts';

const closed = { additionalProperties: false } as const;
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema);
const text = (description: string) => Type.String({ description });

export const RegisterBody = shape('Registration', {
  username: text('3 to 25 characters, without @, / and blanks; unique whatever the case'),
  email: text('unique whatever the case'),
  password: text('8 to 128 characters of any kind'),
  displayName: maybe(nullable(text('1 to 50 characters'))),
  device: maybe(nullable(text('what the list of sessions calls this device'))),
  invitation: maybe(nullable(text('a code from an admin; needed where registration is by invitation'))),
});

export const LoginBody = shape('Login', {
  login: text('username or e-mail address'),
  password: Type.String(),
  device: maybe(nullable(Type.String())),
});

/** Parameters that it does not know are left alone, as RFC 6749 3.2 wants it. */
export const TokenBody = nullable(
  Type.Object(
    {
      grant_type: maybe(text('password or refresh_token')),
      username: maybe(text('username or e-mail address')),
      password: maybe(Type.String()),
      refresh_token: maybe(Type.String()),
    },
    { title: 'TokenRequest' },
  ),
);
export type TokenBody = Static<typeof TokenBody>;

export const ForgotBody = shape('ForgottenPassword', { email: text('of the account') });
export const ResetBody = shape('PasswordReset', { token: text('from the mail'), newPassword: Type.String() });

const AccountRole = oneOf(['user', 'admin']);

export const NewUserBody = shape('NewUser', {
  username: Type.String(),
  email: Type.String(),
  password: Type.String(),
  displayName: maybe(nullable(Type.String())),
  role: maybe(AccountRole),
});

export const InvitationBody = nullable(shape('NewInvitation', { role: maybe(AccountRole) }));

export const RefreshBody = shape('Refresh', { refreshToken: Type.String() });

export const AccountDeletionBody = shape('AccountDeletion', {
  password: Type.String(),
  messages: oneOf(['keep', 'erase'], 'What becomes of what I wrote.'),
});

export const BroadcastBody = shape('Announcement', { content: text('1 to 4,000 characters, trimmed') });

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
const NewRoom = shape('NewRoom', { kind: Type.Literal('public'), name: text('1 to 100 characters') });
export const NewChatBody = Type.Union([NewGroup, NewRoom, NewDirectChat]);

export const ChatBody = shape('ChatChange', {
  name: maybe(text('1 to 100 characters')),
  description: maybe(nullable(text('at most 500 characters'))),
});

export const MembersBody = shape('NewMembers', { userIds: userIds(1) });
export const RoleBody = shape('RoleChange', { role: Role });

/** The body of an upload is read as a stream, so this only documents it. */
export const UploadBody = Type.Object({ file: Type.String({ format: 'binary' }) }, { title: 'Upload' });
export const ImageBody = Type.Unsafe<unknown>({
  type: 'string',
  format: 'binary',
  description: 'PNG, JPEG, GIF or WebP',
});

const NewMessage = shape('NewMessage', {
  content: text('1 to 4,000 characters, trimmed; may be empty with an attachment'),
  clientId: maybe(text('1 to 64 characters: the same one never makes a second message of yours in this chat')),
  replyTo: maybe(nullable(Id)),
  attachmentIds: maybe(attachmentIds),
});
const NewMessages = shape('NewMessages', { messages: Type.Array(NewMessage, { minItems: 1, maxItems: 100 }) });
export const SendBody = Type.Union([NewMessage, NewMessages]);
export type SendBody = Static<typeof SendBody>;

export const EditBody = shape('MessageEdit', { content: text('1 to 4,000 characters, trimmed') });
const time = Type.String({ format: 'date-time', maxLength: 40, description: 'RFC 3339' });
export const MuteBody = shape('Mute', { until: maybe(nullable(time)) });
export const ReadBody = shape('ReadMark', { seq: Seq });

/** How many items a page has where the client does not say. */
export const PAGE_LIMIT = 50;

const limit = maybe(Type.Integer({ minimum: 1, maximum: 100, default: PAGE_LIMIT }));
const cursor = maybe(Type.String({ maxLength: 400, description: 'nextCursor of the page before' }));

export const NoQuery = Type.Object({}, closed);
export const ListQuery = Type.Object({ limit, cursor }, closed);
export const HistoryQuery = Type.Object(
  {
    limit,
    cursor,
    offset: maybe(Type.Integer({ minimum: 0, maximum: 10_000 })),
    order: maybe(oneOf(['asc', 'desc'])),
    sort: maybe(oneOf(['createdAt', '-createdAt'], 'the same as order')),
    before: maybe(Seq),
    after: maybe(Seq),
    around: maybe(Seq),
    senderId: maybe(Id),
    content: maybe(Type.String({ maxLength: 8_000, description: 'the whole text, exactly' })),
    'content-like': maybe(Type.String({ maxLength: 1_000, description: 'a part of the text, whatever the case' })),
    from: maybe(Type.String({ ...time, description: 'createdAt then or later' })),
    to: maybe(Type.String({ ...time, description: 'createdAt then or earlier' })),
  },
  closed,
);
export type HistoryQuery = Static<typeof HistoryQuery>;
export const FeedQuery = Type.Object(
  { limit, cursor, sender: maybe(oneOf(['me'], 'only what I wrote myself')) },
  closed,
);
export const GifsQuery = Type.Object({ q: text('1 to 50 characters, trimmed') }, closed);
export const RoomsQuery = Type.Object(
  {
    limit,
    /** It holds a name, in UTF-8. */
    cursor: maybe(Type.String({ maxLength: 10_000, description: 'nextCursor of the page before' })),
    q: maybe(Type.String({ maxLength: 200, description: 'a part of the name, whatever the case' })),
  },
  closed,
);
const flag = (description: string) => maybe(oneOf(['true', 'false'], description));
const exactly = (what: string) => maybe(Type.String({ description: `${what}, whatever the case` }));
const partOf = (what: string) => maybe(Type.String({ description: `a part of ${what}, whatever the case` }));
export const PeopleQuery = Type.Object(
  {
    limit,
    /** It holds a name, in UTF-8. */
    cursor: maybe(Type.String({ maxLength: 10_000, description: 'nextCursor of the page before' })),
    offset: maybe(Type.Integer({ minimum: 0, maximum: 10_000 })),
    username: exactly('the username'),
    displayName: exactly('the name'),
    'username-like': partOf('the username'),
    'displayName-like': partOf('the name'),
    q: partOf('either'),
    ids: maybe(Type.String({ maxLength: 6_500, description: 'at most 100, with commas between' })),
    excludeMe: flag('Without me.'),
    online: flag('Only who is online, as far as I may know.'),
    sort: maybe(oneOf(['username', '-username', 'displayName', '-displayName', 'createdAt', '-createdAt'])),
  },
  closed,
);
export type PeopleQuery = Static<typeof PeopleQuery>;
export const ChangesQuery = Type.Object({ afterRev: Seq, limit }, closed);

/** `v` tells pictures apart for whoever caches them. */
export const AvatarQuery = Type.Object({ v: maybe(Id) }, closed);
export const AttachmentParams = Type.Object({ attachmentId: Id }, closed);
export const UserParams = Type.Object({ userId: Id }, closed);
export const SessionParams = Type.Object({ sessionId: Id }, closed);
export const ChatParams = Type.Object({ chatId: Id }, closed);
export const MemberParams = Type.Object(
  { chatId: Id, userId: Type.String({ ...Id, description: 'Or "me".' }) },
  closed,
);
export const MessageParams = Type.Object({ chatId: Id, messageId: Id }, closed);

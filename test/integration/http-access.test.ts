/**
 * Who may do what: every operation of the OpenAPI document, for everybody whom a chat can know, to what is his own, another's or
 * not there. An operation without a row here fails, so that no route is added without saying who may use it.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Access,
  aboutChat,
  aboutMessage,
  aboutNothing,
  aboutPerson,
  type Cell,
  cellsOf,
  inside,
  makeWorld,
  OUTSIDE_NOT_FOUND,
  type Outcome,
  outside,
  type Subject,
  subjectOf,
  UPLOAD,
  type World,
} from '../support/access-world.ts';
import { type Answer, type CallOptions, PASSWORD, type Person, TestApp } from '../support/app.ts';

interface Row {
  readonly operation: string;
  readonly method: string;
  readonly path: string | ((subject: Subject) => string);
  readonly body?: (subject: Subject, world: World) => unknown;
  /** Sent instead of a body. */
  readonly file?: Pick<CallOptions, 'payload' | 'headers'>;
  /** For anybody, who need not be signed in. */
  readonly isOpen?: true;
  /** The status, or the code of a refusal. */
  readonly access: Access;
}

const chat = ({ chatId }: Subject) => `chats/${chatId}`;
const inChat = (what: string) => (subject: Subject) => `${chat(subject)}/${what}`;
const message = (subject: Subject) => `${chat(subject)}/messages/${subject.messageId}`;
const member = (subject: Subject) => `${chat(subject)}/members/${subject.person.id}`;
const user = (what: string) => (subject: Subject) => `users/${subject.person.id}${what}`;

/** Told to whoever may set a picture, whether this server can read pictures or not. */
const NO_IMAGE = { payload: 'no image', headers: { 'content-type': 'image/png' } };

const OPEN: readonly Row[] = [
  { operation: 'getHealth', method: 'GET', path: '/health', access: aboutNothing(200) },
  { operation: 'getReady', method: 'GET', path: '/ready', access: aboutNothing(200) },
  { operation: 'getServer', method: 'GET', path: 'server', access: aboutNothing(200) },
  {
    operation: 'register',
    method: 'POST',
    path: 'auth/register',
    body: () => ({
      username: `new-${randomUUID().slice(0, 8)}`,
      email: `${randomUUID()}@example.org`,
      password: PASSWORD,
    }),
    access: aboutNothing(201),
  },
  {
    operation: 'login',
    method: 'POST',
    path: 'auth/login',
    body: ({ person }) => ({ login: person.username, password: PASSWORD }),
    access: aboutPerson(200, 200, 'BAD_CREDENTIALS'),
  },
  {
    operation: 'refresh',
    method: 'POST',
    path: 'auth/refresh',
    body: ({ person }) => ({ refreshToken: person.refreshToken }),
    access: aboutPerson(
      200,
      { anonymous: 200, ...outside(200), ...inside(200), endedSession: 'TOKEN_INVALID' },
      'TOKEN_INVALID',
    ),
  },
  {
    operation: 'token',
    method: 'POST',
    path: 'auth/token',
    body: ({ person }) => ({ grant_type: 'password', username: person.username, password: PASSWORD }),
    access: aboutPerson(200, 200, 'INVALID_GRANT'),
  },
  {
    operation: 'forgotPassword',
    method: 'POST',
    path: 'auth/password/forgot',
    body: ({ person }) => ({ email: person.email }),
    access: aboutPerson(202),
  },
  // Whoever has a code may use it; where codes come from is tried in http-password-reset.
  {
    operation: 'resetPassword',
    method: 'POST',
    path: 'auth/password/reset',
    body: () => ({ token: 'made up', newPassword: PASSWORD }),
    access: aboutNothing('RESET_TOKEN_INVALID'),
  },
];

const ROWS: readonly Row[] = [
  ...OPEN.map((row) => ({ ...row, isOpen: true as const })),
  {
    operation: 'createUser',
    method: 'POST',
    path: 'users',
    body: () => ({ username: 'made', email: 'made@example.org', password: PASSWORD }),
    access: aboutNothing('FORBIDDEN'),
  },
  { operation: 'suspendUser', method: 'POST', path: user('/suspend'), access: aboutPerson('FORBIDDEN') },
  { operation: 'restoreUser', method: 'POST', path: user('/restore'), access: aboutPerson('FORBIDDEN') },
  { operation: 'invite', method: 'POST', path: 'invitations', access: aboutNothing('FORBIDDEN') },
  {
    operation: 'broadcast',
    method: 'POST',
    path: 'broadcasts',
    body: () => ({ content: 'x' }),
    access: aboutNothing('FORBIDDEN'),
  },
  { operation: 'logout', method: 'POST', path: 'auth/logout', access: aboutNothing(204) },
  { operation: 'logoutAll', method: 'POST', path: 'auth/logout-all', access: aboutNothing(204) },
  { operation: 'listSessions', method: 'GET', path: 'auth/sessions', access: aboutNothing(200) },
  {
    operation: 'endSession',
    method: 'DELETE',
    path: ({ sessionId }) => `auth/sessions/${sessionId}`,
    access: {
      about: 'session',
      answers: { own: 204, "another's": 'SESSION_NOT_FOUND', missing: 'SESSION_NOT_FOUND' },
    },
  },
  { operation: 'issueTicket', method: 'POST', path: 'auth/ticket', access: aboutNothing(201) },
  { operation: 'getMe', method: 'GET', path: 'users/me', access: aboutNothing(200) },
  {
    operation: 'updateMe',
    method: 'PATCH',
    path: 'users/me',
    body: () => ({ bio: 'x' }),
    access: aboutNothing(200),
  },
  {
    operation: 'changePassword',
    method: 'PUT',
    path: 'users/me/password',
    body: () => ({ currentPassword: PASSWORD, newPassword: 'something new' }),
    access: aboutNothing(204),
  },
  {
    operation: 'deleteMe',
    method: 'DELETE',
    path: 'users/me',
    body: () => ({ password: PASSWORD, messages: 'keep' }),
    access: aboutNothing(204),
  },
  { operation: 'setMyAvatar', method: 'PUT', path: 'users/me/avatar', file: NO_IMAGE, access: aboutNothing(422) },
  { operation: 'removeMyAvatar', method: 'DELETE', path: 'users/me/avatar', access: aboutNothing(204) },
  { operation: 'listUsers', method: 'GET', path: ({ person }) => `users?ids=${person.id}`, access: aboutPerson(200) },
  { operation: 'getUser', method: 'GET', path: user(''), access: aboutPerson(200, 200, 'USER_NOT_FOUND') },
  {
    operation: 'getAvatar',
    method: 'GET',
    path: user('/avatar'),
    access: aboutPerson('AVATAR_NOT_FOUND', 'AVATAR_NOT_FOUND', 'USER_NOT_FOUND'),
  },
  {
    operation: 'getPresence',
    method: 'GET',
    path: user('/presence'),
    access: aboutPerson(200, 200, 'USER_NOT_FOUND'),
  },
  { operation: 'listPresence', method: 'GET', path: 'presence', access: aboutNothing(200) },
  {
    operation: 'sendDirectMessages',
    method: 'POST',
    path: user('/messages'),
    body: () => ({ content: 'hello' }),
    access: aboutPerson(201, 'CHAT_WITH_ONESELF', 'USER_NOT_FOUND'),
  },
  {
    operation: 'listDirectMessages',
    method: 'GET',
    path: user('/messages'),
    access: aboutPerson(200, 'CHAT_WITH_ONESELF', 'USER_NOT_FOUND'),
  },
  { operation: 'listAllMessages', method: 'GET', path: 'messages', access: aboutNothing(200) },
  { operation: 'sync', method: 'POST', path: 'sync', body: () => ({}), access: aboutNothing(200) },
  { operation: 'listChats', method: 'GET', path: 'chats', access: aboutNothing(200) },
  { operation: 'listPublicChats', method: 'GET', path: 'chats/public', access: aboutNothing(200) },
  {
    operation: 'createChat',
    method: 'POST',
    path: 'chats',
    body: ({ person }) => ({ kind: 'group', name: 'x', memberIds: [person.id] }),
    access: aboutPerson(201, 201, 'USERS_UNKNOWN'),
  },
  { operation: 'getChat', method: 'GET', path: chat, access: aboutChat(200) },
  { operation: 'updateChat', method: 'PATCH', path: chat, body: () => ({ name: 'x' }), access: aboutChat(200) },
  {
    operation: 'deleteChat',
    method: 'DELETE',
    path: chat,
    access: aboutChat(204, { member: 'FORBIDDEN', admin: 'FORBIDDEN', owner: 204 }),
  },
  { operation: 'listChanges', method: 'GET', path: inChat('changes?afterRev=0'), access: aboutChat(200) },
  { operation: 'markRead', method: 'PUT', path: inChat('read'), body: () => ({ seq: 1 }), access: aboutChat(200) },
  { operation: 'joinChat', method: 'POST', path: inChat('join'), access: aboutChat(200) },
  { operation: 'muteChat', method: 'PUT', path: inChat('mute'), body: () => ({}), access: aboutChat(204) },
  { operation: 'unmuteChat', method: 'DELETE', path: inChat('mute'), access: aboutChat(204) },
  { operation: 'getChatAvatar', method: 'GET', path: inChat('avatar'), access: aboutChat('AVATAR_NOT_FOUND') },
  { operation: 'setChatAvatar', method: 'PUT', path: inChat('avatar'), file: NO_IMAGE, access: aboutChat(422) },
  { operation: 'removeChatAvatar', method: 'DELETE', path: inChat('avatar'), access: aboutChat(204) },
  { operation: 'listMembers', method: 'GET', path: inChat('members'), access: aboutChat(200) },
  {
    operation: 'addMembers',
    method: 'POST',
    path: inChat('members'),
    body: (_, { newcomer }) => ({ userIds: [newcomer.id] }),
    access: aboutChat(200),
  },
  {
    operation: 'addMembers',
    method: 'POST',
    path: inChat('members'),
    body: ({ person }) => ({ userIds: [person.id] }),
    access: {
      about: 'person',
      answers: {
        own: { ...OUTSIDE_NOT_FOUND, ...inside(200) },
        "another's": { ...OUTSIDE_NOT_FOUND, ...inside(200) },
        missing: { ...OUTSIDE_NOT_FOUND, ...inside('USERS_UNKNOWN') },
      },
    },
  },
  {
    operation: 'changeRole',
    method: 'PATCH',
    path: member,
    body: () => ({ role: 'admin' }),
    access: {
      about: 'person',
      answers: {
        own: { ...OUTSIDE_NOT_FOUND, member: 'FORBIDDEN', admin: 'FORBIDDEN', owner: 'OWNER_MUST_HAND_OVER' },
        "another's": { ...OUTSIDE_NOT_FOUND, member: 'FORBIDDEN', admin: 'FORBIDDEN', owner: 200 },
        missing: { ...OUTSIDE_NOT_FOUND, ...inside('MEMBER_NOT_FOUND') },
      },
    },
  },
  {
    operation: 'changeRole',
    method: 'PATCH',
    path: ({ chatId }) => `chats/${chatId}/members/nobody`,
    body: () => ({ role: 'admin' }),
    access: aboutChat('MEMBER_NOT_FOUND'),
  },
  {
    operation: 'removeMember',
    method: 'DELETE',
    path: member,
    access: {
      about: 'person',
      answers: {
        own: { ...OUTSIDE_NOT_FOUND, ...inside(204) },
        "another's": { ...OUTSIDE_NOT_FOUND, member: 'FORBIDDEN', admin: 204, owner: 204 },
        missing: { ...OUTSIDE_NOT_FOUND, ...inside('MEMBER_NOT_FOUND') },
      },
    },
  },
  {
    operation: 'removeMember',
    method: 'DELETE',
    path: inChat('members/nobody'),
    access: aboutChat('MEMBER_NOT_FOUND'),
  },
  { operation: 'listMessages', method: 'GET', path: inChat('messages'), access: aboutChat(200) },
  {
    operation: 'sendMessages',
    method: 'POST',
    path: inChat('messages'),
    body: () => ({ content: 'hello' }),
    access: aboutChat(201),
  },
  { operation: 'getMessage', method: 'GET', path: message, access: aboutMessage(200, inside(200)) },
  {
    operation: 'listEarlierTexts',
    method: 'GET',
    path: (subject) => `${message(subject)}/history`,
    access: aboutMessage(200, inside(200)),
  },
  {
    operation: 'editMessage',
    method: 'PATCH',
    path: message,
    body: () => ({ content: 'x' }),
    access: aboutMessage(200, inside('FORBIDDEN')),
  },
  {
    operation: 'deleteMessage',
    method: 'DELETE',
    path: message,
    access: aboutMessage(204, { member: 'FORBIDDEN', admin: 204, owner: 204 }),
  },
  { operation: 'uploadAttachment', method: 'POST', path: 'attachments', file: UPLOAD, access: aboutNothing(201) },
  {
    operation: 'getAttachment',
    method: 'GET',
    path: ({ attachmentId }) => `attachments/${attachmentId}`,
    access: {
      about: 'attachment',
      answers: {
        own: 200,
        "another's": { ...outside('ATTACHMENT_NOT_FOUND'), ...inside(200) },
        missing: 'ATTACHMENT_NOT_FOUND',
      },
    },
  },
  { operation: 'findGifs', method: 'GET', path: 'gifs?q=cat', access: aboutNothing('GIFS_OFF') },
];

const CELLS = cellsOf(ROWS);

let app: TestApp;
/** For what reads or is refused, and so changes nothing. */
let unchanged: World;
beforeAll(async () => {
  app = await TestApp.start();
  unchanged = await makeWorld(app);
});
afterAll(() => app.stop());

function expectedOf({ role, row, expected }: Cell<Row>): Outcome | undefined {
  if (row.isOpen || !['anonymous', 'endedSession'].includes(role)) return expected;
  return role === 'anonymous' ? 'AUTHENTICATION_REQUIRED' : 'TOKEN_INVALID';
}

async function call(cell: Cell<Row>, world: World): Promise<Answer> {
  const { method, path, body, file } = cell.row;
  const as: Person | undefined = world.people[cell.role];
  const subject = await subjectOf(app, world, cell);
  return app.call(method, typeof path === 'string' ? path : path(subject), {
    ...(as && { as }),
    ...(body && { body: body(subject, world) }),
    ...file,
  });
}

test('every operation of the document has a row, and every row an operation', () => {
  const operations = Object.values(app.document.paths).flatMap((path) => Object.values(path));
  const named = new Set(ROWS.map(({ operation }) => operation));
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual([...named].sort());
});

describe(`the matrix of ${CELLS.length} cells`, () => {
  test.each(CELLS.map((cell) => [cell.row.operation, cell.target, cell.role, cell] as const))(
    '%s: %s, by %s',
    async (_operation, _target, _role, cell) => {
      const expected = expectedOf(cell);
      const changes = typeof expected === 'number' && expected < 400 && cell.row.method !== 'GET';
      const { status, body } = await call(cell, changes ? await makeWorld(app) : unchanged);
      expect(typeof expected === 'number' ? status : body.code).toBe(expected);
    },
  );

  test('what is refused as if it were missing is refused in the same words', async () => {
    const missing = CELLS.filter(({ target }) => target === 'missing');
    const pairs = missing.flatMap((cell) => {
      const { row, role, expected } = cell;
      const others = CELLS.find((other) => other.row === row && other.role === role && other.target === "another's");
      return others && typeof expected === 'string' && others.expected === expected ? [{ cell, others }] : [];
    });
    expect(pairs.length).toBeGreaterThan(50);
    for (const { cell, others } of pairs) {
      const [{ body: there }, { body: absent }] = [await call(others, unchanged), await call(cell, unchanged)];
      expect({ ...there, requestId: '' }).toEqual({ ...absent, requestId: '' });
    }
  });
});

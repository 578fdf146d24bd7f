/**
 * Who may do what: every operation of the OpenAPI document for everybody whom a chat can know. An operation without a row here
 * fails, so that no route is added without saying who may use it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type INSIDE, makeWorld, ROLES, type Role, type World } from '../support/access-world.ts';
import { type Answer, PASSWORD, TestApp } from '../support/app.ts';

type Statuses = Record<(typeof INSIDE)[number], number>;
const all = (status: number): Statuses => ({ member: status, admin: status, owner: status });

interface Row {
  readonly method: string;
  readonly path: (world: World) => string;
  readonly body?: (world: World) => unknown;
  /** Sent instead of a body: what is no image, so that whoever may set one is told just that. */
  readonly image?: true;
  /** `open`: anybody; `own`: whoever is signed in; else what the members of the chat get, and everybody outside it 404. */
  readonly who: { readonly open: number } | { readonly own: number } | Statuses;
}

const chat = ({ chatId }: World) => `chats/${chatId}`;
const message = (world: World) => `${chat(world)}/messages/${world.messageId}`;

const ROWS: Record<string, Row> = {
  getHealth: { method: 'GET', path: () => '/health', who: { open: 200 } },
  getReady: { method: 'GET', path: () => '/ready', who: { open: 200 } },
  getServer: { method: 'GET', path: () => 'server', who: { open: 200 } },
  register: {
    method: 'POST',
    path: () => 'auth/register',
    body: () => ({
      username: `x${Math.random()}`.slice(0, 20),
      email: `${Math.random()}@example.org`,
      password: PASSWORD,
    }),
    who: { open: 201 },
  },
  login: {
    method: 'POST',
    path: () => 'auth/login',
    body: ({ writer }) => ({ login: writer.username, password: PASSWORD }),
    who: { open: 200 },
  },
  refresh: {
    method: 'POST',
    path: () => 'auth/refresh',
    body: ({ newcomer }) => ({ refreshToken: newcomer.refreshToken }),
    who: { open: 200 },
  },
  token: {
    method: 'POST',
    path: () => 'auth/token',
    body: ({ writer }) => ({ grant_type: 'password', username: writer.username, password: PASSWORD }),
    who: { open: 200 },
  },
  forgotPassword: {
    method: 'POST',
    path: () => 'auth/password/forgot',
    body: ({ writer }) => ({ email: writer.email }),
    who: { open: 202 },
  },
  resetPassword: {
    method: 'POST',
    path: () => 'auth/password/reset',
    body: () => ({ token: 'made up', newPassword: PASSWORD }),
    who: { open: 422 },
  },
  createUser: {
    method: 'POST',
    path: () => 'users',
    body: () => ({ username: 'made', email: 'made@example.org', password: PASSWORD }),
    who: { own: 403 },
  },
  suspendUser: { method: 'POST', path: ({ writer }) => `users/${writer.id}/suspend`, who: { own: 403 } },
  restoreUser: { method: 'POST', path: ({ writer }) => `users/${writer.id}/restore`, who: { own: 403 } },
  invite: { method: 'POST', path: () => 'invitations', who: { own: 403 } },
  logout: { method: 'POST', path: () => 'auth/logout', who: { own: 204 } },
  logoutAll: { method: 'POST', path: () => 'auth/logout-all', who: { own: 204 } },
  listSessions: { method: 'GET', path: () => 'auth/sessions', who: { own: 200 } },
  endSession: { method: 'DELETE', path: () => 'auth/sessions/of-nobody', who: { own: 404 } },
  issueTicket: { method: 'POST', path: () => 'auth/ticket', who: { own: 201 } },
  broadcast: { method: 'POST', path: () => 'broadcasts', body: () => ({ content: 'x' }), who: { own: 403 } },
  listUsers: { method: 'GET', path: ({ writer }) => `users?ids=${writer.id}`, who: { own: 200 } },
  getPresence: { method: 'GET', path: ({ writer }) => `users/${writer.id}/presence`, who: { own: 200 } },
  listPresence: { method: 'GET', path: () => 'presence', who: { own: 200 } },
  deleteMe: {
    method: 'DELETE',
    path: () => 'users/me',
    body: () => ({ password: 'not his', messages: 'keep' }),
    who: { own: 401 },
  },
  getMe: { method: 'GET', path: () => 'users/me', who: { own: 200 } },
  updateMe: { method: 'PATCH', path: () => 'users/me', body: () => ({ bio: 'x' }), who: { own: 200 } },
  changePassword: {
    method: 'PUT',
    path: () => 'users/me/password',
    body: () => ({ currentPassword: PASSWORD, newPassword: 'something new' }),
    who: { own: 204 },
  },
  getUser: { method: 'GET', path: ({ writer }) => `users/${writer.id}`, who: { own: 200 } },
  sendDirectMessages: {
    method: 'POST',
    path: ({ newcomer }) => `users/${newcomer.id}/messages`,
    body: () => ({ content: 'hello' }),
    who: { own: 201 },
  },
  listChats: { method: 'GET', path: () => 'chats', who: { own: 200 } },
  createChat: {
    method: 'POST',
    path: () => 'chats',
    body: ({ newcomer }) => ({ kind: 'group', name: 'x', memberIds: [newcomer.id] }),
    who: { own: 201 },
  },
  getChat: { method: 'GET', path: chat, who: all(200) },
  updateChat: { method: 'PATCH', path: chat, body: () => ({ name: 'x' }), who: all(200) },
  deleteChat: { method: 'DELETE', path: chat, who: { member: 403, admin: 403, owner: 204 } },
  listChanges: { method: 'GET', path: (world) => `${chat(world)}/changes?afterRev=0`, who: all(200) },
  markRead: { method: 'PUT', path: (world) => `${chat(world)}/read`, body: () => ({ seq: 1 }), who: all(200) },
  listMembers: { method: 'GET', path: (world) => `${chat(world)}/members`, who: all(200) },
  addMembers: {
    method: 'POST',
    path: (world) => `${chat(world)}/members`,
    body: ({ newcomer }) => ({ userIds: [newcomer.id] }),
    who: all(200),
  },
  changeRole: {
    method: 'PATCH',
    path: (world) => `${chat(world)}/members/${world.writer.id}`,
    body: () => ({ role: 'admin' }),
    who: { member: 403, admin: 403, owner: 200 },
  },
  removeMember: {
    method: 'DELETE',
    path: (world) => `${chat(world)}/members/${world.writer.id}`,
    who: { member: 403, admin: 204, owner: 204 },
  },
  sync: { method: 'POST', path: () => 'sync', body: () => ({}), who: { own: 200 } },
  listPublicChats: { method: 'GET', path: () => 'chats/public', who: { own: 200 } },
  joinChat: { method: 'POST', path: (world) => `${chat(world)}/join`, who: all(200) },
  muteChat: { method: 'PUT', path: (world) => `${chat(world)}/mute`, body: () => ({}), who: all(204) },
  unmuteChat: { method: 'DELETE', path: (world) => `${chat(world)}/mute`, who: all(204) },
  listAllMessages: { method: 'GET', path: () => 'messages', who: { own: 200 } },
  listDirectMessages: { method: 'GET', path: ({ newcomer }) => `users/${newcomer.id}/messages`, who: { own: 200 } },
  listEarlierTexts: { method: 'GET', path: (world) => `${message(world)}/history`, who: all(200) },
  listMessages: { method: 'GET', path: (world) => `${chat(world)}/messages`, who: all(200) },
  sendMessages: {
    method: 'POST',
    path: (world) => `${chat(world)}/messages`,
    body: () => ({ content: 'hello' }),
    who: all(201),
  },
  uploadAttachment: { method: 'POST', path: () => 'attachments', who: { own: 400 } },
  getAttachment: { method: 'GET', path: () => 'attachments/of-nobody', who: { own: 404 } },
  getAvatar: { method: 'GET', path: ({ writer }) => `users/${writer.id}/avatar`, who: { own: 404 } },
  setMyAvatar: { method: 'PUT', path: () => 'users/me/avatar', image: true, who: { own: 422 } },
  removeMyAvatar: { method: 'DELETE', path: () => 'users/me/avatar', who: { own: 204 } },
  getChatAvatar: { method: 'GET', path: (world) => `${chat(world)}/avatar`, who: all(404) },
  setChatAvatar: { method: 'PUT', path: (world) => `${chat(world)}/avatar`, image: true, who: all(422) },
  removeChatAvatar: { method: 'DELETE', path: (world) => `${chat(world)}/avatar`, who: all(204) },
  findGifs: { method: 'GET', path: () => 'gifs?q=cat', who: { own: 404 } },
  getMessage: { method: 'GET', path: message, who: all(200) },
  editMessage: { method: 'PATCH', path: message, body: () => ({ content: 'x' }), who: all(403) },
  deleteMessage: { method: 'DELETE', path: message, who: { member: 403, admin: 204, owner: 204 } },
};

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

function expectedStatus({ who }: Row, role: Role): number {
  if ('open' in who) return who.open;
  if (role === 'anonymous' || role === 'endedSession') return 401;
  if ('own' in who) return who.own;
  return role === 'stranger' || role === 'formerMember' ? 404 : who[role];
}

async function call(row: Row, world: World, role: Role): Promise<Answer> {
  const as = world.people[role];
  return app.call(row.method, row.path(world), {
    ...(as && { as }),
    ...(row.body && { body: row.body(world) }),
    ...(row.image && { payload: 'no image', headers: { 'content-type': 'image/png' } }),
  });
}

test('every operation of the document has a row, and every row an operation', () => {
  const operations = Object.values(app.document.paths).flatMap((path) => Object.values(path));
  expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(ROWS).toSorted());
});

describe.each(Object.keys(ROWS))('%s', (operationId) => {
  const row = ROWS[operationId] as Row;
  test.each(ROLES)('by %s', async (role) => {
    const { status, body } = await call(row, await makeWorld(app), role);
    expect(status).toBe(expectedStatus(row, role));
    const isOutside = role === 'stranger' || role === 'formerMember';
    if (isOutside && status === 404 && !('own' in row.who)) expect(body.code).toBe('CHAT_NOT_FOUND');
  });
});

test('a stranger cannot tell a chat that he may not see from one that is not there', async () => {
  const world = await makeWorld(app);
  const there = await call(ROWS.getChat as Row, world, 'stranger');
  const missing = await call(ROWS.getChat as Row, { ...world, chatId: 'nowhere' }, 'stranger');
  expect({ ...there.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' });
});

/** One example of each frame, for the AsyncAPI document. */
const at = '2026-05-01T12:00:00.000Z';
const chatId = '01969c2e-8f00-7a3e-9b1d-2f6a4c8e0b11';
const messageId = '01969c2e-9400-7c52-8a77-5d3e1f90ab42';
const annId = '01969c2e-7a00-7d10-b3c4-8e1f2a6b9c73';
const bobId = '01969c2e-7b00-7e21-a4d5-9f203b7cad84';
const sessionId = '01969c2e-7c00-7f32-95e6-a0314c8dbe95';
const epoch = 'q2Vd0hZr1uE';
const id = 'c1';

const ann = { id: annId, username: 'ann', displayName: 'Ann', avatarUrl: null, deleted: false };
const bob = { id: bobId, username: 'bob', displayName: null, avatarUrl: null, deleted: false };

const message = {
  ...{ id: messageId, chatId, seq: 17, rev: 42, kind: 'text', senderId: annId, sender: ann, clientId: 'mine-1' },
  ...{ content: 'Hello', replyTo: null, attachments: [], system: null },
  ...{ createdAt: at, editedAt: null, deletedAt: null },
};
const members = [{ userId: bobId, user: bob, role: 'member', joinedAt: at, readSeq: 17 }];
const chat = {
  ...{ id: chatId, kind: 'group', name: 'Crew', description: null, avatarUrl: null, peer: null, memberCount: 2 },
  ...{ createdAt: at, updatedAt: at, seq: 17, rev: 42, lastMessage: message, role: 'member', joinedSeq: 1 },
  ...{ readSeq: 16, unreadCount: 1, muted: false, mutedUntil: null },
};

const ready = { type: 'ready', sessionId, userId: annId, me: 12, epoch, expiresAt: at };
const change = (type: string, data: object, seq: number | null = null) => ({
  ...{ type, chatId, rev: 42, seq, at, actorId: annId, data },
});
const ack = (result: object = {}) => ({ type: 'ack', id, ...result });

/** By the names of the AsyncAPI messages. */
export const FRAME_EXAMPLES: Readonly<Record<string, readonly object[]>> = {
  auth: [
    { type: 'auth', token: 'eyJhbGciOi…' },
    { type: 'auth', token: 'eyJhbGciOi…', resume: { epoch, me: 12, chats: { [chatId]: { rev: 41, readSeq: 16 } } } },
  ],
  'message.send': [
    { type: 'message.send', id, chatId, content: 'Hello', clientId: 'mine-1' },
    { type: 'message.send', id, userId: bobId, content: 'Hello', clientId: 'mine-2' },
  ],
  'message.edit': [{ type: 'message.edit', id, chatId, messageId, content: 'Hello!' }],
  'message.delete': [{ type: 'message.delete', id, chatId, messageId }],
  'chat.read': [{ type: 'chat.read', id, chatId, seq: 17 }],
  'chat.join': [{ type: 'chat.join', id, chatId }],
  'chat.leave': [{ type: 'chat.leave', id, chatId }],
  'chat.typing': [{ type: 'chat.typing', id, chatId }],
  'presence.set': [{ type: 'presence.set', id, status: 'away' }],
  'presence.get': [{ type: 'presence.get', id, userIds: [bobId] }],
  'auth.refresh': [{ type: 'auth.refresh', id, token: 'eyJhbGciOi…' }],
  'client.ping': [{ type: 'ping', id }],
  'client.pong': [{ type: 'pong' }],

  hello: [{ type: 'hello', protocol: 1, heartbeatMs: 25_000, serverTime: at }],
  ready: [
    { ...ready, resumed: true, replayed: 7 },
    { ...ready, resumed: false, reason: 'none' },
  ],
  error: [
    { type: 'error', id, code: 'CHAT_NOT_FOUND', detail: 'There is no such chat.' },
    { type: 'error', id, code: 'RATE_LIMITED', detail: 'Too many requests.', retryAfterMs: 1_000 },
  ],
  'message.send.ack': [ack({ message })],
  'message.edit.ack': [ack({ message })],
  'message.delete.ack': [ack()],
  'chat.read.ack': [ack({ readSeq: 17, unreadCount: 0 })],
  'chat.join.ack': [ack({ rev: 42, seq: 17 })],
  'chat.leave.ack': [ack()],
  'chat.typing.ack': [ack()],
  'presence.set.ack': [ack()],
  'presence.get.ack': [ack({ items: [{ userId: bobId, status: 'offline', lastSeenAt: at }] })],
  'auth.refresh.ack': [ack({ expiresAt: at })],

  'event.chat.created': [change('chat.created', { chat })],
  'event.chat.updated': [
    change('chat.updated', {
      chat: { name: 'Crew', description: null, avatarUrl: null, updatedAt: at },
      message: null,
    }),
  ],
  'event.chat.deleted': [change('chat.deleted', {})],
  'event.member.added': [change('member.added', { members, memberCount: 2, message: null })],
  'event.member.updated': [change('member.updated', { members, memberCount: 2, message: null })],
  'event.member.removed': [change('member.removed', { members, memberCount: 1, message: null })],
  'event.message.created': [change('message.created', { message }, 17)],
  'event.message.updated': [change('message.updated', { message: { ...message, editedAt: at } })],
  'event.message.deleted': [change('message.deleted', { message: { ...message, content: null, deletedAt: at } })],
  'event.ping': [{ type: 'ping' }],
  'event.pong': [{ type: 'pong', id, serverTime: at }],
  'event.token.expiring': [{ type: 'token.expiring', data: { expiresAt: at } }],
  'event.going_away': [{ type: 'going_away', data: { retryAfterMs: 340 } }],
  'event.chat.read': [{ type: 'chat.read', chatId, data: { userId: bobId, seq: 17 } }],
  'event.chat.muted': [{ type: 'chat.muted', chatId, data: { muted: true, mutedUntil: null } }],
  'event.chat.too_long': [{ type: 'chat.too_long', chatId, rev: 2042, seq: 1980, data: {} }],
  'event.chat.typing': [{ type: 'chat.typing', chatId, data: { userId: bobId } }],
  'event.presence.changed': [{ type: 'presence.changed', data: { userId: bobId, status: 'online', lastSeenAt: null } }],
  'event.broadcast': [{ type: 'broadcast', data: { content: 'Maintenance at 5', from: ann, at } }],
  'event.user.updated': [{ type: 'user.updated', data: { user: bob } }],
};

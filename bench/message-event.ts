import type { Message } from '../src/interfaces/contract/shapes.ts';

const user = { id: '0198c0de-0000-7000-8000-000000000001', username: 'user0000001', displayName: null };
export const sender = { ...user, avatarUrl: null, deleted: false };

/** A message as Parley shows it, of the same size. */
export function messageOf(chatId: string, seq: number, createdAt: string, content: string, clientId: string): Message {
  const id = `0198c0de-0000-7000-8000-${String(seq).padStart(12, '0')}`;
  return {
    ...{ id, chatId, seq, rev: seq, kind: 'text', senderId: sender.id, sender, clientId, content, replyTo: null },
    ...{ attachments: [], system: null, createdAt, editedAt: null, deletedAt: null },
  };
}

/** What tells of it, less its type. */
export function messageEvent(chatId: string, seq: number, content: string, clientId: string): object {
  const at = new Date().toISOString();
  const message = messageOf(chatId, seq, at, content, clientId);
  return { chatId, rev: seq, seq, at, actorId: sender.id, data: { message } };
}

import { DomainError } from './errors.ts';
import type { AttachmentId, ChatId, Instant, MessageId, UserId } from './ids.ts';
import { searchKey, storableText } from './text.ts';

export const CONTENT_MAX = 4000;
const CLIENT_ID_MAX = 64;
export const BATCH_MAX = 100;
export const ATTACHMENTS_MAX = 10;
export const EARLIER_TEXTS_MAX = 10;

/** What a system line says. Who did it is the line's sender; people are ids, joined with names when read. */
export interface SystemLine {
  readonly type: 'chat.created' | 'chat.updated' | 'member.added' | 'member.removed';
  readonly userIds: readonly UserId[];
  readonly name: string | null;
}

/** A file that was sent with a message. What it holds is kept elsewhere, under its id. */
export interface Attachment {
  readonly id: AttachmentId;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** In pixels, of an image. */
  readonly width: number | null;
  readonly height: number | null;
}

/** A text that an edit has replaced, and when it was written. */
export interface EarlierText {
  readonly content: string;
  readonly at: Instant;
}

/** One line of a chat's history: what a person wrote, or a system line. */
export interface Message {
  readonly id: MessageId;
  readonly chatId: ChatId;
  /** Dense from 1 within the chat, over messages and system lines; never reused. */
  readonly seq: number;
  /** The chat's `rev` of the last change of this message. */
  readonly rev: number;
  /** How many lines people had written in this chat up to and including this one. */
  readonly n: number;
  readonly kind: 'text' | 'system';
  readonly senderId: UserId;
  /** The sender's own name for this message; its id where he gave none. With the sender it is unique in the chat, for ever. */
  readonly clientId: string;
  /** Digest of what was sent first, by which a repeat is told from a clash; null for system lines and emptied messages. */
  readonly digest: string | null;
  readonly content: string | null;
  readonly replyTo: { readonly id: MessageId; readonly seq: number } | null;
  readonly attachments: readonly Attachment[];
  /** The last few texts before this one, oldest first. */
  readonly earlier: readonly EarlierText[];
  readonly system: SystemLine | null;
  readonly createdAt: Instant;
  readonly editedAt: Instant | null;
  readonly deletedAt: Instant | null;
}

/** What somebody wants to send. */
export interface Draft {
  readonly id: MessageId;
  readonly clientId: string;
  readonly content: string;
  readonly digest: string;
  readonly replyTo: MessageId | null;
  readonly attachments: readonly Attachment[];
}

/** Under this key a message is sent once for ever (unique within its chat). Ids hold no colon, so it cannot be forged. */
export const sendKey = (senderId: UserId, clientId: string): string => `${senderId}:${clientId}`;

/** What a search of messages asks of each; what it does not name does not matter. */
export interface MessageFilter {
  readonly senderId?: UserId;
  /** The whole text, exactly. */
  readonly content?: string;
  /** A part of the text, whatever the case. */
  readonly contentLike?: string;
}

/** A test for one filter. Nothing in its texts has any power. */
export function passes({ senderId, content, contentLike }: MessageFilter): (message: Message) => boolean {
  const part = contentLike === undefined ? null : searchKey(contentLike);
  return (message) =>
    (senderId === undefined || message.senderId === senderId) &&
    (content === undefined || message.content === content) &&
    (part === null || (message.content !== null && searchKey(message.content).includes(part)));
}

/** The text may be empty where a file says it all. @throws DomainError VALIDATION_FAILED */
export const checkContent = (raw: string, hasAttachments = false): string =>
  storableText(raw, hasAttachments ? 0 : 1, CONTENT_MAX);

/** @throws DomainError VALIDATION_FAILED */
export const checkClientId = (raw: string): string => storableText(raw, 1, CLIENT_ID_MAX);

export const messageNotFound = (): DomainError => new DomainError('MESSAGE_NOT_FOUND', 'There is no such message.');

/** What is left of a message when its chat was deleted: enough that its number and its clientId are never given again. */
export const emptied = (message: Message, rev: number, at: Instant): Message => ({ ...message, ...emptying(rev, at) });

/** The fields that this sets, for a store that sets them in many messages at once. */
export const emptying = (rev: number, at: Instant) => ({
  rev,
  digest: null,
  content: null,
  replyTo: null,
  attachments: [],
  earlier: [],
  system: null,
  editedAt: null,
  deletedAt: at,
});

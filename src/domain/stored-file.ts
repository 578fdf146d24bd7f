import { DomainError } from './errors.ts';
import type { BlobId, ChatId, Instant, UserId } from './ids.ts';
import type { Attachment } from './message.ts';

const NAME_MAX = 255;
const EXTENSION_MAX = 16;
const NAMELESS = 'file';

/** How much somebody may have uploaded without having sent it. */
export const UNSENT_FILES_MAX = 50;
/** To how many messages one upload can be attached. */
export const USES_MAX = 100;
/** How long an upload waits to be sent, and how often it is looked at whether a file is still in use. */
export const FILE_CHECK_MS = 24 * 3_600_000;
export const AVATAR_BYTES_MAX = 5 * 1024 * 1024;

/**
 * Where a file may be in use: in a message, named as its sender named it, as somebody's picture or as a chat's. It is said
 * before it comes true, so it is looked at whether it did.
 */
export type FileUse =
  | { readonly of: 'message'; readonly chatId: ChatId; readonly clientId: string }
  | { readonly of: 'user'; readonly userId: UserId }
  | { readonly of: 'chat'; readonly chatId: ChatId };

/** A file that somebody has uploaded: an attachment, or a picture, which has its one use from the beginning. */
export interface StoredFile extends Attachment {
  readonly id: BlobId;
  readonly ownerId: UserId;
  readonly createdAt: Instant;
  readonly uses: readonly FileUse[];
  /** When to look whether it is still in use. */
  readonly checkAt: Instant;
}

export const isAttachment = (file: StoredFile): boolean => file.uses.every((use) => use.of === 'message');

/**
 * A file's name as it may be shown and saved: no path, no control characters, nothing that turns the reading direction and so
 * hides an ending; at most 255 UTF-16 units, of which the ending stays.
 */
export function cleanFileName(raw: string): string {
  const name = raw
    .toWellFormed()
    .replace(/^.*[/\\]/s, '')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '')
    .trim();
  if (/^\.*$/.test(name)) return NAMELESS;
  if (name.length <= NAME_MAX) return name;
  const ending = /\.[^.]+$/.exec(name)?.[0] ?? '';
  const kept = ending.length <= EXTENSION_MAX ? ending : '';
  return name.slice(0, NAME_MAX - kept.length).replace(/[\ud800-\udbff]$/, '') + kept;
}

export const attachmentNotFound = (): DomainError => new DomainError('ATTACHMENT_NOT_FOUND', 'There is no such file.');
export const avatarNotFound = (): DomainError => new DomainError('AVATAR_NOT_FOUND', 'There is no picture.');
export const tooLarge = (maxBytes: number): DomainError =>
  new DomainError('PAYLOAD_TOO_LARGE', `A file has at most ${maxBytes} bytes.`);

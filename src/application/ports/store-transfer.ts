/** How all that a store holds is read and written, row by row, in a form that is the same for every store. */
import type { Commit } from '../../domain/changes.ts';
import type { Chat, Member, ReadMark } from '../../domain/chat.ts';
import type { ChatId, Instant } from '../../domain/ids.ts';
import type { Message } from '../../domain/message.ts';
import type { Session } from '../../domain/session.ts';
import type { StoredFile } from '../../domain/stored-file.ts';
import type { User } from '../../domain/user.ts';
import type { Letter } from './mail-queue.ts';
import type { OneTimeCode } from './one-time-codes.ts';
import type { RefreshDigests } from './persistence.ts';

/** An account, also one that was deleted: of that little is left, but its username may still be held. */
export type UserRecord = User & {
  readonly passwordHash: string;
  readonly usernameKey: string;
  readonly lastSeenAt: Instant | null;
  readonly deletedAt: Instant | null;
  /** What is left to do about the messages of a deleted account; null where nothing is. */
  readonly deletion: 'keep' | 'erase' | null;
};

/** What stands by itself. Each has a text for a key, by which it is ordered. */
export interface RecordOf {
  readonly setting: { readonly name: string; readonly value: string };
  readonly user: UserRecord;
  readonly session: Session & RefreshDigests & { readonly ended: boolean };
  readonly code: OneTimeCode;
  readonly letter: {
    readonly id: string;
    readonly letter: Letter;
    readonly queuedAt: Instant;
    readonly dueAt: Instant;
    readonly attempts: number;
  };
  readonly file: StoredFile & { readonly state: 'open' | 'whole' | 'doomed' };
  readonly chat: Chat;
}

/** What belongs to a chat: a member by his id, a message by its `seq`, a commit by its first `rev`. */
export interface PartOf {
  readonly member: Member & { readonly mark: ReadMark; readonly mutedUntil: Instant | null };
  readonly message: Message;
  /** Of one that a purge has emptied, `changes` are none. */
  readonly commit: Omit<Commit, 'images'>;
}

export type RecordKind = keyof RecordOf;
export type PartKind = keyof PartOf;

/**
 * One store, opened for moving its contents and for nothing else. Tickets, which live for seconds, do not move, and neither do
 * settings that are of the machine: the signing key, probes.
 */
export interface StoreTransfer {
  /** Finishes what a crash or a deletion left half done, so that nothing is pending and nothing is to be purged. */
  finish(): Promise<void>;
  /** Those with keys above `after` (`''` is before all), in the order of their keys, at most `limit`. */
  records<K extends RecordKind>(kind: K, after: string, limit: number): Promise<RecordOf[K][]>;
  /** The same of a chat; members come after a user id, lines and commits after a number. */
  parts<K extends PartKind>(kind: K, chatId: ChatId, after: string | number, limit: number): Promise<PartOf[K][]>;
  /** Writes records in the place of those with the same keys. */
  putRecords<K extends RecordKind>(kind: K, records: readonly RecordOf[K][]): Promise<void>;
  /** The same of a chat, whose record is there. */
  putParts<K extends PartKind>(kind: K, chatId: ChatId, parts: readonly PartOf[K][]): Promise<void>;
  /** A note of how far contents have come in here; null when they are all here, or none was ever begun. */
  progress(): Promise<string | null>;
  noteProgress(note: string | null): Promise<void>;
  close(): Promise<void>;
}

/** The setting that holds the note of progress. A store that has it is not whole: no server may use it. */
export const PROGRESS = 'transfer';
/** Settings that stay where they are. */
export const OF_THE_MACHINE: readonly string[] = [PROGRESS, 'signing-key', 'probe', 'in-use'];

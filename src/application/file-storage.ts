import { DomainError } from '../domain/errors.ts';
import type { BlobId, Instant, UserId } from '../domain/ids.ts';
import { contentTypeOf, HEAD_BYTES } from '../domain/media-type.ts';
import { sendKey } from '../domain/message.ts';
import { FILE_CHECK_MS, type FileUse, type StoredFile, tooLarge, UNSENT_FILES_MAX } from '../domain/stored-file.ts';
import type { BlobStore, ByteRange, ByteStream } from './ports/files.ts';
import { BlobTooLarge } from './ports/files.ts';
import type { ChatLog, ChatRepository, FileRepository, UserRepository } from './ports/persistence.ts';
import type { Clock, IdGenerator } from './ports/services.ts';

/** How many uploads of the greatest size somebody may have without having sent them. */
const UNSENT_FULL_MAX = 10;
const CHECKED_AT_ONCE = 100;

export interface NewFile {
  readonly ownerId: UserId;
  readonly name: string;
  /** None for an attachment, which is yet to be sent. */
  readonly uses: readonly FileUse[];
  readonly maxBytes: number;
}

/**
 * Files and their rows, kept in step: the row comes first and goes last, so no bytes are without one. Nothing is taken away at
 * once: a daily look at each file finds those that nobody can see any more.
 */
export class FileStorage {
  readonly #files: FileRepository;
  readonly #blobs: BlobStore;
  readonly #log: ChatLog;
  readonly #chats: ChatRepository;
  readonly #users: UserRepository;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;

  constructor(deps: {
    files: FileRepository;
    blobs: BlobStore;
    log: ChatLog;
    chats: ChatRepository;
    users: UserRepository;
    clock: Clock;
    ids: IdGenerator;
  }) {
    this.#files = deps.files;
    this.#blobs = deps.blobs;
    this.#log = deps.log;
    this.#chats = deps.chats;
    this.#users = deps.users;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  /** Stores a stream, whole or not at all. Throws what the stream throws. @throws DomainError PAYLOAD_TOO_LARGE, UPLOAD_LIMIT */
  async store({ ownerId, name, uses, maxBytes }: NewFile, content: ByteStream): Promise<StoredFile> {
    const id = this.#ids.next();
    const createdAt = this.#clock.now();
    const unknown = contentTypeOf(new Uint8Array());
    const opened = { id, ownerId, name, ...unknown, bytes: maxBytes, uses, createdAt, checkAt: this.nextCheck() };
    await this.#files.open(opened);
    try {
      if (uses.length === 0) await this.#refuseTooMany(ownerId, maxBytes);
      const head = new Head();
      const bytes = await this.#blobs.put(id, head.of(content), maxBytes);
      const whole = { ...opened, ...contentTypeOf(head.bytes()), bytes };
      if (!(await this.#files.complete(whole)))
        throw new DomainError('UNAVAILABLE', 'The file was taken away as it came.');
      return whole;
    } catch (error) {
      await this.#discard(id).catch(() => undefined); // its check does it again
      throw error instanceof BlobTooLarge ? tooLarge(error.maxBytes) : error;
    }
  }

  /** The bytes of a file, or a part of them; null where they have gone. */
  read(file: StoredFile, range?: ByteRange): Promise<ByteStream | null> {
    return this.#blobs.get(file.id, range);
  }

  /** When a file is looked at that is in use now. */
  nextCheck(): Instant {
    return this.#clock.now() + FILE_CHECK_MS;
  }

  /** Has it looked at as soon as may be, for somebody who knows that it is not in use any more. */
  release(id: BlobId): Promise<void> {
    return this.#files.scheduleCheck(id, this.#clock.now());
  }

  /**
   * Looks at the files whose time has come, some at a time, and takes away what is in nobody's sight. Where that fails for one,
   * what went wrong is thrown once the others have been looked at.
   */
  async sweep(): Promise<void> {
    const failures: unknown[] = [];
    for (const file of await this.#files.due(this.#clock.now(), CHECKED_AT_ONCE)) {
      await this.#check(file).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #check(file: StoredFile): Promise<void> {
    const inUse = await Promise.all(file.uses.map((use) => this.isInUse(file, use)));
    const uses = file.uses.filter((_, i) => inUse[i]);
    if (uses.length > 0) await this.#files.keep(file, uses, this.nextCheck());
    else if (await this.#files.doom(file)) await this.#discard(file.id);
  }

  /** Whether it came true: that message is there and has this file, or this is that picture. */
  async isInUse(file: StoredFile, use: FileUse): Promise<boolean> {
    if (use.of === 'user') return (await this.#users.find(use.userId))?.avatarId === file.id;
    if (use.of === 'chat') return (await this.#chats.find(use.chatId))?.avatarId === file.id;
    const key = sendKey(file.ownerId, use.clientId);
    const { chat, sent } = await this.#log.load(
      use.chatId,
      { members: [], messages: [], sendKeys: [key], heir: false },
      null,
    );
    const message = sent.get(key);
    if (!chat?.live || !message || message.seq <= chat.floorSeq) return false;
    return message.attachments.some((attachment) => attachment.id === file.id);
  }

  async #refuseTooMany(ownerId: UserId, maxBytes: number): Promise<void> {
    const unsent = await this.#files.unsent(ownerId);
    if (unsent.count <= UNSENT_FILES_MAX && unsent.bytes <= UNSENT_FULL_MAX * maxBytes) return;
    throw new DomainError('UPLOAD_LIMIT', 'Send what you have uploaded first, or wait a day.');
  }

  async #discard(id: BlobId): Promise<void> {
    await this.#blobs.delete(id);
    await this.#files.remove(id);
  }
}

/** Remembers how a stream began. */
class Head {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  async *of(content: ByteStream): ByteStream {
    for await (const chunk of content) {
      if (this.#length < HEAD_BYTES) this.#keep(chunk.slice(0, HEAD_BYTES - this.#length));
      yield chunk;
    }
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  #keep(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}

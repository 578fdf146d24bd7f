import { DomainError } from '../domain/errors.ts';
import type { AttachmentId, ChatId } from '../domain/ids.ts';
import { type Attachment, sendKey } from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import {
  attachmentNotFound,
  cleanFileName,
  type FileUse,
  isAttachment,
  type StoredFile,
  USES_MAX,
} from '../domain/stored-file.ts';
import type { FileStorage } from './file-storage.ts';
import type { ByteStream } from './ports/files.ts';
import type { ChatLog, ChatRepository, FileRepository } from './ports/persistence.ts';

/** Files that people send with their messages. */
export class AttachmentService {
  readonly #storage: FileStorage;
  readonly #files: FileRepository;
  readonly #log: ChatLog;
  readonly #chats: ChatRepository;
  /** Of one file. */
  readonly maxBytes: number;

  constructor(deps: {
    storage: FileStorage;
    files: FileRepository;
    log: ChatLog;
    chats: ChatRepository;
    maxBytes: number;
  }) {
    this.#storage = deps.storage;
    this.#files = deps.files;
    this.#log = deps.log;
    this.#chats = deps.chats;
    this.maxBytes = deps.maxBytes;
  }

  /**
   * Keeps a file for a day, in which it can be sent. What it is is seen by what it holds.
   * @throws DomainError PAYLOAD_TOO_LARGE, UPLOAD_LIMIT
   */
  async upload(actor: Actor, name: string, content: ByteStream): Promise<Attachment> {
    const file = { ownerId: actor.userId, name: cleanFileName(name), uses: [], maxBytes: this.maxBytes };
    return asAttachment(await this.#storage.store(file, content));
  }

  /**
   * A file that the actor may read: his own, or one in a message that is there, in a chat that he is in now.
   * @throws DomainError ATTACHMENT_NOT_FOUND
   */
  async find(actor: Actor, id: AttachmentId): Promise<StoredFile> {
    const [file] = await this.#files.findMany([id]);
    if (!file || !isAttachment(file)) throw attachmentNotFound();
    if (file.ownerId === actor.userId) return file;
    for (const use of file.uses) if (await this.#isVisible(actor, file, use)) return file;
    throw attachmentNotFound();
  }

  /**
   * Says that these uploads of the actor go with the message that he calls `clientId`, before it is sent: so no message is ever
   * without its files. For a message that was sent long ago it answers none, since they may have gone with it.
   * @throws DomainError ATTACHMENT_UNKNOWN, UPLOAD_LIMIT
   */
  async attach(
    actor: Actor,
    message: { readonly chatId: ChatId; readonly clientId: string },
    ids: readonly AttachmentId[],
  ): Promise<Attachment[]> {
    const { chatId, clientId } = message;
    const found = await this.#files.findMany(ids);
    const own = new Map(found.filter((f) => f.ownerId === actor.userId && isAttachment(f)).map((f) => [f.id, f]));
    const files = [...new Set(ids)].flatMap((id) => own.get(id) ?? []);
    if (files.some(({ uses }) => uses.length >= USES_MAX && !uses.some(isOf(message)))) {
      throw new DomainError('UPLOAD_LIMIT', `A file goes with at most ${USES_MAX} messages; upload it again.`);
    }
    const use: FileUse = { of: 'message', chatId, clientId };
    const areThere = files.length === new Set(ids).size;
    if (areThere && (await this.#files.use(ids, use, this.#storage.nextCheck()))) return files.map(asAttachment);
    if (await this.#wasSent(actor, chatId, clientId)) return [];
    throw new DomainError('ATTACHMENT_UNKNOWN', 'Attach files that you have uploaded within the last day.');
  }

  async #isVisible(actor: Actor, file: StoredFile, use: FileUse): Promise<boolean> {
    if (use.of !== 'message') return false;
    const membership = await this.#chats.membership(use.chatId, actor.userId);
    return membership?.member.active === true && (await this.#storage.isInUse(file, use));
  }

  async #wasSent(actor: Actor, chatId: ChatId, clientId: string): Promise<boolean> {
    const key = sendKey(actor.userId, clientId);
    const { sent } = await this.#log.load(chatId, { members: [], messages: [], sendKeys: [key], heir: false }, null);
    return sent.has(key);
  }
}

const isOf =
  ({ chatId, clientId }: { readonly chatId: ChatId; readonly clientId: string }) =>
  (use: FileUse): boolean =>
    use.of === 'message' && use.chatId === chatId && use.clientId === clientId;

const asAttachment = ({ id, name, mediaType, bytes, width, height }: StoredFile): Attachment => ({
  id,
  name,
  mediaType,
  bytes,
  width,
  height,
});

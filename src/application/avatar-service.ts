import { DomainError } from '../domain/errors.ts';
import type { BlobId, ChatId, UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import { AVATAR_BYTES_MAX, avatarNotFound, type FileUse, type StoredFile, tooLarge } from '../domain/stored-file.ts';
import { seenBy, type User, userNotFound } from '../domain/user.ts';
import type { ChatService, ChatView } from './chat-service.ts';
import type { ChatWriter } from './chat-writer.ts';
import type { FileStorage } from './file-storage.ts';
import type { ImageProcessor } from './ports/files.ts';
import type { FileRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, IdGenerator } from './ports/services.ts';
import type { ProfileService } from './profile-service.ts';
import { updateUser } from './update-user.ts';

const NAME = 'avatar.webp';

/** Pictures of people and of chats. A new picture is a new file; the one before it goes. */
export class AvatarService {
  readonly #storage: FileStorage;
  readonly #files: FileRepository;
  readonly #images: ImageProcessor;
  readonly #users: UserRepository;
  readonly #profiles: ProfileService;
  readonly #chats: ChatService;
  readonly #writer: ChatWriter;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;

  constructor(deps: {
    storage: FileStorage;
    files: FileRepository;
    images: ImageProcessor;
    users: UserRepository;
    profiles: ProfileService;
    chats: ChatService;
    writer: ChatWriter;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
  }) {
    this.#storage = deps.storage;
    this.#files = deps.files;
    this.#images = deps.images;
    this.#users = deps.users;
    this.#profiles = deps.profiles;
    this.#chats = deps.chats;
    this.#writer = deps.writer;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  /** @throws DomainError IMAGE_REFUSED, AVATARS_UNSUPPORTED, PAYLOAD_TOO_LARGE */
  async setOwn(actor: Actor, image: Uint8Array): Promise<User> {
    const { userId } = actor;
    const avatarId = await this.#store(actor, image, { of: 'user', userId });
    return this.#changeOwn(actor, avatarId);
  }

  async removeOwn(actor: Actor): Promise<void> {
    await this.#changeOwn(actor, null);
  }

  /** Somebody's picture, as far as he lets the actor see it. @throws DomainError USER_NOT_FOUND, AVATAR_NOT_FOUND */
  async ofUser(actor: Actor, userId: UserId): Promise<StoredFile> {
    const { user, viewer } = await this.#profiles.view(actor, userId);
    return this.#find(seenBy(user, viewer).avatarId);
  }

  /** Whoever may rename a chat may give it a picture. @throws DomainError as `setOwn` and CHAT_NOT_FOUND, FORBIDDEN, DIRECT_CHAT_FIXED */
  async setOfChat(actor: Actor, chatId: ChatId, image: Uint8Array): Promise<ChatView> {
    await this.#chats.membership(actor, chatId);
    const avatarId = await this.#store(actor, image, { of: 'chat', chatId });
    return this.#changeOfChat(actor, chatId, avatarId);
  }

  /** @throws DomainError CHAT_NOT_FOUND, FORBIDDEN, DIRECT_CHAT_FIXED */
  async removeOfChat(actor: Actor, chatId: ChatId): Promise<void> {
    await this.#changeOfChat(actor, chatId, null);
  }

  /** A chat's picture, for its members; a public room's for everybody. @throws DomainError CHAT_NOT_FOUND, AVATAR_NOT_FOUND */
  async ofChat(actor: Actor, chatId: ChatId): Promise<StoredFile> {
    const { chat } = await this.#chats.look(actor, chatId);
    return this.#find(chat.avatarId);
  }

  async #store(actor: Actor, image: Uint8Array, use: FileUse): Promise<BlobId> {
    if (image.byteLength > AVATAR_BYTES_MAX) throw tooLarge(AVATAR_BYTES_MAX);
    const picture = await this.#images.avatar(image);
    const file = { ownerId: actor.userId, name: NAME, uses: [use], maxBytes: AVATAR_BYTES_MAX };
    return (await this.#storage.store(file, onceOf(picture))).id;
  }

  async #changeOwn({ userId }: Actor, avatarId: BlobId | null): Promise<User> {
    let before: BlobId | null = null;
    const user = await updateUser(this.#users, this.#clock, userId, (known) => {
      before = known.avatarId;
      return { avatarId };
    });
    if (!user) throw userNotFound();
    if (before === avatarId) return user;
    this.#bus.publish({ type: 'user.updated', userId, version: user.version });
    await this.#release(before);
    return user;
  }

  async #changeOfChat(actor: Actor, chatId: ChatId, avatarId: BlobId | null): Promise<ChatView> {
    const { chat } = await this.#chats.membership(actor, chatId);
    try {
      await this.#writer.submit(chatId, actor.userId, { type: 'chat.update', avatarId, lineId: this.#ids.next() });
    } catch (error) {
      const isRefused = error instanceof DomainError && error.kind !== 'unavailable'; // else it may be stored yet
      if (isRefused) await this.#release(avatarId);
      throw error;
    }
    await this.#release(chat.avatarId);
    return this.#chats.get(actor, chatId);
  }

  /** Has it looked at soon; a failure only makes that later. */
  async #release(id: BlobId | null): Promise<void> {
    if (id !== null) await this.#storage.release(id).catch(() => undefined);
  }

  async #find(avatarId: BlobId | null): Promise<StoredFile> {
    const [file] = avatarId === null ? [] : await this.#files.findMany([avatarId]);
    if (!file) throw avatarNotFound();
    return file;
  }
}

async function* onceOf(bytes: Uint8Array) {
  yield bytes;
}

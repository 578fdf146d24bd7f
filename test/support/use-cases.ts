import { AccountCreation } from '../../src/application/account-creation.ts';
import { AccountDeletion } from '../../src/application/account-deletion.ts';
import { AdministrationService } from '../../src/application/administration-service.ts';
import { AttachmentService } from '../../src/application/attachment-service.ts';
import { AuthService } from '../../src/application/auth-service.ts';
import { AvatarService } from '../../src/application/avatar-service.ts';
import { ChatService } from '../../src/application/chat-service.ts';
import { ChatWriter } from '../../src/application/chat-writer.ts';
import { FileStorage } from '../../src/application/file-storage.ts';
import { InvitationService, type RegistrationMode } from '../../src/application/invitation-service.ts';
import { MailDelivery } from '../../src/application/mail-delivery.ts';
import { MessageFeed } from '../../src/application/message-feed.ts';
import { MessageService } from '../../src/application/message-service.ts';
import { NewPasswords } from '../../src/application/new-passwords.ts';
import { OperatorService } from '../../src/application/operator-service.ts';
import { PasswordResetService } from '../../src/application/password-reset-service.ts';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import type { Mail } from '../../src/application/ports/services.ts';
import { ProfileService } from '../../src/application/profile-service.ts';
import { PublicRooms } from '../../src/application/public-rooms.ts';
import type { Actor } from '../../src/domain/session.ts';
import type { User } from '../../src/domain/user.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { CommonPasswordList } from '../../src/infrastructure/security/common-password-list.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { HmacDigests, RandomIds, Sha256Digests } from '../../src/infrastructure/system.ts';
import { anId, aUser } from './builders.ts';
import { CheapPasswordHasher } from './cheap-password-hasher.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { RecordingLogger } from './recording-logger.ts';

export type UseCases = Awaited<ReturnType<typeof openUseCases>>;

/** The services on a SQLite store in memory, with a clock that moves when it is told to and a list of what was published. */
export async function openUseCases(mode: RegistrationMode = 'open') {
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const { users, sessions, codes, mailQueue, chats: chatRows, messages: messageRows, chatLog: log } = store;
  const [clock, hasher, ids, digests] = [
    new ManualClock(),
    new CheapPasswordHasher(),
    new RandomIds(),
    new Sha256Digests(),
  ];
  const logger = new RecordingLogger();
  const bus = new LocalEventBus(logger);
  const events: BusEvent[] = [];
  bus.subscribe((event) => events.push(event));
  const passwords = new NewPasswords({ hasher, common: new CommonPasswordList() });
  const creation = new AccountCreation({ users, passwords, clock, ids });
  const invitations = new InvitationService({ codes, users, digests, clock, ids, mode });
  const sent: Mail[] = [];
  /** Carries on what it is given, unless it is told to fail. */
  const mailer = {
    failure: null as Error | null,
    async send(mail: Mail): Promise<void> {
      if (this.failure) throw this.failure;
      sent.push(mail);
    },
  };
  const writer = new ChatWriter({ log, bus, clock, ids, logger });
  const chats = new ChatService({ chats: chatRows, messages: messageRows, log, users, writer, bus, ids, clock });
  const blobs = new MemoryBlobStore();
  const files = store.files;
  const storage = new FileStorage({ files, blobs, log, chats: chatRows, users, clock, ids });
  const attachments = new AttachmentService({ storage, files, log, chats: chatRows, maxBytes: 1_000_000 });
  const profiles = new ProfileService({ users, chats: chatRows, codes, mailQueue, bus, clock });
  /** Makes a small picture of whatever it is given. */
  const images = { avatar: async (image: Uint8Array) => image.subarray(0, 100) };
  return {
    ...{ blobs, storage, attachments, profiles },
    avatars: new AvatarService({ storage, files, images, users, profiles, chats, writer, bus, clock, ids }),
    ...{ store, clock, hasher, digests, bus, events, writer, chats },
    ...{ logger, ids, sent, mailer, invitations },
    auth: new AuthService({
      successors: new HmacDigests('a key'),
      ...{ users, sessions, codes, creation, invitations, hasher, passwords, digests, bus, clock, ids },
    }),
    administration: new AdministrationService({ users, sessions, creation, bus, clock }),
    operator: new OperatorService({
      ...{ users, sessions, codes, settings: store.settings, creation, invitations, passwords, digests, bus, clock },
    }),
    deletion: new AccountDeletion({
      ...{ users, deletions: store.deletions, sessions, codes, chats: chatRows, messages: messageRows, files, writer },
      ...{ hasher, bus, clock, ids, logger },
    }),
    passwordResets: new PasswordResetService({ users, sessions, codes, mailQueue, passwords, digests, bus, clock }),
    mailDelivery: new MailDelivery({
      ...{ mailer, mailQueue, users, codes, digests, clock, ids, logger },
      publicUrl: 'https://chat.example.org',
    }),
    rooms: new PublicRooms({ chats: chatRows }),
    feed: new MessageFeed({ chats: chatRows, messages: messageRows }),
    messages: new MessageService({ chats, messages: messageRows, writer, attachments, digests, ids }),
    /** Somebody with an account, who is signed in. */
    async newActor(with_: Partial<User> = {}): Promise<Actor> {
      const user = aUser(with_);
      await users.create(user, await hasher.hash('a password'));
      return { userId: user.id, sessionId: anId() };
    },
  };
}

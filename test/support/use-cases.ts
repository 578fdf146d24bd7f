import { AuthService } from '../../src/application/auth-service.ts';
import { ChatService } from '../../src/application/chat-service.ts';
import { ChatWriter } from '../../src/application/chat-writer.ts';
import { MessageService } from '../../src/application/message-service.ts';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import { ProfileService } from '../../src/application/profile-service.ts';
import type { Actor } from '../../src/domain/session.ts';
import type { User } from '../../src/domain/user.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { RandomIds, Sha256Digests } from '../../src/infrastructure/system.ts';
import { anId, aUser } from './builders.ts';
import { CheapPasswordHasher } from './cheap-password-hasher.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

export type UseCases = Awaited<ReturnType<typeof openUseCases>>;

/** The services on a SQLite store in memory, with a clock that moves when it is told to and a list of what was published. */
export async function openUseCases() {
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const { users, sessions, chats: chatRows, messages: messageRows, chatLog: log } = store;
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
  const writer = new ChatWriter({ log, bus, clock, ids, logger });
  const chats = new ChatService({ chats: chatRows, messages: messageRows, log, users, writer, bus, ids });
  return {
    ...{ store, clock, hasher, digests, bus, events, writer, chats },
    auth: new AuthService({ users, sessions, hasher, digests, bus, clock, ids }),
    profiles: new ProfileService({ users, chats: chatRows, bus, clock }),
    messages: new MessageService({ chats, messages: messageRows, writer, digests, ids }),
    /** Somebody with an account, who is signed in. */
    async newActor(with_: Partial<User> = {}): Promise<Actor> {
      const user = aUser(with_);
      await users.create(user, await hasher.hash('a password'));
      return { userId: user.id, sessionId: anId() };
    },
  };
}

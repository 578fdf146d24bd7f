import { type Collection, type Db, MongoClient } from 'mongodb';
import { type Store, StoreError } from '../../application/ports/persistence.ts';
import { failWritesToClosedSockets } from './driver-repair.ts';
import { migrate } from './migrations.ts';
import { MongoBlobStore } from './mongo-blob-store.ts';
import { MongoChatLog } from './mongo-chat-log.ts';
import { MongoChatRepository } from './mongo-chat-repository.ts';
import { type InOrder, isDuplicate, MONGO_OPTIONS, readFailed, readsInOrder, writeFailed } from './mongo-database.ts';
import { MongoDeletionRepository } from './mongo-deletion-repository.ts';
import { MongoFileRepository } from './mongo-file-repository.ts';
import { MongoMailQueue } from './mongo-mail-queue.ts';
import { MongoMessageRepository } from './mongo-message-repository.ts';
import { MongoOneTimeCodeRepository } from './mongo-one-time-code-repository.ts';
import { MongoSessionRepository } from './mongo-session-repository.ts';
import { MongoStoreSettings } from './mongo-store-settings.ts';
import { MongoUserRepository } from './mongo-user-repository.ts';

/**
 * Opens the database that the connection string names and brings it to this program's schema.
 * @throws StoreError within seconds if the server does not answer, and for what is no connection string; StoreRefused if the
 * database is not one to use
 */
export async function openMongoStore({ uri }: { readonly uri: string }): Promise<MongoStore> {
  const client = clientOf(uri);
  try {
    await migrate(client.db()).catch(readFailed);
    return new MongoStore(client.db(), await readsInOrder(client), () => client.close());
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** @throws StoreError for what is no connection string */
export function clientOf(uri: string): MongoClient {
  failWritesToClosedSockets();
  try {
    return new MongoClient(uri, MONGO_OPTIONS);
  } catch (error) {
    throw new StoreError('not-done', error); // it is no connection string
  }
}

/** A store over an open and migrated database. */
export class MongoStore implements Store {
  readonly chatLog: MongoChatLog;
  readonly chats: MongoChatRepository;
  readonly messages: MongoMessageRepository;
  readonly users: MongoUserRepository;
  readonly deletions: MongoDeletionRepository;
  readonly sessions: MongoSessionRepository;
  readonly codes: MongoOneTimeCodeRepository;
  readonly mailQueue: MongoMailQueue;
  readonly files: MongoFileRepository;
  readonly blobs: MongoBlobStore;
  readonly settings: MongoStoreSettings;
  readonly #health: Collection<{ readonly _id: string; readonly at: Date }>;
  readonly #disconnect: () => Promise<void>;

  constructor(db: Db, inOrder: InOrder, disconnect: () => Promise<void>) {
    this.chatLog = new MongoChatLog(db, inOrder);
    this.chats = new MongoChatRepository(db);
    this.messages = new MongoMessageRepository(db);
    this.users = new MongoUserRepository(db);
    this.deletions = new MongoDeletionRepository(db);
    this.sessions = new MongoSessionRepository(db);
    this.codes = new MongoOneTimeCodeRepository(db);
    this.mailQueue = new MongoMailQueue(db);
    this.files = new MongoFileRepository(db);
    this.blobs = new MongoBlobStore(db);
    this.settings = new MongoStoreSettings(db);
    this.#health = db.collection('health');
    this.#disconnect = disconnect;
  }

  async check(): Promise<void> {
    try {
      await this.#health.findOneAndUpdate({ _id: 'check' }, { $set: { at: new Date() } }, { upsert: true });
    } catch (error) {
      if (!isDuplicate(error)) writeFailed(error); // of two first checks that race, one may be refused: it could write
    }
  }

  /** Waits for what is left to settle. */
  async close(): Promise<void> {
    await this.chatLog.settled();
    await this.#disconnect();
  }
}

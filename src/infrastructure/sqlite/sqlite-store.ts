import type { Store } from '../../application/ports/persistence.ts';
import { type Database, openDatabase, type SqliteOptions } from './database.ts';
import { SqliteChatLog } from './sqlite-chat-log.ts';
import { SqliteChatRepository } from './sqlite-chat-repository.ts';
import { SqliteDeletionRepository } from './sqlite-deletion-repository.ts';
import { SqliteFileRepository } from './sqlite-file-repository.ts';
import { SqliteMailQueue } from './sqlite-mail-queue.ts';
import { SqliteMessageRepository } from './sqlite-message-repository.ts';
import { SqliteOneTimeCodeRepository } from './sqlite-one-time-code-repository.ts';
import { SqliteSessionRepository } from './sqlite-session-repository.ts';
import { SqliteStoreSettings } from './sqlite-store-settings.ts';
import { SqliteUserRepository } from './sqlite-user-repository.ts';

/** As much as a busy turn writes, so that a disk that has no room for one is noticed. */
const PROBE = ' '.repeat(64 * 1024);

/**
 * The store of a single process, in one file.
 * @throws StoreRefused for a folder that another process has open, and for a file that is not this program's
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const store = storeOn(openDatabase(options));
  await store.settings.epoch();
  return store;
}

/** The repositories over an open database. */
export function storeOn(database: Database): Store {
  const probe = database.statement(`
    INSERT INTO settings (name, value) VALUES ('probe', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  return {
    chatLog: new SqliteChatLog(database),
    chats: new SqliteChatRepository(database),
    messages: new SqliteMessageRepository(database),
    users: new SqliteUserRepository(database),
    deletions: new SqliteDeletionRepository(database),
    sessions: new SqliteSessionRepository(database),
    codes: new SqliteOneTimeCodeRepository(database),
    mailQueue: new SqliteMailQueue(database),
    files: new SqliteFileRepository(database),
    settings: new SqliteStoreSettings(database),
    check: () => database.write(() => void probe.run(PROBE)),
    close: async () => database.close(),
  };
}

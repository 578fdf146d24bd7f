import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { chatLogSuite } from './chat-log-suite.ts';
import { chatRepositorySuite } from './chat-repository-suite.ts';
import { deletionSuite } from './deletion-suite.ts';
import { fileRepositorySuite } from './file-repository-suite.ts';
import type { StoreHarness } from './harness.ts';
import { mailQueueSuite } from './mail-queue-suite.ts';
import { messageRepositorySuite } from './message-repository-suite.ts';
import { messageSearchSuite } from './message-search-suite.ts';
import { oneTimeCodeSuite } from './one-time-code-suite.ts';
import { publicRoomSuite } from './public-room-suite.ts';
import { sessionRepositorySuite } from './session-repository-suite.ts';
import { settingsSuite } from './settings-suite.ts';
import { unreadSuite } from './unread-suite.ts';
import { userRepositorySuite } from './user-repository-suite.ts';
import { userSearchSuite } from './user-search-suite.ts';

const sqlite: StoreHarness = {
  name: 'SQLite',
  fresh: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
    let store = await openSqliteStore({ dataDir });
    return {
      store,
      restart: async () => {
        await store.close();
        store = await openSqliteStore({ dataDir });
        return store;
      },
      second: async () => null,
      dispose: async () => {
        await store.close();
        rmSync(dataDir, { recursive: true });
      },
    };
  },
};

chatLogSuite(sqlite);
chatRepositorySuite(sqlite);
messageRepositorySuite(sqlite);
userRepositorySuite(sqlite);
unreadSuite(sqlite, 100);
publicRoomSuite(sqlite);
oneTimeCodeSuite(sqlite);
messageSearchSuite(sqlite);
mailQueueSuite(sqlite);
fileRepositorySuite(sqlite);
sessionRepositorySuite(sqlite);
settingsSuite(sqlite);
deletionSuite(sqlite);
userSearchSuite(sqlite);

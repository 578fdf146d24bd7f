import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { chatLogSuite } from './chat-log-suite.ts';
import { chatRepositorySuite } from './chat-repository-suite.ts';
import type { StoreHarness } from './harness.ts';
import { messageRepositorySuite } from './message-repository-suite.ts';
import { sessionRepositorySuite } from './session-repository-suite.ts';
import { settingsSuite } from './settings-suite.ts';
import { userRepositorySuite } from './user-repository-suite.ts';

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
sessionRepositorySuite(sqlite);
settingsSuite(sqlite);

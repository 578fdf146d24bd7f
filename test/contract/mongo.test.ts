import { type MongoStore, openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { withMongo } from '../support/mongo.ts';
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

await withMongo('MongoDB', (mongo) => {
  const harness: StoreHarness = {
    name: 'MongoDB',
    fresh: async () => {
      const { uri, db } = mongo.newDatabase();
      const opened: MongoStore[] = [];
      const open = async (): Promise<MongoStore> => {
        const store = await openMongoStore({ uri });
        opened.push(store);
        return store;
      };
      const closeAll = () => Promise.all(opened.splice(0).map((store) => store.close()));
      return {
        store: await open(),
        second: open,
        restart: async () => {
          await closeAll();
          return open();
        },
        dispose: async () => {
          await closeAll();
          await db.dropDatabase();
        },
      };
    },
  };

  chatLogSuite(harness);
  chatRepositorySuite(harness);
  messageRepositorySuite(harness);
  userRepositorySuite(harness);
  unreadSuite(harness, 5);
  publicRoomSuite(harness);
  oneTimeCodeSuite(harness);
  messageSearchSuite(harness);
  mailQueueSuite(harness);
  fileRepositorySuite(harness);
  sessionRepositorySuite(harness);
  settingsSuite(harness);
  deletionSuite(harness);
  userSearchSuite(harness);
});

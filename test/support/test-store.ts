import type { Store } from '../../src/application/ports/persistence.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';

const IS_ON_MONGODB = process.env.TEST_STORE === 'mongodb';

/**
 * A new, empty store for a test of the whole application: SQLite in memory or, with TEST_STORE=mongodb, a database of its own on
 * the server of MONGODB_URI, which goes when the store is closed.
 */
export function openTestStore(): Promise<Store> {
  return IS_ON_MONGODB ? onMongo() : openSqliteStore({ dataDir: ':memory:' });
}

/** Loads the driver, which takes every test file that does without it a tenth of a second. */
async function onMongo(): Promise<Store> {
  const [{ openMongoStore }, { MongoServer }] = await Promise.all([
    import('../../src/infrastructure/mongo/mongo-store.ts'),
    import('./mongo.ts'),
  ]);
  const server = new MongoServer(process.env.MONGODB_URI ?? '');
  const { uri, db } = server.newDatabase();
  const store = await openMongoStore({ uri });
  const disconnect = store.close.bind(store);
  const dispose = async (): Promise<void> => {
    await disconnect();
    await db.dropDatabase();
    await server.close();
  };
  let disposed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    disposed ??= dispose();
    return disposed;
  };
  return Object.assign(store, { close });
}

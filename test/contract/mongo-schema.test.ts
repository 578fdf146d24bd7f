import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Db, Document } from 'mongodb';
import { StoreError, StoreRefused } from '../../src/application/ports/persistence.ts';
import { MIGRATIONS, type Migration, migrate } from '../../src/infrastructure/mongo/migrations.ts';
import { openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { type TestDatabase, withMongo } from '../support/mongo.ts';
import { intercepted } from '../support/mongo-interceptor.ts';

const unique = { unique: true };
const sparse = { sparse: true };
const expiring = { expireAfterSeconds: 86_400 };

/** What the promises of the store rest on, index by index: which key, and what the index forbids or leaves out. */
const INDEXES: Readonly<Record<string, Readonly<Record<string, readonly [object, object?]>>>> = {
  commits: {
    commits_place: [{ chatId: 1, firstRev: 1 }, unique],
    commits_end: [{ chatId: 1, lastRev: 1 }],
    commits_pending: [{ pendingSince: 1 }, sparse],
  },
  chats: { chats_purge: [{ 'purge.rev': 1 }, sparse], chats_list: [{ listKey: 1 }, sparse] },
  members: {
    members_member: [{ chatId: 1, userId: 1 }, unique],
    members_user: [{ userId: 1, active: 1, chatId: 1 }],
  },
  messages: {
    messages_sendKey: [{ chatId: 1, sendKey: 1 }, unique],
    messages_place: [{ chatId: 1, seq: 1 }, unique],
    messages_sender: [{ chatId: 1, senderId: 1, seq: 1 }],
    messages_tombstone: [{ tombstone: 1 }, sparse],
  },
  users: {
    users_username: [{ usernameKey: 1 }, unique],
    users_email: [{ emailKey: 1 }, unique],
    users_role: [{ role: 1, suspendedAt: 1 }],
    users_created: [{ createdAt: 1, _id: 1 }],
    users_listed: [{ listedName: 1, _id: 1 }],
    users_grams: [{ grams: 1, createdAt: 1 }],
    users_deletion: [{ 'deletion.at': 1 }, sparse],
    users_heldName: [{ nameHeldSince: 1 }, sparse],
  },
  sessions: {
    sessions_family: [{ family: 1 }, unique],
    sessions_user: [{ userId: 1 }],
    sessions_expiry: [{ expiresAt: 1 }, expiring],
  },
  tickets: { tickets_expiry: [{ expiresAt: 1 }, expiring] },
};

/** Everything that is in a database, to see that nothing was changed. */
async function dump(db: Db): Promise<Document> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort();
  const contents = names.map(async (name) => [
    name,
    await db.collection(name).find().sort({ _id: 1 }).toArray(),
    (await db.collection(name).indexes()).map((index) => index.name).sort(),
  ]);
  return Promise.all(contents);
}

/** A step that leaves a trace each time that it is made. */
const tracing = (version: number): Migration => ({
  version,
  name: `step ${version}`,
  commands: [{ insert: 'trace', documents: [{ step: version }] }],
});

interface LockRow {
  readonly _id: 'lock';
  readonly owner: string;
  readonly until: Date;
}

await withMongo('MongoDB’s schema', (mongo) => {
  let database: TestDatabase;
  const open = () => openMongoStore({ uri: database.uri });
  const openAndClose = async () => (await open()).close();
  const records = () => database.db.collection<{ _id: number | string }>('migrations');
  const versions = async () =>
    (
      await records()
        .find({ _id: { $ne: 'lock' } })
        .toArray()
    ).map((record) => record._id);
  const lockUntil = (until: number) =>
    database.db.collection<LockRow>('migrations').insertOne({ _id: 'lock', owner: 'another', until: new Date(until) });

  beforeEach(() => {
    database = mongo.newDatabase();
  });
  afterEach(async () => {
    await database.db.dropDatabase();
  });

  test.each(Object.entries(INDEXES))('has the indexes of %s, and no others', async (collection, expected) => {
    await openAndClose();
    const indexes = await database.db.collection(collection).indexes();
    const found = indexes
      .filter((index) => index.name !== '_id_')
      .map(({ name, key, unique, sparse, expireAfterSeconds }) => [name, { key, unique, sparse, expireAfterSeconds }]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, [key, options]]) => [name, { key, ...options }])),
    );
    for (const [name, [key]] of Object.entries(expected)) {
      const index = indexes.find((candidate) => candidate.name === name);
      expect(Object.keys(index?.key ?? {})).toEqual(Object.keys(key)); // their order is what they are for
    }
  });

  describe('a start', () => {
    test('on a migrated database changes nothing', async () => {
      await openAndClose();
      const before = await dump(database.db);
      await openAndClose();
      expect(await dump(database.db)).toEqual(before);
      expect(await versions()).toEqual(MIGRATIONS.map((migration) => migration.version));
    });

    test('of three at once makes each step once', async () => {
      const steps = [tracing(1), tracing(2), tracing(3)];
      await Promise.all([1, 2, 3].map(() => migrate(database.db, steps)));
      const trace = await database.db.collection('trace').find().sort({ step: 1 }).toArray();
      expect(trace.map(({ step }) => step)).toEqual([1, 2, 3]);
      expect(await versions()).toEqual([1, 2, 3]);
    });

    test('of three programs at once opens all three', async () => {
      const stores = await Promise.all([open(), open(), open()]);
      await Promise.all(stores.map((store) => store.check()));
      await Promise.all(stores.map((store) => store.close()));
      expect(await versions()).toEqual([1]);
    });

    test('goes on from where the schema stands', async () => {
      await migrate(database.db, [tracing(1)]);
      await migrate(database.db, [tracing(1), tracing(2)]);
      expect(await database.db.collection('trace').countDocuments()).toBe(2);
    });

    test('waits for another that is migrating', async () => {
      await lockUntil(Date.now() + 3_600_000);
      const locks = database.db.collection<LockRow>('migrations');
      let tries = 0;
      const waiting = intercepted(database.db, async ({ method }, proceed) => {
        if (method === 'updateOne') tries += 1;
        if (tries === 3) {
          expect(await versions()).toEqual([]);
          await locks.updateOne({ _id: 'lock' }, { $set: { until: new Date(0) } });
        }
        return proceed();
      });
      await migrate(waiting);
      expect(await versions()).toEqual([1]);
    });

    test('takes over from one that died, once its lease has run out', async () => {
      const until = Date.now() + 300;
      await lockUntil(until);
      await openAndClose();
      expect(Date.now()).toBeGreaterThanOrEqual(until);
      expect(await versions()).toEqual([1]);
    });

    test.each([...(MIGRATIONS[0]?.commands.keys() ?? [])])('finishes what was left after %i commands', async (done) => {
      const [migration] = MIGRATIONS as [Migration, ...Migration[]];
      await lockUntil(0);
      for (const command of migration.commands.slice(0, done)) await database.db.command(command);
      await openAndClose();
      expect(await versions()).toEqual([1]);
      for (const [collection, indexes] of Object.entries(INDEXES)) {
        expect(await database.db.collection(collection).indexes()).toHaveLength(Object.keys(indexes).length + 1);
      }
    });

    test('after one that failed begins again', async () => {
      const commands = [{ insert: 'trace', documents: [{ _id: 1 }] }, { noSuchCommand: 1 }];
      const step = { version: 1, name: 'step', commands: [] };
      await expect(migrate(database.db, [{ ...step, commands }])).rejects.toThrow();
      expect(await versions()).toEqual([]);
      await migrate(database.db, [step]);
      expect(await versions()).toEqual([1]);
    });
  });

  describe('refuses, and leaves as it is, a database', () => {
    async function expectRefused(): Promise<void> {
      const before = await dump(database.db);
      await expect(open()).rejects.toThrow(StoreRefused);
      expect(await dump(database.db)).toEqual(before);
    }

    test('of a newer version', async () => {
      await openAndClose();
      await records().insertOne({ _id: 2 });
      await expectRefused();
    });

    test('that was migrated by another form of a step', async () => {
      await openAndClose();
      await records().updateOne({ _id: 1 }, { $set: { checksum: 'of something else' } });
      await expectRefused();
    });

    test('of another program', async () => {
      await database.db.collection('users').insertOne({ name: 'somebody' });
      await expectRefused();
    });

    test('of another program that keeps migrations, too', async () => {
      await database.db.collection('migrations').insertOne({ file: '001-init.js' });
      await expectRefused();
    });
  });

  test('what is no connection string is a StoreError', async () => {
    await expect(openMongoStore({ uri: 'postgres://localhost/parley' })).rejects.toThrow(StoreError);
  });

  describe('a server', () => {
    const gone = { name: 'that is not there', listen: async () => null };
    const silent = {
      name: 'that takes connections and says nothing',
      listen: (): Promise<Server> => {
        const server = createServer(() => undefined);
        return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
      },
    };

    test.each([gone, silent])('$name is a StoreError within seconds', async ({ listen }) => {
      const server = await listen();
      const address = server?.address();
      const port = address && typeof address === 'object' ? address.port : 1;
      const start = Date.now();
      const error = await openMongoStore({ uri: `mongodb://127.0.0.1:${port}/parley` }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ outcome: 'not-done' });
      expect(Date.now() - start).toBeLessThan(28_000); // the driver itself waits for 30 s
      server?.close();
    });
  });
});

import { afterEach, beforeEach } from '@jest/globals';
import type { Db } from 'mongodb';
import type { Commit } from '../../src/domain/changes.ts';
import { MongoStore, openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import type { MongoServer, TestDatabase } from './mongo.ts';
import { type Interceptor, intercepted } from './mongo-interceptor.ts';
import { type Rows, rowsOf } from './mongo-rows.ts';

/** One database and the nodes that share it, for the running test. */
export interface Nodes {
  readonly db: Db;
  readonly uri: string;
  /** A node that nothing happens to. */
  readonly store: MongoStore;
  /** Another node, whose commands go through the interceptor. */
  node(interceptor: Interceptor): MongoStore;
  /** Settles all that is pending. */
  settleAll(): Promise<void>;
  rowsOf(chatId: string): Promise<Rows>;
  isStored(commit: Commit): Promise<boolean>;
}

const EVERYTHING = 1_000_000;

/** Gives each test of the describe in which it is called a new database. */
export function nodesForEachTest(mongo: MongoServer): Nodes {
  let current: { readonly database: TestDatabase; readonly store: MongoStore } | null = null;
  const running = () => {
    if (!current) throw new Error('no test is running');
    return current;
  };
  beforeEach(async () => {
    const database = mongo.newDatabase();
    current = { database, store: await openMongoStore({ uri: database.uri }) };
  });
  afterEach(async () => {
    const { database, store } = running();
    current = null;
    await store.close();
    await database.db.dropDatabase();
  });
  return {
    get db() {
      return running().database.db;
    },
    get uri() {
      return running().database.uri;
    },
    get store() {
      return running().store;
    },
    node: (interceptor) =>
      new MongoStore(
        intercepted(running().database.db, interceptor),
        (reads) => reads({}),
        async () => undefined,
      ),
    settleAll: async () => {
      const { chatLog } = running().store;
      chatLog.settle(await chatLog.unsettled(-1, EVERYTHING));
      await chatLog.settled();
    },
    rowsOf: (chatId) => rowsOf(running().database.db, chatId),
    isStored: async ({ id }) =>
      (await running().database.db.collection<{ _id: string }>('commits').findOne({ _id: id })) !== null,
  };
}

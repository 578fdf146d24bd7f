import type { MongoServer } from './mongo.ts';
import { temporaryFolder } from './server-process.ts';

/** Data of its own for one or more runs of the program: the environment that points at it, and its end. */
export interface ProcessStore {
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

export async function onSqlite(): Promise<ProcessStore> {
  const folder = await temporaryFolder();
  return { env: { PARLEY_DATA_DIR: folder.path }, remove: folder.remove };
}

export const onMongo = (mongo: MongoServer) => async (): Promise<ProcessStore> => {
  const { uri, db } = mongo.newDatabase();
  return {
    env: { MONGODB_URI: uri },
    remove: async () => {
      await db.dropDatabase();
    },
  };
};

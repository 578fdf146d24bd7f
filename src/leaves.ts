/** What the composition root stands on: opened or loaded by the configuration before anything is built. */
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { BlobStore, ImageProcessor } from './application/ports/files.ts';
import { type Store, StoreRefused } from './application/ports/persistence.ts';
import type { Clock, IdGenerator, Mailer, PasswordHasher } from './application/ports/services.ts';
import { PROGRESS } from './application/ports/store-transfer.ts';
import type { Config } from './config.ts';
import type { RedisNode } from './infrastructure/redis/redis-node.ts';
import { loadSigningKey } from './infrastructure/security/signing-key.ts';
import { openSqliteStore } from './infrastructure/sqlite/sqlite-store.ts';
import { RandomIds } from './infrastructure/system.ts';

export const SIGNING_KEY_BYTES = 48;
/** Where `npm start` has the web client built. */
const WEB_CLIENT = fileURLToPath(new URL('../web/dist', import.meta.url));

/** What is there before anything is built: opened, loaded or, in a test, replaced. */
export interface Leaves {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly store: Store;
  /** Signs access tokens; the same on every node. */
  readonly signingKey: string;
  readonly epoch: string;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly hasher?: PasswordHasher;
  readonly mailer?: Mailer;
  /** Where files are, unless the configuration names another place. */
  readonly blobs?: BlobStore;
  /** By which several nodes hear of each other. */
  readonly redis?: Pick<RedisNode, keyof RedisNode>;
  readonly images?: ImageProcessor;
  /** The folder of the built web client. */
  readonly webClient?: string;
}

/**
 * Opens what a process of this configuration stands on: MongoDB if an address is given, else the SQLite file.
 * @throws StoreRefused for data that this version must not touch
 */
export async function openLeaves(config: Config, version: string, logger: Logger): Promise<Leaves> {
  const { mongodbUri, dataDir } = config;
  const opened = mongodbUri === undefined ? await openSqlite(dataDir, logger) : await openMongo(mongodbUri);
  const { settings } = opened.store;
  if ((await settings.find(PROGRESS)) !== null) {
    await opened.store.close();
    throw new StoreRefused('the data is not whole: a move from another store has begun and must be run to its end');
  }
  // With MongoDB there may be many nodes, so what one of them generates belongs into the store.
  const generated = () =>
    mongodbUri === undefined
      ? loadSigningKey(dataDir)
      : settings.keep('signing-key', new RandomIds().secret(SIGNING_KEY_BYTES));
  const signingKey = config.jwtSecret ?? (await generated());
  const epoch = await settings.epoch();
  const redis = await redisOf(config, logger, epoch);
  return { config, version, logger, ...opened, ...redis, signingKey, epoch, webClient: WEB_CLIENT };
}

async function redisOf({ redisUrl: url }: Config, logger: Logger, epoch: string): Promise<Pick<Leaves, 'redis'>> {
  if (url === undefined) return {};
  const { RedisNode } = await import('./infrastructure/redis/redis-node.ts');
  return { redis: new RedisNode({ url, logger, epoch, nodeId: new RandomIds().next() }) };
}

async function openSqlite(dataDir: string, logger: Logger): Promise<Pick<Leaves, 'store'>> {
  const lost =
    'the database was in use and its journal is gone, and the last commits with it: clients will read all afresh';
  return { store: await openSqliteStore({ dataDir, onJournalLost: () => logger.error({ dataDir }, lost) }) };
}

/** Loaded only where it is wanted: the driver takes a tenth of a start. */
async function openMongo(uri: string): Promise<Pick<Leaves, 'store' | 'blobs'>> {
  const { openMongoStore } = await import('./infrastructure/mongo/mongo-store.ts');
  const store = await openMongoStore({ uri });
  return { store, blobs: store.blobs };
}

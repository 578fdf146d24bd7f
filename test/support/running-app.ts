import { pino } from 'pino';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { PasswordHasher } from '../../src/application/ports/services.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Application, buildApplication, type Leaves } from '../../src/container.ts';
import { ApiClient } from './api-client.ts';
import { UnrefClock } from './clocks.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { openTestStore } from './test-store.ts';

/** argon2 takes 30 ms a call, by intention; most tests are not about that. */
export const plainHasher: PasswordHasher = {
  hash: async (password) => `plain:${password}`,
  verify: async (hash, password) => hash === `plain:${password}`,
  isOutdated: () => false,
  pretend: async () => undefined,
};

export interface RunningApp extends Application {
  readonly url: string;
  readonly store: Store;
  readonly api: ApiClient;
  stop(): Promise<void>;
}

/** The whole application in this process, listening on a free port, over a SQLite store in memory and with limits off. */
export async function startApp(
  replaced: Partial<Leaves> & { readonly settings?: Partial<Config> } = {},
): Promise<RunningApp> {
  const { settings, ...leaves } = replaced;
  const store = leaves.store ?? (await openTestStore());
  const application = await buildApplication({
    config: { ...loadConfig({}, []), rateLimit: false, ...settings },
    version: '0.0.0',
    logger: pino({ level: 'silent' }),
    signingKey: 'a key for tests that is long enough for HS256',
    epoch: await store.settings.epoch(),
    hasher: plainHasher,
    blobs: new MemoryBlobStore(),
    clock: new UnrefClock(),
    ...leaves,
    store,
  }).catch(async (error) => {
    await store.close();
    throw error;
  });
  const url = await application.server.listen({ host: '127.0.0.1', port: 0 });
  const stop = async () => {
    await application.writer.drained();
    await application.gateway.close();
    await application.server.close();
    await store.close();
  };
  return { ...application, url, store, api: new ApiClient(url), stop };
}

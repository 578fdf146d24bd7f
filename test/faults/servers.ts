import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProcessStore } from '../support/process-stores.ts';
import { RedisServer, redisIsInstalled } from '../support/redis-server.ts';

/** A MongoDB server of its own, by the command of MONGO_CONTROL. */
export class MongoControl {
  readonly #command: string;
  readonly #state: string;
  #uri = '';

  private constructor(command: string, state: string) {
    this.#command = command;
    this.#state = state;
  }

  static async start(command: string): Promise<MongoControl> {
    const control = new MongoControl(command, await mkdtemp(join(tmpdir(), 'parley-mongo-')));
    await control.start();
    return control;
  }

  /** On the same port and with the same data, if it ran before. */
  async start(): Promise<void> {
    const out = await this.#do('start').catch(() => this.#do('start')); // a slow start is found by the second
    this.#uri = /^MONGODB_URI=(.+)$/m.exec(out)?.[1] ?? '';
    if (this.#uri === '') throw new Error(`MONGO_CONTROL did not say where the server is: ${out}`);
  }

  async kill(): Promise<void> {
    await this.#do('kill9');
  }

  async close(): Promise<void> {
    await this.#do('stop');
    await rm(this.#state, { recursive: true, force: true });
  }

  /** A database that nobody else has. */
  newUri(): string {
    return this.#uri.replace(/\/[^/]*$/, `/faults_${randomBytes(8).toString('hex')}`);
  }

  async #do(what: string): Promise<string> {
    const run = promisify(execFile);
    return (await run(this.#command, [what], { env: { ...process.env, MONGO_STATE: this.#state } })).stdout;
  }
}

/** What several nodes stand on. */
export interface Servers {
  readonly mongo: MongoControl;
  readonly redis: RedisServer;
  store(): Promise<ProcessStore>;
  close(): Promise<void>;
}

/** Null, with the reason, where they cannot be had. */
export async function startServers(): Promise<Servers | string> {
  const command = process.env.MONGO_CONTROL;
  if (!command) return 'there is no MONGO_CONTROL to start and kill a MongoDB server';
  if (!redisIsInstalled()) return 'there is no redis-server, and no REDIS_SERVER that names one';
  const redis = new RedisServer();
  const [mongo] = await Promise.all([MongoControl.start(command), redis.start()]);
  return {
    mongo,
    redis,
    store: async () => ({
      env: { MONGODB_URI: mongo.newUri(), REDIS_URL: redis.url },
      remove: async () => undefined,
    }),
    close: async () => {
      await Promise.all([mongo.close(), redis.kill()]);
    },
  };
}

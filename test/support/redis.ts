import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, test } from '@jest/globals';

/** A Redis server of a test's own, which it may kill and freeze. What it holds is gone when it ends. */
export class RedisServer {
  #child: ChildProcess | null = null;
  #port = 0;

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it answers; on the same port as before, if it ran before. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const settings = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--save', '', '--daemonize', 'no'];
    const child = spawn(command(), settings, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    for await (const line of createInterface(child.stdout)) if (line.includes('Ready to accept connections')) break;
    child.stdout.resume();
  }

  async kill(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** It keeps its connections and says nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

const command = (): string => process.env.REDIS_SERVER ?? 'redis-server';

function isInstalled(): boolean {
  try {
    execFileSync(command(), ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a suite on a Redis server of its own: the command of REDIS_SERVER, else `redis-server`. Where there is none it says that
 * it was not run; with REQUIRE_REDIS=1 that is a failure.
 */
export function withRedis(name: string, suite: (redis: RedisServer) => void): void {
  if (!isInstalled()) {
    test(`${name} (not run)`, () => {
      process.stdout.write(`not run: ${name}: there is no redis-server, and no REDIS_SERVER that names one\n`);
      if (process.env.REQUIRE_REDIS === '1') throw new Error('there is no redis-server');
    });
    return;
  }
  describe(name, () => {
    const redis = new RedisServer();
    beforeAll(() => redis.start());
    suite(redis);
    afterAll(() => redis.kill());
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (!address || typeof address === 'string') throw new Error('a port is a number');
  return address.port;
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

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

/** Whether there is the command of REDIS_SERVER, else `redis-server`. */
export function redisIsInstalled(): boolean {
  try {
    execFileSync(command(), ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

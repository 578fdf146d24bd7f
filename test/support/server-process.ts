import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_MS = 60_000;
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

/** How a process ended: its exit code, or the signal that killed it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A folder of its own for one test, and its end. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The whole program as an operator runs it: `node src/main.ts` in a process of its own. */
export class ServerProcess {
  readonly ended: Promise<Ending>;
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #onLine = new Set<() => void>();
  #url = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (line) => {
        this.lines.push(line);
        for (const look of [...this.#onLine]) look();
      });
    }
  }

  /**
   * Starts the program with this environment, and nothing of ours but PATH.
   * @param wrapper a command that runs it, such as a shell that sets limits; the program's own command line is appended
   */
  static spawn(env: NodeJS.ProcessEnv, args: readonly string[] = [], wrapper: readonly string[] = []): ServerProcess {
    const [command = '', ...rest] = [...wrapper, process.execPath, MAIN, ...args];
    const environment = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', PARLEY_RATE_LIMIT: 'off', ...env };
    return new ServerProcess(
      spawn(command, rest, { cwd: tmpdir(), env: environment, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  /** The same, and waits until it listens. One that does not is ended. */
  static async start(env: NodeJS.ProcessEnv, wrapper: readonly string[] = []): Promise<ServerProcess> {
    const server = ServerProcess.spawn(env, [], wrapper);
    const line = await server
      .line((text) => text.includes('"url"'))
      .catch(async (error) => {
        await server.kill('SIGKILL');
        throw error;
      });
    server.#url = JSON.parse(line).url;
    return server;
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line of output, on either stream, of which this is true. */
  line(matches: (text: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}; it printed:\n${this.lines.join('\n')}`));
      const timer = setTimeout(() => fail(`no such line within ${START_MS} ms`), START_MS);
      const look = () => {
        const found = this.lines.find(matches);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#onLine.delete(look);
        resolve(found);
      };
      this.#onLine.add(look);
      look();
      void this.ended.then(() => setImmediate(fail, 'the process ended'));
    });
  }

  async residentMegabytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  }

  kill(signal: NodeJS.Signals): Promise<Ending> {
    this.#child.kill(signal);
    return this.ended;
  }
}

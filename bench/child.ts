import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { nodeOn } from './machine.ts';

const START_MS = 30_000;
const STOP_MS = 30_000;

/** A server in a process of its own that says its `url` in a line of JSON on stdout. */
export interface Server {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Tells it to stop and waits until it has; kills it when it does not. */
  stop(): Promise<void>;
}

/** Starts this Node with these arguments on one core. The child has an IPC channel, and never outlives this process. */
export function launch(core: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const [command, all] = nodeOn(core, args);
  const child = spawn(command, all, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  return child;
}

/** Starts a server and waits until it listens. */
export async function startServer(core: number, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Server> {
  const child = launch(core, args, env);
  const url = await urlOf(child);
  child.stdout?.resume();
  return { process: child, pid: child.pid ?? 0, port: Number(new URL(url).port), url, stop: () => stop(child) };
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('a server without stdout');
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const seen: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = line.startsWith('{') && (JSON.parse(line) as { url?: unknown }).url;
      if (typeof url === 'string') return url;
      seen.push(line);
    }
  } finally {
    clearTimeout(late);
  }
  throw new Error(`the server ended before it listened\n${seen.join('\n')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(late);
}

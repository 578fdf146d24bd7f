import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';

/** Which machine and when, in one line. */
export function describeMachine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  const cores = `${cpus().length} cores of ${cpus()[0]?.model.trim()}`;
  return `${cores}, ${gib} GiB, ${type()} ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
}

/** As that of Parley: a storm is not to measure the queue. */
export const LISTEN_BACKLOG = 16_384;

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const PINS = cpus().length > LOAD_CORE && hasTaskset();

export const describePinning = (): string =>
  PINS
    ? `Servers on core ${SERVER_CORE}, load on core ${LOAD_CORE} (taskset).`
    : 'Nothing is pinned to a core (no taskset, or one core): servers and load may disturb each other.';

/** Keeps this process off the servers' core. */
export function stayOffServerCore(): void {
  if (PINS) execFileSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)]);
}

/** A command that runs this Node on one core, where that can be had. */
export const nodeOn = (core: number, args: readonly string[]): [command: string, args: string[]] =>
  PINS ? ['taskset', ['-c', String(core), process.execPath, ...args]] : [process.execPath, [...args]];

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

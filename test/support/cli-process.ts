import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;

/** Runs the program as a script does: not on a terminal, with this as its whole input. */
export async function cli(words: string, env: NodeJS.ProcessEnv = {}, input = '') {
  const child = spawn(process.execPath, [CLI, ...words.split(' ').filter(Boolean)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  const ended = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { code, out, err };
}

import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';

const BUDGET = 20_000;

/** In a process of its own: the bundler does not know the objects of Jest's. */
const BUNDLE = `
  import { build } from 'vite';
  const lib = { entry: 'client/src/index.ts', formats: ['es'] };
  const options = { write: false, target: 'es2022', minify: true, lib };
  const built = await build({ configFile: false, logLevel: 'silent', build: options });
  for (const { output } of built) for (const { code } of output) process.stdout.write(code);`;

it('the client, with all that it depends on, is at most 20 kB as a page loads it', () => {
  const cwd = new URL('../..', import.meta.url).pathname;
  const code = execFileSync(process.execPath, ['--input-type=module', '--eval', BUNDLE], { cwd });
  const bytes = gzipSync(code).length;
  expect(bytes).toBeLessThanOrEqual(BUDGET);
  expect(bytes).toBeGreaterThan(BUDGET / 4);
});

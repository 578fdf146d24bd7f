/**
 * Runs before `npm start`: builds the web client where it is missing or older than its source. A server starts without it
 * too; with `--required` it is a failure when it cannot be built.
 */
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = [
  'src/**',
  'public/**',
  'index.html',
  'service-worker.js',
  'vite.config.ts',
  'package.json',
  '../client/src/**',
];

const changedAt = (path: string): number =>
  statSync(join(import.meta.dirname, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

async function ensureBuilt(): Promise<void> {
  const newest = Math.max(...globSync(SOURCE, { cwd: import.meta.dirname }).map(changedAt));
  if (changedAt('dist/index.html') > newest) return;
  const startedAt = performance.now();
  const vite = await import('vite').catch(() => null);
  if (!vite) {
    process.stderr.write('parley: no web client: Vite, which builds it, is not installed\n');
    return;
  }
  process.stdout.write('parley: building the web client …\n');
  await vite.build({ configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'warn' });
  process.stdout.write(`parley: built the web client in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

await ensureBuilt().catch((error) => {
  if (process.argv.includes('--required')) throw error;
  process.stderr.write(`parley: the web client cannot be built: ${error}
`);
});

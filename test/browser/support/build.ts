import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ENSURE_BUILT = fileURLToPath(new URL('../../../web/ensure-built.ts', import.meta.url));

/** What the server gives out is what is tested, so it must be there and of today; and not built for tests. */
export default function build(): void {
  execFileSync(process.execPath, [ENSURE_BUILT, '--required'], {
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

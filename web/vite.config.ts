import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Puts the service worker into the build, which has to know what else is in it. */
const serviceWorker = (): Plugin => ({
  name: 'service worker',
  apply: 'build',
  writeBundle({ dir = '' }) {
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const hash = createHash('sha256');
    for (const path of paths.sort()) hash.update(path.slice(dir.length)).update(readFileSync(path));
    const files = paths.map((path) => path.slice(dir.length).replaceAll('\\', '/').replace('/index.html', '/'));
    const build = JSON.stringify({ name: hash.digest('hex').slice(0, 12), files });
    const program = readFileSync(join(import.meta.dirname, 'service-worker.js'), 'utf8');
    writeFileSync(join(dir, 'service-worker.js'), program.replace("{ name: '', files: [] }", build));
  },
});

/** Puts NAME.br beside every file of text, so that the server has nothing to compress. */
const brotli = (): Plugin => ({
  name: 'brotli',
  apply: 'build',
  writeBundle({ dir = '' }) {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!/\.(js|css|html|svg|json|webmanifest)$/.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 9 }; // the best takes ten times as long, for 3 %
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file), { params }));
    }
  },
});

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), serviceWorker(), brotli()],
  resolve: { conditions: ['parley-source', 'module', 'browser', 'production'] },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { '/api': { target: 'http://127.0.0.1:3000', ws: true } } },
});

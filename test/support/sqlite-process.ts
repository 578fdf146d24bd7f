import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { MIGRATIONS, migrate } from '../../src/infrastructure/sqlite/migrations.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';

/** What another process may be asked to do with a folder or a file. */
const TASKS = {
  /** Opens the store and keeps it open. */
  hold: async (dataDir: string) => {
    await openSqliteStore({ dataDir });
    process.stdout.write('ready\n');
    setInterval(() => undefined, 1_000);
  },
  /** Takes a file to the newest schema, with no lock but the database's own, once it is told to go on. */
  migrate: async (path: string) => {
    const database = new DatabaseSync(path, { timeout: 10_000 });
    process.stdout.write('ready\n');
    await once(process.stdin, 'data');
    migrate(database);
    database.close();
    process.exit();
  },
  /** Begins a migration that never ends. */
  migrateForever: (path: string) => {
    const database = new DatabaseSync(path, { timeout: 10_000 });
    database.exec('PRAGMA cache_size = 10');
    process.stdout.write('ready\n');
    const forever = `CREATE TABLE endless (x TEXT); WITH RECURSIVE numbers (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM numbers)
      INSERT INTO endless SELECT printf('%0500d', x) FROM numbers;`;
    migrate(database, [...MIGRATIONS, { number: MIGRATIONS.length + 1, name: 'endless', sql: forever }]);
  },
};

/** Starts a process that does this; resolves once it says that it is ready. */
export async function startProcess(task: keyof typeof TASKS, path: string) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), task, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

const [script, task, path] = process.argv.slice(1);
if (script === fileURLToPath(import.meta.url) && path !== undefined) {
  await TASKS[task as keyof typeof TASKS](path);
}

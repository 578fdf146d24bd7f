/**
 * Holds the running program against its own OpenAPI document. Schemathesis, a program from PyPI, makes requests that fit the
 * document, that nearly do and that do not, with all of its checks on: once in an admin's name and once in nobody's.
 *
 *   node test/fuzz/http.ts SCHEMATHESIS RESULT
 *
 * RESULT is a file for .ci/tally.js: each operation, of each of the two, is a test. FUZZ_EXAMPLES and FUZZ_SEED say how much and which.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';

/** In both runs together. */
const CASES_MIN = 5_000;
const { FUZZ_EXAMPLES = '12', FUZZ_SEED = '1' } = process.env;
const ADMIN = { email: 'admin@example.org', password: 'correct horse battery' };

/** The part of Schemathesis's report that is looked at here. */
interface Report {
  readonly operations: { readonly tested: number };
  readonly test_cases: { readonly generated: number; readonly unique_failures: number; readonly errored: number };
}

/** Whatever is left of a secret in a terminal is that of a server which is gone by then. */
async function run(schemathesis: string, url: string, folder: string, who: readonly string[]): Promise<Report> {
  const report = join(folder, 'report.json');
  const options = ['--continue-on-failure', '--no-shrink', '--output-sanitize', 'false'];
  const amount = ['--max-examples', FUZZ_EXAMPLES, '--seed', FUZZ_SEED, '--workers', '1', '--request-timeout', '30'];
  const reporting = ['--report', 'json', '--report-json-path', report];
  const config = join(import.meta.dirname, 'schemathesis.toml');
  const args = [
    '--config-file',
    config,
    'run',
    `${url}/docs/openapi.json`,
    ...options,
    ...amount,
    ...reporting,
    ...who,
  ];
  const env = { ...process.env, PYTHONPATH: import.meta.dirname, PYTHONDONTWRITEBYTECODE: '1' };
  await once(spawn(schemathesis, args, { cwd: folder, env, stdio: 'inherit' }), 'close');
  return JSON.parse(await readFile(report, 'utf8'));
}

const [schemathesis = '', result = ''] = process.argv.slice(2);
const folder = await temporaryFolder();
const server = await ServerProcess.start({
  PARLEY_DATA_DIR: join(folder.path, 'data'),
  PARLEY_ADMIN_LOGIN: 'admin',
  PARLEY_ADMIN_EMAIL: ADMIN.email,
  PARLEY_ADMIN_PASSWORD: ADMIN.password,
});
try {
  const signedIn = await run(schemathesis, server.url, folder.path, ['--auth', `${ADMIN.email}:${ADMIN.password}`]);
  const anonymous = await run(schemathesis, server.url, folder.path, []);
  const sum = (of: (report: Report) => number): number => of(signedIn) + of(anonymous);
  const cases = sum(({ test_cases }) => test_cases.generated);
  const tested = sum(({ operations }) => operations.tested);
  const found = sum(({ test_cases }) => test_cases.unique_failures + test_cases.errored) + (cases < CASES_MIN ? 1 : 0);
  const counts = { numPassedTests: Math.max(0, tested - found), numFailedTests: found, numRuntimeErrorTestSuites: 0 };
  await writeFile(result, JSON.stringify({ ...counts, success: found === 0 }));
  process.stdout.write(`${cases} cases (at least ${CASES_MIN}) of ${tested} operations, ${found} failures\n`);
  process.exitCode = found === 0 ? 0 : 1;
} finally {
  await server.kill('SIGKILL');
  await folder.remove();
}

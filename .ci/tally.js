/**
 * Adds up what Jest (`--json --outputFile`) and test/fuzz/http.ts wrote into one folder and prints `N passed, N failed`; exits with 1 if anything failed.
 * A test file that could not be loaded counts as one failure, and so does every step that failed besides the tests.
 * Usage: node tally.js FOLDER FAILED_STEPS
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, failedSteps] = process.argv.slice(2);
const runs = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));

/** A run may fail without a failed test, as by a lost worker. */
const failuresOf = (run) => Math.max(run.numFailedTests + run.numRuntimeErrorTestSuites, run.success ? 0 : 1);
const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

const passed = sum(runs.map((run) => run.numPassedTests));
const failed = sum(runs.map(failuresOf)) + Number(failedSteps);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { processesOfEach } from '../support/clean-ups.ts';

const SUITE = new URL('../protocol/suite.ts', import.meta.url).pathname;

const { aFolder, start } = processesOfEach();

test('Parley keeps its protocol, as the suite for any server sees it from outside', async () => {
  const folder = await aFolder();
  const server = await start({ PARLEY_DATA_DIR: folder });
  const env = { PATH: process.env.PATH, PARLEY_URL: server.url };
  const suite = spawn(process.execPath, ['--test', '--test-reporter=tap', SUITE], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [report, [code]] = await Promise.all([text(suite.stdout), once(suite, 'close')]);
  expect(report).not.toMatch(/^\s*not ok/m);
  expect({ code, failed: /^# fail (\d+)$/m.exec(report)?.[1] }).toEqual({ code: 0, failed: '0' });
  expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThanOrEqual(16);
});

import { expect, test } from '@jest/globals';
import { Readiness } from '../../src/interfaces/readiness.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A process whose store answers so. */
function aProcess(check: () => Promise<void>, bus = { reachesOthers: true }) {
  const clock = new ManualClock();
  return { clock, readiness: new Readiness({ store: { check }, bus, clock }) };
}

test('a process whose store answers is ready', async () => {
  const { readiness } = aProcess(async () => undefined);
  expect(await readiness.report()).toEqual({ ready: true, reasons: [] });
});

test('a process whose store fails is not, and is again when the store is back', async () => {
  let isBack = false;
  const { readiness } = aProcess(async () => {
    if (!isBack) throw new Error('no connection');
  });
  expect(await readiness.report()).toEqual({ ready: false, reasons: ['store'] });
  isBack = true;
  expect(await readiness.report()).toEqual({ ready: true, reasons: [] });
});

test('a process that other nodes do not hear of is ready, and says what is degraded', async () => {
  const bus = { reachesOthers: false };
  const { readiness } = aProcess(async () => undefined, bus);
  expect(await readiness.report()).toEqual({ ready: true, reasons: ['bus'] });
  bus.reachesOthers = true;
  expect(await readiness.report()).toEqual({ ready: true, reasons: [] });
});

test('a store that says nothing for 2 s has failed', async () => {
  const { readiness, clock } = aProcess(() => new Promise(() => undefined));
  const began = clock.now();
  expect(await clock.passUntil(readiness.report())).toEqual({ ready: false, reasons: ['store'] });
  expect(clock.now() - began).toBe(2000);
});

test('a process that is stopping is not ready, and does not ask its store any more', async () => {
  let asked = 0;
  const { readiness } = aProcess(async () => {
    asked += 1;
  });
  readiness.stop();
  expect(await readiness.report()).toEqual({ ready: false, reasons: ['stopping'] });
  expect(asked).toBe(0);
});

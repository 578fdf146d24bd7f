import { afterEach, describe, expect, it } from '@jest/globals';
import { withLock } from '../../client/src/lock.ts';

const { navigator } = globalThis;
const setNavigator = (value: unknown) => Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
afterEach(() => setNavigator(navigator));

describe.each([
  ['Web Locks', navigator],
  ['no Web Locks', undefined],
])('with %s', (_, platform) => {
  it('one at a time of those that name the same lock, in their order; others do not wait', async () => {
    setNavigator(platform);
    const steps: string[] = [];
    const first = Promise.withResolvers<void>();
    const all = [
      withLock('one', async () => {
        steps.push('first begins');
        await first.promise;
        steps.push('first ends');
        throw new Error('failed');
      }).catch((error: Error) => steps.push(error.message)),
      withLock('one', async () => void steps.push('second')),
      withLock('one', async () => void steps.push('third')),
    ];
    await withLock('other', async () => void steps.push('other'));
    expect(steps).toEqual(['first begins', 'other']);
    first.resolve();
    await Promise.all(all);
    expect(steps.filter((step) => step !== 'failed')).toEqual([
      'first begins',
      'other',
      'first ends',
      'second',
      'third',
    ]);
    expect(await withLock('one', async () => 'the result')).toBe('the result');
  });
});

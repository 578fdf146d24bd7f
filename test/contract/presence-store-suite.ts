import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PresenceStore } from '../../src/application/ports/realtime.ts';
import { ids } from '../support/builders.ts';

/** One adapter's way to give the suite two nodes; where it is for one process, both are the same. */
export interface PresenceHarness {
  readonly name: string;
  fresh(): Promise<{ readonly here: PresenceStore; readonly there: PresenceStore; dispose(): Promise<void> }>;
}

/** Proves the promises of PresenceStore, but for the end of nodes. */
export function presenceStoreSuite(harness: PresenceHarness): void {
  describe(`PresenceStore on ${harness.name}`, () => {
    let here: PresenceStore;
    let there: PresenceStore;
    let dispose: () => Promise<void>;
    beforeEach(async () => {
      ({ here, there, dispose } = await harness.fresh());
    });
    afterEach(() => dispose());

    test('nobody is there at first', async () => {
      expect(await here.statuses(['ann'])).toEqual(new Map());
      expect(await here.statuses([])).toEqual(new Map());
      expect(await here.connected()).toEqual([]);
      expect(await here.vanished()).toEqual([]);
    });

    test('each node sees who is connected to the other', async () => {
      await here.set('ann', '1', 'online');
      await there.set('bob', '2', 'away');
      for (const node of [here, there]) {
        expect(await node.statuses(['ann', 'bob', 'cleo'])).toEqual(
          new Map([
            ['ann', 'online'],
            ['bob', 'away'],
          ]),
        );
        expect((await node.connected()).sort()).toEqual(['ann', 'bob']);
      }
    });

    test('the liveliest of somebody’s connections counts, on whatever node, until it ends', async () => {
      await here.set('ann', 'phone', 'away');
      await there.set('ann', 'laptop', 'online');
      for (const node of [here, there]) expect(await node.statuses(['ann'])).toEqual(new Map([['ann', 'online']]));
      await there.set('ann', 'laptop', null);
      for (const node of [here, there]) expect(await node.statuses(['ann'])).toEqual(new Map([['ann', 'away']]));
      await here.set('ann', 'phone', null);
      for (const node of [here, there]) {
        expect(await node.statuses(['ann'])).toEqual(new Map());
        expect(await node.connected()).toEqual([]);
      }
    });

    test('an end that is said twice, or of what never began, is no harm', async () => {
      await here.set('ann', '1', null);
      await here.set('ann', '1', 'online');
      await here.set('ann', '1', null);
      await here.set('ann', '1', null);
      expect(await there.connected()).toEqual([]);
    });

    test('many who come and go at once end as they said last', async () => {
      const people = ids(50);
      await Promise.all(
        people.flatMap((userId, i) => {
          const node = i % 2 === 0 ? here : there;
          return [node.set(userId, 'a', 'online'), node.set(userId, 'a', i % 3 === 0 ? null : 'away')];
        }),
      );
      const staying = people.filter((_, i) => i % 3 !== 0);
      expect(await here.statuses(people)).toEqual(new Map(staying.map((userId) => [userId, 'away'])));
      expect((await there.connected()).sort()).toEqual([...staying].sort());
    });
  });
}

import { describe, expect, test } from '@jest/globals';
import type { FileUse, StoredFile } from '../../src/domain/stored-file.ts';
import { anId, ids, NOON } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const HOUR = 3_600_000;

const aFile = (with_: Partial<StoredFile> = {}): StoredFile => ({
  ...{ id: anId(), ownerId: anId(), name: 'a file.txt', mediaType: 'application/octet-stream', bytes: 1000 },
  ...{ width: null, height: null, createdAt: NOON, checkAt: NOON + HOUR, uses: [] },
  ...with_,
});

const inMessage = (): FileUse => ({ of: 'message', chatId: anId(), clientId: anId() });

/** Proves the promises of FileRepository. */
export function fileRepositorySuite(harness: StoreHarness): void {
  describe(`FileRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const files = () => subject.store.files;
    const find = async (id: string) => (await files().findMany([id]))[0];
    /** A row whose bytes have come. */
    const aWholeFile = async (with_: Partial<StoredFile> = {}) => {
      const file = aFile(with_);
      await files().open(file);
      expect(await files().complete(file)).toBe(true);
      return file;
    };

    test('finds a file when it is whole, and as it came', async () => {
      const opened = aFile({ name: 'Ünïcode 名前 👩‍🚀.png', uses: [{ of: 'user', userId: anId() }] });
      await files().open(opened);
      await files().open(opened);
      expect(await find(opened.id)).toBeUndefined();
      const came = { id: opened.id, mediaType: 'image/png', bytes: 77, width: 4, height: 3 };
      expect(await files().complete(came)).toBe(true);
      expect(await find(opened.id)).toEqual({ ...opened, ...came });
      expect(await files().complete(aFile())).toBe(false);
      expect(await (await subject.restart()).files.findMany([opened.id])).toEqual([{ ...opened, ...came }]);
    });

    test('finds many, and leaves out what is not there', async () => {
      const [one, other] = [await aWholeFile(), await aWholeFile()];
      const found = await files().findMany([one.id, anId(), other.id]);
      expect(new Set(found.map((file) => file.id))).toEqual(new Set([one.id, other.id]));
      expect(await files().findMany([])).toEqual([]);
    });

    test('counts what somebody has not sent, and what is still on its way', async () => {
      const ownerId = anId();
      expect(await files().unsent(ownerId)).toEqual({ count: 0, bytes: 0 });
      const sent = await aWholeFile({ ownerId });
      await files().open(aFile({ ownerId, bytes: 30 }));
      await aWholeFile({ ownerId, bytes: 4 });
      await aWholeFile({ ownerId, uses: [{ of: 'user', userId: ownerId }] });
      await aWholeFile();
      await files().use([sent.id], inMessage(), NOON);
      expect(await files().unsent(ownerId)).toEqual({ count: 2, bytes: 34 });
    });

    test('adds a use once, and puts off the check', async () => {
      const [one, other] = [await aWholeFile(), await aWholeFile()];
      const [first, second] = [inMessage(), inMessage()];
      expect(await files().use([one.id, other.id], first, NOON + 2 * HOUR)).toBe(true);
      expect(await files().use([one.id], first, NOON + 3 * HOUR)).toBe(true);
      expect(await files().use([one.id], second, NOON + 4 * HOUR)).toBe(true);
      expect(await find(one.id)).toEqual({ ...one, uses: [first, second], checkAt: NOON + 4 * HOUR });
      expect(await find(other.id)).toEqual({ ...other, uses: [first], checkAt: NOON + 2 * HOUR });
    });

    test('uses nothing that is not there or not whole', async () => {
      const [whole, open] = [await aWholeFile(), aFile()];
      await files().open(open);
      expect(await files().use([whole.id, open.id], inMessage(), NOON)).toBe(false);
      expect(await files().use([anId()], inMessage(), NOON)).toBe(false);
    });

    test('loses no use, however many race', async () => {
      const { id } = await aWholeFile();
      const other = (await subject.second()).files;
      const uses = ids(20).map(inMessage);
      const used = await Promise.all(uses.map((use, i) => (i % 2 === 0 ? files() : other).use([id], use, NOON)));
      expect(used).toEqual(Array(20).fill(true));
      expect(new Set((await find(id))?.uses.map((use) => JSON.stringify(use)))).toEqual(
        new Set(uses.map((use) => JSON.stringify(use))),
      );
    });

    test('says whose check is due, the longest due first', async () => {
      const [late, later, open] = [
        aFile({ checkAt: NOON }),
        aFile({ checkAt: NOON + 1 }),
        aFile({ checkAt: NOON + 2 }),
      ];
      for (const file of [later, late]) {
        await files().open(file);
        await files().complete(file);
      }
      await files().open(open);
      await aWholeFile({ checkAt: NOON + 3 });
      expect(await files().due(NOON + 2, 10)).toEqual([late, later, open]);
      expect(await files().due(NOON + 2, 2)).toEqual([late, later]);
      expect(await files().due(NOON - 1, 10)).toEqual([]);
      await files().scheduleCheck(late.id, NOON + HOUR);
      expect(await files().due(NOON + 2, 1)).toEqual([later]);
    });

    test('has all that somebody uploaded checked', async () => {
      const ownerId = anId();
      const [mine, used, other] = [await aWholeFile({ ownerId }), await aWholeFile({ ownerId }), await aWholeFile()];
      await files().use([used.id], inMessage(), NOON + 9 * HOUR);
      await files().scheduleCheck(other.id, NOON + 9 * HOUR);
      await files().scheduleChecks(ownerId, NOON + 3);
      const due = (await files().due(NOON + 3, 10)).map(({ id }) => id);
      expect(due.sort()).toEqual([mine.id, used.id].sort());
    });

    test('finds and uses nothing that is doomed, and remembers it until it is removed', async () => {
      const file = await aWholeFile();
      expect(await files().doom(file)).toBe(true);
      expect(await find(file.id)).toBeUndefined();
      expect(await files().use([file.id], inMessage(), NOON + 9 * HOUR)).toBe(false);
      expect(await files().complete(file)).toBe(false);
      expect(await files().due(NOON + HOUR, 10)).toEqual([file]);
      expect(await files().doom(file)).toBe(true);
      await files().remove(file.id);
      await files().remove(file.id);
      expect(await files().due(NOON + HOUR, 10)).toEqual([]);
    });

    test('leaves alone what has been used since it was checked', async () => {
      const [seen, use] = [await aWholeFile(), inMessage()];
      await files().use([seen.id], use, NOON + 2 * HOUR);
      expect(await files().doom(seen)).toBe(false);
      await files().keep(seen, [], NOON + 9 * HOUR);
      expect(await find(seen.id)).toEqual({ ...seen, uses: [use], checkAt: NOON + 2 * HOUR });
    });

    test('leaves alone what has been used again in the same way', async () => {
      const use = inMessage();
      const seen = await aWholeFile({ uses: [use] });
      await files().use([seen.id], use, NOON + 2 * HOUR);
      expect(await files().doom(seen)).toBe(false);
    });

    test('keeps the uses that held', async () => {
      const [held, gone] = [inMessage(), inMessage()];
      const seen = await aWholeFile({ uses: [held, gone] });
      await files().keep(seen, [held], NOON + 2 * HOUR);
      expect(await find(seen.id)).toEqual({ ...seen, uses: [held], checkAt: NOON + 2 * HOUR });
    });

    test('lets one win where a use and a doom race', async () => {
      const other = (await subject.second()).files;
      for (let round = 0; round < 10; round += 1) {
        const file = await aWholeFile();
        const [doomed, used] = await Promise.all([
          other.doom(file),
          files().use([file.id], inMessage(), NOON + 2 * HOUR),
        ]);
        expect(doomed).toBe(!used);
      }
    });
  });
}

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type BlobStore, BlobTooLarge, type ByteStream } from '../../src/application/ports/files.ts';
import { anId } from '../support/builders.ts';

export interface BlobStoreHarness {
  readonly name: string;
  /** An empty store that nobody else uses, and how to take it away. */
  fresh(): Promise<{ readonly blobs: BlobStore; dispose(): Promise<void> }>;
}

const MiB = 1024 * 1024;

const CONTENT = randomBytes(17 * MiB);
const someBytes = (length: number): Buffer => CONTENT.subarray(0, length);

async function* inChunks(bytes: Buffer, size = 64 * 1024): ByteStream {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function contentOf(stream: ByteStream | null): Promise<Buffer | null> {
  if (!stream) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Proves the promises of BlobStore. */
export function blobStoreSuite(harness: BlobStoreHarness): void {
  describe(`BlobStore: ${harness.name}`, () => {
    let blobs: BlobStore;
    let dispose: () => Promise<void>;

    beforeEach(async () => {
      ({ blobs, dispose } = await harness.fresh());
    });
    afterEach(() => dispose());

    test.each([0, 1, 300_000, 8 * MiB, 17 * MiB])('gives back %i bytes as they were put', async (length) => {
      const [id, bytes] = [anId(), someBytes(length)];
      expect(await blobs.put(id, inChunks(bytes), length)).toBe(length);
      expect((await contentOf(await blobs.get(id)))?.equals(bytes)).toBe(true);
    });

    test('gives a part', async () => {
      const [id, bytes] = [anId(), someBytes(700_000)];
      await blobs.put(id, inChunks(bytes), bytes.length);
      for (const [first, last] of [
        [0, 1],
        [5, 9],
        [261_119, 261_121],
        [699_999, 699_999],
        [0, 699_999],
      ] as const) {
        const part = await contentOf(await blobs.get(id, { first, last }));
        expect(part?.equals(bytes.subarray(first, last + 1))).toBe(true);
      }
    });

    test('has nothing where nothing was put', async () => {
      expect(await blobs.get(anId())).toBeNull();
      expect(await blobs.get(anId(), { first: 0, last: 1 })).toBeNull();
      await expect(blobs.delete(anId())).resolves.toBeUndefined();
    });

    test('has nothing after a delete, and only of what was deleted', async () => {
      const [gone, kept] = [anId(), anId()];
      for (const id of [gone, kept]) await blobs.put(id, inChunks(someBytes(300_000)), MiB);
      await blobs.delete(gone);
      expect(await blobs.get(gone)).toBeNull();
      expect((await contentOf(await blobs.get(kept)))?.length).toBe(300_000);
    });

    test.each([1000, 9 * MiB])(
      'stores nothing of what is longer than %i bytes, and reads no further',
      async (maxBytes) => {
        const id = anId();
        let given = 0;
        const endless = (async function* () {
          for (;;) {
            given += 64 * 1024;
            yield someBytes(64 * 1024);
          }
        })();
        await expect(blobs.put(id, endless, maxBytes)).rejects.toBeInstanceOf(BlobTooLarge);
        expect(given).toBeLessThan(maxBytes + MiB);
        expect(await blobs.get(id)).toBeNull();
      },
    );

    test.each([300_000, 9 * MiB])(
      'stores nothing of a stream that breaks after %i bytes, and says why',
      async (length) => {
        const id = anId();
        const breaking = (async function* () {
          yield* inChunks(someBytes(length));
          throw new Error('the line went dead');
        })();
        await expect(blobs.put(id, breaking, 20 * MiB)).rejects.toThrow('the line went dead');
        expect(await blobs.get(id)).toBeNull();
        await expect(blobs.delete(id)).resolves.toBeUndefined();
      },
    );

    test('shows nothing of a blob before it is whole', async () => {
      const [id, seen] = [anId(), [] as (ByteStream | null)[]];
      const watched = (async function* () {
        for await (const chunk of inChunks(someBytes(9 * MiB), MiB)) {
          yield chunk;
          seen.push(await blobs.get(id));
        }
      })();
      await blobs.put(id, watched, 9 * MiB);
      expect(seen).toEqual(Array(9).fill(null));
      expect((await contentOf(await blobs.get(id)))?.length).toBe(9 * MiB);
    });
  });
}

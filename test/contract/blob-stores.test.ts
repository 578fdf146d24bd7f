import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { StoreError } from '../../src/application/ports/persistence.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import { openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { S3BlobStore } from '../../src/infrastructure/s3/s3-blob-store.ts';
import { anId } from '../support/builders.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { withMongo } from '../support/mongo.ts';
import { startS3 } from '../support/s3-server.ts';
import { blobStoreSuite } from './blob-store-suite.ts';

blobStoreSuite({
  name: 'memory',
  fresh: async () => ({ blobs: new MemoryBlobStore(), dispose: async () => undefined }),
});

function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'parley-blobs-'));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

blobStoreSuite({
  name: 'disk',
  fresh: async () => {
    const { folder, remove } = temporaryFolder();
    return { blobs: new DiskBlobStore(join(folder, 'files')), dispose: async () => remove() };
  },
});

async function startS3Store() {
  const { endpoint, bucket, key, close } = await startS3();
  const keys = { accessKeyId: key, secretAccessKey: key };
  return { blobs: new S3BlobStore({ endpoint: `${endpoint}/${bucket}`, region: 'us-east-1', ...keys }), close };
}

blobStoreSuite({
  name: 'S3',
  fresh: async () => {
    const { blobs, close } = await startS3Store();
    return { blobs, dispose: close };
  },
});

await withMongo('GridFS', (mongo) => {
  blobStoreSuite({
    name: 'GridFS',
    fresh: async () => {
      const { uri, db } = mongo.newDatabase();
      const store = await openMongoStore({ uri });
      const dispose = async () => {
        await store.close();
        await db.dropDatabase();
      };
      return { blobs: store.blobs, dispose };
    },
  });
});

const one = async function* () {
  yield Buffer.from('content');
};

describe('DiskBlobStore', () => {
  test('keeps files for their owner alone, and leaves nothing of what failed', async () => {
    const { folder, remove } = temporaryFolder();
    const files = join(folder, 'files');
    const [blobs, id] = [new DiskBlobStore(files), anId()];
    await blobs.put(id, one(), 100);
    await expect(blobs.put(anId(), one(), 3)).rejects.toThrow();
    expect(readdirSync(files)).toEqual([id]);
    expect(statSync(files).mode & 0o777).toBe(0o700);
    expect(statSync(join(files, id)).mode & 0o777).toBe(0o600);
    remove();
  });

  test('takes away what a crash left of an upload', async () => {
    const { folder, remove } = temporaryFolder();
    const [blobs, id] = [new DiskBlobStore(folder), anId()];
    writeFileSync(join(folder, `${id}.part`), 'half');
    expect(await blobs.get(id)).toBeNull();
    await blobs.delete(id);
    expect(readdirSync(folder)).toEqual([]);
    remove();
  });

  test.each(['../outside', '/etc/hostname', 'a/b', '..', '.', '', 'x\0y', 'x'.repeat(65)])(
    'takes no path for an id: %j',
    async (id) => {
      const { folder, remove } = temporaryFolder();
      const blobs = new DiskBlobStore(join(folder, 'files'));
      await expect(blobs.put(id, one(), 100)).rejects.toThrow('not an id');
      await expect(blobs.get(id)).rejects.toThrow('not an id');
      await expect(blobs.delete(id)).rejects.toThrow('not an id');
      expect(readdirSync(folder)).toEqual([]);
      remove();
    },
  );

  test('says StoreError where it cannot write', async () => {
    const { folder, remove } = temporaryFolder();
    writeFileSync(join(folder, 'files'), 'no folder');
    await expect(new DiskBlobStore(join(folder, 'files')).put(anId(), one(), 100)).rejects.toBeInstanceOf(StoreError);
    remove();
  });
});

describe('S3BlobStore', () => {
  test('says StoreError where nobody answers', async () => {
    const { blobs, close } = await startS3Store();
    await close();
    await expect(blobs.put(anId(), one(), 100)).rejects.toBeInstanceOf(StoreError);
    await expect(blobs.get(anId())).rejects.toBeInstanceOf(StoreError);
    await expect(blobs.delete(anId())).rejects.toBeInstanceOf(StoreError);
  });
});

/** Where an operator says that files are, there they are: the whole program, on S3 and on GridFS. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Account, ApiClient } from '../support/api-client.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { FileClient } from '../support/file-client.ts';
import { withMongo } from '../support/mongo.ts';
import { startS3 } from '../support/s3-server.ts';

const { afterwards, aFolder, start } = processesOfEach();

/** Longer than what a store takes in one piece. */
const LONG = Buffer.alloc(20 * 1024 * 1024, 'Parley ');

/** Somebody sends files, and somebody else reads them, also from the server's next life. Answers the id of the long one. */
async function sendAndRead(env: NodeJS.ProcessEnv): Promise<string> {
  const first = await start(env);
  const api = new ApiClient(first.url);
  const [ann, bob, eve] = [await api.register(), await api.register(), await api.register()];
  const files = await FileClient.of(first.url);
  const uploads = [await files.upload(ann, 'short', 'short.txt'), await files.upload(ann, LONG, 'long.bin')];
  expect(uploads.map(({ status, body }) => [status, body.bytes])).toEqual([
    [201, 5],
    [201, LONG.length],
  ]);
  const attachmentIds = uploads.map(({ body }) => body.id);
  const sent = await ann.api.post(`/users/${bob.id}/messages`, { content: '', attachmentIds });
  expect(sent.status).toBe(201);
  expect((await first.kill('SIGTERM')).code).toBe(0);

  const second = await FileClient.of((await start(env)).url);
  const [short, long] = uploads.map(({ body }) => body.url) as [string, string];
  const read = async (url: string, as: Account, headers = {}) => second.get(url, as, headers);
  expect((await read(short, bob)).bytes.toString()).toBe('short');
  expect((await read(long, bob)).bytes.equals(LONG)).toBe(true);
  const range = await read(long, bob, { range: 'bytes=9000000-9000006' });
  expect([range.status, range.bytes]).toEqual([206, LONG.subarray(9_000_000, 9_000_007)]);
  expect((await read(short, eve)).status).toBe(404);
  return attachmentIds[1];
}

test('on S3, and none of them in the data folder', async () => {
  const { endpoint, bucket, key, folder, close } = await startS3();
  afterwards(close);
  const dataDir = await aFolder();
  const id = await sendAndRead({
    PARLEY_DATA_DIR: dataDir,
    PARLEY_S3_ENDPOINT: endpoint,
    PARLEY_S3_BUCKET: bucket,
    PARLEY_S3_ACCESS_KEY: key,
    PARLEY_S3_SECRET_KEY: key,
  });
  expect((await readdir(join(folder, bucket))).join()).toContain(id);
  expect(await readdir(dataDir)).not.toContain('files');
});

await withMongo('files of a server on MongoDB', (mongo) => {
  test('in GridFS, and none of them in the data folder', async () => {
    const { uri, db } = mongo.newDatabase();
    afterwards(() => db.dropDatabase());
    const dataDir = await aFolder();
    const id = await sendAndRead({ PARLEY_DATA_DIR: dataDir, MONGODB_URI: uri });
    const names = (await db.listCollections().toArray())
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.files'));
    expect(names).toHaveLength(1);
    expect(await db.collection(names[0] ?? '').countDocuments()).toBe(2);
    expect(
      JSON.stringify(
        await db
          .collection(names[0] ?? '')
          .find()
          .toArray(),
      ),
    ).toContain(id);
    expect(await readdir(dataDir)).not.toContain('files');
  });
});

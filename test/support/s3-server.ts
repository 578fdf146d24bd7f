import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

/** A server in this process that speaks the protocol of S3, with one bucket. */
export interface S3Server {
  /** Without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  /** The id of the key, and the secret too. */
  readonly key: string;
  /** Where the bucket is kept. */
  readonly folder: string;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-s3-'));
  const bucket = 'parley';
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  const close = async () => {
    await server.close();
    await rm(folder, { recursive: true });
  };
  return { endpoint: `http://127.0.0.1:${port}`, bucket, key: 'S3RVER', folder, close };
}

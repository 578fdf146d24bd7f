import { S3mini } from 's3mini';
import { atMost, type BlobStore, type ByteRange, type ByteStream } from '../../application/ports/files.ts';
import { StoreError } from '../../application/ports/persistence.ts';
import type { BlobId } from '../../domain/ids.ts';

/** At least 5 MiB, by S3's rules; one part of each upload is held in memory. */
const PART_BYTES = 8 * 1024 * 1024;
const MEDIA_TYPE = 'application/octet-stream';

export interface S3Options {
  /** With the bucket as the last part of its path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * A bucket of S3 or of what speaks its protocol. Parts of an upload that a crash cut off are no object; the bucket's own rule
 * for incomplete uploads takes them away.
 */
export class S3BlobStore implements BlobStore {
  readonly #client: S3mini;

  constructor(options: S3Options) {
    this.#client = new S3mini(options);
  }

  async put(id: BlobId, content: ByteStream, maxBytes: number): Promise<number> {
    const parts = inParts(atMost(maxBytes, content));
    const first = (await parts.next()).value ?? Buffer.alloc(0);
    if (first.length < PART_BYTES) {
      await this.#client.putObject(id, first, MEDIA_TYPE).catch(failed);
      return first.length;
    }
    const uploadId = await this.#client.getMultipartUploadId(id, MEDIA_TYPE).catch(failed);
    try {
      return await this.#putParts(id, uploadId, first, parts);
    } catch (error) {
      await this.#client.abortMultipartUpload(id, uploadId).catch(() => undefined);
      throw error;
    }
  }

  async get(id: BlobId, range?: ByteRange): Promise<ByteStream | null> {
    const asked = range
      ? this.#client.getObjectRaw(id, false, range.first, range.last + 1)
      : this.#client.getObjectResponse(id);
    const response = await asked.catch(absentOrFailed);
    return response?.body ?? null;
  }

  async delete(id: BlobId): Promise<void> {
    await this.#client.deleteObject(id).catch(absentOrFailed);
  }

  async #putParts(id: BlobId, uploadId: string, first: Buffer, rest: AsyncIterable<Buffer>): Promise<number> {
    const uploaded = [await this.#client.uploadPart(id, uploadId, first, 1).catch(failed)];
    let bytes = first.length;
    for await (const part of rest) {
      uploaded.push(await this.#client.uploadPart(id, uploadId, part, uploaded.length + 1).catch(failed));
      bytes += part.length;
    }
    await this.#client.completeMultipartUpload(id, uploadId, uploaded).catch(failed);
    return bytes;
  }
}

/** The stream in pieces of `PART_BYTES` or a little more; only the last one is shorter. */
async function* inParts(content: ByteStream): AsyncGenerator<Buffer, undefined> {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(chunks);
    [chunks, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(chunks);
}

function failed(error: unknown): never {
  throw new StoreError('not-done', error);
}

function absentOrFailed(error: unknown): null {
  const isAbsent = error instanceof Error && 'status' in error && error.status === 404;
  return isAbsent ? null : failed(error);
}

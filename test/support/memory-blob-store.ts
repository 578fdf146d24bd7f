import { atMost, type BlobStore, type ByteRange, type ByteStream } from '../../src/application/ports/files.ts';

/** A BlobStore that ends with the process. The contract suite runs over it, too. */
export class MemoryBlobStore implements BlobStore {
  readonly blobs = new Map<string, Buffer>();

  async put(id: string, content: ByteStream, maxBytes: number): Promise<number> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of atMost(maxBytes, content)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    this.blobs.set(id, bytes);
    return bytes.length;
  }

  async get(id: string, range?: ByteRange): Promise<ByteStream | null> {
    const bytes = this.blobs.get(id);
    if (!bytes) return null;
    const part = range ? bytes.subarray(range.first, range.last + 1) : bytes;
    return (async function* () {
      yield part;
    })();
  }

  async delete(id: string): Promise<void> {
    this.blobs.delete(id);
  }
}

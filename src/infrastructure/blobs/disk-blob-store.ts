import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type BlobStore, type ByteRange, type ByteStream } from '../../application/ports/files.ts';
import { StoreError } from '../../application/ports/persistence.ts';
import type { BlobId } from '../../domain/ids.ts';

/** Files in one folder, for their owner's eyes only. A file has its name only once all of it is on the disk. */
export class DiskBlobStore implements BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(id: BlobId, content: ByteStream, maxBytes: number): Promise<number> {
    const path = this.#path(id);
    const part = partOf(path);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch(failed);
    const file = await open(part, 'wx', 0o600).catch(failed);
    try {
      const bytes = await write(file, atMost(maxBytes, content));
      await rename(part, path).catch(failed);
      await syncFolder(this.#folder).catch(failed);
      return bytes;
    } catch (error) {
      await rm(part, { force: true }).catch(failed);
      throw error;
    }
  }

  async get(id: BlobId, range?: ByteRange): Promise<ByteStream | null> {
    const file = await open(this.#path(id)).catch(absentOrFailed);
    return file === null ? null : file.createReadStream(range && { start: range.first, end: range.last });
  }

  async delete(id: BlobId): Promise<void> {
    const path = this.#path(id);
    await Promise.all([path, partOf(path)].map((each) => rm(each, { force: true }))).catch(failed);
  }

  #path(id: BlobId): string {
    if (!/^[\w-]{1,64}$/.test(id)) throw new Error('not an id of a file');
    return join(this.#folder, id);
  }
}

const partOf = (path: string): string => `${path}.part`;

async function write(file: FileHandle, content: ByteStream): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of content) {
      await file.writeFile(chunk).catch(failed);
      bytes += chunk.byteLength;
    }
    await file.sync().catch(failed);
    return bytes;
  } finally {
    await file.close();
  }
}

/** Without it a power cut could take the name away again. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failed(error: unknown): never {
  throw new StoreError('not-done', error);
}

function absentOrFailed(error: NodeJS.ErrnoException): null {
  return error.code === 'ENOENT' ? null : failed(error);
}

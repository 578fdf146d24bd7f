import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Collection, type Db, GridFSBucket, type ObjectId } from 'mongodb';
import { atMost, type BlobStore, type ByteRange, type ByteStream } from '../../application/ports/files.ts';
import type { BlobId } from '../../domain/ids.ts';
import { readFailed, writeFailed } from './mongo-database.ts';

const BUCKET = 'blobs';

/** GridFS: chunks first, and the document without which nobody finds them last. */
export class MongoBlobStore implements BlobStore {
  readonly #bucket: GridFSBucket;
  readonly #files: Collection<{ readonly _id: BlobId }>;
  readonly #chunks: Collection<{ readonly files_id: BlobId }>;

  constructor(db: Db) {
    this.#bucket = new GridFSBucket(db, { bucketName: BUCKET });
    this.#files = db.collection(`${BUCKET}.files`);
    this.#chunks = db.collection(`${BUCKET}.chunks`);
  }

  async put(id: BlobId, content: ByteStream, maxBytes: number): Promise<number> {
    const upload = this.#bucket.openUploadStreamWithId(keyOf(id), id);
    try {
      await pipeline(Readable.from(atMost(maxBytes, content)), upload);
      return upload.length;
    } catch (error) {
      await this.delete(id).catch(() => undefined); // its owner deletes it once more
      return writeFailed(error);
    }
  }

  async get(id: BlobId, range?: ByteRange): Promise<ByteStream | null> {
    const file = await this.#files.findOne({ _id: id }).catch(readFailed);
    if (!file) return null;
    return this.#bucket.openDownloadStream(keyOf(id), range && { start: range.first, end: range.last + 1 });
  }

  async delete(id: BlobId): Promise<void> {
    await this.#files.deleteOne({ _id: id }).catch(writeFailed);
    await this.#chunks.deleteMany({ files_id: id }).catch(writeFailed);
  }
}

/** GridFS takes any value for an id; only the driver's types want an ObjectId. */
const keyOf = (id: BlobId): ObjectId => id as unknown as ObjectId;

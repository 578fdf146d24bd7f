/** Where the bytes of files are kept, and what is done to images. */
import type { BlobId } from '../../domain/ids.ts';

/** There was more than was allowed. Nothing was stored. */
export class BlobTooLarge extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
    this.name = 'BlobTooLarge';
    this.maxBytes = maxBytes;
  }
}

export type ByteStream = AsyncIterable<Uint8Array>;

/** The first and the last byte that are wanted, from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Keeps bytes under ids. The ids are this program's own, used once each, and never taken for paths. What failed for want of
 * the store itself throws StoreError.
 */
export interface BlobStore {
  /**
   * Stores a stream, whole or not at all: until it resolves, and if it does not, there is no such blob. Answers its size in bytes.
   * Holds a few megabytes of it at most. Throws what the stream throws.
   * @throws BlobTooLarge
   */
  put(id: BlobId, content: ByteStream, maxBytes: number): Promise<number>;

  /** The bytes, or a part of them that lies within; null where there is no such blob. Whoever gets them reads them. */
  get(id: BlobId, range?: ByteRange): Promise<ByteStream | null>;

  /** Takes it away with all that an unfinished `put` left. There need not be one. */
  delete(id: BlobId): Promise<void>;
}

/** The stream as it is, until it is longer than that. @throws BlobTooLarge */
export async function* atMost(maxBytes: number, content: ByteStream): ByteStream {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new BlobTooLarge(maxBytes);
    yield chunk;
  }
}

export interface ImageProcessor {
  /**
   * A square picture of an image (PNG, JPEG, GIF or WebP): 256 × 256, WebP, its first frame, with nothing of what a camera
   * writes beside it.
   * @throws DomainError IMAGE_REFUSED where it cannot be read or is too large, AVATARS_UNSUPPORTED where nothing here can read it
   */
  avatar(image: Uint8Array): Promise<Uint8Array>;
}

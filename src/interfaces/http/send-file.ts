import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FileStorage } from '../../application/file-storage.ts';
import type { ByteRange, ByteStream } from '../../application/ports/files.ts';
import type { DomainError } from '../../domain/errors.ts';
import { IMAGE_TYPES } from '../../domain/media-type.ts';
import type { StoredFile } from '../../domain/stored-file.ts';

/** No browser may run anything that is in a file, whatever it holds. */
const SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'";
const YEAR_S = 31_536_000;

export interface FileOptions {
  readonly storage: FileStorage;
  /** Its address is of this file alone, and will be. Still, whether it may be seen is asked whenever it is not cached. */
  readonly immutable: boolean;
  /** Where the bytes have gone. */
  readonly absent: () => DomainError;
}

/**
 * Answers with a file: as a download, but for images, which may be shown. For those who have seen it there is 304, and one range
 * of bytes may be asked for (RFC 9110 13, 14).
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StoredFile,
  { storage, immutable, absent }: FileOptions,
): Promise<FastifyReply> {
  const etag = `"${file.id}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': immutable ? `private, max-age=${YEAR_S}, immutable` : 'private, no-cache',
    'content-security-policy': SANDBOX,
    'content-disposition': dispositionOf(file),
    'cross-origin-resource-policy': 'same-site',
  };
  if (matches(request.headers['if-none-match'], etag)) return reply.headers(headers).code(304).send();
  const range = request.headers['if-range'] === undefined ? rangeOf(request.headers.range, file.bytes) : null;
  const content = await storage.read(file, range ?? undefined);
  if (!content) throw absent();
  reply.headers(headers); // not before: a refusal under them would be kept in the place of the file
  const length = range ? range.last - range.first + 1 : file.bytes;
  if (range) reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${file.bytes}`);
  reply
    .header('content-length', length)
    .type(file.mediaType === 'text/plain' ? 'text/plain; charset=utf-8' : file.mediaType);
  return reply.send(streamOf(content));
}

/**
 * The stream itself where it is one, so that its file is closed when a client hangs up before the first byte: `Readable.from` lets
 * its source go only once it has begun to read, and a file that the garbage collector finds open ends the process.
 */
function streamOf(content: ByteStream): Readable {
  if (content instanceof Readable) return content;
  return content instanceof ReadableStream ? Readable.fromWeb(content) : Readable.from(content, { objectMode: false });
}

/** RFC 6266, with the name in ASCII for old clients and as it is (RFC 8187) for all others. */
function dispositionOf({ name, mediaType }: StoredFile): string {
  const type = IMAGE_TYPES.includes(mediaType) ? 'inline' : 'attachment';
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${type}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** RFC 9110 13.1.2. */
function matches(condition: string | undefined, etag: string): boolean {
  const tags = (condition ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** The one range that is asked for; null for none, for several and for one that is not there, which give the whole file. */
function rangeOf(header: string | undefined, bytes: number): ByteRange | null {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return null;
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  return first <= last ? { first, last } : null;
}

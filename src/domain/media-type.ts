/** What a file is by what it holds: what its sender calls it is never believed. Formats are told by their first bytes. */

/** How much of a file's beginning is looked at: an image says its size early, but for photographs with a thumbnail in front. */
export const HEAD_BYTES = 128 * 1024;
const TEXT_HEAD_BYTES = 4096;

export interface ContentType {
  readonly mediaType: string;
  /** In pixels, of an image that says so in its head. */
  readonly width: number | null;
  readonly height: number | null;
}

type Size = readonly [width: number, height: number];

/** Images that every browser shows and none can run. */
export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const UNKNOWN = 'application/octet-stream';

/** @param head the first `HEAD_BYTES` of the file, or all of it where it is shorter */
export function contentTypeOf(head: Uint8Array): ContentType {
  const mediaType = mediaTypeOf(head);
  const [width, height] = sizeOf(mediaType, new DataView(head.buffer, head.byteOffset, head.byteLength)) ?? [];
  return { mediaType, width: width ?? null, height: height ?? null };
}

function mediaTypeOf(head: Uint8Array): string {
  const has = (text: string, at = 0): boolean =>
    head.length >= at + text.length && [...text].every((c, i) => head[at + i] === c.charCodeAt(0));
  if (has('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (has('\xff\xd8\xff')) return 'image/jpeg';
  if (has('GIF87a') || has('GIF89a')) return 'image/gif';
  if (has('RIFF') && has('WEBP', 8)) return 'image/webp';
  if (has('RIFF') && has('WAVE', 8)) return 'audio/wav';
  if (has('%PDF-')) return 'application/pdf';
  if (has('PK\x03\x04') || has('PK\x05\x06')) return 'application/zip';
  if (has('ftypqt  ', 4)) return 'video/quicktime';
  if (has('ftyp', 4)) return ['M4A ', 'M4B '].some((brand) => has(brand, 8)) ? 'audio/mp4' : mp4Or(has);
  if (has('\x1a\x45\xdf\xa3')) return isWebm(head) ? 'video/webm' : 'video/x-matroska';
  if (has('OggS')) return 'audio/ogg';
  if (has('ID3') || isMp3Frame(head)) return 'audio/mpeg';
  return isText(head) ? 'text/plain' : UNKNOWN;
}

/** ISO/IEC 14496-12: the brand tells films from what else is kept in such boxes (HEIF, AVIF). */
const mp4Or = (has: (text: string, at: number) => boolean): string =>
  ['isom', 'iso2', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'dash', 'M4V ', 'MSNV'].some((brand) =>
    has(brand, 8),
  )
    ? 'video/mp4'
    : UNKNOWN;

/** The document type of an EBML header (RFC 8794 11.2.5) stands near its beginning. */
const isWebm = (head: Uint8Array): boolean => latin1(head.subarray(0, 64)).includes('\x42\x82\x84webm');

/** The sync word and header of MPEG audio layer III (ISO/IEC 11172-3 2.4.1.3). */
function isMp3Frame([first, second = 0, third = 0]: Uint8Array): boolean {
  const isLayerThree = first === 0xff && (second & 0xe6) === 0xe2 && (second & 0x18) !== 0x08;
  return isLayerThree && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c;
}

/** UTF-8 without control characters, as far as is looked; a character may be cut at the end. */
function isText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(0, TEXT_HEAD_BYTES), { stream: true });
    return !/\p{Cc}/u.test(text.replace(/[\t\n\f\r]/g, ''));
  } catch {
    return false;
  }
}

function sizeOf(mediaType: string, head: DataView): Size | null {
  try {
    if (mediaType === 'image/png') return [head.getUint32(16), head.getUint32(20)];
    if (mediaType === 'image/gif') return [head.getUint16(6, true), head.getUint16(8, true)];
    if (mediaType === 'image/webp') return webpSize(head);
    return mediaType === 'image/jpeg' ? jpegSize(head) : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // cut short
    throw error;
  }
}

/** RFC 9649 2.5 to 2.7. */
function webpSize(head: DataView): Size | null {
  const uint24 = (at: number) => head.getUint16(at, true) | (head.getUint8(at + 2) << 16);
  switch (head.getUint32(12)) {
    case 0x56503820: // "VP8 ", RFC 6386 9.1
      return [head.getUint16(26, true) & 0x3fff, head.getUint16(28, true) & 0x3fff];
    case 0x5650384c: {
      const bits = head.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    case 0x56503858:
      return [uint24(24) + 1, uint24(27) + 1];
    default:
      return null;
  }
}

/** The frame header (ITU-T T.81 B.2.2), behind however many segments. */
function jpegSize(head: DataView): Size | null {
  for (let at = 2; head.getUint8(at) === 0xff; at += 2 + head.getUint16(at + 2)) {
    const marker = head.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [head.getUint16(at + 7), head.getUint16(at + 5)];
  }
  return null;
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

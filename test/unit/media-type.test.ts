import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { contentTypeOf } from '../../src/domain/media-type.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const typeOf = (head: Uint8Array): string => contentTypeOf(head).mediaType;

describe('what a file is', () => {
  test.each([
    ['%PDF-1.7\n', 'application/pdf'],
    ['PK\x03\x04\x14\x00', 'application/zip'],
    ['PK\x05\x06\x00\x00', 'application/zip'],
    ['\x00\x00\x00\x18ftypisom\x00\x00', 'video/mp4'],
    ['\x00\x00\x00\x18ftypmp42\x00\x00', 'video/mp4'],
    ['\x00\x00\x00\x14ftypqt  \x00\x00', 'video/quicktime'],
    ['\x00\x00\x00\x18ftypM4A \x00\x00', 'audio/mp4'],
    ['\x00\x00\x00\x18ftypheic\x00\x00', 'application/octet-stream'],
    ['\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm', 'video/webm'],
    ['\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska', 'video/x-matroska'],
    ['OggS\x00\x02', 'audio/ogg'],
    ['ID3\x04\x00', 'audio/mpeg'],
    ['\xff\xfb\x90\x64', 'audio/mpeg'],
    ['\xff\xfb\xf0\x64', 'application/octet-stream'], // its bit rate is none
    ['\xff\xfb\x9c\x64', 'application/octet-stream'], // its sampling rate is none
    ['\xff\xeb\x90\x64', 'application/octet-stream'], // its version is none
    ['\xfe\xfb\x90\x64', 'application/octet-stream'],
    ['RIFF\x24\x00\x00\x00WAVEfmt ', 'audio/wav'],
    ['RIFF\x24\x00\x00\x00AVI \x00', 'application/octet-stream'],
    ['\x01\x00\x00\x00\x24\x00\x00\x00WAVEfmt ', 'application/octet-stream'],
    ['\x01\x00\x00\x00\x24\x00\x00\x00WEBPVP8 ', 'application/octet-stream'],
    ['GIF89a\x05\x00\x07\x00', 'image/gif'],
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['\x7fELF\x02\x01', 'application/octet-stream'],
    ['MZ\x90\x00', 'application/octet-stream'],
    ['plain text\n', 'text/plain'],
    ['<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'text/plain'],
    ['<!doctype html><script>alert(1)</script>', 'text/plain'],
    ['\xff\xfe\x00', 'application/octet-stream'],
    ['text with a \x00', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('%j', (head, expected) => expect(typeOf(bytes(head))).toBe(expected));

  test('a text in UTF-8, even where its head ends within a character', () => {
    const text = Buffer.from('größer 名前 👩‍🚀\n'.repeat(1000));
    for (const length of [5, 6, 7, 8, 15, 4095, 4096, 4097])
      expect(typeOf(text.subarray(0, length))).toBe('text/plain');
    expect(typeOf(Buffer.from('größer', 'latin1'))).toBe('application/octet-stream');
  });

  test('one thing, for a file that is two', () => {
    expect(typeOf(bytes('GIF89a/*\x00\x00*/=1;alert(1)//<script>'))).toBe('image/gif');
    expect(typeOf(bytes('%PDF-1.4 <html><script>alert(1)</script>'))).toBe('application/pdf');
  });
});

describe('how large an image is', () => {
  const image = sharp({ create: { width: 31, height: 17, channels: 3, background: 'red' } });
  const formats = { png: image.clone().png(), gif: image.clone().gif(), jpeg: image.clone().jpeg() };
  const webp = { lossy: image.clone().webp(), lossless: image.clone().webp({ lossless: true }) };
  const extended = image.clone().withMetadata({ orientation: 3 }).webp();
  const progressive = image.clone().withMetadata({ orientation: 6 }).jpeg({ progressive: true });

  test.each(Object.entries({ ...formats, ...webp, extended, progressive }))('%s', async (_name, encoded) => {
    expect(contentTypeOf(await encoded.toBuffer())).toMatchObject({ width: 31, height: 17 });
  });

  const jpeg = (...segments: string[]): Uint8Array => bytes(`\xff\xd8${segments.join('')}`);
  const frame = (marker: string) => `\xff${marker}\x00\x11\x08\x00\x11\x00\x1f`; // 31 × 17

  test.each(['\xc0', '\xc1', '\xc2', '\xc5', '\xcf'])('of a JPEG with a frame of kind %j', (marker) => {
    expect(contentTypeOf(jpeg(frame(marker)))).toMatchObject({ width: 31, height: 17 });
  });

  test.each(['\xbf', '\xc4', '\xc8', '\xcc', '\xd0'])('is not what a JPEG says in a segment of kind %j', (marker) => {
    expect(contentTypeOf(jpeg(`\xff${marker}\x00\x08\x08\x00\x02\x00\x03\x00`, frame('\xc0')))).toMatchObject({
      width: 31,
      height: 17,
    });
    expect(contentTypeOf(jpeg(frame(marker)))).toMatchObject({ width: null, height: null });
  });

  test('of a WebP that is wider than 65,536', () => {
    const head = `RIFF\x24\x00\x00\x00WEBPVP8X\x0a${'\x00'.repeat(7)}\x70\x11\x01\x10\x00\x00`;
    expect(contentTypeOf(bytes(head))).toMatchObject({ width: 70_001, height: 17 });
  });

  test('is not known of a WebP of another kind, nor of what is no image', () => {
    const none = { width: null, height: null };
    expect(contentTypeOf(bytes(`RIFF\x24\x00\x00\x00WEBPVP9 ${'\x01'.repeat(30)}`))).toMatchObject(none);
    expect(contentTypeOf(bytes('plain text, long enough for all of that'))).toMatchObject(none);
  });

  test('is not known of one that is cut short, and it never throws', async () => {
    for (const encoded of Object.values({ ...formats, ...webp, extended, progressive })) {
      const whole = await encoded.toBuffer();
      for (let length = 0; length < Math.min(whole.length, 40); length += 1) {
        const { width, height } = contentTypeOf(whole.subarray(0, length));
        expect([31, null]).toContain(width);
        expect([17, null]).toContain(height);
      }
    }
  });
});

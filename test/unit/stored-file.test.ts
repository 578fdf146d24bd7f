import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  attachmentNotFound,
  avatarNotFound,
  cleanFileName,
  isAttachment,
  type StoredFile,
  tooLarge,
} from '../../src/domain/stored-file.ts';

describe('the name of a file', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['two\nlines/of/a path', 'a path'],
    ['C:\\Users\\ann\\photo.jpg', 'photo.jpg'],
    ['/', 'file'],
    ['..', 'file'],
    ['.', 'file'],
    ['', 'file'],
    ['  ', 'file'],
    ['.htaccess', '.htaccess'],
    ['a\0b\r\nc".txt', 'abc".txt'],
    ['invoice\u202Egpj.exe', 'invoicegpj.exe'],
    ['a\u2066b\u2069\u200F.txt', 'ab.txt'],
    ['\uD800x.png', '\uFFFDx.png'],
    ['👩‍🚀 名前.png', '👩‍🚀 名前.png'],
    [`${'x'.repeat(300)}.jpeg`, `${'x'.repeat(250)}.jpeg`],
    [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
    [`${'x'.repeat(250)}👩👩👩.png`, `${'x'.repeat(250)}.png`],
    [`👩${'x'.repeat(300)}`, `👩${'x'.repeat(253)}`],
    [`${'x'.repeat(255)}`, 'x'.repeat(255)],
    [`a.tar.${'x'.repeat(300)}.${'y'.repeat(15)}`, `a.tar.${'x'.repeat(233)}.${'y'.repeat(15)}`],
    [`a.${'x'.repeat(300)}.${'y'.repeat(16)}`, `a.${'x'.repeat(253)}`],
  ])('%j', (raw, expected) => expect(cleanFileName(raw)).toEqual(expected));

  test('is short, well formed, of one line and no path, whatever came', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (raw) => {
        const name = cleanFileName(raw);
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(255);
        expect(name.isWellFormed()).toBe(true);
        expect(name).not.toMatch(/[/\\\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(name).not.toMatch(/^\.*$/);
      }),
    );
  });
});

test('a file is an attachment where it is used by messages alone, or by nothing yet', () => {
  const [message, picture] = [{ of: 'message' }, { of: 'user' }];
  const isOne = (...uses: object[]) => isAttachment({ uses } as unknown as StoredFile);
  expect([isOne(), isOne(message), isOne(picture), isOne(message, picture)]).toEqual([true, true, false, false]);
});

test('refusals say which and why', () => {
  const refusals = [attachmentNotFound(), avatarNotFound(), tooLarge(7)];
  expect(refusals.map(({ code }) => code)).toEqual(['ATTACHMENT_NOT_FOUND', 'AVATAR_NOT_FOUND', 'PAYLOAD_TOO_LARGE']);
  for (const { message } of refusals) expect(message).toMatch(/file|picture/);
});

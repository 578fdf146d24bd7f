import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codePointCount, optionalText, searchKey, storableText, uniqueKey } from '../../src/domain/text.ts';
import { TEXTS } from '../support/texts.ts';

/** Of any UTF-16 units, well formed or not. */
const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));

describe('codePointCount', () => {
  test.each([
    ['nothing', '', 0],
    ['letters', 'abc', 3],
    ['a letter outside the basic plane', '𝕏', 1],
    ['a letter and its combining mark', 'e\u0301', 2],
    ['a family of four and its joiners', '👩‍👩‍👧‍👦', 7],
    ['a lone surrogate', '\uD83D', 1],
  ])('of %s', (_, text, count) => {
    expect(codePointCount(text)).toBe(count);
  });
});

describe('storableText', () => {
  test.each(TEXTS.map((text) => [text.slice(0, 20), text]))(
    'keeps %j as it is, but for blanks around it',
    (_, text) => {
      expect(storableText(text, 1, 4000)).toBe(text.trim());
    },
  );

  test.each([
    ['blanks', '   '],
    ['tabs and line ends', '\t\r\n'],
    ['an ideographic and a no-break space', '\u3000\u00A0'],
    ['a byte order mark', '\uFEFF'],
    ['nothing', ''],
  ])('refuses a text of %s', (_, text) => {
    expect(() => storableText(text, 1, 10)).toThrow('must not be blank');
  });

  test('counts what is left between the blanks around it', () => {
    expect(storableText('  1234567890\n', 1, 10)).toBe('1234567890');
    expect(() => storableText('  12  ', 3, 10)).toThrow('must have at least 3 characters');
  });

  test.each([
    ['letters', 'a'],
    ['letters outside the basic plane', '𝕏'],
    ['emoji', '😀'],
    ['zero-width spaces', '\u200B'],
  ])('counts code points, not units: %s', (_, one) => {
    expect(storableText(one.repeat(3), 3, 5)).toBe(one.repeat(3));
    expect(storableText(one.repeat(5), 3, 5)).toBe(one.repeat(5));
    expect(() => storableText(one.repeat(2), 3, 5)).toThrow('must have at least 3 characters');
    expect(() => storableText(one.repeat(6), 3, 5)).toThrow('must have at most 5 characters');
  });

  test.each(['\0', 'a\0b', ' \0 '])('refuses NUL (%j)', (text) => {
    expect(() => storableText(text, 1, 10)).toThrow('must not contain NUL');
  });

  test.each(['\uD83D', '\uDE00', 'a\uD83Db', '\uDE00\uD83D'])('refuses a lone surrogate (%j)', (text) => {
    expect(() => storableText(text, 1, 10)).toThrow('must not contain a lone surrogate');
  });

  test('leaves as it is what it gave before', () => {
    const storable = anyText.map((text) => `a${text.toWellFormed().replaceAll('\0', '')}`);
    fc.assert(
      fc.property(storable, (raw) => {
        const text = storableText(raw, 1, 100);
        expect(storableText(text, 1, 100)).toBe(text);
      }),
    );
  });
});

describe('searchKey', () => {
  test('finds a part of a word wherever it ends, as a final sigma would not', () => {
    expect(searchKey('Σίσυφος ο μέγας')).toContain(searchKey('ΣΊΣΥΦΟΣ'));
    expect(searchKey('Σισύφοση')).toContain(searchKey('φος'));
  });
});

describe('optionalText', () => {
  test.each([[null], [''], [' \n\u3000']])('nothing is %j', (raw) => {
    expect(optionalText(raw, 10)).toBeNull();
  });

  test('something follows the rules of every text', () => {
    expect(optionalText('  here ', 4)).toBe('here');
    expect(() => optionalText('there', 4)).toThrow('must have at most 4 characters');
    expect(() => optionalText(' \0', 4)).toThrow('must not contain NUL');
  });
});

describe('uniqueKey', () => {
  test.each([
    ['case', 'Anna', 'aNNA'],
    ['composed and decomposed letters', 'José', 'Jose\u0301'],
    ['full-width letters', 'Anna', 'Ａｎｎａ'],
    ['ligatures', 'office', 'oﬃce'],
    ['ß and SS', 'Straße', 'STRASSE'],
    ['capital ẞ and ss', 'STRAẞE', 'strasse'],
    ['final, medial and capital sigma', 'Σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['medial sigma at the end', 'ΟΔΟΣ', 'οδοσ'],
    ['the long s', 'Wachſtube', 'wachstube'],
    ['the Kelvin and the Ångström sign', '\u212B\u212A', 'åk'],
    ['iota below and beside', 'τῷ', 'τῶι'.toUpperCase()],
    ['dotted capital İ and i with a dot above', 'İstanbul', 'i\u0307stanbul'],
    ['Cherokee capitals and small letters', 'ᏣᎳᎩ', 'ꮳꮃꭹ'],
  ])('is one for %s', (_, one, other) => {
    expect(uniqueKey(one)).toBe(uniqueKey(other));
  });

  test.each([
    ['a letter and its accented form', 'Jose', 'José'],
    ['dotted capital İ and I', 'İstanbul', 'Istanbul'],
    ['letters of two scripts that look alike', 'anna', 'аnnа'],
    ['an emoji and its darker sister', '👍', '👍🏿'],
    ['a text and one with a zero-width joiner', 'anna', 'an\u200Dna'],
  ])('differs for %s', (_, one, other) => {
    expect(uniqueKey(one)).not.toBe(uniqueKey(other));
  });

  test('stays what it was: stores hold keys that were made long ago', () => {
    expect(['ANNA', 'Straße', 'ΟΔΟΣ', 'Ａｎｎａ'].map(uniqueKey)).toEqual(['anna', 'strasse', 'οδος', 'anna']);
  });

  test('of a key is the key, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(uniqueKey(uniqueKey(text))).toBe(uniqueKey(text));
      }),
    );
  });

  test('of a key is the key, also with more marks than any script has', () => {
    const mark = fc.constantFrom('\u0300', '\u0316', '\u0344', '\u0345', '\u034f', '\u0f73', 'ΰ');
    fc.assert(
      fc.property(fc.array(mark, { minLength: 25, maxLength: 200 }), (marks) => {
        const key = uniqueKey(marks.join(''));
        expect(uniqueKey(key)).toBe(key);
      }),
    );
  });

  test.each(['\u0300\u0316', '\u0345\u0301', '\u0344'])('takes no longer for nothing but marks (%j)', (marks) => {
    const fastest = (text: string) => {
      const times = [1, 2, 3].map(() => {
        const startedAt = performance.now();
        uniqueKey(text);
        return performance.now() - startedAt;
      });
      return Math.min(...times);
    };
    const [hostile, usual] = [marks, 'e\u0301'].map((piece) => piece.repeat(32_000 / piece.length));
    expect(fastest(hostile ?? '') / fastest(usual ?? '')).toBeLessThan(50);
  });

  test('is the same for every single character in either case and in each Unicode form', () => {
    const beyondAllLetters = 0x30000;
    for (let point = 0; point < beyondAllLetters; point += 1) {
      const one = String.fromCodePoint(point);
      const key = uniqueKey(one);
      const forms = [one.toLowerCase(), one.toUpperCase(), one.normalize('NFD'), one.normalize('NFKC'), key];
      const strays = forms.filter((form) => form !== one && uniqueKey(form) !== key);
      if (strays.length > 0) throw new Error(`U+${point.toString(16)} has another key as ${strays}`);
    }
  });
});

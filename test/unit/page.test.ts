import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../src/application/page.ts';
import { DomainError } from '../../src/domain/errors.ts';

/** What a cursor decodes to, or the code of its refusal. */
function decoded(cursor: string, ...types: ('string' | 'number')[]): unknown {
  try {
    return decodeCursor(cursor, ...types);
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

/** Of any UTF-16 units, well formed or not. */
const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
const parts = fc.array(fc.oneof(fc.maxSafeInteger(), fc.uuid(), fc.string({ unit: 'binary' })), {
  minLength: 1,
  maxLength: 4,
});
const typesOf = (of: readonly (string | number)[]) =>
  of.map((part) => (typeof part === 'string' ? 'string' : 'number'));

describe('a cursor', () => {
  test('gives back the parts that it was made of', () => {
    fc.assert(
      fc.property(parts, (of) => {
        expect(decodeCursor(encodeCursor(of), ...typesOf(of))).toEqual(of);
      }),
    );
  });

  test('goes into a URL as it is', () => {
    fc.assert(
      fc.property(parts, (of) => {
        expect(encodeCursor(of)).toMatch(/^[\w-]+$/);
      }),
    );
  });
});

describe('VALIDATION_FAILED is the answer', () => {
  test.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['base64 of no JSON', btoa('{')],
    ['an object', btoa('{"0":5,"1":"x","length":2}')],
    ['null', btoa('null')],
    ['a number', btoa('5')],
    ['too few parts', encodeCursor([5])],
    ['too many parts', encodeCursor([5, 'x', 'y'])],
    ['parts in another order', encodeCursor(['x', 5])],
    ['a part that is null', btoa('[null,"x"]')],
    ['a part that is a list', btoa('[[5],"x"]')],
    ['a part that is an object', btoa('[{"$gt":0},"x"]')],
    ['a part that is a boolean', btoa('[true,"x"]')],
    ['letters of another script', 'пять'],
    ['a lone surrogate', '\uD83D'],
    ['depth', btoa('['.repeat(100_000))],
  ])('to %s', (_, cursor) => {
    expect(decoded(cursor, 'number', 'string')).toBe('VALIDATION_FAILED');
  });

  test('to the cursor of another list', () => {
    fc.assert(
      fc.property(parts, parts, (own, other) => {
        fc.pre(typesOf(own).join() !== typesOf(other).join());
        expect(decoded(encodeCursor(other), ...typesOf(own))).toBe('VALIDATION_FAILED');
      }),
    );
  });

  test('to whatever else does not decode to such parts', () => {
    const forged = fc.oneof(anyText, fc.base64String(), fc.json().map(btoaOfLatin1));
    fc.assert(
      fc.property(forged, (cursor) => {
        const answer = decoded(cursor, 'number', 'string');
        expect(answer === 'VALIDATION_FAILED' || isNumberAndString(answer)).toBe(true);
      }),
    );
  });

  test('and it names the parameter', () => {
    expect(() => decodeCursor('', 'number')).toThrow('/cursor: is not a cursor of this list');
  });
});

const btoaOfLatin1 = (text: string): string => btoa(text.replaceAll(/[^\0-\xff]/g, '?'));

const isNumberAndString = (parts: unknown): boolean =>
  Array.isArray(parts) && parts.length === 2 && typeof parts[0] === 'number' && typeof parts[1] === 'string';

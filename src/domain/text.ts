import { invalid } from './errors.ts';

/** How many code points a text has: what people call characters, near enough, and what every length limit counts. */
export function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * A text as it is stored: trimmed, between `min` and `max` code points, without NUL and lone surrogates (neither survives
 * every store and every wire). Nothing else is changed: what was sent is what is given back.
 * @throws DomainError VALIDATION_FAILED
 */
export function storableText(raw: string, min: number, max: number): string {
  if (raw.includes('\0')) throw invalid('must not contain NUL');
  if (!raw.isWellFormed()) throw invalid('must not contain a lone surrogate');
  const text = raw.trim();
  // A code point is at most two UTF-16 units, so most texts need no count.
  if (text.length < min || (text.length < min * 2 && codePointCount(text) < min)) {
    throw invalid(min === 1 ? 'must not be blank' : `must have at least ${min} characters`);
  }
  if (text.length > max && codePointCount(text) > max) throw invalid(`must have at most ${max} characters`);
  return text;
}

/** Like `storableText`, for a field that may be empty: `null` and blank are both "nothing". */
export function optionalText(raw: string | null, max: number): string | null {
  if (raw === null || raw.trim() === '') return null;
  return storableText(raw, 1, max);
}

/**
 * So many combining marks in a row as no script has. To bring them into order takes the square of their number, so that a
 * joiner, which nothing passes, comes after each thirty (UAX #15, 12: the Stream-Safe Text Format).
 */
const MANY_MARKS = /[\p{M}--\u034f]{30}(?!\u034f)/gv;

/**
 * The form under which a name or an address is unique: the same for every case and Unicode form of the same letters
 * (compatibility composition, then a full case fold by way of the upper case, which takes ß to ss and ς to σ's fold).
 */
export function uniqueKey(text: string): string {
  const composed = inFewMarks(text).normalize('NFKC');
  return inFewMarks(composed.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC'));
}

const inFewMarks = (text: string): string => text.replace(MANY_MARKS, '$&\u034f');

/**
 * The form in which a part of a text is looked for: as `uniqueKey`, but one in which every letter looks the same wherever it
 * stands, which a final sigma does not.
 */
export const searchKey = (text: string): string => uniqueKey(text).replaceAll('ς', 'σ');

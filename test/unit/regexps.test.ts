/**
 * No regular expression takes long for any text: what is quadratic in 16 KiB would hold everybody up at the server, and in a page
 * whoever reads what somebody wrote.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = ['src/**/*.ts', 'client/src/**/*.ts', 'web/src/**/*.{ts,tsx}'];
const LENGTH = 16 * 1024;
/** What is linear takes a millisecond; what is quadratic, seconds. The best of a few, since the machine may be busy. */
const MS_MAX = 200;
const ATTEMPTS = 3;

/** Comments and texts are passed over; a slash begins a regular expression where no value stands before it. */
const TOKEN =
  /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=[(,=:[!&|?{};>]\s*|return\s+)\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)/g;

const REGEXPS = globSync(SOURCES, { cwd: ROOT }).flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(TOKEN)]
    .filter(([, source]) => source !== undefined && !source.includes('${')) // a path in a template
    .map(([text, source = '', flags = '']): [string, string, RegExp] => [text, file, new RegExp(source, flags)]),
);

const PIECES = [
  'a',
  'A',
  '0',
  ' ',
  '\t',
  '\n',
  '\r',
  '.',
  '-',
  '_',
  '@',
  '/',
  '\\',
  '=',
  '+',
  ',',
  ':',
  '?',
  '#',
  '%',
  '[',
  ']',
];
const PAIRS = ['a ', 'a.', 'a@', 'a-', '0.', '0,', ' \n', '\r\n', '\\/', '=a', 'é', '\ud83d\ude00', '\ud800a'];
const HEADS = ['', 'Bearer ', 'Basic ', 'bytes=', '::ffff:', 'index: ', 'a@', 'PARLEY_PORT_', 'https:'];
/** The end fits nothing, so that whatever can be tried in several ways is. */
const HOSTILE = [
  ...HEADS.flatMap((head) => PIECES.map((piece) => `${head}${piece.repeat(LENGTH)}\0`)),
  ...PAIRS.map((pair) => `${pair.repeat(LENGTH / pair.length)}\0`),
];

function fastest(regexp: RegExp, text: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ATTEMPTS && best > MS_MAX; i += 1) {
    const startedAt = performance.now();
    text.search(regexp);
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}

test('there is something to try, and a bad one would be found out', () => {
  expect(REGEXPS.length).toBeGreaterThan(40);
  expect(fastest(/(\s+)x/, ' '.repeat(LENGTH))).toBeGreaterThan(MS_MAX);
});

test.each(REGEXPS)('%s of %s', (_text, _file, regexp) => {
  const slow = HOSTILE.filter((text) => fastest(regexp, text) > MS_MAX);
  expect(slow.map((text) => `${text.slice(0, 12)}…${text.slice(-2)}`)).toEqual([]);
});

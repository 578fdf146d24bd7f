/** Texts that a store must give back exactly, unit by unit. */
export const TEXTS: readonly string[] = [
  'plain',
  '  inner   blanks\tand\nlines\r\nare kept',
  `quotes ' " \` and \\ and %_.*?$ and {"$ne": null} and '; DROP TABLE messages; --`,
  'Ελληνικά, Кириллица, 中文字, 日本語のテキスト, 한국어, ไทย, हिन्दी, አማርኛ',
  'עברית و العربية mixed \u202Bright to left\u202C again',
  '👩‍👩‍👧‍👦 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇨🇭 ❤️ 🧑🏿‍🚀',
  'é composed, e\u0301 decomposed, \u212B and \u00C5 and A\u030A',
  'ﬃ ＡＢＣ ß ẞ İ ı ſ ς',
  '\u0001\u001F\u007F\u0085\u200B\u200D\u2028\u2029\uFEFF\uFFFD\uFFFE\uFFFF',
  '𠀀𝒳\u{10FFFF}\u{10000}',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘',
  '𝕏'.repeat(4_000),
  'x'.repeat(4_000),
];

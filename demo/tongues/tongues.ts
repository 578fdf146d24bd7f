import { arabic } from './arabic.ts';
import { chinese } from './chinese.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { greek } from './greek.ts';
import { hebrew } from './hebrew.ts';
import { hindi } from './hindi.ts';
import { japanese } from './japanese.ts';
import { korean } from './korean.ts';
import { russian } from './russian.ts';
import { spanish } from './spanish.ts';
import { thai } from './thai.ts';

/** By the names that people.ts has for them. */
export const TONGUES = {
  ...{ arabic, chinese, english, french, german, greek, hebrew },
  ...{ hindi, japanese, korean, russian, spanish, thai },
};

export type TongueName = keyof typeof TONGUES;

/** Said in every language: families, flags, skin tones and other sequences of many code points. */
export const WITHOUT_WORDS = [
  ...[
    '😂😂😂',
    '❤️',
    '👍🏽',
    '🙏🏿',
    '🎉🎉',
    '👨‍👩‍👧‍👦',
    '👩🏾‍🚀🚀',
    '🏳️‍🌈',
    '🇬🇷🇯🇵🇮🇱',
    '☕️?',
    '🤷🏻‍♀️',
    '🧑‍🍳🥟',
    '1️⃣2️⃣3️⃣',
    '🥹',
    '🐈‍⬛',
  ],
  ...['👏🏼👏🏼👏🏼', '🫶', '💃🕺', '🙈🙉🙊', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '👩‍❤️‍👨', '🧘🏽‍♂️', '🌧️➡️☀️', '(╯°□°)╯︵ ┻━┻'],
];

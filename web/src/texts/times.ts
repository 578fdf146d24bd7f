import type { Texts } from './en.ts';

const DAY_MS = 86_400_000;

/** The language of the page, as it is written where its reader is: a British clock has 24 hours. */
function language(): string {
  const { lang } = document.documentElement;
  return navigator.languages.find((tag) => tag.split('-')[0] === lang) ?? lang;
}

/** Making a formatter costs more than using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();
function format(time: string | Date, options: Intl.DateTimeFormatOptions): string {
  const key = language() + JSON.stringify(options);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(language(), options);
  formats.set(key, found);
  return found.format(new Date(time));
}

const startOfDay = (time: string | number | Date): number => new Date(time).setHours(0, 0, 0, 0);

/** How many days ago it was, by the calendar of this device. */
const daysAgo = (time: string): number => Math.round((startOfDay(Date.now()) - startOfDay(time)) / DAY_MS);

/** Names the day that a line belongs to, the same for all lines of a day. */
export const dayOf = (time: string): number => startOfDay(time);

export const clockTime = (time: string): string => format(time, { hour: 'numeric', minute: '2-digit' });

export const fullTime = (time: string): string => format(time, { dateStyle: 'full', timeStyle: 'short' });

/** "Today", "Yesterday", a weekday within a week, else a date. */
export function dayName(time: string, t: Texts): string {
  const days = daysAgo(time);
  if (days === 0) return t.today;
  if (days === 1) return t.yesterday;
  if (days < 7) return format(time, { weekday: 'long' });
  const isThisYear = new Date(time).getFullYear() === new Date().getFullYear();
  return format(time, { day: 'numeric', month: 'long', ...(!isThisYear && { year: 'numeric' }) });
}

/** As short as a list has room for: the time of today's, the weekday of this week's, else the date. */
export function shortTime(time: string): string {
  const days = daysAgo(time);
  if (days === 0) return clockTime(time);
  if (days < 7) return format(time, { weekday: 'short' });
  return format(time, { day: 'numeric', month: 'short' });
}

/** A day and a time, for a sentence. */
export const momentOf = (time: string, t: Texts): string =>
  `${dayName(time, t).toLocaleLowerCase(language())}, ${clockTime(time)}`;

export const listOf = (names: readonly string[]): string => new Intl.ListFormat(language()).format(names);

/** A day without a time, `YYYY-MM-DD`, which is the same day everywhere. */
export const dateOf = (day: string): string => format(`${day}T12:00`, { dateStyle: 'long' });

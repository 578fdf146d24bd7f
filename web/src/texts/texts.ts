import { createContext, use } from 'react';
import { en, type Texts } from './en.ts';

export interface Language {
  readonly code: string;
  /** What it calls itself. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  readonly load: () => Promise<Texts>;
}

/** English is in the first load, the others come when they are asked for. */
export const LANGUAGES: readonly Language[] = [
  { code: 'en', name: 'English', direction: 'ltr', load: async () => en },
  { code: 'fr', name: 'Français', direction: 'ltr', load: async () => (await import('./fr.ts')).fr },
];

/** The first of what the browser's owner reads that there is, else English. */
export function preferredLanguage(wanted: readonly string[]): string {
  const codes = wanted.map((tag) => tag.split('-')[0]);
  return codes.find((code) => LANGUAGES.some((language) => language.code === code)) ?? 'en';
}

export const TextsContext = createContext<Texts>(en);

/** The texts in the language of the page. */
export const useTexts = (): Texts => use(TextsContext);

import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { preferredLanguage } from '../texts/texts.ts';

/** What somebody chose for this browser. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly highContrast: boolean;
  readonly language: string;
  readonly notify: boolean;
  readonly sound: boolean;
}

export const usePreferences = create<Preferences>()(
  persist(
    (): Preferences => ({
      theme: 'system',
      highContrast: matchMedia('(prefers-contrast: more)').matches,
      language: preferredLanguage(navigator.languages),
      notify: false,
      sound: false,
    }),
    { name: 'parley.preferences' },
  ),
);

/** Other tabs follow what is chosen in one. */
addEventListener('storage', ({ key }) => {
  if (key === 'parley.preferences') void usePreferences.persist.rehydrate();
});

/** Keeps the attributes that the style sheets look at. */
export function applyPreferences({ theme, highContrast }: Preferences): void {
  const { dataset } = document.documentElement;
  dataset.theme = theme;
  dataset.contrast = highContrast ? 'more' : 'normal';
}

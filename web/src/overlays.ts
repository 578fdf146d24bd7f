import { create } from 'zustand';

/** What lies over the page: one at a time. */
export type Overlay =
  | { readonly name: 'none' | 'palette' | 'shortcuts' | 'new-chat' | 'new-group' | 'rooms' | 'settings' }
  | { readonly name: 'details'; readonly chatId: string }
  | { readonly name: 'person'; readonly userId: string };

export const useOverlay = create<{ readonly overlay: Overlay }>(() => ({ overlay: { name: 'none' } }));

export const openOverlay = (overlay: Overlay): void => useOverlay.setState({ overlay });

export const closeOverlay = (): void => useOverlay.setState({ overlay: { name: 'none' } });
addEventListener('popstate', closeOverlay); // who goes back does not want it over another page

import { useSyncExternalStore } from 'react';

/** Where somebody is in the web client. */
export type Place =
  | { readonly name: 'chats' | 'sign-in' | 'register' | 'forgotten-password' | 'unknown' }
  | { readonly name: 'reset-password'; readonly code: string }
  | { readonly name: 'chat'; readonly chatId: string };

function placeOf(path: string, fragment: string): Place {
  const chatId = /^\/chats\/([\w-]{1,64})$/.exec(path)?.[1];
  if (chatId !== undefined) return { name: 'chat', chatId };
  switch (path) {
    case '/':
      return { name: 'chats' };
    case '/sign-in':
      return { name: 'sign-in' };
    case '/register':
      return { name: 'register' };
    case '/forgotten-password':
      return { name: 'forgotten-password' };
    case '/reset-password':
      return { name: 'reset-password', code: fragment.slice(1) };
    default:
      return { name: 'unknown' };
  }
}

let place = placeOf(location.pathname, location.hash);
const listeners = new Set<() => void>();

function follow(): void {
  place = placeOf(location.pathname, location.hash);
  for (const listener of listeners) listener();
}
addEventListener('popstate', follow);

/** Goes to another place, as a link does. */
export function navigate(path: string, { replace = false } = {}): void {
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path);
  follow();
}

export const currentPlace = (): Place => place;

export const usePlace = (): Place =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => place,
  );

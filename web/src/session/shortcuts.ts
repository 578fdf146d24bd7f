import { chatList } from 'parley-client';
import { useEffect } from 'react';
import { openOverlay, useOverlay } from '../overlays.ts';
import { currentPlace, navigate } from '../router.ts';
import { parley } from './parley.ts';

/** What the key is called that makes a letter a command. */
export const COMMAND = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';

/** The keys that work anywhere in the workspace. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      const hasCommand = event.ctrlKey || event.metaKey;
      if (hasCommand && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openOverlay({ name: 'palette' });
      } else if (event.key === '?' && !isTyping && useOverlay.getState().overlay.name === 'none') {
        openOverlay({ name: 'shortcuts' });
      } else if (event.altKey && !hasCommand && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        event.preventDefault();
        openNeighbour(event.key === 'ArrowDown' ? 1 : -1);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function openNeighbour(step: 1 | -1): void {
  const chats = chatList(parley.store.getState());
  const place = currentPlace();
  const at = place.name === 'chat' ? chats.findIndex(({ id }) => id === place.chatId) : -1;
  const next = chats[Math.max(0, at + step)];
  if (next) navigate(`/chats/${next.id}`);
}

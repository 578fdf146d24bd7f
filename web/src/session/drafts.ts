import { create } from 'zustand';

/** What somebody has begun to write, by chat. Kept in this browser, also when he is signed out by others. */
interface Drafts {
  readonly ownerId: string | null;
  readonly texts: Readonly<Record<string, string>>;
}

const useDrafts = create<Drafts>(() => ({ ownerId: null, texts: {} }));

const prefixOf = (ownerId: string): string => `parley.draft.${ownerId}.`;

const keysOf = (ownerId: string): string[] =>
  Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(ownerId)));

/** From here on the drafts are this person's. */
export function openDrafts(ownerId: string): void {
  const prefix = prefixOf(ownerId);
  const texts = Object.fromEntries(
    keysOf(ownerId).map((key) => [key.slice(prefix.length), localStorage.getItem(key) ?? '']),
  );
  useDrafts.setState({ ownerId, texts });
}

/** What is begun or sent in another tab. */
addEventListener('storage', ({ key, newValue }) => {
  const { ownerId } = useDrafts.getState();
  if (ownerId !== null && key?.startsWith(prefixOf(ownerId))) {
    setDraft(key.slice(prefixOf(ownerId).length), newValue ?? '');
  }
});

export function clearDrafts(ownerId: string): void {
  for (const key of keysOf(ownerId)) localStorage.removeItem(key);
  useDrafts.setState({ ownerId: null, texts: {} });
}

export const draftOf = (chatId: string): string => useDrafts.getState().texts[chatId] ?? '';

function setDraft(chatId: string, text: string): void {
  const { [chatId]: _, ...others } = useDrafts.getState().texts;
  useDrafts.setState({ texts: text === '' ? others : { ...others, [chatId]: text } });
}

export function keepDraft(chatId: string, text: string): void {
  const { ownerId } = useDrafts.getState();
  if (ownerId === null || draftOf(chatId) === text) return;
  setDraft(chatId, text);
  if (text === '') localStorage.removeItem(prefixOf(ownerId) + chatId);
  else localStorage.setItem(prefixOf(ownerId) + chatId, text);
}

export const useDraft = (chatId: string): string => useDrafts((state) => state.texts[chatId] ?? '');

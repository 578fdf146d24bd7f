import type { Attachment, Message } from 'parley-client';
import { create } from 'zustand';

/** What the field at the bottom is for, beside something new. */
export type Writing =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply'; readonly message: Message }
  | { readonly kind: 'edit'; readonly message: Message; readonly text: string };

/**
 * What somebody has begun to write, by chat. The texts are kept in this browser, also when he is signed out by others;
 * the rest lives as long as the page.
 */
interface Drafts {
  readonly ownerId: string | null;
  readonly texts: Readonly<Record<string, string>>;
  /** Uploaded, and not sent yet. */
  readonly files: Readonly<Record<string, readonly Attachment[]>>;
  readonly writings: Readonly<Record<string, Writing>>;
}

const NOTHING: Drafts = { ownerId: null, texts: {}, files: {}, writings: {} };
const NEW: Writing = { kind: 'new' };
const NO_FILES: readonly Attachment[] = [];

const useDrafts = create<Drafts>(() => NOTHING);

const prefixOf = (ownerId: string): string => `parley.draft.${ownerId}.`;

const keysOf = (ownerId: string): string[] =>
  Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(ownerId)));

/** From here on the drafts are this person's. */
export function openDrafts(ownerId: string): void {
  const prefix = prefixOf(ownerId);
  const texts = Object.fromEntries(
    keysOf(ownerId).map((key) => [key.slice(prefix.length), localStorage.getItem(key) ?? '']),
  );
  const before = useDrafts.getState();
  useDrafts.setState({ ...(before.ownerId === ownerId ? before : NOTHING), ownerId, texts });
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
  useDrafts.setState(NOTHING);
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

export const useChosenFiles = (chatId: string): readonly Attachment[] =>
  useDrafts((state) => state.files[chatId] ?? NO_FILES);

export const chosenFiles = (chatId: string): readonly Attachment[] => useDrafts.getState().files[chatId] ?? NO_FILES;

export const keepFiles = (chatId: string, files: readonly Attachment[]): void =>
  useDrafts.setState((state) => ({ files: { ...state.files, [chatId]: files } }));

export const useWriting = (chatId: string): Writing => useDrafts((state) => state.writings[chatId] ?? NEW);

export const keepWriting = (chatId: string, writing: Writing): void =>
  useDrafts.setState((state) => ({ writings: { ...state.writings, [chatId]: writing } }));

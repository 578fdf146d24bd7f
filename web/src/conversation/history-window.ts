import type { Chat } from 'parley-client';
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { problemText } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';

/** Which line is to be in sight. */
export type Target = { readonly at: 'end' } | { readonly at: 'seq'; readonly seq: number; readonly isMarked: boolean };

export interface HistoryWindow {
  readonly isLoaded: boolean;
  /** Why it could not be loaded. */
  readonly problem: string | null;
  readonly retry: () => void;
  /** Another one where other lines have taken the place of all that were there. */
  readonly key: number;
  readonly target: Target;
  /** Other lines are on their way: nothing is to be asked for beside those that are here still. */
  readonly isLeaving: RefObject<boolean>;
  /** Shows this line, wherever in the history it is. */
  readonly jumpTo: (seq: number) => void;
  readonly toNewest: () => void;
}

const END: Target = { at: 'end' };

/** What of a chat's history is shown, and how one gets elsewhere in it. It begins with what is unread, else at the end. */
export function useHistoryWindow(chat: Chat, unreadFrom: number | null): HistoryWindow {
  const t = useTexts();
  const chatId = chat.id;
  const isLoaded = useParley((state) => state.timelines[chatId] !== undefined);
  const isOnline = useParley((state) => state.connection === 'online');
  const [view, setView] = useState<{ key: number; target: Target }>(() => ({
    key: 0,
    target: unreadFrom === null ? END : { at: 'seq', seq: unreadFrom, isMarked: false },
  }));
  const [problem, setProblem] = useState<string | null>(null);

  const load = useCallback(
    async (work: () => Promise<unknown>) => {
      setProblem(null);
      await work().catch((error) => setProblem(problemText(error, t)));
    },
    [t],
  );
  const retry = useCallback(
    () =>
      void load(() =>
        unreadFrom === null ? parley.messages.loadNewest(chatId) : parley.messages.loadAround(chatId, unreadFrom),
      ),
    [load, chatId, unreadFrom],
  );
  const isNeeded = !isLoaded || (unreadFrom !== null && !isInWindow(chatId, unreadFrom));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once when it is opened, and again whenever the link is back.
  useEffect(() => {
    if (isNeeded) retry();
  }, [isOnline, retry]);

  const isLeaving = useRef(false);
  const replace = async (work: Promise<unknown>, target: Target) => {
    isLeaving.current = true;
    await work.finally(() => {
      isLeaving.current = false;
    });
    setView(({ key }) => ({ key: key + 1, target }));
  };
  const jumpTo = (seq: number) => {
    const target: Target = { at: 'seq', seq, isMarked: true };
    if (isInWindow(chatId, seq)) setView(({ key }) => ({ key, target }));
    else void load(() => replace(parley.messages.loadAround(chatId, seq), target));
  };
  const toNewest = () => {
    const target: Target = { at: 'end' };
    if (parley.store.getState().timelines[chatId]?.hasNewer) {
      void load(() => replace(parley.messages.loadNewest(chatId), target));
    } else setView(({ key }) => ({ key, target }));
  };
  return { isLoaded, problem, retry, ...view, isLeaving, jumpTo, toNewest };
}

function isInWindow(chatId: string, seq: number): boolean {
  const { messages = [], hasNewer = false } = parley.store.getState().timelines[chatId] ?? {};
  const [first, last] = [messages[0], messages.at(-1)];
  return first !== undefined && last !== undefined && first.seq <= seq && (seq <= last.seq || !hasNewer);
}

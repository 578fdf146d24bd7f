import { type Chat, isOutgoing, lineKey } from 'parley-client';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import { parley } from '../session/parley.ts';
import type { HistoryWindow } from './history-window.ts';
import { isPresent, type Row, seqOf } from './rows.ts';

/** In pixels: so near to the end is at the end. */
const AT_END = 48;
/** In pixels: what is below the last line, see message-list.module.css. */
const BELOW_LAST = 12;
/** In pixels: so near to an end of the window more of the history is asked for. */
const LOAD_AHEAD = 900;
/** In pixels: so far above the window what is in sight is read at once, and not all that is between. */
const FAR = 5_000;
/** In pixels: so much of what was read before is in sight above what was not. */
const ABOVE_UNREAD = 96;

interface Scrolling {
  readonly chat: Chat;
  readonly rows: readonly Row[];
  readonly list: { readonly current: VirtualizerHandle | null };
  readonly history: HistoryWindow;
}

/** Keeps the place, loads what comes near, and marks as read what is in sight. */
export function useScrolling({ chat, rows, list, history }: Scrolling) {
  const [isAtEnd, setAtEnd] = useState(true);
  const [seenSeq, setSeenSeq] = useState(chat.unreadCount > 0 ? chat.readSeq : chat.seq);
  const sticks = useRef(history.target.at === 'end');
  const offset = useRef(0);
  const isSettled = useRef(false);
  const isLoading = useRef(false);
  const lastKey = useRef('');
  const lastRow = rows.at(-1);
  const last = isPresent(lastRow) ? lastRow.line : undefined;

  const toEnd = () => list.current?.scrollToIndex(rows.length - 1, { align: 'end', offset: BELOW_LAST });

  // biome-ignore lint/correctness/useExhaustiveDependencies: when it is told to go somewhere, and at no other time.
  useLayoutEffect(() => {
    const { target } = history;
    sticks.current = target.at === 'end';
    if (target.at === 'end') toEnd();
    else {
      const at = rows.findIndex((row) => seqOf(row) >= target.seq);
      if (at < 0) toEnd();
      else
        list.current?.scrollToIndex(
          at,
          target.isMarked ? { align: 'center' } : { align: 'start', offset: -ABOVE_UNREAD },
        );
    }
    const frame = requestAnimationFrame(() => {
      isSettled.current = true;
      onScroll(list.current?.scrollOffset ?? 0);
    });
    return () => cancelAnimationFrame(frame);
  }, [history.target]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there are other rows.
  useLayoutEffect(() => {
    const isNewMine = last !== undefined && isOutgoing(last) && lineKey(last) !== lastKey.current;
    lastKey.current = last ? lineKey(last) : '';
    if (sticks.current || (isNewMine && isSettled.current)) toEnd();
    if (isSettled.current) onScroll(list.current?.scrollOffset ?? 0);
  }, [rows]);

  const load = (work: (chatId: string) => Promise<unknown>) => {
    if (isLoading.current) return;
    isLoading.current = true;
    const done = () => {
      isLoading.current = false;
    };
    work(chat.id).then(done, done);
  };

  const onScroll = (now: number) => {
    const { current: handle } = list;
    if (!handle || !isSettled.current) return;
    const { timelines, connection } = parley.store.getState();
    const { hasOlder = false, hasNewer = false } = timelines[chat.id] ?? {};
    const below = handle.scrollSize - now - handle.viewportSize;
    if (below <= AT_END && !hasNewer) sticks.current = true;
    else if (now < offset.current) sticks.current = false;
    offset.current = now;
    setAtEnd(sticks.current && !hasNewer);
    if (connection === 'online' && !history.isLeaving.current) {
      const above = now - handle.getItemOffset(rows.findIndex(isPresent));
      const inSight = rows[handle.findItemIndex(now)] ?? 0;
      if (above < -FAR && !isPresent(inSight)) load((id) => parley.messages.loadAround(id, inSight));
      else if (hasOlder && above < LOAD_AHEAD) load((id) => parley.messages.loadOlder(id));
      else if (hasNewer && below < LOAD_AHEAD) load((id) => parley.messages.loadNewer(id));
    }
    markSeen();
  };

  const markSeen = () => {
    const { current: handle } = list;
    if (!handle || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const below = sticks.current
      ? rows.length
      : handle.findItemIndex(offset.current + handle.viewportSize - AT_END) + 1;
    const seen = rows.slice(0, below).findLast((row) => isPresent(row) && !isOutgoing(row.line));
    if (seen === undefined) return;
    const seq = seqOf(seen);
    setSeenSeq((before) => Math.max(before, seq));
    parley.chats.markRead(chat.id, seq);
  };
  const whenSeen = useRef(markSeen);
  whenSeen.current = markSeen;
  useEffect(() => {
    const look = () => whenSeen.current();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);

  const onResize = () => {
    if (sticks.current) toEnd();
    onScroll(list.current?.scrollOffset ?? 0);
  };
  return { isAtEnd, unseen: Math.max(0, chat.seq - seenSeq), onScroll, onResize };
}

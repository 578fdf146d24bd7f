import { type Chat, isOutgoing, type Line, lineKey, linesOf, type Message } from 'parley-client';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { parley, useParley } from '../session/parley.ts';
import { nameOf, useChatName } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import type { HistoryWindow } from './history-window.ts';
import { LineRow } from './line-row.tsx';
import styles from './message-list.module.css';

/** In pixels: so near to the end is at the end. */
const AT_END = 48;
/** In pixels: so near to an end of the window more of the history is asked for. */
const LOAD_AHEAD = 900;
/** The height of what is above the first line. */
const TOP = 72;
const MARKED_MS = 2_000;
/** Up to this many lines all are in the page, so that the browser's own search finds them. */
const ALL_MOUNTED_MAX = 200;

interface MessageListProps {
  readonly chat: Chat;
  readonly history: HistoryWindow;
  readonly unreadFrom: number | null;
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
}

/** What was written, newest at the bottom. It stays at the end while one is there, and where one is while more is loaded above. */
export function MessageList({ chat, history, unreadFrom, onReply, onEdit }: MessageListProps) {
  const t = useTexts();
  const name = useChatName(chat);
  const lines = useParley((state) => linesOf(state, chat.id));
  const timeline = useParley((state) => state.timelines[chat.id]);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const { isAtEnd, unseen, onScroll, onResize, isShift } = useScrolling({ chat, lines, list, history });
  const marked = useMarked(history);

  const walk = (event: KeyboardEvent) => {
    const { target } = event;
    if (event.altKey || !(target instanceof HTMLElement)) return;
    const at = Number(target.closest<HTMLElement>('[data-line]')?.dataset.line ?? lines.length);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
    const isOnLine = target === scroller.current || target.matches('[data-line]');
    if (!isOnLine || next === undefined || next < 0) return;
    event.preventDefault();
    if (next >= lines.length) return;
    list.current?.scrollToIndex(next, { align: 'nearest' });
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-line="${next}"]`)?.focus());
  };

  if (lines.length === 0) {
    return (
      <Notice icon="chat" title={t.emptyChat}>
        <p>{chat.kind === 'direct' ? t.emptyChatWhy(name) : t.emptyGroupWhy(name)}</p>
      </Notice>
    );
  }
  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <div ref={scroller} className={styles.scroller} role="feed" aria-label={t.messages} tabIndex={0} onKeyDown={walk}>
        <Top chatId={chat.id} hasOlder={timeline?.hasOlder ?? false} />
        <Virtualizer
          ref={list}
          data={lines}
          startMargin={TOP}
          shift={isShift}
          bufferSize={600}
          keepMounted={lines.length <= ALL_MOUNTED_MAX ? lines.map((_, at) => at) : []}
          onScroll={onScroll}
          onResize={onResize}
        >
          {(line, at) => (
            <LineRow
              key={lineKey(line)}
              line={line}
              at={at}
              previous={lines[at - 1] ?? null}
              chat={chat}
              isFirstUnread={unreadFrom !== null && isFirstFrom(unreadFrom, line, lines[at - 1])}
              isMarked={!isOutgoing(line) && line.seq === marked}
              isLast={at === lines.length - 1}
              onReply={onReply}
              onEdit={onEdit}
              onJump={history.jumpTo}
            />
          )}
        </Virtualizer>
      </div>
      {!isAtEnd && (
        <button type="button" className={styles.pill} onClick={history.toNewest}>
          <Icon name="down" size={18} />
          {unseen > 0 ? t.newMessages(unseen) : <span className="visually-hidden">{t.toNewest}</span>}
        </button>
      )}
      <Announcer chat={chat} />
    </div>
  );
}

const isFirstFrom = (seq: number, line: Line, previous: Line | undefined): boolean =>
  !isOutgoing(line) && line.seq >= seq && (!previous || isOutgoing(previous) || previous.seq < seq);

interface Scrolling {
  readonly chat: Chat;
  readonly lines: readonly Line[];
  readonly list: { readonly current: VirtualizerHandle | null };
  readonly history: HistoryWindow;
}

/** Keeps the place, loads what comes near, and marks as read what is in sight. */
function useScrolling({ chat, lines, list, history }: Scrolling) {
  const [isAtEnd, setAtEnd] = useState(true);
  const [seenSeq, setSeenSeq] = useState(chat.unreadCount > 0 ? chat.readSeq : chat.seq);
  const sticks = useRef(history.target.at === 'end');
  const offset = useRef(0);
  const isSettled = useRef(false);
  const isLoading = useRef(false);
  const firstKey = useRef('');
  const lastKey = useRef('');
  const first = lines[0];
  const last = lines.at(-1);
  const isShift = first !== undefined && firstKey.current !== '' && firstKey.current !== lineKey(first);

  const toEnd = () => list.current?.scrollToIndex(lines.length - 1, { align: 'end' });

  // biome-ignore lint/correctness/useExhaustiveDependencies: when it is told to go somewhere, and at no other time.
  useLayoutEffect(() => {
    const { target } = history;
    sticks.current = target.at === 'end';
    if (target.at === 'end') toEnd();
    else {
      const at = lines.findIndex((line) => isOutgoing(line) || line.seq >= target.seq);
      if (at < 0) toEnd();
      else
        list.current?.scrollToIndex(at, {
          align: target.isMarked ? 'center' : 'start',
          ...(!target.isMarked && { offset: -96 }),
        });
    }
    const frame = requestAnimationFrame(() => {
      isSettled.current = true;
      onScroll(list.current?.scrollOffset ?? 0);
    });
    return () => cancelAnimationFrame(frame);
  }, [history.target]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there are other lines.
  useLayoutEffect(() => {
    const isNewMine = last !== undefined && isOutgoing(last) && lineKey(last) !== lastKey.current;
    firstKey.current = first ? lineKey(first) : '';
    lastKey.current = last ? lineKey(last) : '';
    if (sticks.current || (isNewMine && isSettled.current)) toEnd();
    if (isSettled.current) onScroll(list.current?.scrollOffset ?? 0);
  }, [lines]);

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
    const { hasOlder = false, hasNewer = false } = parley.store.getState().timelines[chat.id] ?? {};
    const below = handle.scrollSize - now - handle.viewportSize;
    if (below <= AT_END && !hasNewer) sticks.current = true;
    else if (now < offset.current) sticks.current = false;
    offset.current = now;
    setAtEnd(sticks.current && !hasNewer);
    if (hasOlder && now < LOAD_AHEAD) load((id) => parley.messages.loadOlder(id));
    else if (hasNewer && below < LOAD_AHEAD) load((id) => parley.messages.loadNewer(id));
    markSeen();
  };

  const markSeen = () => {
    const { current: handle } = list;
    if (!handle || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const below = sticks.current
      ? lines.length
      : handle.findItemIndex(offset.current + handle.viewportSize - AT_END) + 1;
    const last = lines.slice(0, below).findLast((line): line is Message => !isOutgoing(line));
    if (!last) return;
    const { seq } = last;
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
  return { isAtEnd, unseen: Math.max(0, chat.seq - seenSeq), onScroll, onResize, isShift };
}

/** The line that was jumped to, for as long as it is shown in colour. */
function useMarked({ target }: HistoryWindow): number | null {
  const [marked, setMarked] = useState<number | null>(null);
  useEffect(() => {
    if (target.at !== 'seq' || !target.isMarked) return undefined;
    setMarked(target.seq);
    const timer = setTimeout(setMarked, MARKED_MS, null);
    return () => clearTimeout(timer);
  }, [target]);
  return marked;
}

/** What is above the first line: the beginning, or the way to what is before it. */
function Top({ chatId, hasOlder }: { readonly chatId: string; readonly hasOlder: boolean }) {
  const t = useTexts();
  return (
    <div className={styles.top}>
      {hasOlder ? (
        <Button look="quiet" onClick={() => void parley.messages.loadOlder(chatId).catch(() => undefined)}>
          {t.loadOlder}
        </Button>
      ) : (
        <p>{t.historyStart}</p>
      )}
    </div>
  );
}

/** Reads out what others write while the chat is open, and nothing that is only scrolled into sight. */
function Announcer({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const [text, setText] = useState('');
  useEffect(
    () =>
      parley.on('message.created', ({ data: { message } }) => {
        const isMine = message.senderId === parley.store.getState().me?.id;
        if (message.chatId === chat.id && !isMine && message.content !== null) {
          setText(`${nameOf(message.sender, t)}: ${message.content}`);
        }
      }),
    [chat.id, t],
  );
  return (
    <div role="log" aria-live="polite" className="visually-hidden">
      <p>{text}</p>
    </div>
  );
}

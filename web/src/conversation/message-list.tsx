import { type Chat, isOutgoing, lineKey, linesOf, type Message } from 'parley-client';
import { type KeyboardEvent, startTransition, useEffect, useRef, useState } from 'react';
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
import { isPresent, type LineInPlace, useRows } from './rows.ts';
import { useScrolling } from './use-scrolling.ts';

/** The height of what is above the first line. */
const TOP = 72;
const MARKED_MS = 2_000;
/** In pixels: so much beyond what is in sight is drawn, and measured before it comes into sight. */
const AHEAD = 1_200;
const AHEAD_AT_FIRST = 400;
/** Up to this many lines all are in the page, so that the browser's own search finds them. */
const ALL_MOUNTED_MAX = 200;
const CALM_AFTER_MS = 500;
const NONE: readonly number[] = [];

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
  const { rows, isLonger } = useRows(lines, timeline?.hasOlder ?? false);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const { isAtEnd, unseen, onScroll, onResize } = useScrolling({ chat, rows, list, history });
  const marked = useMarked(history);
  const isCalm = useCalm();
  const mountsAll = isCalm && rows.length <= ALL_MOUNTED_MAX;

  const walk = (event: KeyboardEvent) => {
    const { target } = event;
    if (event.altKey || !(target instanceof HTMLElement)) return;
    const at = Number(target.closest<HTMLElement>('[data-line]')?.dataset.line ?? rows.length);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const isOnLine = target === scroller.current || target.matches('[data-line]');
    if (!isOnLine || next === undefined || next < 0) return;
    event.preventDefault();
    if (next >= rows.length) return;
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
          data={rows}
          startMargin={TOP}
          shift={isLonger}
          bufferSize={isCalm ? AHEAD : AHEAD_AT_FIRST}
          keepMounted={mountsAll ? rows.map((_, at) => at) : NONE}
          onScroll={onScroll}
          onResize={onResize}
        >
          {(row, at) =>
            isPresent(row) ? (
              <LineRow
                key={lineKey(row.line)}
                line={row.line}
                at={at}
                previous={row.previous}
                chat={chat}
                isFirstUnread={unreadFrom !== null && isFirstFrom(unreadFrom, row)}
                isMarked={!isOutgoing(row.line) && row.line.seq === marked}
                onReply={onReply}
                onEdit={onEdit}
                onJump={history.jumpTo}
              />
            ) : (
              <div key={row} style={{ height: list.current?.getItemSize(at) }} />
            )
          }
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

const isFirstFrom = (seq: number, { line, previous }: LineInPlace): boolean =>
  !isOutgoing(line) && line.seq >= seq && (!previous || isOutgoing(previous) || previous.seq < seq);

/** Whether what is in sight has been drawn, so that there is time for the rest. */
function useCalm(): boolean {
  const [isCalm, setCalm] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setCalm(true)), CALM_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return isCalm;
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
        const isMine = message.senderId === parley.store.getState().userId;
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

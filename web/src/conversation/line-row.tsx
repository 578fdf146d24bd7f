import { type Chat, isOutgoing, type Line, type Message } from 'parley-client';
import { memo } from 'react';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { dayName, dayOf } from '../texts/times.ts';
import styles from './line-row.module.css';
import { MessageView } from './message-view.tsx';
import { OutgoingView } from './outgoing-view.tsx';
import { systemText } from './system-text.ts';

/** Lines of one person that are nearer to each other than this belong together. */
const TOGETHER_MS = 5 * 60_000;

interface LineRowProps {
  readonly line: Line;
  readonly at: number;
  readonly previous: Line | null;
  readonly chat: Chat;
  readonly isFirstUnread: boolean;
  readonly isMarked: boolean;
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
  readonly onJump: (seq: number) => void;
}

/** One line with what stands above it: the day that it begins, and where what is new begins. */
export const LineRow = memo(
  function LineRow({ line, at, previous, chat, isFirstUnread, isMarked, ...actions }: LineRowProps) {
    const t = useTexts();
    const startsDay = !previous || dayOf(previous.createdAt) !== dayOf(line.createdAt);
    const isFirst = startsDay || isFirstUnread || !belongsTo(previous, line);
    return (
      <div className={styles.row} data-first={isFirst}>
        {startsDay && (
          <p className={styles.day}>
            <time dateTime={line.createdAt}>{dayName(line.createdAt, t)}</time>
          </p>
        )}
        {isFirstUnread && (
          <p className={styles.unread}>
            <span>{t.newLines}</span>
          </p>
        )}
        {isOutgoing(line) ? (
          <OutgoingView line={line} isFirst={isFirst} />
        ) : line.kind === 'system' ? (
          <article
            className={styles.system}
            data-line={at}
            tabIndex={-1}
            aria-posinset={line.seq}
            aria-setsize={chat.seq}
          >
            <bdi>{systemText(line, t)}</bdi>
          </article>
        ) : (
          <MessageView message={line} at={at} chat={chat} isFirst={isFirst} isMarked={isMarked} {...actions} />
        )}
      </div>
    );
  },
  // The actions are made anew with each drawing of the list and do the same.
  (before, now) =>
    before.line === now.line &&
    before.at === now.at &&
    before.previous === now.previous &&
    before.chat === now.chat &&
    before.isFirstUnread === now.isFirstUnread &&
    before.isMarked === now.isMarked,
);

const belongsTo = (previous: Line, line: Line): boolean =>
  senderOf(previous) === senderOf(line) && Date.parse(line.createdAt) - Date.parse(previous.createdAt) < TOGETHER_MS;

/** Who wrote a line: what is on its way is mine, and a system line belongs to nobody. */
function senderOf(line: Line): string | null {
  if (isOutgoing(line)) return parley.store.getState().userId;
  return line.kind === 'system' ? line.id : line.senderId;
}

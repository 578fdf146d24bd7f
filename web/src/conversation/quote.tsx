import type { Message } from 'parley-client';
import { useEffect, useState } from 'react';
import { parley, useParley } from '../session/parley.ts';
import { nameOf, userOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { oneLine } from './one-line.ts';
import styles from './quote.module.css';

interface QuoteProps {
  readonly chatId: string;
  readonly replyTo: { readonly id: string; readonly seq: number };
  readonly onJump: (seq: number) => void;
}

/** What a message replies to, in two lines; pressed, it is shown where it stands. */
export function Quote({ chatId, replyTo, onJump }: QuoteProps) {
  const t = useTexts();
  const quoted = useMessage(chatId, replyTo.seq);
  return (
    <button type="button" tabIndex={-1} className={styles.quote} onClick={() => onJump(replyTo.seq)}>
      {quoted ? <QuotedText message={quoted} /> : t.earlierMessage}
    </button>
  );
}

/** Who wrote it, and how it begins. */
export function QuotedText({ message }: { readonly message: Message }) {
  const t = useTexts();
  const sender = useParley((state) => userOf(state, message.sender));
  return (
    <>
      <b>
        <bdi>{nameOf(sender, t)}</bdi>
      </b>
      <span dir="auto">
        {message.deletedAt
          ? t.replyGone
          : oneLine(message.content ?? '') || message.attachments[0]?.name || t.attachment}
      </span>
    </>
  );
}

/** A line of this chat: from the window if it is there, else asked for. */
function useMessage(chatId: string, seq: number): Message | null {
  const shown = useParley((state) => {
    const messages = state.timelines[chatId]?.messages ?? [];
    const first = messages[0]?.seq ?? 0;
    return messages[seq - first] ?? null;
  });
  const [fetched, setFetched] = useState<Message | null>(null);
  const isMissing = shown === null;
  useEffect(() => {
    if (!isMissing) return;
    parley.messages.find(chatId, { after: seq - 1, limit: 1 }).then(
      ({ items }) => setFetched(items[0] ?? null),
      () => undefined,
    );
  }, [isMissing, chatId, seq]);
  return shown ?? fetched;
}

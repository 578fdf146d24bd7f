import type { Chat } from 'parley-client';
import { useState } from 'react';
import { Link } from '../link.tsx';
import { openOverlay } from '../overlays.ts';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { presenceText, useChatName, userOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { Problem } from '../ui/notice.tsx';
import styles from './conversation.module.css';

interface ConversationHeaderProps {
  readonly chat: Chat;
  readonly onJump: (seq: number) => void;
}

/** With whom this is, whether they are there, and the way back and on. */
export function ConversationHeader({ chat, onJump }: ConversationHeaderProps) {
  const t = useTexts();
  const name = useChatName(chat);
  const peer = useParley((state) => userOf(state, chat.peer));
  const presence = useParley((state) => (chat.peer ? state.presence[chat.peer.id] : null));
  const [isJumping, setJumping] = useState(false);
  return (
    <header className={styles.header}>
      <BackLink />
      <button
        type="button"
        className={styles.who}
        title={t.details}
        onClick={() => openOverlay({ name: 'details', chatId: chat.id })}
      >
        <Avatar
          id={chat.peer?.id ?? chat.id}
          name={name}
          url={peer?.avatarUrl ?? chat.avatarUrl}
          {...(chat.kind === 'public' && { icon: 'hash' as const })}
          status={presence?.status}
        />
        <span>
          <h2>
            <bdi>{name}</bdi>
          </h2>
          <small>{chat.peer ? presenceText(presence, t) : t.membersCount(chat.memberCount)}</small>
        </span>
      </button>
      <IconButton icon="calendar" label={t.jumpToDate} onClick={() => setJumping(true)} />
      <IconButton icon="info" label={t.details} onClick={() => openOverlay({ name: 'details', chatId: chat.id })} />
      {isJumping && <JumpToDate chatId={chat.id} onJump={onJump} onClose={() => setJumping(false)} />}
    </header>
  );
}

/** On a phone, where the list and the chat do not stand side by side. */
export function BackLink() {
  const t = useTexts();
  return (
    <Link href="/" className={styles.back} aria-label={t.back}>
      <Icon name="back" />
    </Link>
  );
}

interface JumpToDateProps {
  readonly chatId: string;
  readonly onJump: (seq: number) => void;
  readonly onClose: () => void;
}

/** Shows the first line of a day, else the first after it, else the last. */
function JumpToDate({ chatId, onJump, onClose }: JumpToDateProps) {
  const t = useTexts();
  const [date, setDate] = useState('');
  const { run, isBusy, problem } = useAction(async () => {
    const from = new Date(`${date}T00:00`).toISOString();
    const { items } = await parley.messages.find(chatId, { from, order: 'asc', limit: 1 });
    const seq = items[0]?.seq ?? parley.store.getState().chats[chatId]?.seq;
    onClose();
    if (seq !== undefined) onJump(seq);
  });
  return (
    <Dialog title={t.jumpToDate} onClose={onClose}>
      <form
        className={styles.jump}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {problem && <Problem>{problem}</Problem>}
        <Field
          label={t.date}
          type="date"
          required
          autoFocus
          max={new Date().toLocaleDateString('sv')}
          value={date}
          onChange={(event) => setDate(event.target.value)}
        />
        <Button type="submit" look="primary" busy={isBusy} disabled={date === ''}>
          {t.jump}
        </Button>
      </form>
    </Dialog>
  );
}

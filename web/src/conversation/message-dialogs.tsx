import { type EarlierText, type Message, readersOf } from 'parley-client';
import { useEffect, useState } from 'react';
import { problemText, useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { nameOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { fullTime } from '../texts/times.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Problem, Skeleton } from '../ui/notice.tsx';
import { Formatted } from './formatted.tsx';
import styles from './message-dialogs.module.css';
import type { MessageDialog } from './message-view.tsx';

interface MessageDialogsProps {
  readonly dialog: MessageDialog;
  readonly message: Message;
  readonly onClose: () => void;
}

/** What one message asks or tells in a box of its own. */
export function MessageDialogs({ dialog, message, onClose }: MessageDialogsProps) {
  switch (dialog) {
    case 'delete':
      return <DeleteMessage message={message} onClose={onClose} />;
    case 'history':
      return <EarlierTexts message={message} onClose={onClose} />;
    case 'readers':
      return <Readers message={message} onClose={onClose} />;
  }
}

type BoxProps = Omit<MessageDialogsProps, 'dialog'>;

function DeleteMessage({ message, onClose }: BoxProps) {
  const t = useTexts();
  const action = useAction(async () => {
    await parley.messages.delete(message.chatId, message.id);
    onClose();
  });
  return (
    <Confirm title={t.deleteMessageTitle} answer={t.delete} action={action} onClose={onClose}>
      <p>{t.deleteMessageWhy}</p>
    </Confirm>
  );
}

function EarlierTexts({ message, onClose }: BoxProps) {
  const t = useTexts();
  const [texts, setTexts] = useState<readonly EarlierText[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    parley.messages
      .earlierTexts(message.chatId, message.id)
      .then(setTexts, (error) => setProblem(problemText(error, t)));
  }, [message.chatId, message.id, t]);
  return (
    <Dialog title={t.history} onClose={onClose}>
      {problem && <Problem>{problem}</Problem>}
      {!problem && !texts && <Skeleton label={t.loading} rows={2} />}
      {texts && (
        <ol className={styles.versions}>
          <li>
            <small>{t.historyNow}</small>
            <Formatted content={message.content ?? ''} />
          </li>
          {texts.toReversed().map(({ content, at }) => (
            <li key={at}>
              <small>{fullTime(at)}</small>
              <Formatted content={content} />
            </li>
          ))}
        </ol>
      )}
    </Dialog>
  );
}

function Readers({ message, onClose }: BoxProps) {
  const t = useTexts();
  const readers = useParley((state) => readersOf(state, message));
  const users = useParley((state) => state.users);
  return (
    <Dialog title={t.readBy} onClose={onClose}>
      {readers.length === 0 && <p className={styles.nobody}>{t.readByNobody}</p>}
      <ul className={styles.readers}>
        {readers.map(({ userId, user }) => (
          <li key={userId}>
            <Avatar id={userId} name={nameOf(users[userId] ?? user, t)} url={user.avatarUrl} size="small" />
            <bdi>{nameOf(users[userId] ?? user, t)}</bdi>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

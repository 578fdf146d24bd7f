import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { nameOf, presenceText, usePresenceOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/notice.tsx';
import { Facts } from './facts.tsx';
import styles from './people.module.css';

interface PersonProps {
  readonly userId: string;
  readonly onClose: () => void;
}

/** Somebody, and the way to write to him. */
export function Person({ userId, onClose }: PersonProps) {
  const t = useTexts();
  const user = useParley((state) => state.users[userId]);
  const presence = useParley((state) => state.presence[userId]);
  const isMe = useParley((state) => state.userId === userId);
  const { run, isBusy, problem } = useAction(async () => {
    const chat = await parley.chats.openDirect(userId);
    onClose();
    navigate(`/chats/${chat.id}`);
  });
  const name = nameOf(user, t);
  usePresenceOf([userId]);
  return (
    <Dialog title={t.profile} kind="sheet" onClose={onClose}>
      <div className={styles.head}>
        <Avatar id={userId} name={name} url={user?.avatarUrl ?? null} size="large" />
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <p>{presenceText(presence, t)}</p>
        {problem && <Problem>{problem}</Problem>}
        {!isMe && user?.deleted !== true && (
          <Button look="primary" icon="chat" busy={isBusy} onClick={() => void run()}>
            {t.writeMessage}
          </Button>
        )}
      </div>
      <section className={styles.section}>
        <Facts userId={userId} />
      </section>
    </Dialog>
  );
}

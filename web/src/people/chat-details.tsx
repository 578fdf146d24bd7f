import type { Chat } from 'parley-client';
import { useEffect, useState } from 'react';
import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { presenceText, useChatName, userOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Switch, TextField } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import { Facts } from './facts.tsx';
import { Members } from './members.tsx';
import styles from './people.module.css';
import { PictureButtons } from './picture-buttons.tsx';

interface ChatDetailsProps {
  readonly chatId: string;
  readonly onClose: () => void;
}

/** What a chat is and who is in it, and all that one may change about it. */
export function ChatDetails({ chatId, onClose }: ChatDetailsProps) {
  const t = useTexts();
  const chat = useParley((state) => state.chats[chatId]);
  const isGone = chat === undefined;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone, onClose]);
  if (!chat) return null;
  return (
    <Dialog title={t.details} kind="sheet" onClose={onClose}>
      <Head chat={chat} />
      {chat.kind !== 'direct' && <About chat={chat} />}
      {chat.peer && (
        <section className={styles.section}>
          <h3>{t.profile}</h3>
          <Facts userId={chat.peer.id} />
        </section>
      )}
      <section className={styles.section}>
        <Switch label={t.mute} hint={t.muteHint} checked={chat.muted} onChange={(isOn) => void mute(chat.id, isOn)} />
      </section>
      {chat.kind !== 'direct' && <Members chat={chat} />}
      <Endings chat={chat} onClose={onClose} />
    </Dialog>
  );
}

const mute = (id: string, isOn: boolean): Promise<void> =>
  (isOn ? parley.chats.mute(id) : parley.chats.unmute(id)).catch(() => undefined);

/** Whether one may give it a name and a picture: in a group everybody may, in a room its admins. */
const mayRename = ({ kind, role }: Chat): boolean => kind === 'group' || (kind === 'public' && role !== 'member');

function Head({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const name = useChatName(chat);
  const peer = useParley((state) => userOf(state, chat.peer));
  const presence = useParley((state) => (chat.peer ? state.presence[chat.peer.id] : null));
  return (
    <div className={styles.head}>
      <Avatar
        id={chat.peer?.id ?? chat.id}
        name={name}
        url={peer?.avatarUrl ?? chat.avatarUrl}
        size="large"
        {...(chat.kind === 'public' && { icon: 'hash' as const })}
      />
      <h3>
        <bdi>{name}</bdi>
      </h3>
      <p>{chat.peer ? presenceText(presence, t) : t.membersCount(chat.memberCount)}</p>
      {mayRename(chat) && (
        <PictureButtons
          hasPicture={chat.avatarUrl !== null}
          onChoose={(image) => parley.chats.setAvatar(chat.id, image)}
          onRemove={() => parley.chats.removeAvatar(chat.id)}
        />
      )}
    </div>
  );
}

/** The name and what it is for; to be changed by whoever may. */
function About({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const [isEditing, setEditing] = useState(false);
  const [wasEditing, setWasEditing] = useState(false);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const { run, isBusy, problem } = useAction(async () => {
    await parley.chats.update(chat.id, { name: name.trim(), description: description.trim() || null });
    show();
  });
  const show = () => {
    setEditing(false);
    setWasEditing(true);
  };
  const edit = () => {
    setName(chat.name ?? '');
    setDescription(chat.description ?? '');
    setEditing(true);
  };
  if (!mayRename(chat) && !chat.description) return null;
  return (
    <section className={styles.section}>
      <header>
        <h3>{t.about}</h3>
        {mayRename(chat) && !isEditing && (
          <Button look="quiet" icon="edit" autoFocus={wasEditing} onClick={edit}>
            {t.rename}
          </Button>
        )}
      </header>
      {!isEditing && chat.description && <p dir="auto">{chat.description}</p>}
      {isEditing && (
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          {problem && <Problem>{problem}</Problem>}
          <Field
            label={chat.kind === 'public' ? t.roomName : t.groupName}
            dir="auto"
            maxLength={100}
            autoFocus
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <TextField
            label={t.description}
            dir="auto"
            rows={3}
            maxLength={500}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
          <div className={styles.buttons}>
            <Button onClick={show}>{t.cancel}</Button>
            <Button type="submit" look="primary" busy={isBusy} disabled={name.trim() === ''}>
              {t.save}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

type Ending = 'leave' | 'delete';

/** Going, and making the chat go. */
function Endings({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }) {
  const t = useTexts();
  const name = useChatName(chat);
  const [asked, setAsked] = useState<Ending | null>(null);
  const action = useAction(async () => {
    await (asked === 'leave' ? parley.chats.leave(chat.id) : parley.chats.delete(chat.id));
    onClose();
    navigate('/', { replace: true });
  });
  const mayDelete = chat.kind === 'direct' || chat.role === 'owner';
  return (
    <section className={styles.section}>
      {chat.kind !== 'direct' && (
        <Button look="danger" icon="door" onClick={() => setAsked('leave')}>
          {t.leave}
        </Button>
      )}
      {mayDelete && (
        <Button look="danger" icon="trash" onClick={() => setAsked('delete')}>
          {t.deleteChat}
        </Button>
      )}
      {asked && (
        <Confirm
          title={asked === 'leave' ? t.leaveTitle(name) : t.deleteChatTitle}
          answer={asked === 'leave' ? t.leave : t.deleteChat}
          action={action}
          onClose={() => setAsked(null)}
        >
          <p>{asked === 'delete' ? t.deleteChatWhy : chat.kind === 'public' ? t.leaveRoomWhy : t.leaveWhy}</p>
        </Confirm>
      )}
    </section>
  );
}

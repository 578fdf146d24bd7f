import type { PublicChat } from 'parley-client';
import { useEffect, useState } from 'react';
import { navigate } from '../router.ts';
import { problemText, useAction } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Notice, Problem, Skeleton } from '../ui/notice.tsx';
import styles from './people.module.css';

const PAUSE_MS = 200;
const NAME_MAX = 100;

interface Found {
  readonly query: string;
  readonly rooms: readonly PublicChat[];
  readonly nextCursor: string | null;
}

/** The rooms that anybody may join, and a new one. */
export function Rooms({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const [query, setQuery] = useState('');
  const [isNew, setNew] = useState(false);
  const { found, problem, more } = useRooms(query);
  const open = (id: string) => {
    onClose();
    navigate(`/chats/${id}`);
  };
  const join = useAction(async ({ id, joined }: PublicChat) => {
    if (!joined) await parley.chats.join(id);
    open(id);
  });
  const hasNone = found?.query === '' && found.rooms.length === 0;
  if (isNew) return <NewRoom onClose={onClose} onMade={open} />;
  return (
    <Dialog
      title={t.publicRooms}
      kind="sheet"
      onClose={onClose}
      footer={
        <Button icon="plus" onClick={() => setNew(true)}>
          {t.newRoom}
        </Button>
      }
    >
      <div className={styles.search}>
        <p className={styles.lead}>{t.roomsLead}</p>
        {!hasNone && (
          <Field label={t.search} type="search" value={query} onChange={(event) => setQuery(event.target.value)} />
        )}
        {(problem ?? join.problem) && <Problem>{problem ?? join.problem}</Problem>}
        {!problem && !found && <Skeleton label={t.loading} rows={4} />}
        {hasNone && (
          <Notice icon="hash" title={t.noRooms}>
            <p>{t.noRoomsWhy}</p>
          </Notice>
        )}
        {found?.rooms.length === 0 && !hasNone && <p className={styles.nothing}>{t.noRoomFound}</p>}
        <ul>
          {found?.rooms.map((room) => (
            <li key={room.id} className={styles.row}>
              <Avatar id={room.id} name={room.name ?? ''} url={room.avatarUrl} icon="hash" />
              <span className={styles.grow}>
                <bdi>{room.name}</bdi>
                <small>{room.description ?? t.membersCount(room.memberCount)}</small>
              </span>
              <Button disabled={join.isBusy} onClick={() => void join.run(room)}>
                {room.joined ? t.open : t.join}
                <span className="visually-hidden"> {room.name}</span>
              </Button>
            </li>
          ))}
        </ul>
        {found && found.nextCursor !== null && <Button onClick={() => void more()}>{t.loadMore}</Button>}
      </div>
    </Dialog>
  );
}

function useRooms(query: string) {
  const t = useTexts();
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const q = query.trim();
  const filter = q === '' ? {} : { q };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the filter is made of the query.
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(
      () => {
        setProblem(null);
        parley.chats.rooms(filter).then(
          ({ items, nextCursor }) => isWanted && setFound({ query: q, rooms: items, nextCursor }),
          (error) => isWanted && setProblem(problemText(error, t)),
        );
      },
      q === '' ? 0 : PAUSE_MS,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [q, t]);
  const more = async () => {
    if (!found?.nextCursor) return;
    const { items, nextCursor } = await parley.chats.rooms({ ...filter, cursor: found.nextCursor });
    setFound({ ...found, rooms: [...found.rooms, ...items], nextCursor });
  };
  return { found, problem, more };
}

interface NewRoomProps {
  readonly onClose: () => void;
  readonly onMade: (id: string) => void;
}

function NewRoom({ onClose, onMade }: NewRoomProps) {
  const t = useTexts();
  const [name, setName] = useState('');
  const { run, isBusy, problem } = useAction(async () => {
    const { id } = await parley.chats.createRoom({ name: name.trim() });
    onMade(id);
  });
  return (
    <Dialog
      title={t.newRoom}
      kind="sheet"
      onClose={onClose}
      footer={
        <Button look="primary" busy={isBusy} disabled={name.trim() === ''} onClick={() => void run()}>
          {t.createRoom}
        </Button>
      }
    >
      <div className={styles.form}>
        {problem && <Problem>{problem}</Problem>}
        <Field
          label={t.roomName}
          dir="auto"
          maxLength={NAME_MAX}
          autoComplete="off"
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
    </Dialog>
  );
}

import { chatList } from 'parley-client';
import { type KeyboardEvent, type ReactNode, useEffect, useState } from 'react';
import { usePeople } from '../people/people-search.tsx';
import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { chatName, nameOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Problem } from '../ui/notice.tsx';
import styles from './palette.module.css';

const CHATS_SHOWN = 6;
const PEOPLE_SHOWN = 6;

interface Option {
  readonly id: string;
  /** Whoever is found by it. */
  readonly personId: string | null;
  readonly name: string;
  readonly about: string | null;
  readonly picture: ReactNode;
  readonly choose: () => Promise<void>;
}

/** A field that finds a chat or a person, wherever one is. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const chats = useFoundChats(query, onClose);
  const { people: found, isComplete } = useFoundPeople(query, onClose);
  const people = found.filter(({ personId }) => !chats.some((chat) => chat.personId === personId));
  const options = [...chats, ...people];
  const chosen = options[Math.min(at, options.length - 1)];
  const chosenId = chosen && `option-${chosen.id}`;
  const { run, problem } = useAction(async (option: Option) => option.choose());
  useEffect(() => {
    if (chosenId) document.getElementById(chosenId)?.scrollIntoView({ block: 'nearest' });
  }, [chosenId]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && options.length > 0) {
      event.preventDefault();
      setAt((Math.min(at, options.length - 1) + step + options.length) % options.length);
    } else if (event.key === 'Enter' && chosen) {
      event.preventDefault();
      void run(chosen);
    }
  };
  const group = (label: string, members: readonly Option[]) =>
    members.length > 0 && (
      // biome-ignore lint/a11y/useSemanticElements: a group of options in a list box is no field set.
      <div role="group" aria-label={label}>
        <p className={styles.group} aria-hidden="true">
          {label}
        </p>
        {members.map((option) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field, as in every combobox.
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, as in every combobox.
          <div
            key={option.id}
            id={`option-${option.id}`}
            role="option"
            aria-selected={option === chosen}
            className={styles.option}
            onClick={() => void run(option)}
            onPointerMove={() => setAt(options.indexOf(option))}
          >
            {option.picture}
            <span>
              <bdi>{option.name}</bdi>
              {option.about && (
                <small>
                  <bdi>{option.about}</bdi>
                </small>
              )}
            </span>
          </div>
        ))}
      </div>
    );
  return (
    <Dialog title={t.palette} kind="palette" onClose={onClose}>
      <div className={styles.field}>
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded={options.length > 0}
          aria-controls="palette-options"
          aria-activedescendant={chosenId}
          aria-label={t.palette}
          placeholder={t.palette}
          autoComplete="off"
          autoFocus
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      {problem && <Problem>{problem}</Problem>}
      <div id="palette-options" role="listbox" aria-label={t.palette} className={styles.options}>
        {group(t.paletteChats, chats)}
        {group(t.palettePeople, people)}
      </div>
      {options.length === 0 && isComplete && (
        <p className={styles.nothing}>{query.trim() === '' ? t.noChats : t.paletteNothing}</p>
      )}
      <p className={styles.hint}>{t.paletteHint}</p>
    </Dialog>
  );
}

function useFoundChats(query: string, onClose: () => void): Option[] {
  const t = useTexts();
  const chats = useParley(chatList);
  const wanted = query.trim().toLocaleLowerCase();
  const state = parley.store.getState();
  return chats
    .map((chat) => ({ chat, name: chatName(state, chat, t) }))
    .filter(({ name }) => name.toLocaleLowerCase().includes(wanted))
    .slice(0, CHATS_SHOWN)
    .map(({ chat, name }) => ({
      id: chat.id,
      personId: chat.peer?.id ?? null,
      name,
      about: chat.kind === 'direct' ? null : t.membersCount(chat.memberCount),
      picture: (
        <Avatar
          id={chat.peer?.id ?? chat.id}
          name={name}
          url={chat.peer?.avatarUrl ?? chat.avatarUrl}
          size="small"
          {...(chat.kind === 'public' && { icon: 'hash' as const })}
        />
      ),
      choose: async () => {
        onClose();
        navigate(`/chats/${chat.id}`);
      },
    }));
}

function useFoundPeople(query: string, onClose: () => void): { people: readonly Option[]; isComplete: boolean } {
  const t = useTexts();
  const { people, isComplete } = usePeople(query);
  if (query.trim() === '') return { people: [], isComplete };
  const options = (people ?? []).slice(0, PEOPLE_SHOWN).map((user) => ({
    id: user.id,
    personId: user.id,
    name: nameOf(user, t),
    about: user.displayName && `@${user.username}`,
    picture: <Avatar id={user.id} name={nameOf(user, t)} url={user.avatarUrl} size="small" />,
    choose: async () => {
      const chat = await parley.chats.openDirect(user.id);
      onClose();
      navigate(`/chats/${chat.id}`);
    },
  }));
  return { people: options, isComplete };
}

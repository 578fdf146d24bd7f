import type { User } from 'parley-client';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { problemText } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { nameOf } from '../session/people.ts';
import type { Texts } from '../texts/en.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Field } from '../ui/field.tsx';
import { Problem, Skeleton } from '../ui/notice.tsx';
import styles from './people.module.css';

const PAUSE_MS = 200;
const SHOWN_MAX = 30;

interface PeopleFound {
  readonly people: readonly User[] | null;
  readonly problem: string | null;
  /** Everybody is here whom the server finds, and not only who is left of those that were found before. */
  readonly isComplete: boolean;
}

/** Who has this in his name, other than me; null while nothing is known. */
export function usePeople(query: string): PeopleFound {
  const t = useTexts();
  const [found, setFound] = useState<Omit<PeopleFound, 'isComplete'> & { readonly query: string | null }>({
    query: null,
    people: null,
    problem: null,
  });
  useEffect(() => {
    let isWanted = true;
    const wanted = query.trim();
    const timer = setTimeout(
      () => {
        const filter = wanted === '' ? {} : { q: wanted };
        parley.people.find({ ...filter, excludeMe: 'true', sort: 'displayName', limit: SHOWN_MAX }).then(
          ({ items }) => isWanted && setFound({ query: wanted, people: byName(items, t), problem: null }),
          (error) => isWanted && setFound({ query: wanted, people: null, problem: problemText(error, t) }),
        );
      },
      wanted === '' ? 0 : PAUSE_MS,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [query, t]);
  const { people, problem } = found;
  if (found.query === query.trim()) return { people, problem, isComplete: true };
  return { people: people?.filter((user) => isNamed(user, query.trim())) ?? null, problem, isComplete: false };
}

const isNamed = ({ displayName, username }: User, part: string): boolean =>
  `${displayName ?? ''} ${username}`.toLocaleLowerCase().includes(part.toLocaleLowerCase());

/** The server sorts private profiles as if they had no name. */
const byName = (people: readonly User[], t: Texts): readonly User[] =>
  people.toSorted((a, b) => nameOf(a, t).localeCompare(nameOf(b, t), document.documentElement.lang));

interface PeopleSearchProps {
  /** What is done with whoever is chosen. */
  readonly onChoose: (user: User) => void;
  readonly isChosen?: (user: User) => boolean;
  /** People who are not to be offered. */
  readonly without?: ReadonlySet<string>;
  readonly children?: ReactNode;
}

/** A field to find people by, and those who are found. */
export function PeopleSearch({ onChoose, isChosen, without, children }: PeopleSearchProps) {
  const t = useTexts();
  const [query, setQuery] = useState('');
  const { people, problem, isComplete } = usePeople(query);
  const shown = people?.filter(({ id }) => !without?.has(id)) ?? null;
  return (
    <div className={styles.search}>
      <Field
        label={t.findPeople}
        type="search"
        autoComplete="off"
        autoFocus
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          const first = shown?.[0];
          if (event.key !== 'Enter' || !first || query.trim() === '') return;
          event.preventDefault();
          onChoose(first);
        }}
      />
      {children}
      {problem && <Problem>{problem}</Problem>}
      {!problem && !shown && <Skeleton label={t.loading} rows={4} />}
      {shown?.length === 0 && isComplete && (
        <p className={styles.nothing}>{query.trim() === '' ? t.noOtherPeople : t.noPeople}</p>
      )}
      {shown && <PeopleList people={shown} onChoose={onChoose} {...(isChosen && { isChosen })} />}
    </div>
  );
}

interface PeopleListProps {
  readonly people: readonly User[];
  readonly onChoose: (user: User) => void;
  readonly isChosen?: (user: User) => boolean;
}

function PeopleList({ people, onChoose, isChosen }: PeopleListProps) {
  const t = useTexts();
  const list = useRef<HTMLUListElement>(null);
  const move = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = buttons[{ ArrowDown: at + 1, ArrowUp: at - 1 }[event.key] ?? -1];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <ul ref={list} className={styles.list} onKeyDown={move}>
      {people.map((user) => (
        <li key={user.id}>
          <button
            type="button"
            className={styles.person}
            {...(isChosen && { 'aria-pressed': isChosen(user) })}
            onClick={() => onChoose(user)}
          >
            <Avatar id={user.id} name={nameOf(user, t)} url={user.avatarUrl} size="small" />
            <span>
              <bdi>{nameOf(user, t)}</bdi>
              {user.displayName && (
                <small>
                  <bdi>@{user.username}</bdi>
                </small>
              )}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

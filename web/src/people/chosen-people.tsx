import type { User } from 'parley-client';
import { useState } from 'react';
import { nameOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Icon } from '../ui/icon.tsx';
import styles from './people.module.css';
import { PeopleSearch } from './people-search.tsx';

/** Several people to be chosen, and how one chooses. */
export function useChosenPeople() {
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const toggle = (user: User) =>
    setChosen((before) =>
      before.some(({ id }) => id === user.id) ? before.filter(({ id }) => id !== user.id) : [...before, user],
    );
  return { chosen, toggle };
}

interface ChosenPeopleProps {
  readonly chosen: readonly User[];
  readonly toggle: (user: User) => void;
  readonly without?: ReadonlySet<string>;
}

export function ChosenPeople({ chosen, toggle, without }: ChosenPeopleProps) {
  const t = useTexts();
  return (
    <PeopleSearch
      onChoose={toggle}
      isChosen={(user) => chosen.some(({ id }) => id === user.id)}
      {...(without && { without })}
    >
      {chosen.length > 0 && (
        <ul className={styles.chips} aria-label={t.addedPeople}>
          {chosen.map((user) => (
            <li key={user.id}>
              <button type="button" aria-label={t.removeFromGroup(nameOf(user, t))} onClick={() => toggle(user)}>
                <bdi>{nameOf(user, t)}</bdi>
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </PeopleSearch>
  );
}

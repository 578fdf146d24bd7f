import type { User } from 'parley-client';
import { useEffect, useState } from 'react';
import { problemText } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { dateOf } from '../texts/times.ts';
import { Problem, Skeleton } from '../ui/notice.tsx';
import styles from './people.module.css';

/** What somebody tells about himself, as far as I may see it. */
export function Facts({ userId }: { readonly userId: string }) {
  const t = useTexts();
  const [user, setUser] = useState<User | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    parley.people.get(userId).then(setUser, (error) => setProblem(problemText(error, t)));
  }, [userId, t]);
  if (problem) return <Problem>{problem}</Problem>;
  if (!user) return <Skeleton label={t.loading} rows={1} />;
  const facts: readonly (readonly [string, string | null])[] = [
    [t.username, user.username],
    [t.about, user.bio],
    [t.location, user.location],
    [t.birthDate, user.birthDate && dateOf(user.birthDate)],
    [t.email, user.email],
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

import type { Session } from 'parley-client';
import { useEffect, useState } from 'react';
import { problemText, useAction } from '../session/action.ts';
import { signOut } from '../session/lifecycle.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { momentOf } from '../texts/times.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Problem, Skeleton } from '../ui/notice.tsx';
import styles from './settings.module.css';

/** Where I am signed in, to be ended one by one or all at once. */
export function Sessions() {
  const t = useTexts();
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    parley.auth.sessions({}).then(
      ({ items }) => setSessions(items),
      (error) => setProblem(problemText(error, t)),
    );
  }, [t]);
  const end = useAction(async ({ id }: Session) => {
    await parley.auth.endSession(id);
    setSessions((before) => before?.filter((session) => session.id !== id) ?? null);
  });
  const endAll = useAction(() => signOut(() => parley.auth.logoutAll()));
  const shown = problem ?? end.problem ?? endAll.problem;
  return (
    <section className={styles.section}>
      <h3>{t.sessions}</h3>
      <p className={styles.lead}>{t.sessionsLead}</p>
      {shown && <Problem>{shown}</Problem>}
      {!sessions && !problem && <Skeleton label={t.loading} rows={2} />}
      <ul className={styles.sessions}>
        {sessions?.map((session) => (
          <li key={session.id}>
            <Icon name="screen" />
            <div>
              <bdi>{session.device ?? t.unknownDevice}</bdi>
              <small>{session.current ? t.thisDevice : t.lastUsed(momentOf(session.lastUsedAt, t))}</small>
            </div>
            {!session.current && (
              <Button
                aria-label={t.endSessionOf(session.device ?? t.unknownDevice)}
                disabled={end.isBusy}
                onClick={() => void end.run(session)}
              >
                {t.endSession}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {sessions && sessions.length > 1 && (
        <Button look="danger" busy={endAll.isBusy} onClick={() => void endAll.run()}>
          {t.endOthers}
        </Button>
      )}
    </section>
  );
}

import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.ts';
import styles from './entrance.module.css';

interface FormProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
  readonly footer: ReactNode;
}

/** The frame of every form at the entrance. */
export function EntranceForm({ title, lead, onSubmit, children, footer }: FormProps) {
  const t = useTexts();
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <p className={styles.brand}>
          <img src="/icon.svg" alt="" width={40} height={40} />
          <span>{t.appName}</span>
        </p>
        <h1>{title}</h1>
        {lead && <p className={styles.lead}>{lead}</p>}
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {children}
        </form>
        <footer>{footer}</footer>
      </div>
    </main>
  );
}

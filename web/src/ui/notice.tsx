import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';
import styles from './notice.module.css';

interface NoticeProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}

/** What stands where there is nothing yet, or where something could not be had; with what to do about it. */
export function Notice({ icon, title, children }: NoticeProps) {
  return (
    <div className={styles.notice}>
      <span>
        <Icon name={icon} size={28} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What is wrong, above what it is wrong with. */
export function Problem({ children }: { readonly children: ReactNode }) {
  return (
    <p role="alert" className={styles.problem}>
      <Icon name="warn" size={18} />
      <span>{children}</span>
    </p>
  );
}

/** The shape of a list that is still on its way. */
export function Skeleton({ label, rows = 6 }: { readonly label: string; readonly rows?: number }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike, and they never move.
        <div key={row} aria-hidden="true">
          <i />
          <b />
          <s />
        </div>
      ))}
    </div>
  );
}

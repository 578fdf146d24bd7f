import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.ts';
import { Button } from './button.tsx';
import styles from './confirm.module.css';
import { Dialog } from './dialog.tsx';
import { Problem } from './notice.tsx';

interface ConfirmProps {
  readonly title: string;
  /** What the button says that does it. */
  readonly answer: string;
  readonly action: { readonly run: () => Promise<void>; readonly isBusy: boolean; readonly problem: string | null };
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, answer, action, onClose, children }: ConfirmProps) {
  const t = useTexts();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button look="final" busy={action.isBusy} onClick={() => void action.run()}>
            {answer}
          </Button>
        </>
      }
    >
      <div className={styles.question}>
        {action.problem && <Problem>{action.problem}</Problem>}
        {children}
      </div>
    </Dialog>
  );
}

import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useTexts } from '../texts/texts.ts';
import { IconButton } from './button.tsx';
import styles from './dialog.module.css';
import { isTouch } from './touch.ts';

interface DialogProps {
  readonly title: string;
  /** A box in the middle, which a picture may fill, or a sheet at the end of the window. */
  readonly kind?: 'box' | 'picture' | 'sheet' | 'palette';
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** What stays in sight below what scrolls. */
  readonly footer?: ReactNode;
}

/**
 * The browser's own modal dialog: it keeps the focus, Esc closes it, and the focus goes back to where it was. It begins in the field
 * that asks for it, but where a keyboard would come up and hide what is below.
 */
export function Dialog({ title, kind = 'box', onClose, children, footer }: DialogProps) {
  const t = useTexts();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const opener = document.activeElement;
    const around = opener?.parentElement?.closest('[tabindex]'); // where the opener may be gone by then
    const element = dialog.current;
    element?.showModal();
    if (!isTouch()) element?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => {
      element?.close();
      const last = opener?.isConnected ? opener : around;
      if (last instanceof HTMLElement) last.focus();
    };
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does by keyboard what a click beside the box does.
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={`${styles.dialog} ${styles[kind]}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className={styles.frame}>
        <header className={kind === 'palette' ? 'visually-hidden' : styles.header}>
          <h2 id={titleId}>{title}</h2>
          {kind !== 'palette' && <IconButton icon="close" label={t.close} onClick={onClose} />}
        </header>
        <div className={styles.body}>{children}</div>
        {footer && <footer className={styles.footer}>{footer}</footer>}
      </div>
    </dialog>
  );
}

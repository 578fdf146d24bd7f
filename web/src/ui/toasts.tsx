import { create } from 'zustand';
import { useTexts } from '../texts/texts.ts';
import { IconButton } from './button.tsx';
import styles from './toasts.module.css';

interface Toast {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6_000;

const useToasts = create<{ readonly toasts: readonly Toast[] }>(() => ({ toasts: [] }));
let lastId = 0;

/** Says something in a corner for some seconds, read out at the next pause. */
export function toast(text: string): void {
  lastId += 1;
  const id = lastId;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-2), { id, text }] }));
  setTimeout(() => dismiss(id), SHOWN_MS);
}

const dismiss = (id: number): void =>
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((shown) => shown.id !== id) }));

export function Toasts() {
  const t = useTexts();
  const { toasts } = useToasts();
  return (
    <div className={styles.toasts} role="status">
      {toasts.map(({ id, text }) => (
        <div key={id} className={styles.toast}>
          <p>{text}</p>
          <IconButton icon="close" label={t.close} onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

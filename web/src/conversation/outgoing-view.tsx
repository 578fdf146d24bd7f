import type { OutgoingMessage } from 'parley-client';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { clockTime } from '../texts/times.ts';
import { Icon } from '../ui/icon.tsx';
import { Attachments } from './attachments.tsx';
import { Formatted } from './formatted.tsx';
import styles from './message-view.module.css';

interface OutgoingViewProps {
  readonly line: OutgoingMessage;
  /** The first of some that belong together. */
  readonly isFirst: boolean;
}

/** What I have written and the server does not have yet: on its way, or refused and here to be sent again or thrown away. */
export function OutgoingView({ line, isFirst }: OutgoingViewProps) {
  const t = useTexts();
  const { clientId, status, error } = line;
  const isRefused = status === 'refused';
  return (
    <article
      className={styles.message}
      data-mine="true"
      data-first={isFirst}
      data-outgoing={status}
      tabIndex={-1}
      aria-label={`${t.you}, ${isRefused ? t.failed : t.sending}`}
    >
      <div>
        <div className={styles.bubble}>
          {line.attachments.length > 0 && <Attachments attachments={line.attachments} />}
          {line.content !== '' && <Formatted content={line.content} />}
          <footer className={styles.meta}>
            <time dateTime={line.createdAt}>{clockTime(line.createdAt)}</time>
            <span title={isRefused ? t.failed : t.sending}>
              <Icon name={isRefused ? 'warn' : 'clock'} size={16} />
            </span>
          </footer>
        </div>
        {isRefused && (
          <div className={styles.failed} role="alert">
            <span>{(error && t.problems[error.code]) ?? t.failed}</span>
            <div>
              <button type="button" onClick={() => void parley.messages.retry(clientId)}>
                {t.retrySend}
              </button>
              <button type="button" onClick={() => void parley.messages.discard(clientId)}>
                {t.discard}
              </button>
            </div>
          </div>
        )}
      </div>
    </article>
  );
}

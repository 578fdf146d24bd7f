import { type Chat, type Message, readersOf } from 'parley-client';
import { type KeyboardEvent, lazy, Suspense, useRef, useState } from 'react';
import { openOverlay } from '../overlays.ts';
import { useParley } from '../session/parley.ts';
import { nameOf, userOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { clockTime, fullTime } from '../texts/times.ts';
import { Avatar } from '../ui/avatar.tsx';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { toast } from '../ui/toasts.tsx';
import { Attachments } from './attachments.tsx';
import { Formatted } from './formatted.tsx';
import styles from './message-view.module.css';
import { Quote } from './quote.tsx';

const MessageDialogs = lazy(async () => ({ default: (await import('./message-dialogs.tsx')).MessageDialogs }));

export type MessageDialog = 'delete' | 'history' | 'readers';

interface MessageViewProps {
  readonly message: Message;
  readonly at: number;
  readonly chat: Chat;
  /** The first of some that belong together. */
  readonly isFirst: boolean;
  readonly isMarked: boolean;
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
  readonly onJump: (seq: number) => void;
}

/** A message as it is stored. */
export function MessageView({ message, at, chat, isFirst, isMarked, onReply, onEdit, onJump }: MessageViewProps) {
  const t = useTexts();
  const [dialog, setDialog] = useState<MessageDialog | null>(null);
  // Of many messages few are ever touched: the rest need no menus.
  const [isNear, setNear] = useState(() => matchMedia('(hover: none)').matches);
  const article = useRef<HTMLElement>(null);
  const sender = useParley((state) => userOf(state, message.sender));
  const isMine = useParley((state) => state.userId === message.senderId);
  const name = isMine ? t.you : nameOf(sender, t);
  const isDeleted = message.deletedAt !== null;
  const showsSender = isFirst && !isMine && chat.kind !== 'direct';

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.key !== 'Enter') return;
    event.preventDefault();
    article.current?.querySelector<HTMLButtonElement>('[aria-haspopup="menu"]')?.click();
  };
  return (
    <article
      ref={article}
      className={styles.message}
      data-line={at}
      data-mine={isMine}
      data-first={isFirst}
      data-marked={isMarked}
      tabIndex={-1}
      aria-posinset={message.seq}
      aria-setsize={chat.seq}
      aria-label={`${name}, ${fullTime(message.createdAt)}`}
      onKeyDown={onKeyDown}
      onFocus={() => setNear(true)}
      onPointerEnter={() => setNear(true)}
    >
      {!isMine && chat.kind !== 'direct' && (
        <button
          type="button"
          tabIndex={-1}
          className={styles.picture}
          disabled={!isFirst}
          aria-label={name}
          onClick={() => openOverlay({ name: 'person', userId: message.senderId })}
        >
          <Avatar id={message.senderId} name={name} url={sender?.avatarUrl ?? null} size="small" />
        </button>
      )}
      <div className={styles.bubble}>
        {showsSender && (
          <p className={styles.sender}>
            <bdi>{name}</bdi>
          </p>
        )}
        {message.replyTo && <Quote chatId={chat.id} replyTo={message.replyTo} onJump={onJump} />}
        {isDeleted ? (
          <p className={styles.deleted}>{t.deleted}</p>
        ) : (
          <>
            {message.attachments.length > 0 && <Attachments attachments={message.attachments} />}
            {message.content && <Formatted content={message.content} />}
          </>
        )}
        <footer className={styles.meta}>
          {message.editedAt && !isDeleted && (
            <button type="button" tabIndex={-1} onClick={() => setDialog('history')}>
              {t.edited}
            </button>
          )}
          <time dateTime={message.createdAt} title={fullTime(message.createdAt)}>
            {clockTime(message.createdAt)}
          </time>
          {isMine && !isDeleted && <Receipt message={message} />}
        </footer>
      </div>
      {isNear && !isDeleted && (
        <MessageActions message={message} chat={chat} name={name} {...{ onReply, onEdit }} onDialog={setDialog} />
      )}
      {dialog && (
        <Suspense>
          <MessageDialogs dialog={dialog} message={message} onClose={() => setDialog(null)} />
        </Suspense>
      )}
    </article>
  );
}

/** Whether somebody has read what I wrote. */
function Receipt({ message }: { readonly message: Message }) {
  const t = useTexts();
  const isRead = useParley((state) => readersOf(state, message).length > 0);
  return (
    <span className={isRead ? styles.read : undefined} title={isRead ? t.seen : t.sent}>
      <Icon name={isRead ? 'checks' : 'check'} size={16} />
      <span className="visually-hidden">{isRead ? t.seen : t.sent}</span>
    </span>
  );
}

interface MessageActionsProps {
  readonly message: Message;
  readonly chat: Chat;
  readonly name: string;
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
  readonly onDialog: (dialog: MessageDialog) => void;
}

function MessageActions({ message, chat, name, onReply, onEdit, onDialog }: MessageActionsProps) {
  const t = useTexts();
  const isMine = useParley((state) => state.userId === message.senderId);
  const mayDelete = isMine || (chat.kind !== 'direct' && chat.role !== 'member');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(message.content ?? '');
      toast(t.copied);
    } catch {
      toast(t.somethingWrong); // browsers refuse it over plain HTTP
    }
  };
  const items: MenuItem[] = [
    { label: t.reply, icon: 'reply', onSelect: () => onReply(message) },
    ...(message.content ? [{ label: t.copy, icon: 'copy' as const, onSelect: () => void copy() }] : []),
    ...(isMine ? [{ label: t.edit, icon: 'edit' as const, onSelect: () => onEdit(message) }] : []),
    ...(message.editedAt ? [{ label: t.history, icon: 'history' as const, onSelect: () => onDialog('history') }] : []),
    ...(isMine ? [{ label: t.readBy, icon: 'checks' as const, onSelect: () => onDialog('readers') }] : []),
    ...(mayDelete
      ? [{ label: t.delete, icon: 'trash' as const, isDanger: true, onSelect: () => onDialog('delete') }]
      : []),
  ];
  return (
    <div className={styles.actions}>
      <IconButton
        icon="reply"
        label={t.reply}
        tabIndex={-1}
        className={styles.quick}
        onClick={() => onReply(message)}
      />
      <Menu label={t.messageMenu(name)} items={items} isOutOfTabOrder />
    </div>
  );
}

import { type Chat, isOutgoing, type Message, type OutgoingMessage, presenceOf, typingIn } from 'parley-client';
import { memo } from 'react';
import { oneLine } from '../conversation/one-line.ts';
import { systemText } from '../conversation/system-text.ts';
import { Link } from '../link.tsx';
import { useDraft } from '../session/drafts.ts';
import { useParley } from '../session/parley.ts';
import { nameOf, useChatName, userOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { shortTime } from '../texts/times.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icon.tsx';
import styles from './chat-row.module.css';

interface ChatRowProps {
  readonly chat: Chat;
  readonly at: number;
  readonly isOpen: boolean;
}

/** A chat in the list: who, when, the last line and how many are unread. */
export const ChatRow = memo(function ChatRow({ chat, at, isOpen }: ChatRowProps) {
  const t = useTexts();
  const name = useChatName(chat);
  const peer = useParley((state) => userOf(state, chat.peer));
  const status = useParley((state) => (chat.peer ? presenceOf(state, chat.peer.id) : undefined));
  const last = useParley((state) => state.outbox[chat.id]?.at(-1)) ?? chat.lastMessage;
  return (
    <Link href={`/chats/${chat.id}`} className={styles.row} data-at={at} aria-current={isOpen ? 'page' : undefined}>
      <Avatar
        id={chat.peer?.id ?? chat.id}
        name={name}
        url={peer?.avatarUrl ?? chat.avatarUrl}
        {...(chat.kind === 'public' && { icon: 'hash' as const })}
        status={status}
      />
      <span className={styles.name}>
        <bdi>{name}</bdi>
        {chat.muted && (
          <span className={styles.muted} title={t.muted}>
            <Icon name="bellOff" size={14} />
          </span>
        )}
      </span>
      <time dateTime={last?.createdAt ?? chat.createdAt}>{shortTime(last?.createdAt ?? chat.createdAt)}</time>
      <span className={styles.below}>
        <span className={styles.line}>
          <Preview chat={chat} last={last} />
        </span>
        {chat.unreadCount > 0 && (
          <span className={`${styles.badge} ${chat.muted ? styles.calm : ''}`}>
            <span aria-hidden="true">{chat.unreadCount > 999 ? '999+' : chat.unreadCount}</span>
            <span className="visually-hidden">{t.unread(chat.unreadCount)}</span>
          </span>
        )}
      </span>
    </Link>
  );
});

interface PreviewProps {
  readonly chat: Chat;
  readonly last: Message | OutgoingMessage | null;
}

/** What is going on in a chat, in one line: somebody types, I have begun to write, or what was written last. */
function Preview({ chat, last }: PreviewProps) {
  const t = useTexts();
  const draft = useDraft(chat.id);
  const isTyping = useParley((state) => typingIn(state, chat.id).length > 0);
  const me = useParley((state) => state.userId);
  const sender = useParley((state) => (last && !isOutgoing(last) ? userOf(state, last.sender) : null));
  if (isTyping) return <em className={styles.typing}>{t.typingShort}</em>;
  if (draft !== '') {
    return (
      <>
        <b className={styles.draft}>{t.draft}</b> <bdi>{draft}</bdi>
      </>
    );
  }
  if (!last) return <em>{t.noLines}</em>;
  if (isOutgoing(last)) {
    const isRefused = last.status === 'refused';
    return (
      <>
        <span className={isRefused ? styles.draft : ''}>{isRefused ? `${t.notSent}: ` : `${t.you}: `}</span>
        <bdi>{oneLine(last.content) || t.attachment}</bdi>
      </>
    );
  }
  if (last.kind === 'system') return <em>{systemText(last, t)}</em>;
  if (last.deletedAt) return <em>{t.deleted}</em>;
  const isMine = last.senderId === me;
  return (
    <>
      {isMine && `${t.you}: `}
      {!isMine && chat.kind !== 'direct' && (
        <span className={styles.sender}>
          <bdi>{nameOf(sender, t)}</bdi>
          {': '}
        </span>
      )}
      <bdi>{oneLine(last.content ?? '') || last.attachments[0]?.name || t.attachment}</bdi>
    </>
  );
}

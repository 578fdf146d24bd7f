import { type Chat, type Message, typingIn } from 'parley-client';
import { useEffect, useState } from 'react';
import { NothingHere } from '../nothing-here.tsx';
import { parley, useParley } from '../session/parley.ts';
import { nameOf, usePresenceOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Skeleton } from '../ui/notice.tsx';
import { Composer } from './composer.tsx';
import styles from './conversation.module.css';
import { BackLink, ConversationHeader } from './conversation-header.tsx';
import { useHistoryWindow } from './history-window.ts';
import { MessageList } from './message-list.tsx';

/** Beyond this many nobody looks at who has read what. */
const READERS_SHOWN_MAX = 100;

/** One chat: who it is with, what was written, and where to write. */
export function Conversation({ chatId }: { readonly chatId: string }) {
  const chat = useParley((state) => state.chats[chatId]);
  const isLoaded = useParley((state) => state.chatsLoaded);
  if (chat) return <OpenConversation chat={chat} />;
  if (!isLoaded) return <LoadingConversation />;
  return <NothingHere />;
}

function LoadingConversation() {
  const t = useTexts();
  return (
    <section className={styles.conversation}>
      <div className={styles.header}>
        <BackLink />
      </div>
      <div className={styles.loading}>
        <Skeleton label={t.messagesLoading} />
      </div>
    </section>
  );
}

/** What the field at the bottom is for, beside something new. */
export type Writing = { readonly kind: 'new' } | { readonly kind: 'reply' | 'edit'; readonly message: Message };

function OpenConversation({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const [unreadFrom] = useState(() => (chat.unreadCount > 0 ? chat.readSeq + 1 : null));
  const [writing, setWriting] = useState<Writing>({ kind: 'new' });
  const history = useHistoryWindow(chat, unreadFrom);
  const wantsMembers = chat.memberCount <= READERS_SHOWN_MAX;
  useEffect(() => {
    if (wantsMembers) void parley.members.load(chat.id).catch(() => undefined);
  }, [chat.id, wantsMembers]);
  usePresenceOf(chat.peer ? [chat.peer.id] : []);

  return (
    <section className={styles.conversation}>
      <ConversationHeader chat={chat} onJump={history.jumpTo} />
      {history.isLoaded ? (
        <MessageList
          key={history.key}
          chat={chat}
          history={history}
          unreadFrom={unreadFrom}
          onReply={(message) => setWriting({ kind: 'reply', message })}
          onEdit={(message) => setWriting({ kind: 'edit', message })}
        />
      ) : history.problem === null ? (
        <div className={styles.loading}>
          <Skeleton label={t.messagesLoading} />
        </div>
      ) : (
        <Notice icon="warn" title={t.couldNotLoad}>
          <p>{history.problem}</p>
          <Button look="primary" icon="retry" onClick={history.retry}>
            {t.retry}
          </Button>
        </Notice>
      )}
      <TypingLine chat={chat} />
      <Composer key={chat.id} chat={chat} writing={writing} onWriting={setWriting} onSent={history.toNewest} />
    </section>
  );
}

/** Who is typing. Its place is kept, so that nothing moves. */
function TypingLine({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const typing = useParley((state) => typingIn(state, chat.id));
  const users = useParley((state) => state.users);
  const [first = '', second = ''] = typing.map((id) => nameOf(users[id], t));
  const texts = ['', t.typingOne(first), t.typingTwo(first, second)];
  return (
    <p className={styles.typing} aria-live="polite">
      {texts[typing.length] ?? t.typingMany}
    </p>
  );
}

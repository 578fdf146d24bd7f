import { type Chat, typingIn } from 'parley-client';
import { useEffect, useState } from 'react';
import { NothingHere } from '../nothing-here.tsx';
import { keepWriting } from '../session/drafts.ts';
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

function OpenConversation({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const [unreadFrom] = useState(() => (chat.unreadCount > 0 ? chat.readSeq + 1 : null));
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
          onReply={(message) => keepWriting(chat.id, { kind: 'reply', message })}
          onEdit={(message) => keepWriting(chat.id, { kind: 'edit', message, text: message.content ?? '' })}
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
      <Composer key={chat.id} chat={chat} onSent={history.toNewest} />
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

import { type Chat, chatList } from 'parley-client';
import { type KeyboardEvent, useDeferredValue, useMemo, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { openOverlay } from '../overlays.ts';
import { navigate } from '../router.ts';
import { signOut } from '../session/lifecycle.ts';
import { parley, useParley } from '../session/parley.ts';
import { chatName, nameOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { Notice, Skeleton } from '../ui/notice.tsx';
import styles from './chat-panel.module.css';
import { ChatRow } from './chat-row.tsx';

/** All my chats, what is latest first, and the way to new ones. */
export function ChatPanel({ openChatId }: { readonly openChatId: string | null }) {
  const t = useTexts();
  const [query, setQuery] = useState('');
  const chats = useParley(chatList);
  const isLoaded = useParley((state) => state.chatsLoaded);
  const found = useFound(chats, useDeferredValue(query));
  return (
    <aside className={styles.panel} aria-label={t.chats}>
      <PanelHeader />
      <label className={styles.search}>
        <Icon name="search" size={18} />
        <span className="visually-hidden">{t.searchChats}</span>
        <input
          type="search"
          placeholder={t.searchChats}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            const first = found[0];
            if (event.key === 'Escape') setQuery('');
            if (event.key === 'Enter' && first) navigate(`/chats/${first.id}`);
          }}
        />
      </label>
      {chats.length > 0 ? (
        <ChatRows chats={found} openChatId={openChatId} />
      ) : isLoaded ? (
        <FirstRun />
      ) : (
        <Skeleton label={t.chatsLoading} rows={8} />
      )}
    </aside>
  );
}

function useFound(chats: readonly Chat[], query: string): readonly Chat[] {
  const t = useTexts();
  return useMemo(() => {
    const wanted = query.trim().toLocaleLowerCase();
    if (wanted === '') return chats;
    const state = parley.store.getState();
    return chats.filter((chat) => chatName(state, chat, t).toLocaleLowerCase().includes(wanted));
  }, [chats, query, t]);
}

function PanelHeader() {
  const t = useTexts();
  const me = useParley((state) => state.me);
  return (
    <header className={styles.header}>
      <button type="button" className={styles.me} onClick={() => openOverlay({ name: 'settings' })} title={t.settings}>
        {me ? (
          <Avatar id={me.id} name={nameOf(me, t)} url={me.avatarUrl} size="small" />
        ) : (
          <i className={styles.unknown} />
        )}
        <h1>
          <span className="visually-hidden">{t.settings}: </span>
          {me && <bdi>{nameOf(me, t)}</bdi>}
        </h1>
      </button>
      <Menu
        label={t.newChat}
        icon="plus"
        items={[
          { label: t.newChat, icon: 'user', onSelect: () => openOverlay({ name: 'new-chat' }) },
          { label: t.newGroup, icon: 'group', onSelect: () => openOverlay({ name: 'new-group' }) },
          { label: t.publicRooms, icon: 'hash', onSelect: () => openOverlay({ name: 'rooms' }) },
        ]}
      />
      <Menu
        label={t.more}
        items={[
          { label: t.settings, icon: 'gear', onSelect: () => openOverlay({ name: 'settings' }) },
          { label: t.shortcuts, icon: 'info', onSelect: () => openOverlay({ name: 'shortcuts' }) },
          { label: t.signOut, icon: 'door', onSelect: () => void signOut().catch(() => undefined) },
        ]}
      />
    </header>
  );
}

function FirstRun() {
  const t = useTexts();
  return (
    <Notice icon="chat" title={t.noChats}>
      <p>{t.noChatsWhy}</p>
      <div className={styles.first}>
        <Button look="primary" icon="user" onClick={() => openOverlay({ name: 'new-chat' })}>
          {t.newChat}
        </Button>
        <Button icon="group" onClick={() => openOverlay({ name: 'new-group' })}>
          {t.newGroup}
        </Button>
        <Button icon="hash" onClick={() => openOverlay({ name: 'rooms' })}>
          {t.publicRooms}
        </Button>
      </div>
    </Notice>
  );
}

interface ChatRowsProps {
  readonly chats: readonly Chat[];
  readonly openChatId: string | null;
}

/** Only those in sight are in the page: somebody may have two thousand. */
function ChatRows({ chats, openChatId }: ChatRowsProps) {
  const t = useTexts();
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLElement>(null);

  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const at = Number((event.target as HTMLElement).closest<HTMLElement>('[data-at]')?.dataset.at ?? -1);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: chats.length - 1 }[event.key];
    if (event.altKey || next === undefined || next < 0 || next >= chats.length) return;
    event.preventDefault();
    list.current?.scrollToIndex(next, { align: 'nearest' });
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-at="${next}"]`)?.focus());
  };

  if (chats.length === 0) return <p className={styles.nothing}>{t.noChatFound}</p>;
  return (
    <nav ref={scroller} className={styles.rows} aria-label={t.chats} onKeyDown={walk}>
      <Virtualizer ref={list} as="ul" item="li" scrollRef={scroller} itemSize={68}>
        {chats.map((chat, at) => (
          <ChatRow key={chat.id} chat={chat} at={at} isOpen={chat.id === openChatId} />
        ))}
      </Virtualizer>
    </nav>
  );
}

import { lazy, Suspense, useEffect } from 'react';
import { ChatPanel } from './chats/chat-panel.tsx';
import { Conversation } from './conversation/conversation.tsx';
import { NothingHere } from './nothing-here.tsx';
import { closeOverlay, type Overlay, useOverlay } from './overlays.ts';
import { navigate, usePlace } from './router.ts';
import { useNotifications } from './session/notifications.ts';
import { parley, useParley } from './session/parley.ts';
import { COMMAND, useShortcuts } from './session/shortcuts.ts';
import { useTexts } from './texts/texts.ts';
import { Button } from './ui/button.tsx';
import { Notice } from './ui/notice.tsx';
import styles from './workspace.module.css';

const AWAY_AFTER_MS = 5 * 60_000;

/** What is seen by whoever is signed in: the chats, one of them open, and at most one thing over both. */
export function Workspace() {
  const place = usePlace();
  const { overlay } = useOverlay();
  useEffect(() => {
    if (!['chats', 'chat', 'unknown'].includes(place.name)) navigate('/', { replace: true });
  }, [place]);
  useShortcuts();
  useNotifications();
  usePresence();
  return (
    <div className={styles.workspace} data-pane={place.name === 'chats' ? 'list' : 'main'}>
      <ConnectionBar />
      <ChatPanel openChatId={place.name === 'chat' ? place.chatId : null} />
      <main className={styles.main}>
        {place.name === 'chat' ? (
          <Conversation key={place.chatId} chatId={place.chatId} />
        ) : place.name === 'unknown' ? (
          <NothingHere />
        ) : (
          <NoneChosen />
        )}
      </main>
      <Suspense>
        <Overlays overlay={overlay} />
      </Suspense>
    </div>
  );
}

/** What stands beside the list; where that is empty, it says itself what to do. */
function NoneChosen() {
  const t = useTexts();
  const isNew = useParley((state) => state.chatsLoaded && Object.keys(state.chats).length === 0);
  return (
    <Notice icon="chat" title={isNew ? t.appName : t.chooseChat}>
      <p>{isNew ? t.appClaim : t.chooseChatWhy(`${COMMAND} K`)}</p>
    </Notice>
  );
}

const Palette = lazy(async () => ({ default: (await import('./chats/palette.tsx')).Palette }));
const Shortcuts = lazy(async () => ({ default: (await import('./settings/shortcut-list.tsx')).ShortcutList }));
const NewChat = lazy(async () => ({ default: (await import('./people/new-chat.tsx')).NewChat }));
const NewGroup = lazy(async () => ({ default: (await import('./people/new-group.tsx')).NewGroup }));
const Rooms = lazy(async () => ({ default: (await import('./people/rooms.tsx')).Rooms }));
const Settings = lazy(async () => ({ default: (await import('./settings/settings.tsx')).Settings }));
const Details = lazy(async () => ({ default: (await import('./people/chat-details.tsx')).ChatDetails }));
const Person = lazy(async () => ({ default: (await import('./people/person.tsx')).Person }));

function Overlays({ overlay }: { readonly overlay: Overlay }) {
  switch (overlay.name) {
    case 'palette':
      return <Palette onClose={closeOverlay} />;
    case 'shortcuts':
      return <Shortcuts onClose={closeOverlay} />;
    case 'new-chat':
      return <NewChat onClose={closeOverlay} />;
    case 'new-group':
      return <NewGroup onClose={closeOverlay} />;
    case 'rooms':
      return <Rooms onClose={closeOverlay} />;
    case 'settings':
      return <Settings onClose={closeOverlay} />;
    case 'details':
      return <Details chatId={overlay.chatId} onClose={closeOverlay} />;
    case 'person':
      return <Person userId={overlay.userId} onClose={closeOverlay} />;
    default:
      return null;
  }
}

/** What is wrong with the link to the server, as long as it is. */
function ConnectionBar() {
  const t = useTexts();
  const connection = useParley((state) => state.connection);
  const stopped = useParley((state) => state.stopped);
  if (stopped) {
    return (
      <div className={`${styles.bar} ${styles.stopped}`} role="status">
        <p>{t.stoppedTitle}</p>
        <Button onClick={() => void parley.connect().catch(() => undefined)}>{t.reconnect}</Button>
      </div>
    );
  }
  return (
    <div className={styles.bar} role="status">
      {connection === 'offline' && <p className={styles.offline}>{t.offline}</p>}
    </div>
  );
}

/** Tells the server that somebody is away when nothing was touched for some minutes, or the page is out of sight. */
function usePresence(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told: 'online' | 'away' = 'online';
    const tell = (status: 'online' | 'away') => {
      if (status === told) return;
      told = status;
      parley.presence.set(status);
    };
    const onActive = () => {
      clearTimeout(timer);
      timer = setTimeout(tell, AWAY_AFTER_MS, 'away');
      if (document.visibilityState === 'visible') tell('online');
    };
    const events = ['pointerdown', 'keydown', 'visibilitychange', 'focus'] as const;
    onActive();
    for (const name of events) addEventListener(name, onActive, { passive: true });
    return () => {
      clearTimeout(timer);
      for (const name of events) removeEventListener(name, onActive);
    };
  }, []);
}

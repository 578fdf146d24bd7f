import { type Message, type ParleyState, unreadTotal } from 'parley-client';
import { useEffect } from 'react';
import { oneLine } from '../conversation/one-line.ts';
import { navigate } from '../router.ts';
import { usePreferences } from '../settings/preferences.ts';
import type { Texts } from '../texts/en.ts';
import { useTexts } from '../texts/texts.ts';
import { toast } from '../ui/toasts.tsx';
import { parley, useParley } from './parley.ts';
import { chatName, nameOf } from './people.ts';

const TEXT_MAX = 140;

/** Counts what is unread in the title, and tells of messages that come while nobody looks. */
export function useNotifications(): void {
  const t = useTexts();
  const unread = useParley(unreadTotal);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName;
    return () => {
      document.title = t.appName;
    };
  }, [unread, t]);

  useEffect(
    () =>
      parley.on('message.created', ({ data: { message } }) => {
        const state = parley.store.getState();
        if (isWorthTelling(state, message)) tell(state, message, t);
      }),
    [t],
  );
  useEffect(
    () => parley.on('broadcast', ({ data: { from, content } }) => toast(t.announcement(nameOf(from, t), content))),
    [t],
  );
}

function isWorthTelling(state: ParleyState, { chatId, kind, senderId, seq }: Message): boolean {
  const chat = state.chats[chatId];
  const isMuted = !chat || (chat.muted && (chat.mutedUntil === null || Date.parse(chat.mutedUntil) > Date.now()));
  return kind === 'text' && senderId !== state.userId && !isMuted && seq > (chat?.readSeq ?? 0) && document.hidden;
}

function tell(state: ParleyState, { id, chatId, sender, content }: Message, t: Texts): void {
  const { notify, sound } = usePreferences.getState();
  if (sound) playSound();
  const chat = state.chats[chatId];
  if (!notify || !chat || !('Notification' in window) || Notification.permission !== 'granted') return;
  const name = nameOf(sender, t);
  const title = chat.kind === 'direct' ? name : `${name} – ${chatName(state, chat, t)}`;
  const body = oneLine(content ?? '').slice(0, TEXT_MAX) || t.attachment;
  try {
    const notification = new Notification(title, { body, tag: id, icon: '/icon.svg', silent: !sound }); // by its tag, two tabs tell it once
    notification.onclick = () => {
      window.focus();
      navigate(`/chats/${chatId}`);
      notification.close();
    };
  } catch {
    return; // Android shows those of push messages alone
  }
}

/** Two soft tones, made here. */
function playSound(): void {
  const context = new AudioContext();
  for (const [delay, frequency] of [
    [0, 660],
    [0.12, 880],
  ] as const) {
    const start = context.currentTime + delay;
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.06, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.3);
  }
  setTimeout(() => void context.close(), 1_000);
}

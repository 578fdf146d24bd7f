import type { Chat, ParleyState, Presence, UserRef } from 'parley-client';
import { useEffect } from 'react';
import type { Texts } from '../texts/en.ts';
import { useTexts } from '../texts/texts.ts';
import { momentOf } from '../texts/times.ts';
import { parley, useParley } from './parley.ts';

type Named = Pick<UserRef, 'displayName' | 'username' | 'deleted'>;

/** What somebody is called: by the name, else by the username. */
export function nameOf(user: Named | null | undefined, t: Texts): string {
  if (!user) return t.somebody;
  return user.deleted ? t.deletedPerson : (user.displayName ?? user.username ?? t.somebody);
}

export function chatName(state: ParleyState, chat: Chat, t: Texts): string {
  return chat.kind === 'direct' ? nameOf(userOf(state, chat.peer), t) : (chat.name ?? t.somebody);
}

/** Somebody as he is now, whatever the copy says. */
export const userOf = (state: ParleyState, copy: UserRef | null): UserRef | null =>
  copy && (state.users[copy.id] ?? copy);

export function useChatName(chat: Chat): string {
  const t = useTexts();
  return useParley((state) => chatName(state, chat, t));
}

/** Whether somebody is there, in words. */
export function presenceText(presence: Presence | null | undefined, t: Texts): string {
  if (!presence) return t.offlineStatus;
  const { status, lastSeenAt } = presence;
  if (status === 'offline') return lastSeenAt === null ? t.offlineStatus : t.lastSeen(momentOf(lastSeenAt, t));
  return t[status];
}

/** Has it known of these people whether they are there, and else when they were: nobody tells of who has been away all the time. */
export function usePresenceOf(userIds: readonly string[]): void {
  const isOnline = useParley((state) => state.connection === 'online');
  const wanted = userIds.join();
  useEffect(() => {
    if (isOnline && wanted !== '') void parley.presence.load(wanted.split(',')).catch(() => undefined);
  }, [wanted, isOnline]);
}

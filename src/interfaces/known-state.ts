import type { Head, Known, KnownState } from '../application/catch-up.ts';
import { FOR_EVER } from '../domain/chat.ts';
import type { Instant } from '../domain/ids.ts';
import type * as frames from './contract/frames.ts';
import { presentMute } from './present.ts';

/** What a client says that it has, over a socket or in a request. */
export const knownState = ({ me, chats = {} }: Pick<frames.SyncBody, 'me' | 'chats'>): KnownState => ({
  me: me ?? null,
  chats: new Map(Object.entries(chats).map(([chatId, chat]) => [chatId, knownOf(chat)])),
});

const knownOf = ({ rev, readSeq, muted, mutedUntil }: frames.Known): Known => {
  const until: Instant = typeof mutedUntil === 'string' ? Date.parse(mutedUntil) : FOR_EVER;
  return { rev, readSeq, mutedUntil: muted === undefined ? undefined : muted ? until : null };
};

/** What the client has of a chat by then, for it to say so next time. */
export const presentHead = ({ rev, seq, readSeq, mutedUntil }: Head): frames.Head => ({
  ...{ rev, seq, readSeq },
  ...(mutedUntil !== undefined && presentMute(mutedUntil)),
});

import type { Commit } from '../domain/changes.ts';
import type { BusEvent, Topic } from './ports/realtime.ts';

/** Who has to hear of an event: nodes that follow one of these topics, or all. */
export function topicsOf(event: BusEvent): readonly Topic[] | 'all' {
  switch (event.type) {
    case 'commit':
      return [`chat:${event.commit.chatId}`, ...movedBy(event.commit)];
    case 'chat.read':
      return [event.toAll ? `chat:${event.chatId}` : `user:${event.userId}`];
    case 'chat.typing':
      return [`chat:${event.chatId}`];
    case 'chat.muted':
    case 'sessions.ended':
      return [`user:${event.userId}`];
    case 'presence.changed':
      return [`user:${event.userId}`, ...event.chatIds.map((chatId): Topic => `chat:${chatId}`)];
    case 'user.updated':
    case 'broadcast':
    case 'missed':
      return 'all';
  }
}

/** Those whom a commit brings into the chat or takes out of it: their nodes may not follow it, or may be about to. */
function movedBy({ changes }: Commit): Topic[] {
  const moved = changes.filter(({ type }) => type === 'chat.created' || /^member\.(added|removed)$/.test(type));
  return [...new Set(moved.flatMap(({ userIds }) => userIds))].map((userId): Topic => `user:${userId}`);
}

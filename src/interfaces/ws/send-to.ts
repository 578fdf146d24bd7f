import type { Follower } from './follower.ts';
import { type Outgoing, type StoredChanges, textFrames } from './outbox.ts';

/** The same frames to all of these, made once. */
export function sendTo(
  followers: Iterable<Follower>,
  texts: readonly string[],
  about: Omit<Outgoing, 'frames'> = {},
): void {
  let event: Outgoing | undefined;
  for (const follower of followers) {
    event ??= { frames: textFrames(texts), ...about };
    follower.deliver(event);
  }
}

export const sendChanges = (followers: Iterable<Follower>, changes: StoredChanges): void =>
  sendTo(followers, changes.texts, { changes });

import type { Change, ChangeType } from '../../domain/changes.ts';

/**
 * A commit's changes as one JSON text, in the order of their revs, which are dense and so not written down. A created message
 * is its `seq` alone: the message's own row has the rest and keeps it for ever. In a store of messages nearly every change is one.
 */
type Entry = number | [ChangeType, seq: number | null, at: number, actorId: string, messageId: string | null, string[]];

/** What a created message's row says of the change that made it. */
export interface Creation {
  readonly id: string;
  readonly senderId: string;
  readonly createdAt: number;
}

export const encodeChanges = (changes: readonly Change[]): string => JSON.stringify(changes.map(encode));

function encode({ type, seq, at, actorId, messageId, userIds }: Change): Entry {
  if (type === 'message.created' && seq !== null) return seq;
  return [type, seq, at, actorId, messageId, [...userIds]];
}

export function decodeChanges(text: string, firstRev: number, creationAt: (seq: number) => Creation): Change[] {
  const entries = JSON.parse(text) as Entry[];
  return entries.map((entry, i) => {
    const rev = firstRev + i;
    if (typeof entry === 'number') {
      const { id, senderId, createdAt } = creationAt(entry);
      return { type: 'message.created', rev, seq: entry, at: createdAt, actorId: senderId, messageId: id, userIds: [] };
    }
    const [type, seq, at, actorId, messageId, userIds] = entry;
    return { type, rev, seq, at, actorId, messageId, userIds };
  });
}

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BusEvent, EventBus, Topic } from '../../src/application/ports/realtime.ts';
import { type Change, type Commit, emptyState, record } from '../../src/domain/changes.ts';
import { anId } from '../support/builders.ts';

/** One adapter's way to give the suite two nodes; where it is for one process, both are the same. */
export interface BusHarness {
  readonly name: string;
  fresh(): Promise<{ readonly here: EventBus; readonly there: EventBus; dispose(): Promise<void> }>;
}

export const typing = (chatId: string, userId = 'ann'): BusEvent => ({ type: 'chat.typing', chatId, userId });

/** A commit of one change to a group that was made before. */
function aCommit(chatId: string, type: 'member.added' | 'member.removed', userId: string): Commit {
  const state = emptyState();
  const roles = new Map([['ann', 'owner' as const]]);
  record(state, chatId, 'ann', 1, { type: 'chat.created', kind: 'group', name: 'g', roles, lineId: anId() });
  const added: Change = record(state, chatId, 'ann', 1, { type: 'member.added', userIds: ['bob'], lineId: anId() });
  const removal = { type: 'member.removed', userId, banned: false, lineId: anId() } as const;
  const change = type === 'member.added' ? added : record(state, chatId, 'ann', 1, removal);
  if (!state.chat) throw new Error('it was created');
  const images = { chat: state.chat, members: [], messages: [] };
  return { id: anId(), chatId, firstRev: change.rev, lastRev: change.rev, at: 1, changes: [change], images };
}

/** What a bus has told since. `until` resolves when it has told something of which this is true. */
export function ear(bus: EventBus) {
  const heard: BusEvent[] = [];
  const looks = new Set<() => void>();
  bus.subscribe((event) => {
    heard.push(event);
    for (const look of [...looks]) look();
  });
  const until = (matches: (event: BusEvent) => boolean): Promise<BusEvent> =>
    new Promise((resolve) => {
      const look = () => {
        const found = heard.find(matches);
        if (!found) return;
        looks.delete(look);
        resolve(found);
      };
      looks.add(look);
      look();
    });
  return { heard, until, untilType: (type: BusEvent['type']) => until((event) => event.type === type) };
}

/** Proves the promises of EventBus. */
export function eventBusSuite(harness: BusHarness): void {
  describe(`EventBus on ${harness.name}`, () => {
    let here: EventBus;
    let there: EventBus;
    let dispose: () => Promise<void>;
    beforeEach(async () => {
      ({ here, there, dispose } = await harness.fresh());
    });
    afterEach(() => dispose());

    test('reaches others', () => {
      expect(here.reachesOthers).toBe(true);
    });

    test('a node hears its own events when publish returns, once, followed or not', async () => {
      await here.follow(['chat:c', 'chat:c']);
      const { heard, until } = ear(here);
      here.publish(typing('c', '1'));
      here.publish(typing('d', '2'));
      expect(heard).toEqual([typing('c', '1'), typing('d', '2')]);
      here.publish({ type: 'user.updated', userId: 'ann', version: 1 });
      await there.follow(['chat:c']);
      there.publish(typing('c', 'last'));
      await until((event) => event.type === 'chat.typing' && event.userId === 'last');
      expect(heard).toHaveLength(4);
    });

    test('nobody is called back after leaving', () => {
      const heard: BusEvent[] = [];
      const leave = here.subscribe((event) => heard.push(event));
      leave();
      here.publish(typing('c'));
      expect(heard).toEqual([]);
    });

    test('another node hears of a chat that it follows, in order', async () => {
      await there.follow(['chat:c']);
      const { heard, until } = ear(there);
      const events = Array.from({ length: 200 }, (_, i) => typing('c', String(i)));
      for (const event of events) here.publish(event);
      await until((event) => event.type === 'chat.typing' && event.userId === '199');
      expect(heard).toEqual(events);
    });

    test.each<[string, Topic, BusEvent]>([
      ['commit', 'chat:c', { type: 'commit', commit: aCommit('c', 'member.added', 'bob') }],
      ['commit, to whom it adds', 'user:bob', { type: 'commit', commit: aCommit('c', 'member.added', 'bob') }],
      ['commit, to whom it removes', 'user:bob', { type: 'commit', commit: aCommit('c', 'member.removed', 'bob') }],
      [
        'chat.read, to all',
        'chat:c',
        { type: 'chat.read', chatId: 'c', userId: 'bob', seq: 1, unreadCount: 0, rev: 3, toAll: true },
      ],
      [
        'chat.read, to the reader',
        'user:bob',
        { type: 'chat.read', chatId: 'c', userId: 'bob', seq: 1, unreadCount: 0, rev: 3, toAll: false },
      ],
      ['chat.typing', 'chat:c', typing('c')],
      [
        'sessions.ended',
        'user:bob',
        { type: 'sessions.ended', userId: 'bob', sessionIds: ['1', '2'], suspended: true },
      ],
    ])('%s reaches who follows %s', async (_what, topic, event) => {
      await there.follow([topic]);
      const { untilType } = ear(there);
      here.publish(event);
      expect(await untilType(event.type)).toEqual(event);
    });

    test.each<BusEvent>([
      { type: 'user.updated', userId: 'ann', version: 2 },
      { type: 'broadcast', userId: 'ann', content: 'Maintenance at 5 🕔', at: 12 },
    ])('$type reaches every node', async (event) => {
      const { untilType } = ear(there);
      here.publish(event);
      expect(await untilType(event.type)).toEqual(event);
    });

    test('a change of presence is heard once, with the chats that the node follows', async () => {
      await there.follow(['chat:c', 'chat:d', 'user:bob']);
      const { heard, untilType } = ear(there);
      const change = { type: 'presence.changed', userId: 'bob', status: 'away', lastSeenAt: 7 } as const;
      here.publish({ ...change, chatIds: ['c', 'd'] });
      await untilType('presence.changed');
      here.publish(typing('d'));
      await untilType('chat.typing');
      expect(heard).toEqual([{ ...change, chatIds: ['c', 'd'] }, typing('d')]);
    });

    test('what is followed twice is left the second time', async () => {
      await there.follow(['chat:c']);
      await there.follow(['chat:c']);
      there.unfollow(['chat:c']);
      const { untilType } = ear(there);
      here.publish(typing('c'));
      expect(await untilType('chat.typing')).toEqual(typing('c'));
    });
  });
}

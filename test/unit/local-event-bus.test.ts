import { describe, expect, test } from '@jest/globals';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import { topicsOf } from '../../src/application/topics.ts';
import { emptyState } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { commitOf, creation, sending } from '../support/chat-actions.ts';

const event = (version: number): BusEvent => ({ type: 'user.updated', userId: 'anna', version });

function busWithLog() {
  const logged: object[] = [];
  const note = (facts: object) => {
    logged.push(facts);
  };
  return { bus: new LocalEventBus({ debug: note, info: note, warn: note, error: note }), logged };
}

describe('LocalEventBus', () => {
  test('every listener has had every event, in order, when publish returns', () => {
    const { bus } = busWithLog();
    const one: BusEvent[] = [];
    const two: BusEvent[] = [];
    bus.subscribe((e) => one.push(e));
    bus.subscribe((e) => two.push(e));
    bus.publish(event(1));
    bus.publish(event(2));
    expect(one).toEqual([event(1), event(2)]);
    expect(two).toEqual(one);
  });

  test('nobody hears what was before, or what comes after leaving', () => {
    const { bus } = busWithLog();
    const heard: BusEvent[] = [];
    bus.publish(event(1));
    const leave = bus.subscribe((e) => heard.push(e));
    bus.publish(event(2));
    leave();
    leave();
    bus.publish(event(3));
    expect(heard).toEqual([event(2)]);
  });

  test('one function subscribed twice is called twice, and leaves once at a time', () => {
    const { bus } = busWithLog();
    const heard: BusEvent[] = [];
    const listener = (e: BusEvent) => void heard.push(e);
    const leave = bus.subscribe(listener);
    bus.subscribe(listener);
    bus.publish(event(1));
    leave();
    bus.publish(event(2));
    expect(heard).toEqual([event(1), event(1), event(2)]);
  });

  test('a listener that fails is logged and hurts neither the others nor the publisher', () => {
    const { bus, logged } = busWithLog();
    const heard: BusEvent[] = [];
    const failure = new Error('broken listener');
    bus.subscribe(() => {
      throw failure;
    });
    bus.subscribe((e) => heard.push(e));
    bus.publish(event(1));
    bus.publish(event(2));
    expect(heard).toEqual([event(1), event(2)]);
    expect(logged).toEqual([
      { err: failure, event: 'user.updated' },
      { err: failure, event: 'user.updated' },
    ]);
  });

  test('an event that a listener publishes comes after the one it answers, for everyone', () => {
    const { bus } = busWithLog();
    const heard: BusEvent[] = [];
    bus.subscribe((e) => {
      if (e.type === 'user.updated' && e.version === 1) bus.publish(event(2));
    });
    bus.subscribe((e) => heard.push(e));
    bus.publish(event(1));
    expect(heard).toEqual([event(1), event(2)]);
  });

  test('a log that fails as well does not stop the bus for good', () => {
    const broken = () => {
      throw new Error('the log is gone');
    };
    const bus = new LocalEventBus({ debug: broken, info: broken, warn: broken, error: broken });
    const heard: BusEvent[] = [];
    const leave = bus.subscribe(() => {
      throw new Error('broken listener');
    });
    expect(() => bus.publish(event(1))).toThrow('the log is gone');
    leave();
    bus.subscribe((e) => heard.push(e));
    bus.publish(event(2));
    expect(heard).toEqual([event(2)]);
  });
});

describe('who has to hear of an event', () => {
  const state = emptyState();
  const commit = (...commands: Command[]): BusEvent => {
    const stored = commitOf(state, 'choir', 'ann', ...commands);
    if (!stored) throw new Error('these commands change nothing');
    return { type: 'commit', commit: stored };
  };
  const added: Command = { type: 'member.add', userIds: ['dan'], lineId: 'line' };
  const removed: Command = { type: 'member.remove', userId: 'dan', lineId: 'line' };
  const read = { type: 'chat.read', chatId: 'choir', userId: 'ann', seq: 1, unreadCount: 0, rev: 1 } as const;

  test.each<[string, BusEvent, readonly string[] | 'all']>([
    ['a new chat', commit(creation(['bob'])), ['chat:choir', 'user:ann', 'user:bob']],
    ['what is written', commit(sending('hello')), ['chat:choir']],
    ['who comes', commit(added), ['chat:choir', 'user:dan']],
    ['who goes and comes again', commit(removed, added), ['chat:choir', 'user:dan']],
    ['who is what from now on', commit({ type: 'member.update', userId: 'bob', role: 'admin' }), ['chat:choir']],
    ['a mark for everybody', { ...read, toAll: true }, ['chat:choir']],
    ['a mark for oneself', { ...read, toAll: false }, ['user:ann']],
    ['who types', { type: 'chat.typing', chatId: 'choir', userId: 'ann' }, ['chat:choir']],
    ['what is muted', { type: 'chat.muted', chatId: 'choir', userId: 'ann', until: null }, ['user:ann']],
    ['the end of sessions', { type: 'sessions.ended', userId: 'ann', sessionIds: ['s'] }, ['user:ann']],
    [
      'presence',
      { type: 'presence.changed', userId: 'ann', status: 'online', lastSeenAt: 0, chatIds: ['choir', 'band'] },
      ['user:ann', 'chat:choir', 'chat:band'],
    ],
    ['a profile', event(1), 'all'],
    ['an announcement', { type: 'broadcast', userId: 'ann', content: 'hello', at: 0 }, 'all'],
    ['a gap', { type: 'missed', since: 0 }, 'all'],
  ])('of %s', (_, happened, topics) => {
    expect(topicsOf(happened)).toEqual(topics);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';

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

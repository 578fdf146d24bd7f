import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { Connection } from '../../src/interfaces/ws/connection.ts';
import { type Outgoing, textFrames } from '../../src/interfaces/ws/outbox.ts';
import { NOON } from '../support/builders.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MIB = 1024 * 1024;

/** The side of a socket that is read only when the test says so. */
class SlowReader extends Duplex {
  readonly read_: Buffer[] = [];
  #take: (() => void) | null = null;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.read_.push(chunk);
      this.#take = null;
      done();
    };
  }

  /** Reads all that waits, and what then comes. */
  async readAll(): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) {
      this.#take?.();
      await setImmediate();
    }
  }

  get texts(): string {
    return Buffer.concat(this.read_).toString();
  }
}

/** An open connection of Ann's that follows one chat, and that she does not read. */
function aConnection() {
  const reader = new SlowReader();
  const closed: number[] = [];
  const socket = Object.assign(new EventEmitter(), {
    close: (code: number) => closed.push(code),
    resume: () => undefined,
  });
  const events = { onText: async () => undefined, onClose: () => undefined };
  const clock = new ManualClock();
  const connection = new Connection('id', socket as unknown as WebSocket, reader, clock, events);
  connection.identity = { userId: 'ann', sessionId: 's', expiresAt: Number.MAX_SAFE_INTEGER };
  connection.following.add('chat');
  connection.ready = true;
  const fill = (bytes: number) => {
    for (let left = bytes - connection.queuedBytes; left > 0; left -= 64 * 1024)
      connection.deliver({ frames: Buffer.alloc(Math.min(left, 64 * 1024)) });
  };
  return { connection, socket, reader, closed, clock, fill };
}

const event = (text: string, about: Omit<Outgoing, 'frames'> = {}): Outgoing => ({
  frames: textFrames([text]),
  ...about,
});
const markOf = (userId: string, text: string) => event(text, { mark: { chatId: 'chat', userId } });

test('above half of what may wait, what is fleeting is dropped', async () => {
  const { connection, reader, fill } = aConnection();
  fill(MIB / 2);
  connection.deliver(event('told', { isFleeting: true }));
  connection.deliver(event('dropped', { isFleeting: true }));
  connection.deliver(event('stored'));
  await reader.readAll();
  connection.deliver(event('told again', { isFleeting: true }));
  await reader.readAll();
  expect(reader.texts).toMatch(/told.*stored.*told again/s);
  expect(reader.texts).not.toContain('dropped');
});

test('above three quarters, read marks wait, and the last of each person is told when there is room', async () => {
  const { connection, reader, closed, fill } = aConnection();
  fill(MIB * 0.75);
  connection.deliver(markOf('bob', 'bob 0'));
  for (let seq = 1; seq <= 100_000; seq += 1) connection.deliver(markOf('bob', `bob ${seq}`));
  connection.deliver(markOf('cem', 'cem 1'));
  connection.deliver(markOf('ann', 'own'));
  expect(connection.queuedBytes).toBeLessThan(MIB * 0.76);
  await reader.readAll();
  expect(reader.texts.match(/(bob|cem) \d+/g)).toEqual(['bob 0', 'bob 100000', 'cem 1']);
  expect(reader.texts).toMatch(/own.*bob 100000/s);
  expect(connection.queuedBytes).toBe(0);
  expect(closed).toEqual([]);
});

test('a mark that waits is not told any more once the chat is followed no more', async () => {
  const { connection, reader, fill } = aConnection();
  fill(MIB * 0.8);
  connection.deliver(markOf('bob', 'secret'));
  connection.following.delete('chat');
  await reader.readAll();
  expect(reader.texts).not.toContain('secret');
});

test('full, it is closed with 4002, and nothing more is queued', () => {
  const { connection, closed, fill } = aConnection();
  fill(MIB);
  expect(closed).toEqual([]);
  connection.deliver(event('one more'));
  connection.deliver(event('and another'));
  expect(closed).toEqual([4002]);
  expect(connection.queuedBytes).toBe(MIB);
});

test('a batch closes nobody, and what is full beside it does', async () => {
  const { connection, reader, closed, fill } = aConnection();
  const batch = { frames: Buffer.alloc(4 * MIB) };
  connection.deliver(batch);
  connection.deliver(event('after the first'));
  expect(closed).toEqual([]);
  await reader.readAll();
  connection.deliver(batch);
  fill(5 * MIB);
  expect(closed).toEqual([]);
  connection.deliver(event('one more'));
  expect(closed).toEqual([4002]);
  expect(connection.queuedBytes).toBe(5 * MIB);
  expect(reader.texts).toContain('after the first');
});

test('of two batches the second does count', () => {
  const { connection, closed } = aConnection();
  connection.deliver({ frames: Buffer.alloc(2 * MIB) });
  connection.deliver({ frames: Buffer.alloc(2 * MIB) });
  expect(closed).toEqual([4002]);
});

test('what goes out in one piece to many is not copied for each', async () => {
  const { connection, reader } = aConnection();
  const frames = Buffer.alloc(MIB);
  connection.deliver(event('first'));
  connection.deliver({ frames });
  await reader.readAll();
  expect(reader.read_.at(-1)?.buffer).toBe(frames.buffer);
});

test('what is held behind a replay counts too', () => {
  const { connection, closed, fill } = aConnection();
  connection.hold();
  fill(MIB);
  expect(closed).toEqual([]);
  connection.deliver(event('one more'));
  expect(closed).toEqual([4002]);
  expect(connection.queuedBytes).toBe(0);
});

test('what was told is left out, also a part of what comes in one buffer', async () => {
  const { connection, reader } = aConnection();
  const changes = (rev: number, ...texts: string[]) => ({
    frames: textFrames(texts),
    changes: { chatId: 'chat', rev, texts },
  });
  connection.hold();
  connection.deliver(changes(4, 'rev 3', 'rev 4'));
  connection.deliver(changes(7, 'rev 5', 'rev 6', 'rev 7'));
  connection.release(new Map([['chat', 5]]), () => true);
  connection.deliver(changes(8, 'rev 8'));
  await reader.readAll();
  expect(reader.texts.match(/rev \d/g)).toEqual(['rev 6', 'rev 7', 'rev 8']);
});

test('whoever has not said who he is in 10 s is closed at the next tick, but not while he is looked up', () => {
  const { connection, closed } = aConnection();
  connection.ready = false;
  connection.authenticating = true;
  connection.tick(NOON + 10_000);
  connection.tick(NOON + 20_000);
  connection.authenticating = false;
  connection.tick(NOON + 30_000);
  expect(closed).toEqual([]);
  connection.tick(NOON + 31_000);
  expect(closed).toEqual([4011]);
});

test('an answer that was unread at one tick, because the process was busy, comes in time for the next', () => {
  const { connection, socket, closed } = aConnection();
  connection.tick(NOON + 25_000);
  connection.tick(NOON + 35_000);
  socket.emit('message', Buffer.from('{"type":"pong"}'), false);
  connection.tick(NOON + 36_000);
  connection.tick(NOON + 37_000);
  expect(closed).toEqual([]);
});

test.each([-86_400_000, 86_400_000])('setting the clock by %d ms neither keeps nor cuts a link', async (ms) => {
  const { connection, socket, reader, closed, clock } = aConnection();
  clock.set(NOON + ms);
  socket.emit('message', Buffer.from('{"type":"pong"}'), false);
  clock.set(NOON);
  connection.tick(clock.elapsed() + 24_999);
  await reader.readAll();
  expect(reader.texts).not.toContain('ping');
  for (const since of [25_000, 35_000, 36_000]) connection.tick(clock.elapsed() + since);
  expect(closed).toEqual([4003]);
});

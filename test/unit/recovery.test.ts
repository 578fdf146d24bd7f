import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Store } from '../../src/application/ports/persistence.ts';
import { Recovery } from '../../src/application/recovery.ts';
import type { Commit } from '../../src/domain/changes.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { anId, aSession, drafts } from '../support/builders.ts';
import { createGroup, creation, perform, propose } from '../support/chat-actions.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { WatchedLog } from '../support/watched-log.ts';

/** Files are swept by tests of their own. */
const files = { sweep: async () => undefined };

/** The log as it is 2 s on, with its sweeps counted. */
class LaterLog extends WatchedLog {
  sweeps = 0;
  failure: Error | null = null;

  override unsettled(olderThanMs: number, limit: number): Promise<Commit[]> {
    this.sweeps += 1;
    return this.failure ? Promise.reject(this.failure) : super.unsettled(olderThanMs - 2001, limit);
  }
}

let store: Store;
let log: LaterLog;
let clock: ManualClock;
let logger: RecordingLogger;
let published: Commit[];
let recovery: Recovery;

beforeEach(async () => {
  store = await openSqliteStore({ dataDir: ':memory:' });
  log = new LaterLog(store.chatLog);
  [clock, logger, published] = [new ManualClock(), new RecordingLogger(), []];
  const bus = new LocalEventBus(logger);
  bus.subscribe((event) => {
    if (event.type === 'commit') published.push(event.commit);
  });
  recovery = new Recovery({ log, sessions: store.sessions, codes: store.codes, files, bus, clock, logger });
});

afterEach(() => store.close());

/** So many commits that were stored, and that nobody published: a process died in between. */
async function unpublished(count: number): Promise<Commit[]> {
  const commits = await Promise.all(
    Array.from({ length: count }, () => propose(store.chatLog, anId(), 'ann', creation([]))),
  );
  await Promise.all(store.chatLog.append(commits));
  return commits;
}

describe('a sweep', () => {
  test('publishes what a crash left unpublished, in its order, once', async () => {
    const commits = await unpublished(3);
    await recovery.sweep();
    await recovery.sweep();
    expect(published).toEqual(commits);
    expect(logger.lines).toEqual([{ level: 'info', facts: { commits: 3 }, message: 'finished what was left pending' }]);
  });

  test('takes a bounded part of very much, and the next sweep goes on', async () => {
    const commits = await unpublished(201);
    await recovery.sweep();
    expect(published).toEqual(commits.slice(0, 200));
    await recovery.sweep();
    expect(published).toEqual(commits);
  });

  test('leaves alone what was stored less than 2 s ago: its writer is about to publish it', async () => {
    await unpublished(1);
    const bus = new LocalEventBus(logger);
    await new Recovery({
      log: store.chatLog,
      sessions: store.sessions,
      codes: store.codes,
      files,
      bus,
      clock,
      logger,
    }).sweep();
    expect(logger.lines).toEqual([]);
  });

  test('says nothing where nothing was left', async () => {
    await recovery.sweep();
    expect([published, log.settled, logger.lines]).toEqual([[], [], []]);
  });

  test('empties a deleted chat to the last line, however long it was', async () => {
    const chatId = await createGroup(store.chatLog, 'ann');
    for (let i = 0; i < 6; i += 1) {
      await perform(store.chatLog, chatId, 'ann', { type: 'message.send', drafts: drafts(200) });
    }
    await perform(store.chatLog, chatId, 'ann', { type: 'chat.delete' });
    await recovery.sweep();
    const lines = await store.messages.page(chatId, { above: 0, upTo: 2000, order: 'asc', limit: 2000 });
    expect(lines).toHaveLength(1201);
    expect(lines.filter((line) => line.content !== null)).toEqual([]);
  });

  test('forgets the sessions that have expired, and no others', async () => {
    const now = clock.now();
    const [expired, alive] = [aSession({ expiresAt: now }), aSession({ expiresAt: now + 1 })];
    for (const session of [expired, alive]) await store.sessions.create(session, { family: anId(), token: anId() });
    await recovery.sweep();
    expect(await store.sessions.find(expired.id, now - 1)).toBeNull();
    expect(await store.sessions.find(alive.id, now)).toEqual(alive);
  });
});

describe('running', () => {
  test('sweeps at once and then every 2 s', async () => {
    const stop = new AbortController();
    const running = recovery.run(stop.signal);
    await clock.asleep();
    expect(log.sweeps).toBe(1);
    clock.advance(1999);
    await turn();
    expect(log.sweeps).toBe(1);
    clock.advance(1);
    await clock.asleep();
    expect(log.sweeps).toBe(2);
    stop.abort();
    await running;
  });

  test('goes on after a sweep that failed, which is logged', async () => {
    const stop = new AbortController();
    log.failure = new Error('the store is away');
    await unpublished(1);
    const running = recovery.run(stop.signal);
    await clock.asleep();
    expect(logger.lines).toEqual([{ level: 'warn', facts: { err: log.failure }, message: 'sweep failed' }]);
    log.failure = null;
    clock.advance(2000);
    await clock.asleep();
    expect(published).toHaveLength(1);
    stop.abort();
    await running;
  });

  test('ends at once when it is told to, also between two sweeps', async () => {
    const stop = new AbortController();
    const running = recovery.run(stop.signal);
    await clock.asleep();
    stop.abort();
    await running;
    expect(log.sweeps).toBe(1);
  });

  test('does not begin when it was told to end before', async () => {
    await recovery.run(AbortSignal.abort());
    expect(log.sweeps).toBe(0);
  });
});

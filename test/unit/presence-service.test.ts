import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Pace } from '../../src/application/pace.ts';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import { type Presence, PresenceService } from '../../src/application/presence-service.ts';
import { TypingService } from '../../src/application/typing-service.ts';
import { UserDirectory } from '../../src/application/user-directory.ts';
import type { Actor } from '../../src/domain/session.ts';
import { LocalPresenceStore } from '../../src/infrastructure/local/local-presence-store.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

let app: UseCases;
let presence: PresenceService;
let vanished: string[];
let ann: Actor;
let bob: Actor;
let chatId: string;

beforeEach(async () => {
  app = await openUseCases();
  const { store, bus, clock, ids, logger } = app;
  const { users, chats } = store;
  const directory = new UserDirectory({ users, chats, bus });
  vanished = [];
  const rows = Object.assign(new LocalPresenceStore(), { vanished: async () => vanished.splice(0) });
  presence = new PresenceService({
    ...{ presence: rows, users, chats, directory, bus, clock, ids, logger },
  });
  [ann, bob] = [await app.newActor(), await app.newActor()];
  chatId = (await app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId] })).chat.id;
});
afterEach(() => app.store.close());

/** So many people more in the chat. */
async function aCrowd(count: number): Promise<void> {
  const people = await Promise.all(Array.from({ length: count }, () => app.newActor()));
  const userIds = people.map(({ userId }) => userId);
  await app.chats.addMembers(ann, chatId, userIds);
}

const told = (): string[] =>
  app.events
    .filter((event): event is Extract<BusEvent, { type: 'presence.changed' }> => event.type === 'presence.changed')
    .map(({ status }) => status);
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await turn();
};

describe('of many who come at once', () => {
  const come = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) presence.connect((await app.newActor()).userId);
    await settled();
  };
  const toldAfter = async (ms: number): Promise<number> => {
    app.clock.advance(ms);
    await settled();
    return told().length;
  };

  test('400 are told, and as many every 2 s once the others have come, so that nothing else waits for them', async () => {
    await come(900);
    expect(told()).toHaveLength(400);
    expect(await toldAfter(2_000)).toBe(400);
    expect(await toldAfter(1_999)).toBe(400);
    expect(await toldAfter(1)).toBe(800);
    expect(await toldAfter(2_000)).toBe(900);
  });

  test('where there is no end of them, the others are told after 12 s', async () => {
    await come(401);
    for (let span = 0; span < 5; span += 1) {
      expect(await toldAfter(2_000)).toBe(400);
      await come(401);
    }
    expect(await toldAfter(2_000)).toBe(800);
  });
});

describe('a pace', () => {
  test('lets so many through in a span, which begins with the first, in the order in which they came', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 2, 1_000);
    const through: number[] = [];
    const come = (...who: number[]) => {
      for (const one of who) void pace.turn().then(() => through.push(one));
      return settled();
    };
    const later = async (ms: number) => {
      clock.advance(ms);
      await settled();
    };
    await come(1);
    await later(900);
    await come(2, 3, 4, 5, 6);
    expect(through).toEqual([1, 2]);
    await later(99);
    expect(through).toEqual([1, 2]);
    await later(1);
    expect(through).toEqual([1, 2]); // more came than may pass
    await later(999);
    clock.advance(1);
    await come(7); // after those who wait
    expect(through).toEqual([1, 2, 3, 4]);
    await later(1_000);
    expect(through).toEqual([1, 2, 3, 4, 5, 6]);
    await later(1_000);
    expect(through).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await later(5_000);
    await come(8, 9, 10);
    expect(through).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await later(1_000);
    await later(999);
    expect(through).toHaveLength(9);
    await later(1);
    expect(through).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('what is told of somebody', () => {
  test('is where he was and to whom', async () => {
    presence.connect(ann.userId);
    await settled();
    expect(app.events.at(-1)).toEqual({
      ...{ type: 'presence.changed', userId: ann.userId, status: 'online', lastSeenAt: app.clock.now() },
      chatIds: [chatId],
    });
  });

  test('is that he is offline when the node that he was connected to has ended', async () => {
    vanished = [ann.userId];
    app.clock.advance(5_000);
    await presence.beat();
    await settled();
    expect(told()).toEqual(['offline']);
  });

  test('is nothing of ended nodes more often than every 5 s', async () => {
    vanished = [ann.userId];
    app.clock.advance(4_999);
    await presence.beat();
    expect(vanished).toEqual([ann.userId]);
    app.clock.advance(1);
    await presence.beat();
    expect(vanished).toEqual([]);
  });

  test('is nothing when he has gone before it could be told', async () => {
    await presence.connect(ann.userId).end();
    await settled();
    expect(told()).toEqual([]);
  });

  test('is nothing when that was not his only node', async () => {
    presence.connect(ann.userId);
    await settled();
    vanished = [ann.userId];
    app.clock.advance(5_000);
    await presence.beat();
    await settled();
    expect(told()).toEqual(['online']);
  });

  test('is put right when another node, which knew less, has told otherwise', async () => {
    presence.connect(ann.userId);
    await settled();
    const wrong = { type: 'presence.changed', userId: ann.userId, status: 'offline' } as const;
    app.bus.publish({ ...wrong, lastSeenAt: null, chatIds: [chatId] });
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online', 'offline', 'online']);
  });

  test('is told again once other nodes can hear it', async () => {
    Object.assign(app.bus, { reachesOthers: false });
    const connection = presence.connect(ann.userId);
    await settled();
    Object.assign(app.bus, { reachesOthers: true });
    app.bus.publish({ type: 'missed', since: app.clock.now() });
    await settled();
    expect(told()).toEqual(['online']); // the others may not listen yet
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online', 'online']);
    app.bus.publish({ type: 'missed', since: app.clock.now() });
    app.clock.advance(2_000);
    await settled();
    expect(told()).toHaveLength(2);
    await connection.end();
  });

  test('is one change in 2 s, however he flaps, and the last state wins', async () => {
    for (let i = 0; i < 20; i += 1) {
      const connection = presence.connect(ann.userId);
      await settled();
      await connection.end();
      app.clock.advance(100);
      await settled();
    }
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online', 'offline']);
  });

  test('comes in time though the clock was set back', async () => {
    const connection = presence.connect(ann.userId);
    await settled();
    app.clock.set(app.clock.now() - 86_400_000);
    await connection.end();
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online', 'offline']);
  });

  test('is nothing where he is again what he was', async () => {
    const connection = presence.connect(ann.userId);
    await settled();
    await connection.set('away');
    await connection.set('online');
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online']);
  });

  test('is nothing while one of several connections stays', async () => {
    const [phone] = [presence.connect(ann.userId), presence.connect(ann.userId)];
    await settled();
    await phone?.end();
    app.clock.advance(2_000);
    await settled();
    expect(told()).toEqual(['online']);
  });

  test('goes to no chat of more than 100 members', async () => {
    await aCrowd(98);
    presence.connect(ann.userId);
    await settled();
    expect(app.events.at(-1)).toMatchObject({ type: 'presence.changed', chatIds: [chatId] });
    await app.chats.addMembers(ann, chatId, [(await app.newActor()).userId]);
    presence.connect(bob.userId);
    await settled();
    await settled();
    const { length } = told();
    expect(length).toBe(2);
    expect(app.events.at(-1)).toMatchObject({ chatIds: [] });
  });

  test('is that he is offline where he hides himself, and nothing where he is not told of at all', async () => {
    const followed = jest.spyOn(app.bus, 'follow');
    presence.connect(ann.userId);
    await settled();
    for (const { userId } of [ann, bob]) await app.profiles.update({ userId, sessionId: '' }, { showPresence: false });
    app.clock.advance(2_000);
    await settled();
    expect(app.events.at(-1)).toEqual({
      ...{ type: 'presence.changed', userId: ann.userId, status: 'offline', lastSeenAt: null, chatIds: [chatId] },
    });
    expect(followed.mock.calls).toEqual([[[`user:${ann.userId}`]]]);
  });

  test('is not told again for what else happens to him', async () => {
    Object.assign(app.bus, { reachesOthers: false });
    presence.connect(ann.userId);
    await settled();
    app.bus.publish({ type: 'chat.typing', chatId, userId: ann.userId });
    app.bus.publish({ type: 'user.updated', userId: bob.userId, version: 1 });
    app.clock.advance(4_000);
    await settled();
    expect(told()).toEqual(['online']);
  });

  test('is asked for by who may know; of nobody there is none', async () => {
    expect(await presence.get(ann, bob.userId)).toEqual({ userId: bob.userId, status: 'offline', lastSeenAt: null });
    await expect(presence.get(ann, 'nobody')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });
});

describe('the list of who is connected', () => {
  test('is in the order of their ids, page by page, each once', async () => {
    const [eve, dan] = [await app.newActor(), await app.newActor()];
    await app.chats.addMembers(ann, chatId, [eve.userId, dan.userId]);
    const everybody = [ann, bob, eve, dan].map(({ userId }) => userId);
    for (const userId of everybody) presence.connect(userId);
    await settled();
    await app.store.users.seen([bob.userId], app.clock.now());
    const pages: (readonly Presence[])[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await presence.list(ann, { limit: 2, ...(cursor !== undefined && { cursor }) });
      pages.push(page.items);
      cursor = page.nextCursor;
    }
    const lastSeen = (userId: string) => (userId === bob.userId ? app.clock.now() : null);
    const all = everybody.sort().map((userId) => ({ userId, status: 'online', lastSeenAt: lastSeen(userId) }));
    expect(pages).toEqual([all.slice(0, 2), all.slice(2)]);
  });
});

test('what other nodes tell of somebody is heard until he has been offline for a while', async () => {
  const heard = new Set<string>();
  Object.assign(app.bus, {
    follow: async ([topic = '']: string[]) => heard.add(topic),
    unfollow: ([topic = '']: string[]) => heard.delete(topic),
  });
  const aMinuteLater = async () => {
    app.clock.advance(60_000);
    await presence.beat();
    await settled();
  };
  const connection = presence.connect(ann.userId);
  await settled();
  await aMinuteLater();
  expect([...heard]).toEqual([`user:${ann.userId}`]);
  app.clock.advance(59_000);
  await connection.end();
  await settled();
  expect(told()).toEqual(['online', 'offline']);
  app.clock.advance(1_000);
  await presence.beat();
  expect([...heard]).toEqual([`user:${ann.userId}`]);
  await aMinuteLater();
  expect([...heard]).toEqual([]);
});

describe('when somebody was last seen', () => {
  const lastSeen = async () => (await app.store.users.lastSeen([ann.userId])).get(ann.userId) ?? null;

  test('is kept once a minute while he is there, and when his last connection ends', async () => {
    const started = app.clock.now();
    const [one, other] = [presence.connect(ann.userId), presence.connect(ann.userId)];
    app.clock.advance(59_000);
    await presence.beat();
    expect(await lastSeen()).toBeNull();
    app.clock.advance(1_000);
    await presence.beat();
    app.clock.advance(30_000);
    await presence.beat();
    expect(await lastSeen()).toBe(started + 60_000);
    await one?.end();
    expect(await lastSeen()).toBe(started + 60_000);
    await other?.end();
    expect(await lastSeen()).toBe(started + 90_000);
    expect((await app.store.users.find(ann.userId))?.version).toBe(1);
  });

  test('goes on while one of his connections is left, and no longer', async () => {
    const [one, other] = [presence.connect(ann.userId), presence.connect(ann.userId)];
    const aMinuteLater = async () => {
      app.clock.advance(60_000);
      await presence.beat();
    };
    await one?.end();
    await aMinuteLater();
    const now = app.clock.now();
    expect(await lastSeen()).toBe(now);
    await other?.end();
    await aMinuteLater();
    expect(await lastSeen()).toBe(now);
  });

  test('is a line of the log where it cannot be kept, and nothing fails', async () => {
    const err = new Error('the store is away');
    Object.assign(app.store.users, { seen: () => Promise.reject(err) });
    await presence.connect(ann.userId).end();
    const warnings = app.logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toEqual([{ level: 'warn', facts: { err }, message: 'presence not kept or not told' }]);
  });
});

describe('typing', () => {
  test('is told once in 3 s for each person and chat', async () => {
    const typing = new TypingService({ chats: app.chats, bus: app.bus, clock: app.clock });
    const count = () => app.events.filter(({ type }) => type === 'chat.typing').length;
    await typing.tell(ann, chatId);
    await typing.tell(ann, chatId);
    expect(count()).toBe(1);
    await typing.tell(bob, chatId);
    expect(count()).toBe(2);
    app.clock.set(app.clock.now() - 86_400_000); // which makes it no longer
    app.clock.advance(3_000);
    await typing.tell(ann, chatId);
    expect(count()).toBe(3);
    await expect(typing.tell(await app.newActor(), chatId)).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' });
  });

  test('is told to nobody in a chat of more than 100 members', async () => {
    const typing = new TypingService({ chats: app.chats, bus: app.bus, clock: app.clock });
    const count = () => app.events.filter(({ type }) => type === 'chat.typing').length;
    await aCrowd(98);
    await typing.tell(ann, chatId);
    expect(count()).toBe(1);
    await app.chats.addMembers(ann, chatId, [(await app.newActor()).userId]);
    await typing.tell(bob, chatId);
    expect(count()).toBe(1);
  });

  test('of 20,000 people at once is told once each', async () => {
    const typing = new TypingService({ chats: app.chats, bus: app.bus, clock: app.clock });
    const membership = await app.chats.membership(ann, chatId);
    Object.assign(app.chats, { membership: async () => membership });
    let count = 0;
    const publish = () => {
      count += 1;
    };
    Object.assign(app.bus, { publish });
    const tellAll = async (from: number, to: number) => {
      count = 0;
      for (let i = from; i < to; i += 1) await typing.tell({ userId: `u${i}`, sessionId: '' }, chatId);
      return count;
    };
    expect(await tellAll(0, 20_000)).toBe(20_000);
    for (const known of [0, 19_999]) expect(await tellAll(known, known + 1)).toBe(0);
    expect(await tellAll(20_000, 20_001)).toBe(1);
    for (const known of [1, 20_000]) expect(await tellAll(known, known + 1)).toBe(0);
    expect(await tellAll(0, 1)).toBe(1); // he is remembered no more
  });
});

test('what a connection still says after its end counts for nothing', async () => {
  const connection = presence.connect(ann.userId);
  await settled();
  await connection.end();
  await connection.set('away');
  expect(await presence.of(bob, [ann.userId])).toMatchObject([{ status: 'offline' }]);
});

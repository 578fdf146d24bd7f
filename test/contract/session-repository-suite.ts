import { describe, expect, test } from '@jest/globals';
import type { RefreshDigests, SessionRepository } from '../../src/application/ports/persistence.ts';
import type { Session } from '../../src/domain/session.ts';
import { anId, aSession, ids, NOON } from '../support/builders.ts';
import { only } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const HOUR = 3_600_000;
const someDigests = (): RefreshDigests => ({ family: `family ${anId()}`, token: `token ${anId()}` });

/** Proves the promises of SessionRepository. */
export function sessionRepositorySuite(harness: StoreHarness): void {
  describe(`SessionRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    /** A session that is signed in, with its refresh digests. */
    async function signIn(with_: Partial<Session> = {}): Promise<{ session: Session; refresh: RefreshDigests }> {
      const [session, refresh] = [aSession(with_), someDigests()];
      await subject.store.sessions.create(session, refresh);
      return { session, refresh };
    }

    const rotate = (used: RefreshDigests, next: string, repository: SessionRepository = subject.store.sessions) =>
      repository.rotate(used, next, NOON + 1_000, NOON + 2 * HOUR);

    test('finds a session until it expires', async () => {
      const { sessions } = subject.store;
      const { session } = await signIn({ device: 'Läptop 💻' });
      expect(await sessions.find(session.id, NOON)).toEqual(session);
      expect(await sessions.find(session.id, session.expiresAt - 1)).toEqual(session);
      expect(await sessions.find(session.id, session.expiresAt)).toBeNull();
      expect(await sessions.find(anId(), NOON)).toBeNull();
    });

    test('may be told again to create what it created', async () => {
      const { session, refresh } = await signIn();
      await subject.store.sessions.create(session, refresh);
      expect(await subject.store.sessions.list(session.userId, NOON)).toEqual([session]);
    });

    test('lists a person’s sessions, most recently used first', async () => {
      const { sessions } = subject.store;
      const userId = anId();
      const signedIn: Session[] = [];
      for (const minutes of [2, 5, 1]) {
        signedIn.push((await signIn({ userId, lastUsedAt: NOON + minutes * 60_000 })).session);
      }
      await signIn({ userId, expiresAt: NOON + 5 });
      await signIn();
      const [two, five, one] = signedIn;
      expect(await sessions.list(userId, NOON + 10)).toEqual([five, two, one]);
      expect(await sessions.list(anId(), NOON)).toEqual([]);
    });

    describe('rotation', () => {
      test('exchanges the digest and moves the session on', async () => {
        const { sessions } = subject.store;
        const { session, refresh } = await signIn();
        const moved = { ...session, lastUsedAt: NOON + 1_000, expiresAt: NOON + 2 * HOUR };
        expect(await rotate(refresh, 'second')).toEqual({ session: moved });
        expect(await sessions.find(session.id, NOON + HOUR)).toEqual(moved);
        expect(await rotate({ ...refresh, token: 'second' }, 'third')).toEqual({ session: moved });
      });

      test('may be repeated for 30 s, which changes nothing', async () => {
        const { sessions } = subject.store;
        const { session, refresh } = await signIn();
        const first = await rotate(refresh, 'second');
        for (const later of [0, 30_000]) {
          const now = NOON + 1_000 + later;
          expect(await sessions.rotate(refresh, 'second', now, now + HOUR)).toEqual(first);
        }
        expect([await sessions.find(session.id, NOON)]).toEqual(Object.values(first));
        const late = await sessions.rotate(refresh, 'second', NOON + 31_001, NOON + HOUR);
        expect(late).toMatchObject({ reused: { id: session.id } });
        expect(await sessions.find(session.id, NOON)).toBeNull();
      });

      test('may not be repeated once what it gave was used', async () => {
        const { session, refresh } = await signIn();
        await rotate(refresh, 'second');
        await rotate({ ...refresh, token: 'second' }, 'third');
        expect(await rotate(refresh, 'second')).toMatchObject({ reused: { id: session.id } });
        expect(await rotate({ ...refresh, token: 'third' }, 'fourth')).toEqual({ refused: 'unknown' });
      });

      test('knows nothing of a family that never was', async () => {
        await signIn();
        expect(await rotate(someDigests(), 'second')).toEqual({ refused: 'unknown' });
      });

      test('of a digest that was used before ends the session', async () => {
        const { sessions } = subject.store;
        const { session, refresh } = await signIn();
        await rotate(refresh, 'second');
        expect(await rotate(refresh, 'stolen')).toMatchObject({ reused: { id: session.id, userId: session.userId } });
        expect(await sessions.find(session.id, NOON)).toBeNull();
        expect(await sessions.list(session.userId, NOON)).toEqual([]);
        expect(await rotate({ ...refresh, token: 'second' }, 'third')).toEqual({ refused: 'unknown' });
      });

      test('of a reused digest leaves the person’s other sessions', async () => {
        const userId = anId();
        const [one, other] = [await signIn({ userId }), await signIn({ userId })];
        await rotate(one.refresh, 'second');
        await rotate(one.refresh, 'stolen');
        expect(await subject.store.sessions.list(userId, NOON)).toEqual([other.session]);
      });

      test('of an expired session is unknown', async () => {
        const { refresh } = await signIn({ expiresAt: NOON + 5 });
        expect(await rotate(refresh, 'second')).toEqual({ refused: 'unknown' });
      });

      test('of a session that was ended is unknown', async () => {
        const { session, refresh } = await signIn();
        await subject.store.sessions.end(session.userId, session.id);
        expect(await rotate(refresh, 'second')).toEqual({ refused: 'unknown' });
      });

      test('tried by 20 at once is won by one; the others are reuse, and the session has ended', async () => {
        const { session, refresh } = await signIn();
        const second = (await subject.second()).sessions;
        const answers = await Promise.all(
          ids(20).map((next, i) => rotate(refresh, next, i % 2 === 0 ? subject.store.sessions : second)),
        );
        expect(answers.filter((answer) => 'session' in answer)).toHaveLength(1);
        const reused = answers.flatMap((answer) => ('reused' in answer ? [answer.reused.id] : []));
        expect(reused).toEqual(Array<string>(19).fill(session.id));
        expect(await subject.store.sessions.find(session.id, NOON)).toBeNull();
      });
    });

    test('tells of many at once which live', async () => {
      const { sessions } = subject.store;
      const [one, ended, other] = [await signIn(), await signIn(), await signIn()];
      const { session: expired } = await signIn({ expiresAt: NOON });
      await sessions.end(ended.session.userId, ended.session.id);
      const asked = [one.session.id, ended.session.id, anId(), expired.id, other.session.id];
      expect(await sessions.living(asked, NOON)).toEqual(new Set([one.session.id, other.session.id]));
      expect(await sessions.living([], NOON)).toEqual(new Set());
    });

    describe('end', () => {
      test('ends one’s own session, once', async () => {
        const { sessions } = subject.store;
        const [one, other] = [await signIn(), await signIn()];
        expect(await sessions.end(one.session.userId, one.session.id)).toBe(true);
        expect(await sessions.end(one.session.userId, one.session.id)).toBe(false);
        expect(await sessions.find(one.session.id, NOON)).toBeNull();
        expect(await sessions.find(other.session.id, NOON)).toEqual(other.session);
      });

      test('ends nobody else’s session, and none that never was', async () => {
        const { sessions } = subject.store;
        const { session } = await signIn();
        expect(await sessions.end(anId(), session.id)).toBe(false);
        expect(await sessions.end(session.userId, anId())).toBe(false);
        expect(await sessions.find(session.id, NOON)).toEqual(session);
      });

      test('of all but one answers which', async () => {
        const { sessions } = subject.store;
        const userId = anId();
        const [kept, second, third, ended] = [
          (await signIn({ userId })).session,
          (await signIn({ userId })).session,
          (await signIn({ userId })).session,
          (await signIn({ userId })).session,
        ];
        const { session: stranger } = await signIn();
        await sessions.end(userId, ended.id);
        expect([...(await sessions.endAll(userId, kept.id))].sort()).toEqual([second.id, third.id].sort());
        expect(await sessions.list(userId, NOON)).toEqual([kept]);
        expect(await sessions.find(stranger.id, NOON)).toEqual(stranger);
        expect(await sessions.endAll(userId, null)).toEqual([kept.id]);
        expect(await sessions.endAll(userId, null)).toEqual([]);
      });

      test('raced by 20 is answered true once', async () => {
        const { session } = await signIn();
        const answers = await Promise.all(ids(20).map(() => subject.store.sessions.end(session.userId, session.id)));
        expect(answers.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('ticket', () => {
      test('is redeemed once', async () => {
        const { sessions } = subject.store;
        const { session } = await signIn();
        await sessions.createTicket('digest', session.id, NOON + 30_000);
        expect(await sessions.redeemTicket('digest', NOON)).toBe(session.id);
        expect(await sessions.redeemTicket('digest', NOON)).toBeNull();
      });

      test('is redeemed by one of 20', async () => {
        const { sessions } = subject.store;
        const second = (await subject.second()).sessions;
        const { session } = await signIn();
        await sessions.createTicket('digest', session.id, NOON + 30_000);
        const answers = await Promise.all(
          ids(20).map((_, i) => (i % 2 === 0 ? sessions : second).redeemTicket('digest', NOON)),
        );
        expect(only(answers.filter((answer) => answer !== null))).toBe(session.id);
      });

      test('is worth nothing when it has expired or never was', async () => {
        const { sessions } = subject.store;
        const { session } = await signIn();
        await sessions.createTicket('late', session.id, NOON + 30_000);
        expect(await sessions.redeemTicket('late', NOON + 30_000)).toBeNull();
        expect(await sessions.redeemTicket('never', NOON)).toBeNull();
      });
    });

    test("forgets all of one person's, and nobody else's", async () => {
      const { sessions } = subject.store;
      const [his, ended, hers] = [await signIn({ userId: 'bob' }), await signIn({ userId: 'bob' }), await signIn()];
      await sessions.end('bob', ended.session.id);
      await sessions.forget('bob');
      expect(await sessions.list('bob', NOON)).toEqual([]);
      for (const { refresh } of [his, ended]) expect(await rotate(refresh, 'next')).toEqual({ refused: 'unknown' });
      expect(await sessions.find(hers.session.id, NOON)).toEqual(hers.session);
    });

    test('sweeps what has expired, and nothing else', async () => {
      const { sessions } = subject.store;
      const [gone, stays] = [await signIn({ expiresAt: NOON + 5 }), await signIn()];
      await sessions.createTicket('gone', gone.session.id, NOON + 5);
      await sessions.createTicket('stays', stays.session.id, NOON + 50);
      await sessions.sweep(NOON + 10);
      expect(await sessions.find(gone.session.id, NOON)).toBeNull();
      expect(await sessions.redeemTicket('gone', NOON)).toBeNull();
      expect(await sessions.find(stays.session.id, NOON)).toEqual(stays.session);
      expect(await sessions.redeemTicket('stays', NOON)).toBe(stays.session.id);
      expect(await rotate(stays.refresh, 'second')).toHaveProperty('session');
    });

    test('keeps sessions, digests and tickets over a restart', async () => {
      const { session, refresh } = await signIn();
      const { session: ended, refresh: endedRefresh } = await signIn();
      await rotate(refresh, 'second');
      await subject.store.sessions.end(ended.userId, ended.id);
      await subject.store.sessions.createTicket('digest', session.id, NOON + 30_000);
      const { sessions } = await subject.restart();
      expect((await sessions.find(session.id, NOON))?.lastUsedAt).toBe(NOON + 1_000);
      expect(await sessions.find(ended.id, NOON)).toBeNull();
      expect(await rotate(endedRefresh, 'x', sessions)).toEqual({ refused: 'unknown' });
      expect(await sessions.redeemTicket('digest', NOON)).toBe(session.id);
      expect(await rotate({ ...refresh, token: 'second' }, 'third', sessions)).toHaveProperty('session');
    });
  });
}

import { describe, expect, test } from '@jest/globals';
import { anId, aUser, ids, NOON } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Proves the promises of DeletionRepository. */
export function deletionSuite(harness: StoreHarness): void {
  describe(`DeletionRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const deletion = (userId: string, at = NOON) => ({ userId, messages: 'erase', at }) as const;

    test('takes the account away from every look-up, and keeps what is to be done over a restart', async () => {
      const user = aUser({ username: 'Ann', email: 'ann@example.org', role: 'admin' });
      await subject.store.users.create(user, 'hash');
      expect(await subject.store.deletions.begin(deletion(user.id))).toBe(true);
      const { users, deletions } = await subject.restart();
      expect(await users.find(user.id)).toBeNull();
      expect(await users.findMany([user.id])).toEqual([]);
      expect(await users.findByLogin('ann')).toBeNull();
      expect(await users.findByLogin('ann@example.org')).toBeNull();
      expect(await users.findCredential(user.id)).toBeNull();
      expect(await users.hasAdmin()).toBe(false);
      expect(await users.update({ ...user, version: 2 })).toBe('stale');
      expect(await users.update({ ...user, version: 3 })).toBe('stale');
      expect(await users.setPasswordHash(user.id, null, 'another')).toBe(false);
      expect(await deletions.unfinished(10)).toEqual([deletion(user.id)]);
      await deletions.finish(user.id);
      expect(await deletions.unfinished(10)).toEqual([]);
    });

    test('frees the address at once and the username when it is released', async () => {
      const user = aUser({ username: 'Ann', email: 'ann@example.org' });
      const { users, deletions } = subject.store;
      await users.create(user, 'hash');
      await deletions.begin(deletion(user.id));
      expect(await users.create(aUser({ username: 'ANN' }), 'hash')).toBe('username-taken');
      const heir = aUser({ email: 'ann@example.org' });
      expect(await users.create(heir, 'hash')).toBe('created');
      expect(await users.update({ ...heir, username: 'ann', version: 2 })).toBe('username-taken');
      await deletions.releaseNames(NOON);
      expect(await users.create(aUser({ username: 'ann' }), 'hash')).toBe('username-taken');
      await deletions.releaseNames(NOON + 1);
      expect(await users.create(aUser({ username: 'ann' }), 'hash')).toBe('created');
      expect(await deletions.unfinished(10)).toHaveLength(1);
    });

    test('of 10 who ask at once, one deletes; nobody is deleted twice, and nobody who is not there', async () => {
      const user = aUser();
      await subject.store.users.create(user, 'hash');
      const other = await subject.second();
      const answers = await Promise.all(
        ids(10).map((_, i) => (i % 2 ? other : subject.store).deletions.begin(deletion(user.id))),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await subject.store.deletions.begin(deletion(anId()))).toBe(false);
    });

    test('of many people, one after the other', async () => {
      const { users, deletions } = subject.store;
      const people = Array.from({ length: 20 }, () => aUser());
      for (const user of people) await users.create(user, 'hash');
      for (const user of people) expect(await deletions.begin(deletion(user.id))).toBe(true);
      expect(await users.create(aUser(), 'hash')).toBe('created');
    });

    test('scrubs without touching what is there', async () => {
      const [there, gone] = [aUser({ username: 'stays', displayName: 'Stays' }), aUser()];
      for (const user of [there, gone]) await subject.store.users.create(user, 'hash');
      await subject.store.deletions.begin(deletion(gone.id));
      expect(await subject.store.deletions.scrub()).toBe(true);
      expect(await subject.store.users.find(there.id)).toEqual(there);
      const query = { viewerId: gone.id, part: 'stay', order: 'username', descending: false, after: null } as const;
      const { users } = await subject.store.users.search({ ...query, offset: 0, limit: 10 });
      expect(users).toEqual([there]);
    });

    test('gives the oldest first', async () => {
      const people = [aUser(), aUser(), aUser()];
      for (const [i, user] of people.entries()) {
        await subject.store.users.create(user, 'hash');
        await subject.store.deletions.begin(deletion(user.id, NOON - i));
      }
      const found = await subject.store.deletions.unfinished(2);
      expect(found.map(({ userId }) => userId)).toEqual([people[2]?.id, people[1]?.id]);
    });
  });
}

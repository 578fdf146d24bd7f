import { describe, expect, test } from '@jest/globals';
import { loginKey, type User } from '../../src/domain/user.ts';
import { anId, aUser, ids, NOON } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Names that are one name, each pair in two forms. */
const SAME_NAME: readonly (readonly [string, string])[] = [
  ['Alice', 'aLICE'],
  ['Ren\u00E9', 'rene\u0301'],
  ['bob', 'ｂＯｂ'],
  ['Straße', 'STRASSE'],
  ['STRAẞE', 'strasse'],
  ['İrem', 'i\u0307REM'],
  ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
  ['οδος', 'οδοσ'],
  ['ﬁnn', 'FINN'],
  ['Åsa', '\u212Bsa'],
  ['ᾳnna', 'ᾼNNA'],
];

/** Names that only look alike. */
const OTHER_NAME: readonly (readonly [string, string])[] = [
  ['irem', 'İrem'],
  ['rene', 'rené'],
  ['anna', 'аnna'],
  ['bob_', 'bob'],
  ['a.c', 'abc'],
  ['user%', 'user1'],
];

/** Proves the promises of UserRepository. */
export function userRepositorySuite(harness: StoreHarness): void {
  describe(`UserRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA';
    const create = (user: User) => subject.store.users.create(user, HASH);
    const next = (user: User, to: Partial<User>): User => ({ ...user, ...to, version: user.version + 1 });

    test('gives back an account as it was made', async () => {
      const plain = aUser();
      const full = aUser({
        username: 'Ünïcode_名前',
        email: 'Some.One+tag@Exämple.org',
        displayName: '👩‍🚀 Ann',
        bio: 'Line one\nline two',
        location: 'Zürich',
        birthDate: '1990-02-28',
        isPrivate: true,
        publicFields: ['email', 'birthDate'],
        showPresence: false,
        role: 'admin',
        updatedAt: NOON + 1,
      });
      expect(await create(plain)).toBe('created');
      expect(await create(full)).toBe('created');
      expect(await subject.store.users.find(plain.id)).toEqual(plain);
      expect(await subject.store.users.find(full.id)).toEqual(full);
      expect(await subject.store.users.findCredential(full.id)).toEqual({ user: full, passwordHash: HASH });
    });

    test('finds nobody where nobody is', async () => {
      const { users } = subject.store;
      expect(await users.find(anId())).toBeNull();
      expect(await users.findCredential(anId())).toBeNull();
      expect(await users.findByLogin('nobody')).toBeNull();
      expect(await users.findMany([anId(), anId()])).toEqual([]);
      expect(await users.findMany([])).toEqual([]);
    });

    test('finds many, and leaves out who is not there', async () => {
      const all = [aUser(), aUser(), aUser()];
      for (const user of all) await create(user);
      const found = await subject.store.users.findMany([...all.slice(1).map((user) => user.id), anId()]);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining(all.slice(1)));
    });

    test('finds by name and by address, whatever the case', async () => {
      const user = aUser({ username: 'Alice', email: 'Alice@Example.org' });
      await create(user);
      for (const login of ['alice', 'ALICE', 'alice@example.ORG']) {
        expect(await subject.store.users.findByLogin(loginKey(login))).toEqual({ user, passwordHash: HASH });
      }
      expect(await subject.store.users.findByLogin(loginKey('alice@example'))).toBeNull();
    });

    test('may be told again to create what it created', async () => {
      const user = aUser();
      expect([await create(user), await create(user)]).toEqual(['created', 'created']);
      expect(await subject.store.users.find(user.id)).toEqual(user);
    });

    describe('forbids a second', () => {
      test.each(SAME_NAME)('%s beside %s', async (first, second) => {
        expect(await create(aUser({ username: first }))).toBe('created');
        const other = aUser({ username: second });
        expect(await create(other)).toBe('username-taken');
        expect(await subject.store.users.find(other.id)).toBeNull();
        expect(await subject.store.users.findByLogin(loginKey(other.email))).toBeNull();
        expect((await subject.store.users.findByLogin(loginKey(second)))?.user.username).toBe(first);
      });

      test.each(SAME_NAME)('address %s@… beside %s@…', async (first, second) => {
        expect(await create(aUser({ email: `${first}@example.org` }))).toBe('created');
        const other = aUser({ email: `${second}@EXAMPLE.org` });
        expect(await create(other)).toBe('email-taken');
        expect(await subject.store.users.find(other.id)).toBeNull();
      });

      test.each(OTHER_NAME)('of %s, and %s is another', async (first, second) => {
        expect(await create(aUser({ username: first, email: `${first}@example.org` }))).toBe('created');
        expect(await create(aUser({ username: second, email: `${second}@example.org` }))).toBe('created');
      });

      test('of 20 who race for a name, one has it', async () => {
        const { users } = subject.store;
        const other = (await subject.second()).users;
        const answers = await Promise.all(
          ids(20).map((_, i) =>
            (i % 2 === 0 ? users : other).create(aUser({ username: i % 3 === 0 ? 'Wanted' : 'wANTED' }), HASH),
          ),
        );
        expect([...answers].sort()).toEqual(['created', ...Array<string>(19).fill('username-taken')]);
      });

      test('of 20 who race for an address, one has it', async () => {
        const answers = await Promise.all(ids(20).map(() => create(aUser({ email: 'wanted@example.org' }))));
        expect([...answers].sort()).toEqual(['created', ...Array<string>(19).fill('email-taken')]);
      });
    });

    describe('update', () => {
      test('replaces the row and keeps the password', async () => {
        const user = aUser();
        await create(user);
        const changed = next(user, {
          username: 'renamed',
          email: 'new@example.org',
          displayName: 'New',
          publicFields: ['email'],
          isPrivate: true,
          updatedAt: NOON + 5,
        });
        expect(await subject.store.users.update(changed)).toBe('updated');
        expect(await subject.store.users.findByLogin(loginKey('Renamed'))).toEqual({
          user: changed,
          passwordHash: HASH,
        });
        expect((await subject.store.users.findByLogin('new@example.org'))?.user.id).toBe(user.id);
        expect(await subject.store.users.findByLogin(loginKey(user.username))).toBeNull();
        expect(await subject.store.users.findByLogin(loginKey(user.email))).toBeNull();
      });

      test('of an older version is stale and changes nothing', async () => {
        const user = aUser();
        await create(user);
        const second = next(user, { bio: 'second' });
        await subject.store.users.update(second);
        expect(await subject.store.users.update(next(user, { bio: 'other' }))).toBe('stale');
        expect(await subject.store.users.update({ ...user, version: 9, bio: 'ahead' })).toBe('stale');
        expect(await subject.store.users.find(user.id)).toEqual(second);
      });

      test('of nobody is stale and makes nobody', async () => {
        const user = aUser({ version: 2 });
        expect(await subject.store.users.update(user)).toBe('stale');
        expect(await subject.store.users.find(user.id)).toBeNull();
      });

      test('may be told again', async () => {
        const user = aUser();
        await create(user);
        const changed = next(user, { bio: 'changed' });
        expect(await subject.store.users.update(changed)).toBe('updated');
        expect(await subject.store.users.update(changed)).toBe('updated');
        expect(await subject.store.users.find(user.id)).toEqual(changed);
      });

      test('to what another has is refused and changes nothing', async () => {
        const [ann, bob] = [aUser({ username: 'Ann', email: 'ann@example.org' }), aUser()];
        await create(ann);
        await create(bob);
        expect(await subject.store.users.update(next(bob, { username: 'aNN' }))).toBe('username-taken');
        expect(await subject.store.users.update(next(bob, { email: 'ANN@example.org' }))).toBe('email-taken');
        expect(await subject.store.users.find(bob.id)).toEqual(bob);
      });

      test('may change the case of one’s own name, and take a name that was given up', async () => {
        const [ann, bob] = [aUser({ username: 'ann' }), aUser({ username: 'bob' })];
        await create(ann);
        await create(bob);
        expect(await subject.store.users.update(next(ann, { username: 'ANN' }))).toBe('updated');
        expect(await subject.store.users.update(next(bob, { username: 'robert' }))).toBe('updated');
        expect(await create(aUser({ username: 'Bob' }))).toBe('created');
      });

      test('of one version, tried by 20 at once, is made once', async () => {
        const user = aUser();
        await create(user);
        const other = (await subject.second()).users;
        const answers = await Promise.all(
          ids(20).map((_, i) => (i % 2 === 0 ? subject.store.users : other).update(next(user, { bio: `${i}` }))),
        );
        expect([...answers].sort()).toEqual([...Array<string>(19).fill('stale'), 'updated']);
        expect(await subject.store.users.find(user.id)).toMatchObject({
          version: 2,
          bio: `${answers.indexOf('updated')}`,
        });
      });

      test('by 20 people to one name is made once', async () => {
        const people = ids(20).map(() => aUser());
        for (const user of people) await create(user);
        const answers = await Promise.all(
          people.map((user) => subject.store.users.update(next(user, { username: 'wanted' }))),
        );
        expect([...answers].sort()).toEqual(['updated', ...Array<string>(19).fill('username-taken')]);
      });
    });

    test('changes a password hash and nothing else', async () => {
      const [ann, bob] = [aUser(), aUser()];
      await create(ann);
      await create(bob);
      expect(await subject.store.users.setPasswordHash(ann.id, HASH, 'another hash')).toBe(true);
      expect(await subject.store.users.findCredential(ann.id)).toEqual({ user: ann, passwordHash: 'another hash' });
      expect((await subject.store.users.findCredential(bob.id))?.passwordHash).toBe(HASH);
    });

    test('leaves a password hash alone that has been changed since', async () => {
      const ann = aUser();
      await create(ann);
      const { users } = subject.store;
      const answers = await Promise.all(
        ['one', 'two', 'three'].map((next) => users.setPasswordHash(ann.id, HASH, next)),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect((await users.findCredential(ann.id))?.passwordHash).toBe(['one', 'two', 'three'][answers.indexOf(true)]);
      expect(await users.setPasswordHash(anId(), HASH, 'nobody’s')).toBe(false);
    });

    test('has everybody after a restart', async () => {
      const user = aUser({ username: 'Durable' });
      await create(user);
      const { users } = await subject.restart();
      expect(await users.findByLogin('durable')).toEqual({ user, passwordHash: HASH });
      expect(await users.create(aUser({ username: 'DURABLE' }), HASH)).toBe('username-taken');
    });
  });
}

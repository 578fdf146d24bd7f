import { describe, expect, test } from '@jest/globals';
import type { UserPosition, UserQuery } from '../../src/application/ports/persistence.ts';
import { searchKey, uniqueKey } from '../../src/domain/text.ts';
import type { User } from '../../src/domain/user.ts';
import { anId, aUser, ids, NOON } from '../support/builders.ts';
import { createGroup, perform } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Parts, and names that have them whatever the case and Unicode form. */
const FOUND: readonly (readonly [part: string, name: string])[] = [
  ['a', 'Xavier'],
  ['AN', 'hannah'],
  ['annah', 'HANNAH'],
  ['rené', 'RENE\u0301 Dupont'],
  ['rene\u0301', 'René'],
  ['strasse', 'Lange Straße 5'],
  ['ΟΔΟΣ', 'οδοσα'],
  ['οδός', 'Η ΟΔΌΣ μου'],
  ['名', '山田名前'],
  ['田名', '山田名前'],
  ['山田名前', '山田名前'],
  ['анна', 'Иоанна'],
  ['👩‍🚀', 'Ann 👩‍🚀 Space'],
  ['ｂｏｂ', 'Bob'],
  ['%', '100% Ann'],
  ['a_b', 'xA_Bx'],
  ['.', 'J. Doe'],
  ['*', 'a*b'],
  ['"', 'the "boss"'],
  [') OR (', 'x) OR (y'],
  ["o'h", "O'Hara"],
  ['ab ba', 'ab ba'],
  ['مري', 'مريم'],
];

/** Parts, and names that a looser search would find. */
const NOT_FOUND: readonly (readonly [part: string, name: string])[] = [
  ['%', 'percent'],
  ['_', 'underscore'],
  ['a.c', 'abc'],
  ['a*', 'aaa'],
  ['e', 'é'],
  ['anan', 'an nan'],
  ['abcabd', 'abdabcab'],
  ['abab', 'aba bab'],
  ['NOT', 'anything'],
];

/** Proves the promises of UserRepository.search, and what it needs of ChatRepository. */
export function userSearchSuite(harness: StoreHarness): void {
  describe(`UserRepository.search on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const add = async (with_: Partial<User>): Promise<User> => {
      const user = aUser(with_);
      expect(await subject.store.users.create(user, 'hash')).toBe('created');
      return user;
    };
    const VIEWER = anId();
    const search = (query: Partial<UserQuery>) =>
      subject.store.users.search({
        ...{ viewerId: VIEWER, order: 'createdAt', descending: true, after: null, offset: 0, limit: 100 },
        ...query,
      });
    const names = async (query: Partial<UserQuery>) => (await search(query)).users.map(({ username }) => username);

    test.each(FOUND)('%s is a part of %s', async (part, displayName) => {
      const user = await add({ username: 'ξξξ', displayName });
      await add({ username: 'ψψψ', displayName: 'Somebody' });
      const key = searchKey(part);
      expect(await search({ displayNamePart: key })).toEqual({ users: [user], next: null });
      expect(await search({ part: key, descending: false })).toEqual({ users: [user], next: null });
      expect(await search({ displayName: searchKey(displayName) })).toEqual({ users: [user], next: null });
    });

    test.each(NOT_FOUND)('%s is no part of %s', async (part, displayName) => {
      await add({ displayName });
      expect(await search({ displayNamePart: searchKey(part) })).toEqual({ users: [], next: null });
    });

    test('a part is looked for in the name that is meant', async () => {
      await add({ username: 'berta', displayName: 'Anna' });
      await add({ username: 'anna', displayName: 'Cleo' });
      await add({ username: 'cleo', displayName: null });
      expect(await names({ usernamePart: 'nn' })).toEqual(['anna']);
      expect(await names({ displayNamePart: 'nn' })).toEqual(['berta']);
      expect((await names({ part: 'nn' })).sort()).toEqual(['anna', 'berta']);
      expect(await names({ part: 'nn', usernamePart: 'b' })).toEqual(['berta']);
      expect(await names({ part: 'nna', username: uniqueKey('ANNA') })).toEqual(['anna']);
      expect(await names({ displayName: 'ann' })).toEqual([]);
    });

    test('finds by the new names and not by the old ones', async () => {
      const user = await add({ username: 'before', displayName: 'Old' });
      const changed = { ...user, username: 'after', displayName: 'New', version: 2 };
      expect(await subject.store.users.update(changed)).toBe('updated');
      expect(await names({ part: 'old' })).toEqual([]);
      expect(await names({ part: 'bef' })).toEqual([]);
      expect(await names({ part: 'ne' })).toEqual(['after']);
    });

    test('ids and exceptId narrow it', async () => {
      const [ann, bob] = [await add({ username: 'ann' }), await add({ username: 'bob' })];
      expect(await names({ ids: [bob.id, anId()] })).toEqual(['bob']);
      expect(await names({ ids: [] })).toEqual([]);
      expect(await names({ ids: [ann.id, bob.id], exceptId: ann.id })).toEqual(['bob']);
      expect(await names({ ids: [ann.id], usernamePart: 'bo' })).toEqual([]);
    });

    describe('a private display name', () => {
      test('is found by himself and by who shares a chat with him', async () => {
        const hidden = await add({ username: 'hid', displayName: 'Secret Name', isPrivate: true });
        const friend = await add({ username: 'friend' });
        const chatId = await createGroup(subject.store.chatLog, friend.id, [hidden.id]);
        for (const query of [{ displayNamePart: 'secret' }, { part: 'se' }, { displayName: 'secret name' }]) {
          expect(await names(query)).toEqual([]);
          expect(await names({ ...query, viewerId: friend.id })).toEqual(['hid']);
          expect(await names({ ...query, viewerId: hidden.id })).toEqual(['hid']);
        }
        expect(await names({ part: 'hi' })).toEqual(['hid']);
        await perform(subject.store.chatLog, chatId, friend.id, { type: 'chat.delete' });
        expect(await names({ part: 'secret', viewerId: friend.id })).toEqual([]);
      });

      test('has no part in the order', async () => {
        await add({ username: 'zed', displayName: 'Aaa', isPrivate: true });
        await add({ username: 'mid', displayName: 'Mmm' });
        await add({ username: 'low', displayName: 'Bbb' });
        expect(await names({ order: 'displayName', descending: false })).toEqual(['zed', 'low', 'mid']);
        expect(await names({ order: 'displayName' })).toEqual(['mid', 'low', 'zed']);
      });
    });

    describe('orders', () => {
      test.each(['createdAt', 'username', 'displayName'] as const)('by %s, both ways, ties by id', async (order) => {
        const people = await Promise.all(
          ids(30).map((_, i) => add({ displayName: `n${i % 4}`, createdAt: NOON + (i % 3) })),
        );
        const keyOf = (user: User) => (order === 'createdAt' ? String(user.createdAt) : String(user[order]));
        const sorted = [...people].sort((a, b) =>
          keyOf(a) < keyOf(b) || (keyOf(a) === keyOf(b) && a.id < b.id) ? -1 : 1,
        );
        for (const filter of [{}, { displayNamePart: 'n' }]) {
          expect((await search({ ...filter, order, descending: false })).users).toEqual(sorted);
          expect((await search({ ...filter, order, descending: true })).users).toEqual([...sorted].reverse());
          expect((await search({ ...filter, order, descending: false, offset: 7, limit: 5 })).users).toEqual(
            sorted.slice(7, 12),
          );
        }
      });

      test.each([
        ['createdAt', true, {}],
        ['createdAt', false, { part: 'u' }],
        ['username', true, {}],
        ['username', false, { usernamePart: 'u' }],
        ['displayName', false, {}],
      ] as const)(
        'by %s (descending: %s) page by page, without gaps or doubles while others register',
        async (order, descending, filter) => {
          const before = await Promise.all(
            ids(25).map((_, i) => add({ displayName: i % 2 ? 'same' : null, createdAt: NOON + (i % 2) })),
          );
          const seen: string[] = [];
          let after: UserPosition | null = null;
          do {
            const page = await search({ ...filter, order, descending, after, limit: 4 });
            seen.push(...page.users.map(({ id }) => id));
            after = page.next;
            await add({ createdAt: NOON + 5 });
            await add({ createdAt: NOON - 5, displayName: 'same' });
          } while (after && seen.length < 200);
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
        },
      );
    });

    test('a deleted account is in no list', async () => {
      const user = await add({ username: 'gone', displayName: 'Gone' });
      await subject.store.deletions.begin({ userId: user.id, messages: 'keep', at: NOON });
      for (const query of [{}, { part: 'gone' }, { ids: [user.id] }, { username: 'gone' }, { displayName: 'gone' }]) {
        expect(await search(query)).toEqual({ users: [], next: null });
      }
    });

    test('acquaintances are those who share a live chat', async () => {
      const { chatLog, chats } = subject.store;
      const [me = '', friend = '', gone = '', stranger = '', former = ''] = ids(5);
      await createGroup(chatLog, me, [friend, gone]);
      const left = await createGroup(chatLog, me, [former, gone]);
      await createGroup(chatLog, stranger, [friend]);
      await perform(chatLog, left, former, { type: 'member.remove', userId: former, lineId: anId() });
      const all = [me, friend, gone, stranger, former, anId()];
      expect(await chats.acquaintances(me, all)).toEqual(new Set([friend, gone]));
      await perform(chatLog, left, me, { type: 'chat.delete' });
      expect(await chats.acquaintances(gone, [me, former])).toEqual(new Set([me]));
      expect(await chats.acquaintances(me, [])).toEqual(new Set());
      expect((await chats.chatIdsEver(former)).sort()).toEqual([left]);
      expect(await chats.chatIdsEver(friend)).toHaveLength(2);
    });

    test('keeps when somebody was last seen, and never an earlier time', async () => {
      const [ann, bob] = [await add({}), await add({})];
      const { users } = subject.store;
      await users.seen([ann.id, anId()], NOON + 5);
      await users.seen([ann.id], NOON);
      await users.seen([], NOON);
      expect(await users.lastSeen([ann.id, bob.id])).toEqual(new Map([[ann.id, NOON + 5]]));
      expect(await users.find(ann.id)).toEqual(ann);
    });
  });
}

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { UserQuery } from '../../src/application/ports/persistence.ts';
import { type Database, openDatabase } from '../../src/infrastructure/sqlite/database.ts';
import { storeOn } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { aUser, NOON } from '../support/builders.ts';

const QUERY: UserQuery = {
  ...{ viewerId: 'somebody', order: 'createdAt', descending: true, after: null, offset: 0, limit: 50 },
};
const PEOPLE = 2_500;

let database: Database;
let users: ReturnType<typeof storeOn>['users'];
const asked: string[] = [];

beforeAll(async () => {
  database = openDatabase({ dataDir: ':memory:' });
  const query = database.query.bind(database);
  jest.spyOn(database, 'query').mockImplementation((sql: string) => {
    asked.push(sql);
    return query(sql) as never;
  });
  users = storeOn(database).users;
  const people = Array.from({ length: PEOPLE }, (_, i) =>
    aUser({ username: `common${i}`, displayName: i === 7 ? 'Rare' : null, createdAt: NOON + i }),
  );
  await Promise.all(people.map((user) => users.create(user, 'hash')));
});
afterAll(() => database.close());

const planOf = (sql: string): string[] =>
  database
    .query<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array<null>((sql.match(/\?/g) ?? []).length).fill(null))
    .map((row) => row[3]);

describe('the plans of a search of people', () => {
  const cases: [string, Partial<UserQuery>][] = [
    ['everybody', {}],
    ['a page further on', { after: { value: NOON + 5, id: 'x' } }],
    ['a rare part', { part: 'rar' }],
    ['a rare letter', { displayNamePart: 'r' }],
    ['a part that most have', { part: 'common' }],
    ['a letter that most have', { usernamePart: 'o' }],
    ['a username', { username: 'common5' }],
    ['a display name', { displayName: 'rare' }],
    ['ids', { ids: ['x'], exceptId: 'y' }],
  ];
  const orders = (['createdAt', 'username', 'displayName'] as const).flatMap((order) => [
    { order, descending: false },
    { order, descending: true },
  ]);

  test.each(cases)('%s: none reads all rows of users', async (_, query) => {
    for (const order of orders) {
      asked.length = 0;
      const { users: found } = await users.search({
        ...QUERY,
        ...query,
        ...order,
        after: query.after && order.order === 'createdAt' ? query.after : null,
      });
      expect(found.length).toBeLessThanOrEqual(50);
      const plans = asked.flatMap(planOf);
      expect(plans.filter((step) => /SCAN (users|members|chats|his|mine)\b/.test(step))).toEqual([]);
    }
  });

  test.each([
    ['createdAt', 'users_created'],
    ['username', 'users_named'],
    ['displayName', 'users_listed'],
  ] as const)('by %s, who cannot fit is passed over in the index, without a look at his row', async (order, index) => {
    asked.length = 0;
    await users.search({ ...QUERY, part: 'common', exceptId: 'anew', order }); // prepared here for the first time
    const walk = asked.filter((sql) => sql.includes('fits')).map(planOf)[0] ?? [];
    expect(walk.filter((step) => step.includes(index))).toHaveLength(1);
    expect(asked.join()).toContain('users.number IN (SELECT rowid FROM user_grams WHERE user_grams MATCH ?)');
  });

  test('more candidates than are looked at one by one are found in order all the same', async () => {
    const page = await users.search({ ...QUERY, part: 'common', limit: 3 });
    expect(page.users.map(({ username }) => username)).toEqual(['common2499', 'common2498', 'common2497']);
    const next = await users.search({ ...QUERY, part: 'common', limit: 3, after: page.next });
    expect(next.users[0]?.username).toBe('common2496');
    expect((await users.search({ ...QUERY, part: 'common', offset: 2_499 })).users).toHaveLength(1);
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, type Person, TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

const list = async (query: string, viewer: Person) => answered(await app.get(`users?${query}`, viewer), 200);
const names = async (query: string, viewer: Person): Promise<string[]> =>
  (await list(query, viewer)).items.map((user: { username: string }) => user.username);
const named = async (username: string, displayName: string, isPrivate = false): Promise<Person> => {
  const person = await app.register(username);
  answered(await app.patch('users/me', { displayName, isPrivate, location: 'Ulm' }, person), 200);
  return person;
};
const asAdmin = async (): Promise<Person> => {
  const admin = await app.register();
  const user = await app.store.users.find(admin.id);
  if (user) await app.store.users.update({ ...user, role: 'admin', version: user.version + 1 });
  return admin;
};

describe('GET /users', () => {
  test('finds by name and by part of it, whatever the case and Unicode form', async () => {
    const ann = await named('Aurelia_1', 'Ann-Sofie Grün');
    await named('somebody-else', 'Else');
    const found = [
      'username=AURELIA_1',
      'username-like=RELIA_',
      'displayName=ann-sofie%20GRU%CC%88N',
      'displayName-like=gr%C3%BC',
      'q=sofie',
      'q=relia',
      `ids=${ann.id},nobody`,
      `ids=${ann.id}&q=sofie&username=aurelia_1`,
    ];
    for (const query of found) expect([query, await names(query, ann)]).toEqual([query, ['Aurelia_1']]);
    for (const query of ['username=Aurelia', 'username-like=%25', 'q=Ann.Sofie', 'q=*relia', `ids=${ann.id}&q=zzz`]) {
      expect([query, await names(query, ann)]).toEqual([query, []]);
    }
  });

  test('leaves me out, and takes each order both ways', async () => {
    const [a, b, c] = [await named('sort-b', 'Nn 1'), await named('sort-c', 'Nn 3'), await named('sort-a', 'Nn 2')];
    const q = 'username-like=sort-';
    expect(await names(q, a)).toEqual(['sort-a', 'sort-c', 'sort-b']);
    expect(await names(`${q}&sort=createdAt`, a)).toEqual(['sort-b', 'sort-c', 'sort-a']);
    expect(await names(`${q}&sort=username`, a)).toEqual(['sort-a', 'sort-b', 'sort-c']);
    expect(await names(`${q}&sort=-username`, a)).toEqual(['sort-c', 'sort-b', 'sort-a']);
    expect(await names(`${q}&sort=displayName`, b)).toEqual(['sort-b', 'sort-a', 'sort-c']);
    expect(await names(`${q}&sort=-displayName&excludeMe=true`, b)).toEqual(['sort-a', 'sort-b']);
    expect(await names(`${q}&sort=username&offset=1&limit=1`, c)).toEqual(['sort-b']);
  });

  test('goes on where the page before ended, in the same order only', async () => {
    const people = await Promise.all(Array.from({ length: 7 }, (_, i) => app.register(`paged-${i}`)));
    const [viewer] = people as [Person, ...Person[]];
    for (const sort of ['username', '-displayName', 'createdAt', '-createdAt']) {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await list(`q=paged-&sort=${sort}&limit=3${cursor}`, viewer);
        seen.push(...page.items.map((user: { username: string }) => user.username));
        cursor = page.nextCursor && `&cursor=${page.nextCursor}`;
      } while (cursor);
      expect([...seen].sort()).toEqual(people.map(({ username }) => username).sort());
    }
    const { nextCursor } = await list('q=paged-&limit=1', viewer);
    for (const elsewhere of ['sort=username', 'sort=createdAt', 'offset=1']) {
      const other = await app.get(`users?q=paged-&${elsewhere}&cursor=${nextCursor}`, viewer);
      expect([elsewhere, other.status]).toEqual([elsewhere, 400]);
      expect(other.body.errors).toContainEqual(expect.objectContaining({ path: '/cursor' }));
    }
  });

  test('shows of each what he lets the viewer see, and finds no name that is hidden from him', async () => {
    const hidden = await named('hidden-1', 'Undercover Name', true);
    const [friend, stranger, admin] = [await app.register(), await app.register(), await asAdmin()];
    await app.group(friend, hidden);
    const seenBy = async (viewer: Person) => (await list('username=hidden-1', viewer)).items[0];
    expect(await seenBy(stranger)).toMatchObject({ displayName: null, location: null, email: null, isPrivate: true });
    expect(await seenBy(friend)).toMatchObject({ displayName: 'Undercover Name', location: 'Ulm', email: null });
    for (const viewer of [hidden, admin]) {
      expect(await seenBy(viewer)).toMatchObject({ displayName: 'Undercover Name', email: hidden.email });
    }
    expect((await app.get(`users/${hidden.id}`, admin)).body).toMatchObject({ email: hidden.email });
    for (const query of ['q=undercover', 'displayName-like=cover', 'displayName=undercover%20name']) {
      expect(await names(query, stranger)).toEqual([]);
      expect(await names(query, friend)).toEqual(['hidden-1']);
    }
    expect(JSON.stringify(await list('q=hidden', stranger))).not.toMatch(/hash|password|Undercover/);
  });

  test.each([
    ['color=red', '/color'],
    ['username=', '/username'],
    ['username-like=%20', '/username-like'],
    ['displayName-like=%00', '/displayName-like'],
    [`q=${'x'.repeat(101)}`, '/q'],
    ['limit=0', '/limit'],
    ['limit=101', '/limit'],
    ['limit=many', '/limit'],
    ['offset=10001', '/offset'],
    ['offset=-1', '/offset'],
    ['offset=1&cursor=x', '/cursor'],
    ['cursor=x', '/cursor'],
    ['cursor=WzFd', '/cursor'],
    ['sort=email', '/sort'],
    ['excludeMe=1', '/excludeMe'],
    ['online=yes', '/online'],
    [`ids=${'x,'.repeat(101)}`, '/ids'],
    ['q=a&q=b', '/q'],
  ])('refuses %s and names it', async (query, path) => {
    const { status, body } = await app.get(`users?${query}`, await app.register());
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.errors.map((problem: { path: string }) => problem.path)).toContain(path);
  });

  test.each(['users', 'presence', 'users/me/presence'])('%s wants to know who asks', async (path) => {
    expect((await app.get(path)).status).toBe(401);
  });
});

describe('presence without a socket', () => {
  test('everybody is offline, and nobody is not found', async () => {
    const [ann, bob] = [await app.register(), await app.register()];
    await app.group(ann, bob);
    const { body } = await app.get(`users/${bob.id}/presence`, ann);
    expect(body).toEqual({ userId: bob.id, status: 'offline', lastSeenAt: null });
    expect((await app.get('presence', ann)).body).toEqual({ items: [], nextCursor: null });
    const nobody = await app.get('users/nobody/presence', ann);
    expect([nobody.status, nobody.body.code]).toEqual([404, 'USER_NOT_FOUND']);
    expect((await app.get('presence?status=online', ann)).body.errors[0].path).toBe('/status');
    expect((await app.get('presence?cursor=x', ann)).body.errors[0].path).toBe('/cursor');
  });
});

describe('POST /broadcasts', () => {
  test('is for admins', async () => {
    const user = await app.register();
    const refused = await app.post('broadcasts', { content: 'hello' }, user);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await app.post('broadcasts', { content: 'hello' })).status).toBe(401);
    const done = await app.post('broadcasts', { content: ' hello ' }, await asAdmin());
    expect([done.status, done.body]).toEqual([202, '']);
  });

  test.each([
    [{}, '/content'],
    [{ content: ' ' }, '/content'],
    [{ content: 1 }, '/content'],
    [{ content: 'x'.repeat(4_001) }, '/content'],
    [{ content: 'a\0b' }, '/content'],
    [{ content: 'a', to: 'all' }, '/to'],
  ])('refuses %j', async (body, path) => {
    const answer = await app.post('broadcasts', body, await asAdmin());
    expect([answer.status, answer.body.errors[0].path]).toEqual([400, path]);
  });
});

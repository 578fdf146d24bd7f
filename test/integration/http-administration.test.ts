import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, PASSWORD, type Person, TestApp } from '../support/app.ts';
import { basic } from '../support/basic.ts';

let app: TestApp;
let admin: Person;
beforeAll(async () => {
  app = await TestApp.start();
  admin = await app.register();
  await app.application.operator.promote(admin.username);
});
afterAll(() => app.stop());

const profileStatus = async (person: Person) => (await app.get('users/me', person)).status;
const aName = () => `made-${Math.random().toString(36).slice(2, 10)}`;

describe('nobody but an admin', () => {
  test.each([
    ['users', { username: 'made', email: 'made@example.org', password: PASSWORD }],
    ['users/somebody/suspend', undefined],
    ['users/somebody/restore', undefined],
    ['invitations', {}],
  ])('may POST /%s', async (path, body) => {
    const refused = await app.post(path, body, await app.register());
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await app.post(path, body)).status).toBe(401);
  });
});

describe('making an account for somebody', () => {
  test('makes a user or an admin, who can log in', async () => {
    for (const role of [undefined, 'user', 'admin']) {
      const username = aName();
      const body = { username, email: `${username}@example.org`, password: PASSWORD, displayName: 'Made', role };
      const made = answered(await app.post('users', body, admin), 201);
      expect(made).toMatchObject({ username, displayName: 'Made', email: `${username}@example.org` });
      expect(JSON.stringify(made)).not.toContain('plain:');
      const { user } = answered(await app.post('auth/login', { login: username, password: PASSWORD }), 200);
      expect(user.role).toBe(role ?? 'user');
    }
  });

  test('refuses what is taken, wrong or unknown', async () => {
    const body = { username: aName(), email: 'made.too@example.org', password: PASSWORD };
    const taken = await app.post('users', { ...body, username: admin.username }, admin);
    expect([taken.status, taken.body.code]).toEqual([409, 'USERNAME_TAKEN']);
    for (const wrong of [{}, { ...body, role: 'owner' }, { ...body, isAdmin: true }, { ...body, password: 'short' }]) {
      expect((await app.post('users', wrong, admin)).status).toBe(400);
    }
    expect((await app.post('users', undefined, admin)).status).toBe(400);
  });
});

describe('suspending', () => {
  const suspend = (person: Pick<Person, 'id'>, as = admin) => app.post(`users/${person.id}/suspend`, undefined, as);
  const restore = (person: Pick<Person, 'id'>, as = admin) => app.post(`users/${person.id}/restore`, undefined, as);

  test('ends all sessions, and lets nobody in who knows the password', async () => {
    const person = await app.register();
    const phone = await app.login(person);
    expect(await (await app.call('GET', 'users/me', { headers: basic(person.username) })).status).toBe(200);
    expect((await suspend(person)).status).toBe(204);
    expect([await profileStatus(person), await profileStatus(phone)]).toEqual([401, 401]);
    expect((await app.post('auth/refresh', { refreshToken: person.refreshToken })).status).toBe(401);
    const login = await app.post('auth/login', { login: person.username, password: PASSWORD });
    const script = await app.call('GET', 'users/me', { headers: basic(person.username) });
    const token = await app.call('POST', 'auth/token', { headers: basic(person.username) });
    for (const { status, body } of [login, script, token]) {
      expect([status, body.code]).toEqual([403, 'ACCOUNT_SUSPENDED']);
    }
  });

  test('is told to nobody who does not know the password', async () => {
    const { username, id } = await app.register();
    await suspend({ id });
    const { status, body } = await app.post('auth/login', { login: username, password: 'something else' });
    expect([status, body.code]).toEqual([401, 'BAD_CREDENTIALS']);
  });

  test('may be done again, and is undone by restoring, as often as one likes', async () => {
    const person = await app.register();
    for (const _ of [1, 2]) expect((await suspend(person)).status).toBe(204);
    for (const _ of [1, 2]) expect((await restore(person)).status).toBe(204);
    expect(await profileStatus(await app.login(person))).toBe(200);
    expect(await profileStatus(person)).toBe(401);
  });

  test('is refused for oneself and for nobody', async () => {
    const own = await suspend(admin);
    expect([own.status, own.body.code]).toEqual([422, 'SUSPENDING_ONESELF']);
    for (const refused of [await suspend({ id: 'nobody' }), await restore({ id: 'nobody' })]) {
      expect([refused.status, refused.body.code]).toEqual([404, 'USER_NOT_FOUND']);
    }
  });

  test('a suspended admin is none', async () => {
    const other = await app.register();
    await app.application.operator.promote(other.username);
    await suspend(other);
    expect((await suspend(admin, other)).status).toBe(401);
  });
});

describe('registration by invitation', () => {
  const register = (to: TestApp, invitation?: string | null, username = aName()) =>
    to.post('auth/register', { username, email: `${username}@example.org`, password: PASSWORD, invitation });

  async function start(registration: 'open' | 'invitation' | 'closed') {
    const server = await TestApp.start({ settings: { registration } });
    const username = aName();
    const boss = { username, email: `${username}@example.org`, password: PASSWORD };
    await server.application.operator.createUser(boss, 'admin');
    const { user, accessToken, refreshToken } = answered(
      await server.post('auth/login', { login: username, password: PASSWORD }),
      200,
    );
    const asAdmin: Person = { ...user, accessToken, refreshToken };
    const invite = (body?: unknown) => server.post('invitations', body, asAdmin);
    return { server, invite, asAdmin };
  }

  test('takes an invitation, which is good for one, of the role that it names', async () => {
    const { server, invite } = await start('invitation');
    expect((await server.get('server')).body.registration).toBe('invitation');
    const without = await register(server);
    expect([without.status, without.body.code]).toEqual([403, 'FORBIDDEN']);
    for (const [body, role] of [
      [undefined, 'user'],
      [{}, 'user'],
      [{ role: 'admin' }, 'admin'],
    ]) {
      const { code, expiresAt } = answered(await invite(body), 201);
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000);
      expect(answered(await register(server, code), 201).user.role).toBe(role);
      const again = await register(server, code);
      expect([again.status, again.body.code]).toEqual([422, 'INVITATION_INVALID']);
    }
    expect((await register(server, 'made up')).body.code).toBe('INVITATION_INVALID');
    expect((await invite({ role: 'owner' })).status).toBe(400);
    await server.stop();
  });

  test('is worth nothing while whoever gave it is suspended, and nothing once his account is deleted', async () => {
    const { server, invite, asAdmin } = await start('invitation');
    const { code } = answered(await invite({ role: 'admin' }), 201);
    const other = answered(await register(server, answered(await invite({ role: 'admin' }), 201).code), 201);
    const byOther = { ...other.user, ...other } as Person;
    await server.post(`users/${asAdmin.id}/suspend`, undefined, byOther);
    expect((await register(server, code)).body.code).toBe('INVITATION_INVALID');
    const { code: his } = answered(await server.post('invitations', {}, byOther), 201);
    await server.call('DELETE', 'users/me', { as: byOther, body: { password: PASSWORD, messages: 'keep' } });
    expect((await register(server, his)).body.code).toBe('INVITATION_INVALID');
    await server.stop();
  });

  test('of 10 who race with one invitation, one comes in; and one that failed did not use it up', async () => {
    const { server, invite } = await start('invitation');
    const { code } = answered(await invite(), 201);
    const { code: used } = answered(await invite(), 201);
    await register(server, used, 'somebody');
    expect((await register(server, code, 'somebody')).status).toBe(409);
    expect((await register(server, code, 'x')).status).toBe(400);
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => register(server, code)))).map((a) => a.status);
    expect(statuses.toSorted()).toEqual([201, ...Array(9).fill(422)]);
    await server.stop();
  });

  test('where it is open an invitation counts too; where it is closed only the server can have invited', async () => {
    const open = await start('open');
    const { code } = answered(await open.invite({ role: 'admin' }), 201);
    expect(answered(await register(open.server, code), 201).user.role).toBe('admin');
    expect((await register(open.server, 'made up')).body.code).toBe('INVITATION_INVALID');
    expect((await register(open.server, null)).status).toBe(201);
    await open.server.stop();
    const closed = await start('closed');
    expect((await closed.invite()).body.code).toBe('FORBIDDEN');
    expect((await register(closed.server, 'made up')).body.code).toBe('FORBIDDEN');
    await closed.server.stop();
  });
});

describe('the first admin', () => {
  test('comes in by an invitation that is given once, also where registration is closed', async () => {
    const server = await TestApp.start({ settings: { registration: 'closed' } });
    const { operator } = server.application;
    const invitation = await operator.inviteFirstAdmin();
    expect(await operator.inviteFirstAdmin()).toBeNull();
    const body = { username: 'first', email: 'first@example.org', password: PASSWORD };
    expect((await server.post('auth/register', { ...body, invitation: invitation?.code })).body.user.role).toBe(
      'admin',
    );
    expect(await operator.inviteFirstAdmin()).toBeNull();
    await server.stop();
  });

  test('is the configured one: made, or promoted with the password that he has', async () => {
    const server = await TestApp.start();
    const { operator } = server.application;
    const configured = { login: 'boss', email: 'boss@example.org', password: 'boss password' };
    await expect(operator.ensureAdmin({ login: 'boss' })).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    const [one, other] = await Promise.all([operator.ensureAdmin(configured), operator.ensureAdmin(configured)]);
    expect([one.role, other]).toEqual(['admin', one]);
    expect(await operator.ensureAdmin(configured)).toEqual(one);
    expect((await server.post('auth/login', { login: 'boss', password: 'boss password' })).status).toBe(200);
    const person = await server.register();
    await operator.ensureAdmin({ ...configured, login: person.email });
    expect((await server.get('users/me', person)).body.role).toBe('admin');
    expect(await operator.inviteFirstAdmin()).toBeNull();
    await server.stop();
  });
});

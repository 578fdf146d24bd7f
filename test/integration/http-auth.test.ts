import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Mail } from '../../src/application/ports/services.ts';
import { Argon2PasswordHasher } from '../../src/infrastructure/security/argon2-password-hasher.ts';
import { type Answer, answered, PASSWORD, type Person, TestApp } from '../support/app.ts';

const sent: Mail[] = [];
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ mailer: { send: async (mail) => void sent.push(mail) } });
});
afterAll(() => app.stop());

const refresh = (refreshToken: string) => app.post('auth/refresh', { refreshToken });
const profileStatus = async (person: Person) => (await app.get('users/me', person)).status;

describe('registering', () => {
  test('makes an account and signs it in', async () => {
    const input = { username: 'ann', email: 'ann@example.org', password: PASSWORD, displayName: ' Ann Example ' };
    const { status, body } = await app.post('auth/register', input);
    expect(status).toBe(201);
    expect(body.user).toMatchObject({
      username: 'ann',
      email: 'ann@example.org',
      displayName: 'Ann Example',
      role: 'user',
    });
    expect(body.expiresIn).toBe(600);
    expect(await profileStatus(body)).toBe(200);
  });

  test('refuses a name or an address that is taken, whatever the case', async () => {
    const { username, email } = await app.register();
    const other = { username: 'somebody-else', email: 'somebody.else@example.org', password: PASSWORD };
    const byName = await app.post('auth/register', { ...other, username: username.toUpperCase() });
    expect([byName.status, byName.body.code]).toEqual([409, 'USERNAME_TAKEN']);
    const byAddress = await app.post('auth/register', { ...other, email: email.toUpperCase() });
    expect([byAddress.status, byAddress.body.code]).toEqual([409, 'EMAIL_TAKEN']);
  });

  test('names every wrong field', async () => {
    const input = { username: 'a', email: 'nowhere', password: 'short', displayName: 'x'.repeat(51) };
    const { status, body } = await app.post('auth/register', input);
    expect(status).toBe(400);
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      '/username',
      '/email',
      '/password',
      '/displayName',
    ]);
  });

  test('is refused where it is closed', async () => {
    const closed = await TestApp.start({ settings: { registration: 'closed' } });
    const input = { username: 'bob', email: 'bob@example.org', password: PASSWORD };
    const { status, body } = await closed.post('auth/register', input);
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await closed.get('server')).body.registration).toBe('closed');
    await closed.stop();
  });
});

describe('a password that is guessed at once', () => {
  const username = 'quite-a-long-name';
  const email = 'an.address@example.org';
  const WEAK = ['Password1', 'abcabcabc', username.toUpperCase(), email];
  const isRefused = ({ status, body }: Answer) => expect([status, body.code]).toEqual([422, 'PASSWORD_WEAK']);

  test.each(WEAK)('is not taken for a new account (%s), and uses no invitation up', async (password) => {
    const admin = await app.register();
    await app.application.operator.promote(admin.username);
    const { code } = answered(await app.post('invitations', { role: 'admin' }, admin), 201);
    const account = { username, email, password };
    isRefused(await app.post('auth/register', { ...account, invitation: code }));
    isRefused(await app.post('users', account, admin));
    const operators = app.application.operator.createUser(account, 'user');
    await expect(operators).rejects.toMatchObject({ code: 'PASSWORD_WEAK' });
    expect(await app.store.users.findByLogin(username)).toBeNull();
    const name = `invited-${WEAK.indexOf(password)}`;
    const another = { username: name, email: `${name}@example.org`, password: PASSWORD, invitation: code };
    expect(answered(await app.post('auth/register', another), 201).user.role).toBe('admin');
  });

  test('is not taken for an account that is there, which keeps its own', async () => {
    const person = await app.register();
    await app.post('auth/password/forgot', { email: person.email });
    await app.application.mailDelivery.deliverDue();
    const token = /^ {2}(\S{32})$/m.exec(sent.at(-1)?.text ?? '')?.[1];
    for (const newPassword of ['Password1', person.username, person.email]) {
      isRefused(await app.put('users/me/password', { currentPassword: PASSWORD, newPassword }, person));
      isRefused(await app.post('auth/password/reset', { token, newPassword }));
      const operators = app.application.operator.resetPassword(person.username, newPassword);
      await expect(operators).rejects.toMatchObject({ code: 'PASSWORD_WEAK' });
    }
    expect(await profileStatus(person)).toBe(200);
    await app.login(person);
    expect((await app.post('auth/password/reset', { token, newPassword: 'a new password' })).status).toBe(204);
  });
});

describe('signing in', () => {
  test('is by username or by address, in any case, and begins a session of its own', async () => {
    const person = await app.register();
    for (const login of [person.username, person.email, person.username.toUpperCase(), ` ${person.email} `]) {
      const { status, body } = await app.post('auth/login', { login, password: PASSWORD, device: 'a phone' });
      expect([status, body.user.id]).toEqual([200, person.id]);
    }
    const { body } = await app.get('auth/sessions', person);
    expect(body.items).toHaveLength(5);
    expect(body.nextCursor).toBeNull();
    expect(body.items.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
  });

  test('tells an unknown login and a wrong password in the same words', async () => {
    const { username } = await app.register();
    const wrong = await app.post('auth/login', { login: username, password: 'something else' });
    const unknown = await app.post('auth/login', { login: 'nobody-here', password: PASSWORD });
    for (const { status, body, headers } of [wrong, unknown]) {
      expect([status, body.code]).toEqual([401, 'BAD_CREDENTIALS']);
      expect(headers['www-authenticate']).toBe('Bearer');
    }
    expect(wrong.body.detail).toBe(unknown.body.detail);
  });

  test('works with the real password hash', async () => {
    const real = await TestApp.start({ hasher: new Argon2PasswordHasher() });
    const person = await real.register();
    expect((await real.login(person)).accessToken).toBeTruthy();
    const wrong = await real.post('auth/login', { login: person.username, password: `${PASSWORD}!` });
    expect(wrong.status).toBe(401);
    await real.stop();
  });
});

describe('refreshing', () => {
  test('gives a new pair, and the old refresh token dies', async () => {
    const person = await app.register();
    const fresh = answered(await refresh(person.refreshToken), 200);
    expect(fresh.user.id).toBe(person.id);
    expect(fresh.refreshToken).not.toBe(person.refreshToken);
    expect(await profileStatus(fresh)).toBe(200);
  });

  test('with a token that was used before ends the whole session', async () => {
    const person = await app.register();
    const fresh = answered(await refresh(person.refreshToken), 200);
    const repeated = answered(await refresh(person.refreshToken), 200);
    expect(repeated.refreshToken).toBe(fresh.refreshToken);
    const third = answered(await refresh(fresh.refreshToken), 200);
    const again = await refresh(person.refreshToken);
    expect([again.status, again.body.code]).toEqual([401, 'TOKEN_INVALID']);
    expect((await refresh(third.refreshToken)).status).toBe(401);
    expect(await profileStatus(fresh)).toBe(401);
  });

  test.each(['', '.', 'a', 'a.b', 'a.b.c', '\u0000.\u0000', 'x'.repeat(5_000)])('refuses %j', async (token) => {
    const { status, body } = await refresh(token);
    expect([status, body.code]).toEqual([401, 'TOKEN_INVALID']);
  });
});

describe('ending sessions', () => {
  test('logout ends this one at once and no other', async () => {
    const person = await app.register();
    const phone = await app.login(person);
    expect((await app.post('auth/logout', undefined, person)).status).toBe(204);
    const { status, body, headers } = await app.get('users/me', person);
    expect([status, body.code]).toEqual([401, 'TOKEN_INVALID']);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await refresh(person.refreshToken)).status).toBe(401);
    expect(await profileStatus(phone)).toBe(200);
  });

  test('logout-all ends them all', async () => {
    const person = await app.register();
    const phone = await app.login(person);
    expect((await app.post('auth/logout-all', undefined, phone)).status).toBe(204);
    expect([await profileStatus(person), await profileStatus(phone)]).toEqual([401, 401]);
  });

  test('another device can be signed out, by its owner only', async () => {
    const person = await app.register();
    const phone = await app.login(person);
    const { items } = (await app.get('auth/sessions', phone)).body;
    const { id } = items.find(({ current }: { current: boolean }) => current);
    const stranger = await app.delete(`auth/sessions/${id}`, await app.register());
    expect([stranger.status, stranger.body.code]).toEqual([404, 'SESSION_NOT_FOUND']);
    expect((await app.delete(`auth/sessions/${id}`, person)).status).toBe(204);
    expect([await profileStatus(phone), await profileStatus(person)]).toEqual([401, 200]);
    expect((await app.delete(`auth/sessions/${id}`, person)).status).toBe(404);
  });

  test('a client that announces JSON and sends none may log out too', async () => {
    const as = await app.register();
    const headers = { 'content-type': 'application/json' };
    expect((await app.call('POST', 'auth/logout', { as, headers })).status).toBe(204);
  });
});

test('a ticket is good once, for the session that asked for it', async () => {
  const person = await app.register();
  const { status, body } = await app.post('auth/ticket', undefined, person);
  expect([status, body.expiresIn]).toEqual([201, 30]);
  const { auth } = app.application.services;
  expect((await auth.redeemTicket(body.ticket)).userId).toBe(person.id);
  await expect(auth.redeemTicket(body.ticket)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.ts';
import { basic } from '../support/basic.ts';
import { CheapPasswordHasher } from '../support/cheap-password-hasher.ts';

const hasher = new CheapPasswordHasher();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ hasher });
});
afterAll(() => app.stop());
beforeEach(() => {
  hasher.verified = 0;
});

const call = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  app.call(method, path, { headers, ...(body !== undefined && { body }) });
const meStatus = async (headers: Record<string, string>) => (await call('GET', 'users/me', headers)).status;

describe('HTTP Basic', () => {
  test('acts for the person on every route, by name or address', async () => {
    const person = await app.register();
    for (const login of [person.username, person.email.toUpperCase()]) {
      expect((await call('GET', 'users/me', basic(login))).body.id).toBe(person.id);
    }
    const body = { kind: 'group', name: 'by a script', memberIds: [] };
    expect((await call('POST', 'chats', basic(person.username), body)).status).toBe(201);
  });

  test('takes a password with a colon and in any script', async () => {
    const password = 'päss:wörd:密码';
    const body = { username: 'скрипт', email: 'script@example.org', password };
    await app.post('auth/register', body);
    expect(await meStatus(basic('скрипт', password))).toBe(200);
  });

  test('checks the password once a minute, however many ask at once, and is one session in the list', async () => {
    const { username } = await app.register();
    const headers = basic(username);
    const statuses = await Promise.all(Array.from({ length: 20 }, () => meStatus(headers)));
    expect([new Set(statuses), hasher.verified]).toEqual([new Set([200]), 1]);
    await meStatus(basic(username.toUpperCase()));
    const { items } = (await call('GET', 'auth/sessions', headers)).body;
    const scripts = items.filter(({ device }: { device: string }) => device === 'HTTP Basic');
    expect(scripts).toEqual([expect.objectContaining({ current: true })]);
    expect(items).toHaveLength(2);
  });

  test('tells a wrong password and an unknown name in the same words, and asks for it', async () => {
    const { username } = await app.register();
    expect(await meStatus(basic(username))).toBe(200);
    const wrong = await call('GET', 'users/me', basic(username, 'something else'));
    const unknown = await call('GET', 'users/me', basic('nobody-here'));
    for (const { status, body, headers } of [wrong, unknown]) {
      expect([status, body.code]).toEqual([401, 'BAD_CREDENTIALS']);
      expect(headers['www-authenticate']).toBe('Basic realm="Parley", charset="UTF-8"');
    }
    expect(wrong.body.detail).toBe(unknown.body.detail);
  });

  test.each(['', 'Basic', 'Basic !', 'Basic bm8gY29sb24=', 'Negotiate abc'])('%j is asked for both', async (header) => {
    const { status, body, headers } = await call('GET', 'users/me', { authorization: header });
    expect([status, body.code]).toEqual([401, 'AUTHENTICATION_REQUIRED']);
    expect(headers['www-authenticate']).toMatch(/^Bearer, Basic realm="Parley"/);
  });

  test('with an old password is refused at once, whoever changed it', async () => {
    const person = await app.register();
    const old = basic(person.username);
    expect(await meStatus(old)).toBe(200);
    const change = { currentPassword: PASSWORD, newPassword: 'another password' };
    expect((await app.put('users/me/password', change, person)).status).toBe(204);
    expect(await meStatus(old)).toBe(401);
    const fresh = basic(person.username, 'another password');
    const back = { currentPassword: 'another password', newPassword: PASSWORD };
    expect((await call('PUT', 'users/me/password', fresh, back)).status).toBe(204);
    expect([await meStatus(fresh), await meStatus(old)]).toEqual([401, 200]);
  });

  test('goes on after a log-out: the password is checked again', async () => {
    const { username } = await app.register();
    const headers = basic(username);
    expect((await call('POST', 'auth/logout', headers)).status).toBe(204);
    expect((await call('POST', 'auth/logout-all', headers)).status).toBe(204);
    expect(await meStatus(headers)).toBe(200);
    expect(hasher.verified).toBe(3);
  });

  test('is given a ticket for the WebSocket', async () => {
    const person = await app.register();
    const { status, body } = await call('POST', 'auth/ticket', basic(person.username));
    expect(status).toBe(201);
    expect((await app.application.services.auth.redeemTicket(body.ticket)).userId).toBe(person.id);
  });

  test('never leaves its password in the log', () => {
    expect(JSON.stringify(app.log)).not.toContain(PASSWORD);
  });
});

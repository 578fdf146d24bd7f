import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Mail } from '../../src/application/ports/services.ts';
import { PASSWORD, type Person, TestApp } from '../support/app.ts';
import { basic } from '../support/basic.ts';

const sent: Mail[] = [];
let app: TestApp;
beforeAll(async () => {
  const mailer = { send: async (mail: Mail) => void sent.push(mail) };
  app = await TestApp.start({ mailer, settings: { publicUrl: 'https://chat.example.org' } });
});
afterAll(() => app.stop());
beforeEach(() => void sent.splice(0));

const forgot = (email: unknown) => app.post('auth/password/forgot', { email });
const reset = (token: string, newPassword = 'another password') =>
  app.post('auth/password/reset', { token, newPassword });
const deliver = () => app.application.mailDelivery.deliverDue();
const loginStatus = async (login: string, password: string) =>
  (await app.post('auth/login', { login, password })).status;

/** The code in the only mail. */
async function codeFor({ email }: Person): Promise<string> {
  await forgot(email);
  await deliver();
  const code = /^ {2}(\S{32})$/m.exec(sent.splice(0)[0]?.text ?? '')?.[1];
  if (!code) throw new Error('no mail, or none with a code');
  return code;
}

describe('a forgotten password', () => {
  test('is answered the same for every address, and mailed to those that are somebody’s', async () => {
    const { email } = await app.register();
    const answers = [await forgot(email), await forgot('nobody@example.org')];
    for (const { status, body } of answers) expect([status, body]).toEqual([202, {}]);
    await deliver();
    expect(sent).toEqual([{ to: email, subject: 'A new password', text: expect.any(String) }]);
    const [, linked] = /https:\/\/chat\.example\.org\/reset-password#(\S+)$/m.exec(sent[0]?.text ?? '') ?? [];
    expect(sent[0]?.text).toContain(`\n  ${linked}\n`);
  });

  test('is set anew with the code, which ends all sessions', async () => {
    const person = await app.register();
    expect((await app.call('GET', 'users/me', { headers: basic(person.username) })).status).toBe(200);
    expect((await reset(await codeFor(person))).status).toBe(204);
    expect((await app.get('users/me', person)).status).toBe(401);
    expect((await app.call('GET', 'users/me', { headers: basic(person.username) })).status).toBe(401);
    expect(await loginStatus(person.email, PASSWORD)).toBe(401);
    expect(await loginStatus(person.email, 'another password')).toBe(200);
  });

  test('is set by a code once, also where ten race', async () => {
    const person = await app.register();
    const [code, second] = [await codeFor(person), await codeFor(person)];
    const passwords = Array.from({ length: 10 }, (_, i) => `password number ${i}`);
    const statuses = (await Promise.all(passwords.map((p) => reset(code, p)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([204, ...Array(9).fill(422)]);
    expect(await loginStatus(person.username, passwords[statuses.indexOf(204)] ?? '')).toBe(200);
    const other = await reset(second);
    expect([other.status, other.body.code]).toEqual([422, 'RESET_TOKEN_INVALID']);
  });

  test('a password that is too short uses up nothing', async () => {
    const code = await codeFor(await app.register());
    const { status, body } = await reset(code, 'short');
    expect([status, body.errors[0].path]).toEqual([400, '/newPassword']);
    expect((await reset(code)).status).toBe(204);
  });

  test('a code is worth nothing after the password or the address was changed', async () => {
    const person = await app.register();
    const before = await codeFor(person);
    await app.put('users/me/password', { currentPassword: PASSWORD, newPassword: PASSWORD }, person);
    expect((await reset(before)).status).toBe(422);
    const sentToOld = await codeFor(person);
    await app.patch('users/me', { email: `moved-${person.email}` }, person);
    expect((await reset(sentToOld)).status).toBe(422);
  });

  test('what is asked for twice before it is sent is one mail', async () => {
    const { email } = await app.register();
    for (const address of [email, email.toUpperCase()]) await forgot(address);
    await deliver();
    expect(sent.filter(({ to }) => to === email)).toHaveLength(1);
  });

  test.each(['', 'nobody', 'a@b', 'ann@example.org\nBcc: all@example.org', 1, null])('refuses %j', async (email) => {
    expect((await forgot(email)).status).toBe(400);
  });

  test.each(['', 'made up', '\u0000', 'x'.repeat(5_000)])('a code %j is refused', async (token) => {
    const { status, body } = await reset(token);
    expect([status, body.code]).toEqual([422, 'RESET_TOKEN_INVALID']);
  });

  test('names what is missing or too much', async () => {
    expect((await app.post('auth/password/forgot', {})).status).toBe(400);
    expect((await app.post('auth/password/forgot')).status).toBe(400);
    expect((await app.post('auth/password/reset', { token: 'x' })).status).toBe(400);
    expect((await app.post('auth/password/reset', { token: 'x', newPassword: PASSWORD, login: 'x' })).status).toBe(400);
  });

  test('may be asked for five times in a quarter of an hour, whether or not the address is somebody’s', async () => {
    const limited = await TestApp.start({ settings: { rateLimit: true } });
    const { email } = await limited.register();
    for (const address of [email, 'nobody@example.org']) {
      const statuses: number[] = [];
      for (let i = 0; i < 6; i += 1)
        statuses.push((await limited.post('auth/password/forgot', { email: address })).status);
      expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
    }
    await limited.stop();
  });
});

test('the former address is told that it was changed; one that was not is told nothing', async () => {
  const [person, other] = [await app.register(), await app.register()];
  expect((await app.patch('users/me', { email: person.email }, other)).status).toBe(409);
  await app.patch('users/me', { email: other.email.toUpperCase(), bio: 'the same address' }, other);
  await app.patch('users/me', { email: `new-${person.email}` }, person);
  await deliver();
  const told = sent.filter(({ to }) => [person.email, other.email].includes(to));
  expect(told).toEqual([{ to: person.email, subject: 'Your e-mail address was changed', text: expect.any(String) }]);
});

/** What is secret is in no line of the log, however much is logged, and in no answer to anybody else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { StoreError } from '../../src/application/ports/persistence.ts';
import type { Mail } from '../../src/application/ports/services.ts';
import { createLogger } from '../../src/infrastructure/observability/logger.ts';
import { Argon2PasswordHasher } from '../../src/infrastructure/security/argon2-password-hasher.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { answered, PASSWORD, type Person, TestApp } from '../support/app.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { openTestStore } from '../support/test-store.ts';

const CANARY = 'canary-5ecret';
const lines: string[] = [];
let app: TestApp;
let failing: string | null = null;
beforeAll(async () => {
  const store = await openTestStore();
  const users = new Proxy(store.users, {
    get: (target, name) => {
      if (failing === 'users') throw new StoreError('not-done', `could not connect to mongodb://${CANARY}@host`);
      if (failing === 'broken') throw new TypeError(`cannot read ${CANARY}`);
      const member = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const logger = createLogger('trace', { write: (line: string) => void lines.push(line) });
  app = await TestApp.start({ store: { ...store, users }, logger });
});
afterAll(() => app.stop());

const basic = (login: string, password: string) => `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;

test('passwords, tokens, tickets, codes and what people write', async () => {
  const [password, newPassword, content] = [`${CANARY}-password`, `${CANARY}-new`, `${CANARY}-content`];
  const body = { username: 'ann', email: 'ann@example.org', password };
  const granted = answered(await app.post('auth/register', body), 201);
  const ann: Person = { ...body, id: granted.user.id, ...granted };
  const headers = { authorization: basic('ann', password) };
  const login = answered(await app.post('auth/login', { login: 'ann', password }), 200);
  const oauth = answered(await app.post('auth/token', { grant_type: 'password', username: 'ann', password }), 200);
  const refreshed = answered(await app.post('auth/refresh', { refreshToken: login.refreshToken }), 200);
  const { ticket } = answered(await app.post('auth/ticket', undefined, ann), 201);
  const chatId = await app.group(ann);
  await app.say(chatId, ann, content);
  answered(await app.call('GET', 'users/me', { headers }), 200);
  answered(await app.call('GET', `ws?ticket=${ticket}`), 426);
  answered(await app.put('users/me/password', { currentPassword: password, newPassword }, ann), 204);
  const refusals = [
    await app.post('auth/login', { login: CANARY, password: CANARY }),
    await app.call('GET', 'users/me', { headers }),
    await app.call('GET', 'users/me', { headers: { authorization: `Bearer ${CANARY}` } }),
    await app.call('GET', `users/me?token=${CANARY}`),
    await app.call('POST', 'auth/login', { payload: `{"password": "${CANARY}` }),
    await app.post('auth/login', { login: 'ann', password: [CANARY] }),
    await app.post('auth/password/reset', { token: CANARY, newPassword: CANARY }),
    await app.post('auth/refresh', { refreshToken: CANARY }),
  ];
  for (const { status, body } of refusals) {
    expect([400, 401, 422]).toContain(status);
    expect(JSON.stringify(body)).not.toContain(CANARY);
  }
  const secrets = [CANARY, ticket, oauth.access_token, oauth.refresh_token, refreshed.refreshToken];
  expect(lines.length).toBeGreaterThan(15);
  for (const secret of [...secrets, ann.accessToken, ann.refreshToken]) expect(lines.join('')).not.toContain(secret);
});

test.each([
  ['users', 503],
  ['broken', 500],
])('what went wrong inside is not told to the caller (%s: %i)', async (what, status) => {
  const bob = await app.register();
  failing = what;
  const answer = await app.get('users', bob);
  failing = null;
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).not.toContain(CANARY);
});

test('who has a copy of the database has no password, token, ticket or code', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  const sent: Mail[] = [];
  const mailer = { send: async (mail: Mail) => void sent.push(mail) };
  const store = await openSqliteStore({ dataDir });
  const own = await TestApp.start({ store, mailer, hasher: new Argon2PasswordHasher() });
  const ann = await own.register('ann');
  const login = await own.login(ann);
  const { ticket } = answered(await own.post('auth/ticket', undefined, ann), 201);
  await own.application.operator.promote('ann');
  const { code } = answered(await own.post('invitations', {}, ann), 201);
  await own.post('auth/password/forgot', { email: ann.email });
  await own.application.mailDelivery.deliverDue();
  const resetCode = /^ {2}(\S{32})$/m.exec(sent[0]?.text ?? '')?.[1] ?? '';
  expect(resetCode).not.toBe('');
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join();
  expect(bytes).toContain(ann.email);
  expect(bytes).toContain('$argon2id$v=19$m=19456');
  const tokens = [ann.accessToken, ann.refreshToken, login.refreshToken, ...login.refreshToken.split('.')];
  for (const secret of [PASSWORD, ticket, code, resetCode, ...tokens]) expect(bytes).not.toContain(secret);
  await own.stop();
  await remove();
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, PASSWORD, TestApp } from '../support/app.ts';
import { basic } from '../support/basic.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const asForm = (fields: Record<string, string>) =>
  app.call('POST', 'auth/token', { payload: new URLSearchParams(fields).toString(), headers: FORM });
const asJson = (body: unknown) => app.post('auth/token', body);

describe.each([
  ['form', asForm],
  ['JSON', asJson],
])('the token endpoint, by %s', (_, ask) => {
  test('gives a pair for a password, by name or address', async () => {
    const person = await app.register();
    for (const username of [person.username, person.email.toUpperCase()]) {
      const { status, body } = await ask({ grant_type: 'password', username, password: PASSWORD });
      expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 600]);
      const me = await app.call('GET', 'users/me', { as: { accessToken: body.access_token } });
      expect(me.body.id).toBe(person.id);
    }
  });

  test('gives a new pair for a refresh token, once', async () => {
    const { refreshToken: refresh_token } = await app.register();
    const { body } = await ask({ grant_type: 'refresh_token', refresh_token });
    expect((await ask({ grant_type: 'refresh_token', refresh_token: body.refresh_token })).status).toBe(200);
    const again = await ask({ grant_type: 'refresh_token', refresh_token });
    expect([again.status, again.body.code, again.body.error]).toEqual([400, 'INVALID_GRANT', 'invalid_grant']);
  });

  test('leaves alone what it does not know', async () => {
    const { username } = await app.register();
    const more = { scope: 'everything', client_id: 'an app', client_secret: 'x' };
    expect((await ask({ grant_type: 'password', username, password: PASSWORD, ...more })).status).toBe(200);
  });

  test('refuses a wrong password and an unknown name in the same words', async () => {
    const { username } = await app.register();
    const wrong = await ask({ grant_type: 'password', username, password: 'something else' });
    const unknown = await ask({ grant_type: 'password', username: 'nobody-here', password: PASSWORD });
    for (const { status, body } of [wrong, unknown]) {
      expect([status, body.code, body.error]).toEqual([400, 'INVALID_GRANT', 'invalid_grant']);
    }
    expect(wrong.body.error_description).toBe(unknown.body.error_description);
  });

  test.each([
    [{}, 'VALIDATION_FAILED', 'invalid_request'],
    [{ grant_type: '' }, 'VALIDATION_FAILED', 'invalid_request'],
    [{ grant_type: 'password' }, 'VALIDATION_FAILED', 'invalid_request'],
    [{ grant_type: 'password', username: 'ann', password: '' }, 'VALIDATION_FAILED', 'invalid_request'],
    [{ grant_type: 'refresh_token' }, 'VALIDATION_FAILED', 'invalid_request'],
    [{ grant_type: 'client_credentials' }, 'UNSUPPORTED_GRANT_TYPE', 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token', refresh_token: '.' }, 'INVALID_GRANT', 'invalid_grant'],
  ])('refuses %j', async (body, code, error) => {
    const refused = await ask(body as Record<string, string>);
    expect([refused.status, refused.body.code, refused.body.error]).toEqual([400, code, error]);
    expect(refused.body.error_description).toBeTruthy();
  });
});

describe('the token endpoint', () => {
  const bare = (headers: Record<string, string>) => app.call('POST', 'auth/token', { headers });

  test('gives a pair for HTTP Basic without a body', async () => {
    const person = await app.register();
    const { access_token, refresh_token } = answered(await bare(basic(person.username)), 200);
    expect((await app.call('GET', 'users/me', { as: { accessToken: access_token } })).body.id).toBe(person.id);
    expect((await asJson({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    expect((await bare({ ...basic(person.username), ...FORM })).status).toBe(200);
  });

  test('refuses wrong HTTP Basic, and asks for it', async () => {
    const { username } = await app.register();
    const { status, body, headers } = await bare(basic(username, 'something else'));
    expect([status, body.code, body.error]).toEqual([401, 'BAD_CREDENTIALS', 'invalid_client']);
    expect(headers['www-authenticate']).toMatch(/^Basic realm=/);
  });

  test('refuses HTTP Basic together with a grant, nothing at all, and a field given twice', async () => {
    const { username } = await app.register();
    const both = await app.call('POST', 'auth/token', {
      ...{ body: { grant_type: 'password', username, password: PASSWORD }, headers: basic(username) },
    });
    const twice = await app.call('POST', 'auth/token', {
      ...{ payload: `grant_type=password&grant_type=password&username=${username}&password=x`, headers: FORM },
    });
    for (const { status, body } of [both, await bare({}), twice]) {
      expect([status, body.code, body.error]).toEqual([400, 'VALIDATION_FAILED', 'invalid_request']);
    }
  });

  test('takes no other kind of body; and no other route takes a form', async () => {
    const headers = { 'content-type': 'text/plain' };
    const text = await app.call('POST', 'auth/token', { payload: 'grant_type=password', headers });
    expect([text.status, text.body.error]).toEqual([415, 'invalid_request']);
    const login = await app.call('POST', 'auth/login', { payload: 'login=ann&password=x', headers: FORM });
    expect(login.status).toBe(415);
  });

  test('counts as a log-in', async () => {
    const limited = await TestApp.start({ settings: { rateLimit: true, rateLimits: ['loginName=3/24h'] } });
    const { username } = await limited.register();
    const grants = Array.from({ length: 4 }, () => ({ grant_type: 'password', username, password: 'wrong wrong' }));
    const statuses: number[] = [];
    for (const grant of grants) statuses.push((await limited.post('auth/token', grant)).status);
    expect(statuses).toEqual([400, 400, 400, 429]);
    const login = await limited.post('auth/login', { login: username, password: PASSWORD });
    expect(login.status).toBe(429);
    expect((await limited.call('GET', 'users/me', { headers: basic(username) })).status).toBe(429);
    await limited.stop();
  });
});

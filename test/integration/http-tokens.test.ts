import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Person, SIGNING_KEY, TestApp } from '../support/app.ts';

let app: TestApp;
let ann: Person;
let claims: Record<string, unknown>;
beforeAll(async () => {
  app = await TestApp.start();
  ann = await app.register();
  claims = JSON.parse(Buffer.from(ann.accessToken.split('.')[1] ?? '', 'base64url').toString());
});
afterAll(() => app.stop());

const HEADER = { alg: 'HS256', typ: 'JWT' };
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const hmac = (text: string, hash = 'sha256', key = SIGNING_KEY) =>
  createHmac(hash, key).update(text).digest('base64url');

function forge(header: object, payload: unknown, sign: (text: string) => string = hmac): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${sign(text)}`;
}

const codeFor = async (authorization: string) => {
  const { status, body, headers } = await app.call('GET', 'users/me', { headers: { authorization } });
  return { status, code: body.code, challenge: headers['www-authenticate'] };
};
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

test('the forger of these tests can make a good token', async () => {
  expect((await codeFor(`Bearer ${forge(HEADER, claims)}`)).status).toBe(200);
  expect((await codeFor(`bearer ${ann.accessToken}`)).status).toBe(200);
});

const without = (claim: string) => Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));

test.each<[string, () => string]>([
  ['alg none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`],
  ['alg None, signed', () => forge({ ...HEADER, alg: 'None' }, claims)],
  ['no algorithm', () => forge({ typ: 'JWT' }, claims)],
  ['HS512', () => forge({ ...HEADER, alg: 'HS512' }, claims, (text) => hmac(text, 'sha512'))],
  ['HS384', () => forge({ ...HEADER, alg: 'HS384' }, claims, (text) => hmac(text, 'sha384'))],
  ['RS256', () => forge({ ...HEADER, alg: 'RS256' }, claims, signByRsa)],
  ['RS256, signed with the secret', () => forge({ ...HEADER, alg: 'RS256' }, claims)],
  ['another secret', () => forge(HEADER, claims, (text) => hmac(text, 'sha256', 'another secret'))],
  ['an empty secret', () => forge(HEADER, claims, (text) => hmac(text, 'sha256', ''))],
  ['a changed payload', () => ann.accessToken.replace(/\..*\./, `.${encode({ ...claims, sub: 'somebody' })}.`)],
  ['no signature', () => ann.accessToken.replace(/[^.]*$/, '')],
  ['half of it', () => ann.accessToken.slice(0, -10)],
  ['another issuer', () => forge(HEADER, { ...claims, iss: 'other' })],
  ['another audience', () => forge(HEADER, { ...claims, aud: 'other' })],
  ['another type', () => forge({ ...HEADER, typ: 'at+jwt' }, claims)],
  ['no type', () => forge({ alg: 'HS256' }, claims)],
  ['a critical header', () => forge({ ...HEADER, crit: ['exp'] }, claims)],
  ['no issuer', () => forge(HEADER, without('iss'))],
  ['no audience', () => forge(HEADER, without('aud'))],
  ['no subject', () => forge(HEADER, without('sub'))],
  ['no session', () => forge(HEADER, without('sid'))],
  ['no start', () => forge(HEADER, without('iat'))],
  ['no end', () => forge(HEADER, without('exp'))],
  ['an end that is text', () => forge(HEADER, { ...claims, exp: String(claims.exp) })],
  ['an end that is null', () => forge(HEADER, { ...claims, exp: null })],
  ['an end that is a list', () => forge(HEADER, { ...claims, exp: [claims.exp] })],
  ['an end beyond all time', () => forge(HEADER, { ...claims, exp: 1e300 })],
  ['not yet', () => forge(HEADER, { ...claims, nbf: inSeconds(300) })],
  ['a subject that is an object', () => forge(HEADER, { ...claims, sub: { $ne: null } })],
  ['a session that is a list', () => forge(HEADER, { ...claims, sid: [claims.sid] })],
  ['a session that is empty', () => forge(HEADER, { ...claims, sid: '' })],
  ["somebody else's session", () => forge(HEADER, { ...claims, sub: 'somebody' })],
  ['a session that never was', () => forge(HEADER, { ...claims, sid: 'never' })],
  ['a payload that is a list', () => forge(HEADER, [claims])],
  ['a payload that is null', () => forge(HEADER, null)],
  ['a payload that is not JSON', () => `${encode(HEADER)}.eA.${hmac(`${encode(HEADER)}.eA`)}`],
  ['one megabyte', () => forge(HEADER, { ...claims, pad: 'x'.repeat(1_000_000) })],
  ['one megabyte of dots', () => '.'.repeat(1_000_000)],
  ['nothing', () => ''],
  ['dots', () => '..'],
  ['blanks', () => `${ann.accessToken} ${ann.accessToken}`],
  ['letters of no alphabet', () => 'é.ü.ß'],
])('a token with %s is 401 TOKEN_INVALID', async (_what, make) => {
  expect(await codeFor(`Bearer ${make()}`)).toEqual({
    ...{ status: 401, code: 'TOKEN_INVALID' },
    challenge: expect.stringMatching(/^Bearer error="invalid_token", error_description="[^"]+"$/),
  });
});

test.each([
  ['kid', { kid: '../../../../dev/null' }, ''],
  ['kid', { kid: "' UNION SELECT 'mine" }, 'mine'],
  ['jwk', { jwk: { kty: 'oct', k: Buffer.from('mine').toString('base64url') } }, 'mine'],
  ['jku', { jku: 'https://example.org/keys' }, 'mine'],
  ['x5u', { x5u: 'https://example.org/cert' }, 'mine'],
])("the key that a token's %s header names (%j) is not used", async (_what, header, key) => {
  const signedByIt = forge({ ...HEADER, ...header }, claims, (text) => hmac(text, 'sha256', key));
  expect((await codeFor(`Bearer ${signedByIt}`)).code).toBe('TOKEN_INVALID');
});

test('a token that has ended is TOKEN_EXPIRED, also where it was good a moment ago', async () => {
  expect((await codeFor(`Bearer ${forge(HEADER, { ...claims, exp: inSeconds(-1) })}`)).code).toBe('TOKEN_EXPIRED');
  const short = forge(HEADER, { ...claims, exp: inSeconds(60) });
  expect((await codeFor(`Bearer ${short}`)).status).toBe(200);
  const { now } = Date;
  const later = jest.spyOn(Date, 'now').mockImplementation(() => now() + 61_000);
  expect(await codeFor(`Bearer ${short}`)).toMatchObject({ status: 401, code: 'TOKEN_EXPIRED' });
  later.mockRestore();
});

describe('no token at all', () => {
  test.each(['', 'Bearer', 'Basic', 'Token x', 'x'])('in %j is AUTHENTICATION_REQUIRED', async (authorization) => {
    const challenge = 'Bearer, Basic realm="Parley", charset="UTF-8"';
    expect(await codeFor(authorization)).toEqual({ status: 401, code: 'AUTHENTICATION_REQUIRED', challenge });
  });
});

function signByRsa(text: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return createSign('sha256').update(text).sign(privateKey, 'base64url');
}

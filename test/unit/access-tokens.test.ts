import { beforeEach, describe, expect, test } from '@jest/globals';
import { AccessTokens } from '../../src/interfaces/access-tokens.ts';

const VERIFIED_MAX = 20_000;

/** Signs by writing the claims down, and counts how often it had to look at a token. */
class PlainJwt {
  verified = 0;
  sign = (claims: object): string => JSON.stringify({ iat: Math.floor(Date.now() / 1000), ...claims });
  verify = <T>(token: string): T => {
    this.verified += 1;
    return JSON.parse(token);
  };
}

let jwt: PlainJwt;
let tokens: AccessTokens;
beforeEach(() => {
  jwt = new PlainJwt();
  tokens = new AccessTokens(jwt as never);
});

const tokenOf = (userId: string) => tokens.sign({ userId, sessionId: 's', expiresAt: Date.now() + 60_000 });

test('a token says what was signed, to the second', () => {
  const expiresAt = Date.now() + 60_000;
  const claims = tokens.verify(tokens.sign({ userId: 'u', sessionId: 's', expiresAt }));
  expect(claims).toEqual({ userId: 'u', sessionId: 's', expiresAt: Math.floor(expiresAt / 1000) * 1000 });
});

describe('what was verified', () => {
  test('is not verified again', () => {
    const token = tokenOf('u');
    for (let i = 0; i < 3; i += 1) expect(tokens.verify(token).userId).toBe('u');
    expect(jwt.verified).toBe(1);
  });

  test('is forgotten, oldest first, when there is too much of it', () => {
    const all = Array.from({ length: VERIFIED_MAX + 1 }, (_, i) => tokenOf(`user ${i}`));
    for (const token of all) tokens.verify(token);
    jwt.verified = 0;
    tokens.verify(all.at(-1) ?? '');
    tokens.verify(all[1] ?? '');
    expect(jwt.verified).toBe(0);
    tokens.verify(all[0] ?? '');
    expect(jwt.verified).toBe(1);
  });

  test('is not what was refused', () => {
    const bad = JSON.stringify({ sub: 'u' });
    for (let i = 0; i < 2; i += 1)
      expect(() => tokens.verify(bad)).toThrow(expect.objectContaining({ code: 'TOKEN_INVALID' }));
    expect(jwt.verified).toBe(2);
  });
});

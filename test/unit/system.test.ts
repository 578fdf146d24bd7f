import { describe, expect, test } from '@jest/globals';
import { HmacDigests, RandomIds, Sha256Digests, SystemClock, uuidv5 } from '../../src/infrastructure/system.ts';

const UUID_V5 = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('RandomIds', () => {
  const ids = new RandomIds();

  test('every id is another UUIDv7', () => {
    const made = Array.from({ length: 1000 }, () => ids.next());
    expect(new Set(made).size).toBe(1000);
    for (const id of made) expect(id).toMatch(UUID_V7);
  });

  test('a UUIDv5 is what RFC 9562 A.4 says', () => {
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    expect(uuidv5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  test('two people have one direct chat, whoever asks, and no other pair has it', () => {
    const [anna, ben, cleo] = [ids.next(), ids.next(), ids.next()];
    const chat = ids.directChat(anna, ben);
    expect(chat).toMatch(UUID_V5);
    expect(new RandomIds().directChat(ben, anna)).toBe(chat);
    expect(new Set([chat, ids.directChat(anna, cleo), ids.directChat(ben, cleo)]).size).toBe(3);
  });

  test('the id of a direct chat never changes, or people would lose sight of theirs', () => {
    expect(ids.directChat('01890000-0000-7000-8000-00000000000b', '01890000-0000-7000-8000-00000000000a')).toBe(
      '94fcf01b-c032-56e0-bd16-670284007c0d',
    );
  });

  test('a secret has as many random bytes as asked for, in base64url', () => {
    const made = Array.from({ length: 100 }, () => ids.secret(32));
    expect(new Set(made).size).toBe(100);
    for (const text of made) expect(Buffer.from(text, 'base64url')).toHaveLength(32);
    for (const text of made) expect(text).toMatch(/^[\w-]{43}$/);
  });

  test('chance is from 0 up to 1', () => {
    for (let i = 0; i < 1000; i += 1) {
      const chance = ids.random();
      expect(chance >= 0 && chance < 1).toBe(true);
    }
  });
});

test('Sha256Digests: SHA-256 in base64url (the example of FIPS 180, "abc")', () => {
  const abc = Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex');
  expect(new Sha256Digests().digest('abc')).toBe(abc.toString('base64url'));
});

test('HmacDigests: HMAC-SHA-256 in base64url (RFC 4231, 4.3)', () => {
  const digest = Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex');
  const made = new HmacDigests('Jefe').digest('what do ya want for nothing?');
  expect(made).toBe(digest.toString('base64url'));
});

test('SystemClock: the time is in milliseconds, and sleeping takes it', async () => {
  const clock = new SystemClock();
  const before = Date.now();
  await clock.sleep(20);
  const elapsed = clock.now() - before;
  expect(elapsed).toBeGreaterThanOrEqual(19);
});

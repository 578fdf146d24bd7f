import { describe, expect, test } from '@jest/globals';
import { hash as argon2, argon2i, type HashOptions } from 'argon2';
import { DomainError } from '../../src/domain/errors.ts';
import { Argon2PasswordHasher } from '../../src/infrastructure/security/argon2-password-hasher.ts';

const hasher = new Argon2PasswordHasher();

describe('hash and verify', () => {
  test('a password is known again by its hash, and no other is', async () => {
    const hash = await hasher.hash('correct horse');
    expect(await hasher.verify(hash, 'correct horse')).toBe(true);
    expect(await hasher.verify(hash, 'Correct horse')).toBe(false);
    expect(await hasher.verify(hash, '')).toBe(false);
  });

  test('the hash is argon2id with m=19456 t=2 p=1, another each time, and does not hold the password', async () => {
    const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/);
    expect(one).not.toBe(two);
    expect(one).not.toContain('correct');
  });

  test('128 characters of any script count to the last one', async () => {
    const long = '🔑'.repeat(128);
    const hash = await hasher.hash(long);
    expect(await hasher.verify(hash, long)).toBe(true);
    expect(await hasher.verify(hash, '🔑'.repeat(127))).toBe(false);
  });
});

describe('isOutdated', () => {
  test('today’s hashes are not', async () => {
    expect(hasher.isOutdated(await hasher.hash('correct horse'))).toBe(false);
  });

  test.each<[string, HashOptions]>([
    ['memory', { memoryCost: 8192, timeCost: 2, parallelism: 1 }],
    ['time', { memoryCost: 19_456, timeCost: 3, parallelism: 1 }],
    ['parallelism', { memoryCost: 19_456, timeCost: 2, parallelism: 2 }],
    ['variant', { memoryCost: 19_456, timeCost: 2, parallelism: 1, type: argon2i }],
  ])('hashes with another %s are, and can still be verified', async (_, parameters) => {
    const hash = await argon2('correct horse', parameters);
    expect(hasher.isOutdated(hash)).toBe(true);
    expect(await hasher.verify(hash, 'correct horse')).toBe(true);
  });
});

describe('bounds', () => {
  test('what finds no place in the queue is refused at once with BUSY and a time to come back', async () => {
    const narrow = new Argon2PasswordHasher({ running: 1, waiting: 1 });
    const accepted = [narrow.hash('first'), narrow.hash('second')];
    const refusal = await narrow.hash('third').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({ code: 'BUSY', retryAfterMs: expect.any(Number) });
    expect(await Promise.all(accepted)).toHaveLength(2);
  });

  test('those who wait are served in their order, and then there is room again', async () => {
    const narrow = new Argon2PasswordHasher({ running: 1, waiting: 2 });
    const done: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((name) => narrow.hash(name).then(() => done.push(name))));
    expect(done).toEqual(['a', 'b', 'c']);
    await expect(narrow.hash('d')).resolves.toContain('$argon2id$');
  });

  test('a call that fails gives its place back', async () => {
    const narrow = new Argon2PasswordHasher({ running: 1, waiting: 0 });
    await expect(narrow.verify('not a hash', 'x')).rejects.toThrow();
    await expect(narrow.hash('x')).resolves.toContain('$argon2id$');
  });

  test('pretending does the same work, so it takes a place like the others', async () => {
    const narrow = new Argon2PasswordHasher({ running: 1, waiting: 0 });
    const pretended = narrow.pretend('x');
    await expect(narrow.hash('y')).rejects.toMatchObject({ code: 'BUSY' });
    await expect(pretended).resolves.toBeUndefined();
  });
});

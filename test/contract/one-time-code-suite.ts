import { describe, expect, test } from '@jest/globals';
import type { OneTimeCode } from '../../src/application/ports/one-time-codes.ts';
import { anId, aUser, NOON } from '../support/builders.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const HOUR = 3_600_000;

const aCode = (with_: Partial<OneTimeCode> = {}): OneTimeCode => ({
  ...{ digest: anId(), purpose: 'password-reset', userId: anId(), role: 'user', expiresAt: NOON + HOUR },
  ...with_,
});

/** Proves the promises of OneTimeCodeRepository. */
export function oneTimeCodeSuite(harness: StoreHarness): void {
  describe(`OneTimeCodeRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    test('finds a code as it was made, as often as one asks, and after a restart', async () => {
      const reset = aCode();
      const invitation = aCode({ purpose: 'invitation', userId: null, role: 'admin' });
      for (const code of [reset, invitation, reset]) await subject.store.codes.create(code);
      for (const _ of [1, 2])
        expect(await subject.store.codes.find('password-reset', reset.digest, NOON)).toEqual(reset);
      const { codes } = await subject.restart();
      expect(await codes.find('invitation', invitation.digest, NOON)).toEqual(invitation);
    });

    test('finds and gives none for another purpose, another digest or after its time', async () => {
      const { codes } = subject.store;
      const code = aCode();
      await codes.create(code);
      for (const take of [codes.find.bind(codes), codes.redeem.bind(codes)]) {
        expect(await take('invitation', code.digest, NOON)).toBeNull();
        expect(await take('password-reset', 'another', NOON)).toBeNull();
        expect(await take('password-reset', code.digest, code.expiresAt)).toBeNull();
      }
      expect(await codes.redeem('password-reset', code.digest, code.expiresAt - 1)).toEqual(code);
    });

    test('gives a code to one of 20 who race, and to nobody after', async () => {
      const code = aCode();
      await subject.store.codes.create(code);
      const stores = [subject.store, await subject.second()];
      const takers = Array.from({ length: 20 }, (_, i) => stores[i % 2]?.codes.redeem(code.purpose, code.digest, NOON));
      const taken = (await Promise.all(takers)).filter((one) => one !== null);
      expect(taken).toEqual([code]);
      expect(await subject.store.codes.find(code.purpose, code.digest, NOON)).toBeNull();
    });

    test('takes away one person’s of one purpose, and no others', async () => {
      const { codes } = subject.store;
      const userId = anId();
      const [first, second] = [aCode({ userId }), aCode({ userId })];
      const others = [aCode(), aCode({ userId, purpose: 'invitation' }), aCode({ userId: null })];
      for (const code of [first, second, ...others]) await codes.create(code);
      await codes.revoke('password-reset', userId);
      for (const { purpose, digest } of [first, second]) expect(await codes.find(purpose, digest, NOON)).toBeNull();
      for (const code of others) expect(await codes.find(code.purpose, code.digest, NOON)).toEqual(code);
    });

    test('forgets what has expired, and nothing else', async () => {
      const { codes } = subject.store;
      const [expired, alive] = [aCode({ expiresAt: NOON }), aCode({ expiresAt: NOON + 1 })];
      for (const code of [expired, alive]) await codes.create(code);
      await codes.sweep(NOON);
      expect(await codes.find(expired.purpose, expired.digest, NOON - 1)).toBeNull();
      expect(await codes.find(alive.purpose, alive.digest, NOON)).toEqual(alive);
    });
  });

  describe(`who is an admin, on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    test('there is none until somebody is one who is not suspended', async () => {
      const { users } = subject.store;
      const [somebody, suspended, admin] = [
        aUser(),
        aUser({ role: 'admin', suspendedAt: NOON }),
        aUser({ role: 'admin' }),
      ];
      for (const user of [somebody, suspended]) await users.create(user, 'hash');
      expect(await users.find(suspended.id)).toEqual(suspended);
      expect(await users.hasAdmin()).toBe(false);
      await users.create(admin, 'hash');
      expect(await users.hasAdmin()).toBe(true);
    });
  });
}

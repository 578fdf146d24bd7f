import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Chat,
  checkChatName,
  checkDescription,
  effectiveMark,
  isAtLeast,
  type Member,
  NO_MARK,
  outranks,
  type Role,
} from '../../src/domain/chat.ts';
import { NOON } from '../support/builders.ts';

const aChat = (floorSeq: number, floorN: number): Chat => ({
  ...{ id: 'chat', kind: 'group', pair: null, live: true, name: 'Choir', description: null, memberCount: 1 },
  ...{ createdAt: NOON, updatedAt: NOON, activeAt: NOON, rev: 99, seq: 99, n: 99 },
  ...{ floorRev: 0, floorSeq, floorN, avatarId: null },
});

const aMember = (joinedSeq: number, joinedN: number): Member => ({
  ...{ chatId: 'chat', userId: 'ann', role: 'member', active: true, banned: false, joinedAt: NOON, rev: 1 },
  ...{ joinedSeq, joinedN },
});

describe('effectiveMark', () => {
  test.each([
    ['what he has read', { seq: 30, n: 20 }, { seq: 30, n: 20 }],
    ['what he found when he joined, where he has read nothing', NO_MARK, { seq: 10, n: 5 }],
  ])('is %s', (_, stored, mark) => {
    expect(effectiveMark(aChat(0, 0), aMember(10, 5), stored)).toEqual(mark);
  });

  test('is what a deletion put away, where he had not read so far', () => {
    expect(effectiveMark(aChat(50, 40), aMember(10, 5), { seq: 30, n: 20 })).toEqual({ seq: 50, n: 40 });
  });

  test('never falls when any of them rises', () => {
    const pair = fc.tuple(fc.nat(100), fc.nat(100));
    fc.assert(
      fc.property(pair, pair, pair, fc.nat(5), (floor, joined, [seq, n], more) => {
        const before = effectiveMark(aChat(...floor), aMember(...joined), { seq, n });
        const after = effectiveMark(aChat(...floor), aMember(...joined), { seq: seq + more, n: n + more });
        expect(after.seq).toBeGreaterThanOrEqual(before.seq);
        expect(after.n).toBeGreaterThanOrEqual(before.n);
      }),
    );
  });
});

describe('ranks', () => {
  const roles: Role[] = ['member', 'admin', 'owner'];
  const pairs = roles.flatMap((one, i) => roles.map((other, j) => [one, other, i, j] as const));

  test.each(pairs)('%s against %s', (one, other, i, j) => {
    expect(outranks(one, other)).toBe(i > j);
    expect(isAtLeast(one, other)).toBe(i >= j);
  });
});

describe('a chat', () => {
  test('has a name of 1 to 100 characters', () => {
    expect(checkChatName(' 𝕏 ')).toBe('𝕏');
    expect(checkChatName('𝕏'.repeat(100))).toBe('𝕏'.repeat(100));
    expect(() => checkChatName('\n')).toThrow('must not be blank');
    expect(() => checkChatName('a'.repeat(101))).toThrow('at most 100');
  });

  test('has a description of at most 500 characters, or none', () => {
    expect(checkDescription(null)).toBeNull();
    expect(checkDescription(' ')).toBeNull();
    expect(checkDescription('a'.repeat(500))).toBe('a'.repeat(500));
    expect(() => checkDescription('a'.repeat(501))).toThrow('at most 500');
  });
});

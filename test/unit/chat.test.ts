import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Chat,
  checkChatName,
  checkDescription,
  effectiveMark,
  isAtLeast,
  listKey,
  type Member,
  memberNotFound,
  NO_MARK,
  notJoined,
  outranks,
  type Role,
  readListKey,
} from '../../src/domain/chat.ts';
import { gramsOf, gramsOfPart } from '../../src/domain/grams.ts';
import { type Message, messageNotFound, passes } from '../../src/domain/message.ts';
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

describe('the list of public rooms', () => {
  const room = { id: 'an-id', kind: 'public', live: true, name: 'Σίσυφος' } as const;

  test('has a room by its name, in whatever case, and its id', () => {
    expect(listKey(room)).toBe('σίσυφοσ\nan-id');
    expect(readListKey('a\nname\nan-id')).toEqual({ name: 'a\nname', id: 'an-id' });
  });

  test.each([{ kind: 'group' }, { kind: 'direct' }, { live: false }, { name: null }] as const)(
    'has none that is %j',
    (with_) => {
      expect(listKey({ ...room, ...with_ })).toBeNull();
    },
  );
});

describe('the filter of a search', () => {
  const line = (senderId: string, content: string | null): Message => ({
    ...{ id: 'm', chatId: 'chat', seq: 1, rev: 1, n: 1, kind: 'text', senderId, clientId: 'm', digest: null, content },
    ...{ replyTo: null, attachments: [], earlier: [], system: null, createdAt: NOON, editedAt: null, deletedAt: null },
  });
  const lines = [line('ann', 'ODOS'), line('bob', 'Οδός'), line('ann', null), line('bob', 'odos')];
  const found = (filter: Parameters<typeof passes>[0]) => lines.filter(passes(filter)).map((one) => lines.indexOf(one));

  test.each([
    ['nothing', {}, [0, 1, 2, 3]],
    ['a sender', { senderId: 'ann' }, [0, 2]],
    ['a whole text, exactly', { content: 'odos' }, [3]],
    ['a part of a text, whatever the case', { contentLike: 'DO' }, [0, 3]],
    ['a part in another script', { contentLike: 'ΔΌΣ' }, [1]],
    ['a sender and a part', { senderId: 'bob', contentLike: 'od' }, [3]],
    ['a sender and a text of another', { senderId: 'ann', content: 'odos' }, []],
  ])('for %s', (_, filter, expected) => {
    expect(found(filter)).toEqual(expected);
  });
});

test('the runs of letters by which a part of a name is found', () => {
  expect(gramsOf('a𝕏b')).toEqual(['a', '𝕏', 'b', 'a𝕏', '𝕏b', 'a𝕏b']);
  expect(gramsOf('aaaa')).toEqual(['a', 'aa', 'aaa']);
  expect(gramsOfPart('abcd')).toEqual(['abc', 'bcd']);
  expect(gramsOfPart('a𝕏')).toEqual(['a𝕏']);
  expect(gramsOfPart('aaaa')).toEqual(['aaa']);
});

test('refusals say something', () => {
  for (const refusal of [memberNotFound(), notJoined(), messageNotFound()]) expect(refusal.message).not.toBe('');
});

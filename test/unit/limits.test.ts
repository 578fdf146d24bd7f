import { describe, expect, test } from '@jest/globals';
import { network } from '../../src/interfaces/http/rate-limits.ts';
import { LIMITS, limitsText, limitsWith, parseLimit } from '../../src/interfaces/limits.ts';

describe('a limit, as an operator writes it', () => {
  test.each([
    ['send=60/10s', { name: 'send', max: 60, windowMs: 10_000 }],
    ['login=5/1m', { name: 'login', max: 5, windowMs: 60_000 }],
    ['resetAddress=1/24h', { name: 'resetAddress', max: 1, windowMs: 86_400_000 }],
  ])('%s', (text, limit) => {
    expect(parseLimit(text)).toEqual(limit);
  });

  test.each([
    '',
    'send',
    'send=60',
    'send=0/1s',
    'send=60/0s',
    'send=-1/1s',
    'send=1.5/1s',
    'send=60/10',
    'send=60/10d',
    'send=9999999/1s',
    ' send=1/1s',
    'toString=1/1s',
    'nothing=1/1s',
  ])('not %j', (text) => {
    expect(parseLimit(text)).toBeNull();
  });

  test('stands in the place of the built-in one, which goes on counting by the same', () => {
    const limits = limitsWith(['send=1/1s', 'login=5/1m', 'send=60/10s']);
    expect(limits).toEqual({
      ...LIMITS,
      send: { per: 'user', max: 60, windowMs: 10_000 },
      login: { per: 'address', max: 5, windowMs: 60_000 },
    });
  });

  test('the built-in table can be written so', () => {
    expect(limitsWith(limitsText().split(' '))).toEqual(LIMITS);
  });
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is of the network %s', (address, expected) => {
  expect(network(address)).toBe(expected);
});

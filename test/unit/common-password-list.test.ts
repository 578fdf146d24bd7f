import { expect, test } from '@jest/globals';
import { CommonPasswordList } from '../../src/infrastructure/security/common-password-list.ts';

const list = new CommonPasswordList();

test.each(['password', 'Password1', '12345678', 'QWERTYUIOP', 'iloveyou1', 'azertyuiop', 'passw0rd', 'changeme'])(
  '%s is common',
  async (password) => {
    expect(await list.has(password)).toBe(true);
  },
);

test.each([
  'correct horse battery',
  'парольпароль-странный',
  '😀'.repeat(8),
  'password1-and-more',
  '',
  'wertyuiop', // a part of one
  'password","12345678', // a part of the list
  '"password"',
  '\\',
])('%j is not', async (password) => {
  expect(await list.has(password)).toBe(false);
});

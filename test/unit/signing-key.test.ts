import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadSigningKey } from '../../src/infrastructure/security/signing-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'signing-key');
const mode = (path: string) => statSync(path).mode & 0o777;

test('the first start makes a key of 48 random bytes, and every later one finds it', () => {
  const key = loadSigningKey(folder);
  expect(Buffer.from(key, 'base64url')).toHaveLength(48);
  expect(loadSigningKey(folder)).toBe(key);
  expect(readFileSync(file(), 'utf8')).toBe(`${key}\n`);
});

test('two folders have two keys', () => {
  expect(loadSigningKey(join(folder, 'one'))).not.toBe(loadSigningKey(join(folder, 'two')));
});

test('a missing data folder is made; only its owner can look into it or read the key', () => {
  const inner = join(folder, 'a', 'b');
  loadSigningKey(inner);
  expect(mode(inner)).toBe(0o700);
  expect(mode(join(inner, 'signing-key'))).toBe(0o600);
});

test('nothing but the key is left in the folder, also after a crash half-way through writing one', () => {
  writeFileSync(`${file()}.new`, 'half');
  const key = loadSigningKey(folder);
  expect(readdirSync(folder)).toEqual(['signing-key']);
  expect(loadSigningKey(folder)).toBe(key);
});

test('a key that others could read is made private', () => {
  const key = loadSigningKey(folder);
  chmodSync(file(), 0o644);
  expect(loadSigningKey(folder)).toBe(key);
  expect(mode(file())).toBe(0o600);
});

test.each([
  ['empty', ''],
  ['blank', ' \n'],
  ['short', 'x'.repeat(31)],
])('an %s key is refused, not replaced and not shown', (_, content) => {
  writeFileSync(file(), content);
  expect(() => loadSigningKey(folder)).toThrow(/signing-key holds \d+ bytes, and a signing key has at least 32/);
  expect(() => loadSigningKey(folder)).not.toThrow(/xxx/);
  expect(readFileSync(file(), 'utf8')).toBe(content);
});

test('a key that cannot be read is an error, not a reason for a new one', () => {
  mkdirSync(file());
  expect(() => loadSigningKey(folder)).toThrow('EISDIR');
});

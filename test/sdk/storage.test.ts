import 'fake-indexeddb/auto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { browserStorage, memoryStorage, type ParleyStorage } from '../../client/src/index.ts';
import { fileStorage } from '../../client/src/node.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-storage-'));
});
afterAll(() => rm(folder, { recursive: true }));

const kinds: [string, (name: string) => ParleyStorage][] = [
  ['memory', memoryStorage],
  ['IndexedDB', browserStorage],
  ['a folder', (name) => fileStorage(join(folder, name))],
];

describe.each(kinds)('%s', (_, make) => {
  it('gives back what it was given, until it is deleted', async () => {
    const storage = make('values');
    expect(await storage.get('session')).toBeUndefined();
    expect(await storage.list('')).toEqual([]);
    await storage.set('session', { token: 'a' });
    await storage.set('session', { token: 'b', list: [1, null, 'ü'] });
    expect(await storage.get('session')).toEqual({ token: 'b', list: [1, null, 'ü'] });
    await storage.delete('session');
    await storage.delete('session');
    expect(await storage.get('session')).toBeUndefined();
  });

  it('lists what is under a prefix, by key', async () => {
    const storage = make('lists');
    const keys = ['x'.repeat(300), 'b/2', 'a/2', 'a/10', 'a', 'a/../1', 'a0'];
    await Promise.all(keys.map((key) => storage.set(key, key)));
    expect(await storage.list('a/')).toEqual([
      ['a/../1', 'a/../1'],
      ['a/10', 'a/10'],
      ['a/2', 'a/2'],
    ]);
  });
});

it.each(kinds.slice(1))('%s is shared by those who name it, and outlives them', async (_, make) => {
  expect(make('shared').name).toBe(make('shared').name);
  await make('shared').set('key', 'value');
  expect(await make('shared').get('key')).toBe('value');
  expect(await make('another').get('key')).toBeUndefined();
});

it('memory is nobody else’s', async () => {
  const [one, other] = [memoryStorage(), memoryStorage()];
  await one.set('key', 'value');
  expect(await other.get('key')).toBeUndefined();
  expect(one.name).not.toBe(other.name);
});

it('where the browser refuses IndexedDB, it is memory', async () => {
  const { indexedDB } = globalThis;
  Object.defineProperty(globalThis, 'indexedDB', {
    value: {
      open: () => {
        throw new Error('refused');
      },
    },
    configurable: true,
  });
  try {
    const storage = browserStorage('refused');
    await storage.set('key', 'value');
    expect(await storage.get('key')).toBe('value');
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', { value: indexedDB, configurable: true });
  }
});

it('a folder holds nothing but whole values, for its owner alone', async () => {
  const path = join(folder, 'tidy');
  const storage = fileStorage(path);
  await Promise.all(Array.from({ length: 20 }, (_, n) => storage.set('key', n)));
  expect(await readdir(path)).toHaveLength(1);
});

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ParleyStorage } from './storage.ts';

const WHOLE = '.json';

type Entry = [key: string, value: unknown];

/** Keeps every value in a file of its own in this folder, which is made if it is missing. For one process at a time. */
export function fileStorage(folder: string): ParleyStorage {
  /** Whatever is in the key, and however long it is. */
  const fileOf = (key: string): string => join(folder, createHash('sha256').update(key).digest('hex') + WHOLE);
  return {
    name: resolve(folder),
    get: async (key) => (await read(fileOf(key)))?.[1],
    // Renamed when it is whole, so that a crash leaves the old value or the new one.
    async set(key, value) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const draft = `${fileOf(key)}.${crypto.randomUUID()}`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify([key, value]));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, fileOf(key));
    },
    delete: (key) => rm(fileOf(key), { force: true }),
    async list(prefix) {
      const names = (await unlessMissing(readdir(folder))) ?? [];
      const entries = await Promise.all(
        names.filter((name) => name.endsWith(WHOLE)).map((name) => read(join(folder, name))),
      );
      return entries
        .filter((entry) => entry !== undefined)
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1));
    },
  };
}

async function read(path: string): Promise<Entry | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  return text === undefined ? undefined : JSON.parse(text);
}

async function unlessMissing<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

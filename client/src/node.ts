import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ParleyStorage } from './storage.ts';

const FILE = '.json';

/** Keeps every value in a file of its own in this folder, which is made if it is missing. For one process at a time. */
export function fileStorage(folder: string): ParleyStorage {
  const fileOf = (key: string): string => join(folder, `${encodeURIComponent(key)}${FILE}`);
  const read = async (path: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  return {
    name: resolve(folder),
    get: (key) => read(fileOf(key)),
    // Renamed when it is whole, so that a crash leaves the old value or the new one.
    async set(key, value) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = fileOf(key);
      const draft = `${path}.${crypto.randomUUID()}.new`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(value));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
    delete: (key) => rm(fileOf(key), { force: true }),
    async list(prefix) {
      const names = await readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      const keys = names
        .filter((name) => name.endsWith(FILE))
        .map((name) => decodeURIComponent(name.slice(0, -FILE.length)))
        .filter((key) => key.startsWith(prefix))
        .sort();
      const found = await Promise.all(
        keys.map(async (key): Promise<[string, unknown]> => [key, await read(fileOf(key))]),
      );
      return found.filter(([, value]) => value !== undefined);
    },
  };
}

const isMissing = (error: unknown): boolean => (error as { readonly code?: unknown }).code === 'ENOENT';

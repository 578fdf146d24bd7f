import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobId } from '../../domain/ids.ts';

/**
 * Copies files from one folder of a DiskBlobStore to another. Their bytes never change, so a server may go on meanwhile. Answers
 * those that are not there any more.
 */
export async function copyBlobs(from: string, to: string, ids: readonly BlobId[]): Promise<BlobId[]> {
  const missing: BlobId[] = [];
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const id of ids) if (!(await copy(join(from, id), join(to, id)))) missing.push(id);
  await sync(to);
  return missing;
}

async function copy(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await chmod(to, 0o600);
  await sync(to);
  return true;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const FILE = 'signing-key';
const MIN_LENGTH = 32;

/**
 * The key that signs access tokens, as a text, from the file `signing-key` in the data folder; on the first start both are made.
 * Only its owner may read the file, and wider permissions are taken away. For one process per data folder.
 * @throws Error if the file cannot be read or written, or if what it holds is too short to be a key
 */
export function loadSigningKey(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, FILE);
  const key = read(path);
  if (key === null) return make(path);
  if (Buffer.byteLength(key) < MIN_LENGTH) {
    throw new Error(
      `${path} holds ${Buffer.byteLength(key)} bytes, and a signing key has at least ${MIN_LENGTH}. ` +
        'Restore the file, or delete it to get a new key, which signs everybody out.',
    );
  }
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  return key;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (Error.isError(error) && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Written beside its place and then renamed, so that a crash leaves the whole key or none. */
function make(path: string): string {
  const key = randomBytes(48).toString('base64url');
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(file, `${key}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return key;
}

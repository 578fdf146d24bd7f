import { StoreError } from '../../application/ports/persistence.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html, of a store that cannot be reached, read or written now. */
const OUTAGES: ReadonlySet<number> = new Set([
  5, // BUSY
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  26, // NOTADB
]);
const IOERR = 10;
/** The extended code of a write that did not go through. The commit's frame is the last that is written, so it is not whole. */
const IOERR_WRITE = 778;
export const BUSY = 5;
export const CORRUPT = 11;
export const NOTADB = 26;

/** The extended result code of an error that came from SQLite, else null. */
function extendedCode(error: unknown): number | null {
  const code = property(error, 'errcode');
  return typeof code === 'number' ? code : null;
}

const property = (error: unknown, name: 'code' | 'errcode'): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;

/** Its primary result code, else null. */
export function resultCode(error: unknown): number | null {
  const code = extendedCode(error);
  return code === null ? null : code & 0xff;
}

/**
 * What the ports promise in place of a driver's error: StoreError for an outage. Everything else is a bug and stays as it is.
 * A commit that failed after its last write, when that was flushed to the disk, may be found again after a crash: its outcome is
 * unknown.
 */
export function asStoreError(error: unknown, isCommit = false): unknown {
  if (property(error, 'code') === 'ERR_INVALID_STATE') return new StoreError('not-done', error);
  const code = resultCode(error);
  if (code === null || !OUTAGES.has(code)) return error;
  const mayBeStored = isCommit && code === IOERR && extendedCode(error) !== IOERR_WRITE;
  return new StoreError(mayBeStored ? 'unknown' : 'not-done', error);
}

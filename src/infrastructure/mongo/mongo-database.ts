import {
  type ClientSession,
  MongoAPIError,
  type MongoClient,
  MongoClientClosedError,
  type MongoClientOptions,
  MongoError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { StoreError } from '../../application/ports/persistence.ts';

/**
 * What the promises of a store ask of every connection: a write that is answered is on the disks of a majority, a read sees
 * nothing that could be taken back, and whatever the server or the link does, a call is answered within seconds. These win
 * over what the connection string says. No write leans on the driver's retries: each is safe to repeat by itself.
 */
export const MONGO_OPTIONS = {
  appName: 'parley',
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 3_000 },
  readConcernLevel: 'majority',
  readPreference: 'primary',
  retryWrites: false,
  retryReads: true,
  serverSelectionTimeoutMS: 3_000,
  connectTimeoutMS: 3_000,
  waitQueueTimeoutMS: 3_000,
  socketTimeoutMS: 5_000,
} as const satisfies MongoClientOptions;

/** Runs reads of which none may see an earlier state than the one before it. */
export type InOrder = <T>(reads: (options: { session?: ClientSession }) => Promise<T>) => Promise<T>;

/**
 * On a replica set or a sharded cluster, reads in a causally consistent session, so that a fail-over between two of them
 * takes the second not back in time. A stand-alone server has no sessions and needs none.
 */
export async function readsInOrder(client: MongoClient): Promise<InOrder> {
  const hello = await client.db().command({ hello: 1 }).catch(readFailed);
  const isCluster = hello.setName !== undefined || hello.msg === 'isdbgrid';
  if (!isCluster || typeof hello.logicalSessionTimeoutMinutes !== 'number') return (reads) => reads({});
  return (reads) => client.withSession({ causalConsistency: true }, (session) => reads({ session }));
}

/** For `catch` after a read: whatever failed, nothing was stored. @throws StoreError */
export function readFailed(error: unknown): never {
  throw error instanceof MongoError ? new StoreError('not-done', error) : error;
}

/** For `catch` after a write: `not-done` if it certainly never reached the data. @throws StoreError */
export function writeFailed(error: unknown): never {
  if (!(error instanceof MongoError)) throw error;
  throw new StoreError(wasRefused(error) || neverLeft(error) ? 'not-done' : 'unknown', error);
}

/** For `catch` after what may come after a write that was made. @throws StoreError */
export function outcomeUnknown(error: unknown): never {
  throw error instanceof MongoError ? new StoreError('unknown', error) : error;
}

/** Errors of the driver's pool that it does not export: no connection was had. */
const NO_CONNECTION = new Set(['MongoWaitQueueTimeoutError', 'MongoPoolClearedError', 'MongoPoolClosedError']);
const NO_CONNECTION_LABELS = ['HandshakeError', 'SystemOverloadedError'];

function neverLeft(error: MongoError): boolean {
  return (
    error instanceof MongoServerSelectionError ||
    (error instanceof MongoAPIError && !(error instanceof MongoClientClosedError)) ||
    NO_CONNECTION.has(error.name) ||
    NO_CONNECTION_LABELS.some((label) => error.hasErrorLabel(label))
  );
}

/** The server looked at this one document and said no: only an error of a single write has an index. */
const wasRefused = (error: MongoError): boolean =>
  error instanceof MongoServerError && typeof error.errorResponse.index === 'number';

/** The code of a write that a unique index refused. */
export const DUPLICATE_KEY = 11_000;

export const isDuplicate = (error: unknown): error is MongoServerError =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY;

/** The name of the index that refused a write. Only the message has it on every server. */
export const indexOf = (error: MongoServerError): string => /\bindex: (\S+)/.exec(error.message)?.[1] ?? '';

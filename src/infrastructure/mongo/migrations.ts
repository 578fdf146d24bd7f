import { createHash, randomUUID } from 'node:crypto';
import type { Collection, Db, Document } from 'mongodb';
import { StoreError, StoreRefused } from '../../application/ports/persistence.ts';
import { isDuplicate } from './mongo-database.ts';

/** One step of the schema: database commands as they are sent, each safe to repeat. Never edited once released. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly commands: readonly Document[];
}

interface Applied {
  _id: number | typeof LOCK;
  name?: string;
  checksum?: string;
  appliedAt?: Date;
  owner?: string;
  until?: Date;
}

const LOCK = 'lock';
const LEASE_MS = 30_000;
const WAIT_MS = 60_000;
const POLL_MS = 50;

const unique = { unique: true };
const sparse = { sparse: true };
/** Only clears away: every query looks at the expiry itself. A day late, since the server's clock is not the node's. */
const expiring = { expireAfterSeconds: 86_400 };

type Keys = Readonly<Record<string, 1>>;
const indexes = (collection: string, all: Readonly<Record<string, readonly [Keys, object?]>>): Document => ({
  createIndexes: collection,
  indexes: Object.entries(all).map(([name, [key, options]]) => ({ name: `${collection}_${name}`, key, ...options })),
});

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'chats, accounts and sessions',
    commands: [
      indexes('commits', {
        place: [{ chatId: 1, firstRev: 1 }, unique],
        end: [{ chatId: 1, lastRev: 1 }],
        pending: [{ pendingSince: 1 }, sparse],
      }),
      indexes('chats', { purge: [{ 'purge.rev': 1 }, sparse], list: [{ listKey: 1 }, sparse] }),
      indexes('members', {
        member: [{ chatId: 1, userId: 1 }, unique],
        user: [{ userId: 1, active: 1, chatId: 1 }],
      }),
      indexes('messages', {
        sendKey: [{ chatId: 1, sendKey: 1 }, unique],
        place: [{ chatId: 1, seq: 1 }, unique],
        sender: [{ chatId: 1, senderId: 1, seq: 1 }],
        tombstone: [{ tombstone: 1 }, sparse],
      }),
      indexes('users', {
        username: [{ usernameKey: 1 }, unique],
        email: [{ emailKey: 1 }, unique],
        role: [{ role: 1, suspendedAt: 1 }],
        created: [{ createdAt: 1, _id: 1 }],
        listed: [{ listedName: 1, _id: 1 }],
        grams: [{ grams: 1, createdAt: 1 }],
        deletion: [{ 'deletion.at': 1 }, sparse],
        heldName: [{ nameHeldSince: 1 }, sparse],
      }),
      indexes('sessions', {
        family: [{ family: 1 }, unique],
        user: [{ userId: 1 }],
        expiry: [{ expiresAt: 1 }, expiring],
      }),
      indexes('tickets', { expiry: [{ expiresAt: 1 }, expiring] }),
      indexes('oneTimeCodes', { user: [{ userId: 1 }], expiry: [{ expiresAt: 1 }, expiring] }),
      indexes('mailQueue', { due: [{ dueAt: 1 }] }),
      indexes('files', { owner: [{ ownerId: 1, unsent: 1 }], check: [{ checkAt: 1 }] }),
    ],
  },
];

/**
 * Brings the database to the newest schema. Any number of processes may start at once: one works, the others wait for it; a
 * lease frees the work of one that died, and every step may be made again.
 * @throws StoreRefused, before anything is changed, where the database is newer than this program, was migrated by other
 * steps than these, or is not Parley's; StoreError where another process works on it for too long.
 */
export async function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const records = db.collection<Applied>('migrations');
  if ((await outstanding(db, records, migrations)).length === 0) return;
  const owner = await lock(records);
  const renewal = setInterval(() => void renew(records, owner), LEASE_MS / 3);
  try {
    for (const migration of await outstanding(db, records, migrations)) await apply(db, records, migration);
  } finally {
    clearInterval(renewal);
    await release(records, owner);
  }
}

/**
 * What is not applied yet. The collections are listed first: the lock is stored before any of them, and stays, so a database
 * that has some and neither lock nor record is somebody else's.
 */
async function outstanding(
  db: Db,
  records: Collection<Applied>,
  migrations: readonly Migration[],
): Promise<Migration[]> {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray();
  const found = await records.find().toArray();
  const others = collections.filter(({ name }) => name !== records.collectionName && !name.startsWith('system.'));
  const isForeign = found.length === 0 && others.length > 0;
  if (isForeign) throw new StoreRefused('the database holds something else; give Parley one of its own');
  const applied = found.filter((record) => record._id !== LOCK);
  for (const record of applied) {
    const known = migrations.find((migration) => migration.version === record._id);
    if (!known && typeof record._id === 'number' && record._id > (migrations.at(-1)?.version ?? 0)) {
      throw new StoreRefused(`the database has schema version ${record._id}, which is newer than this program`);
    }
    if (!known || record.checksum !== checksum(known)) {
      throw new StoreRefused(`the database was migrated by another step ${String(record._id)} than this program's`);
    }
  }
  return migrations.filter((migration) => !applied.some((record) => record._id === migration.version));
}

async function apply(db: Db, records: Collection<Applied>, migration: Migration): Promise<void> {
  const { version, name } = migration;
  for (const command of migration.commands) await db.command(command);
  const record = { _id: version, name, checksum: checksum(migration), appliedAt: new Date() };
  await records.replaceOne({ _id: version }, record, { upsert: true });
}

const checksum = ({ name, commands }: Migration): string =>
  createHash('sha256')
    .update(JSON.stringify([name, commands]))
    .digest('hex');

const leaseEnd = (): Date => new Date(Date.now() + LEASE_MS);

/** Waits until nobody else holds the lock, or whoever did has let its lease run out. */
async function lock(records: Collection<Applied>): Promise<string> {
  const owner = randomUUID();
  const deadline = Date.now() + WAIT_MS;
  while (!(await tryLock(records, owner))) {
    if (Date.now() >= deadline)
      throw new StoreError('not-done', new Error('another process is migrating the database'));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return owner;
}

async function tryLock(records: Collection<Applied>, owner: string): Promise<boolean> {
  try {
    const lease = { owner, until: leaseEnd() };
    await records.updateOne({ _id: LOCK, until: { $lt: new Date() } }, { $set: lease }, { upsert: true });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** Neither this nor the release needs to succeed: the lease runs out by itself, and every step may be made twice. */
const renew = (records: Collection<Applied>, owner: string): Promise<unknown> =>
  records.updateOne({ _id: LOCK, owner }, { $set: { until: leaseEnd() } }).catch(() => undefined);

const release = (records: Collection<Applied>, owner: string): Promise<unknown> =>
  records.updateOne({ _id: LOCK, owner }, { $set: { until: new Date(0) } }).catch(() => undefined);

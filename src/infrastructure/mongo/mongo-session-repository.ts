import type { Collection, Db } from 'mongodb';
import type { RefreshDigests, Rotation, SessionRepository } from '../../application/ports/persistence.ts';
import type { Instant, SessionId, UserId } from '../../domain/ids.ts';
import { REFRESH_REPEAT_MS, type Session } from '../../domain/session.ts';
import { isDuplicate, outcomeUnknown, readFailed, writeFailed } from './mongo-database.ts';

/** An ended session stays until it would have expired: so a digest that comes too late is known for a used one. */
export type SessionRow = Omit<Session, 'id' | 'expiresAt'> & {
  readonly _id: SessionId;
  /** A date, for the index that clears away. */
  readonly expiresAt: Date;
  readonly ended: boolean;
  readonly family: string;
  /** The digest that may be exchanged now, and the one that was exchanged for it. */
  readonly token: string;
  readonly previous: string | null;
};

interface TicketRow {
  readonly _id: string;
  readonly sessionId: SessionId;
  readonly expiresAt: Date;
}

export function toSession(row: SessionRow): Session {
  const { _id, expiresAt, ended: _, family: __, token: ___, previous: ____, ...session } = row;
  return { id: _id, ...session, expiresAt: expiresAt.getTime() };
}

const unexpired = (now: Instant) => ({ expiresAt: { $gt: new Date(now) } });

export class MongoSessionRepository implements SessionRepository {
  readonly #sessions: Collection<SessionRow>;
  readonly #tickets: Collection<TicketRow>;

  constructor(db: Db) {
    this.#sessions = db.collection('sessions');
    this.#tickets = db.collection('tickets');
  }

  async create({ id, ...session }: Session, { family, token }: RefreshDigests): Promise<void> {
    const expiresAt = new Date(session.expiresAt);
    const row = { _id: id, ...session, expiresAt, ended: false, family, token, previous: null };
    await this.#sessions.insertOne(row).catch(unlessToldAgain);
  }

  async find(sessionId: SessionId, now: Instant): Promise<Session | null> {
    const row = await this.#sessions.findOne({ _id: sessionId, ended: false, ...unexpired(now) }).catch(readFailed);
    return row && toSession(row);
  }

  async living(sessionIds: readonly SessionId[], now: Instant): Promise<ReadonlySet<SessionId>> {
    const living = { _id: { $in: [...sessionIds] }, ended: false, ...unexpired(now) };
    const rows = this.#sessions.find(living, { projection: { _id: 1 } });
    return new Set((await rows.toArray().catch(readFailed)).map((row) => row._id));
  }

  async list(userId: UserId, now: Instant): Promise<Session[]> {
    const rows = this.#sessions.find({ userId, ended: false, ...unexpired(now) }).sort({ lastUsedAt: -1, _id: 1 });
    return (await rows.toArray().catch(readFailed)).map(toSession);
  }

  async rotate(used: RefreshDigests, next: string, now: Instant, expiresAt: Instant): Promise<Rotation> {
    const { family, token } = used;
    const open = { family, ended: false, ...unexpired(now) };
    const moved = { token: next, previous: token, lastUsedAt: now, expiresAt: new Date(expiresAt) };
    const row = await this.#sessions
      .findOneAndUpdate({ ...open, token }, { $set: moved }, { returnDocument: 'after' })
      .catch(writeFailed);
    if (row) return { session: toSession(row) };
    const repeatable = { token: next, previous: token, lastUsedAt: { $gte: now - REFRESH_REPEAT_MS } };
    const repeated = await this.#sessions.findOne({ ...open, ...repeatable }).catch(readFailed);
    if (repeated) return { session: toSession(repeated) };
    const reused = await this.#sessions
      .findOneAndUpdate({ family, ...unexpired(now), token: { $ne: token } }, { $set: { ended: true } })
      .catch(outcomeUnknown);
    return reused ? { reused: toSession(reused) } : { refused: 'unknown' };
  }

  async end(userId: UserId, sessionId: SessionId): Promise<boolean> {
    const open = { _id: sessionId, userId, ended: false };
    const { modifiedCount } = await this.#sessions.updateOne(open, { $set: { ended: true } }).catch(writeFailed);
    return modifiedCount === 1;
  }

  async endAll(userId: UserId, except: SessionId | null): Promise<SessionId[]> {
    const open = { userId, ended: false, ...(except !== null && { _id: { $ne: except } }) };
    const rows = await this.#sessions
      .find(open, { projection: { _id: 1 } })
      .toArray()
      .catch(readFailed);
    const ids = rows.map((row) => row._id);
    if (ids.length > 0) {
      await this.#sessions.updateMany({ _id: { $in: ids } }, { $set: { ended: true } }).catch(writeFailed);
    }
    return ids;
  }

  async forget(userId: UserId): Promise<void> {
    await this.#sessions.deleteMany({ userId }).catch(writeFailed);
  }

  async sweep(now: Instant): Promise<void> {
    const expired = { expiresAt: { $lte: new Date(now) } };
    await Promise.all([this.#sessions.deleteMany(expired), this.#tickets.deleteMany(expired)]).catch(writeFailed);
  }

  async createTicket(digest: string, sessionId: SessionId, expiresAt: Instant): Promise<void> {
    const row = { _id: digest, sessionId, expiresAt: new Date(expiresAt) };
    await this.#tickets.insertOne(row).catch(unlessToldAgain);
  }

  async redeemTicket(digest: string, now: Instant): Promise<SessionId | null> {
    const row = await this.#tickets.findOneAndDelete({ _id: digest, ...unexpired(now) }).catch(writeFailed);
    return row?.sessionId ?? null;
  }
}

/** Ids and digests are never given twice, so a row that is there already is this one. */
function unlessToldAgain(error: unknown): void {
  if (!isDuplicate(error)) writeFailed(error);
}

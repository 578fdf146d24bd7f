import type { StatementSync } from 'node:sqlite';
import type { RefreshDigests, Rotation, SessionRepository } from '../../application/ports/persistence.ts';
import type { Instant, SessionId, UserId } from '../../domain/ids.ts';
import { REFRESH_REPEAT_MS, type Session } from '../../domain/session.ts';
import type { Database, Query } from './database.ts';

const COLUMNS = 'id, user_id, device, created_at, last_used_at, expires_at';

type SessionRow = [
  id: string,
  userId: string,
  device: string | null,
  createdAt: number,
  lastUsedAt: number,
  expiresAt: number,
];

/** A session that has ended keeps its row until it would have expired, so that reuse of its tokens is still known. */
export class SqliteSessionRepository implements SessionRepository {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #find: Query<SessionRow>;
  readonly #living: Query<[SessionId]>;
  readonly #list: Query<SessionRow>;
  readonly #byFamily: Query<[...SessionRow, token: string, ended: number]>;
  readonly #rotate: StatementSync;
  readonly #end: StatementSync;
  readonly #endAll: Query<[SessionId]>;
  readonly #forget: StatementSync;
  readonly #sweepSessions: StatementSync;
  readonly #sweepTickets: StatementSync;
  readonly #insertTicket: StatementSync;
  readonly #takeTicket: Query<[sessionId: SessionId, expiresAt: number]>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO sessions (${COLUMNS}, family, token) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`);
    this.#find = database.query(`SELECT ${COLUMNS} FROM sessions WHERE id = ? AND ended = 0 AND expires_at > ?`);
    this.#living = database.query(`
      SELECT id FROM sessions WHERE id IN (SELECT value FROM json_each(?)) AND ended = 0 AND expires_at > ?`);
    this.#list = database.query(`
      SELECT ${COLUMNS} FROM sessions WHERE user_id = ? AND ended = 0 AND expires_at > ? ORDER BY last_used_at DESC, id`);
    this.#byFamily = database.query(`
      SELECT ${COLUMNS}, token, ended FROM sessions WHERE family = ? AND expires_at > ?`);
    this.#rotate = database.statement('UPDATE sessions SET token = ?, last_used_at = ?, expires_at = ? WHERE id = ?');
    this.#end = database.statement('UPDATE sessions SET ended = 1 WHERE id = ? AND user_id = ? AND ended = 0');
    this.#endAll = database.query(
      'UPDATE sessions SET ended = 1 WHERE user_id = ? AND id IS NOT ? AND ended = 0 RETURNING id',
    );
    this.#forget = database.statement('DELETE FROM sessions WHERE user_id = ?');
    this.#sweepSessions = database.statement('DELETE FROM sessions WHERE expires_at <= ?');
    this.#sweepTickets = database.statement('DELETE FROM tickets WHERE expires_at <= ?');
    this.#insertTicket = database.statement(`
      INSERT INTO tickets (digest, session_id, expires_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING`);
    this.#takeTicket = database.query('DELETE FROM tickets WHERE digest = ? RETURNING session_id, expires_at');
  }

  create(session: Session, refresh: RefreshDigests): Promise<void> {
    return this.#database.write(() => {
      const { id, userId, device, createdAt, lastUsedAt, expiresAt } = session;
      this.#insert.run(id, userId, device, createdAt, lastUsedAt, expiresAt, refresh.family, refresh.token);
    });
  }

  find(sessionId: SessionId, now: Instant): Promise<Session | null> {
    return this.#database.read(() => {
      const row = this.#find.get(sessionId, now);
      return row ? toSession(row) : null;
    });
  }

  living(sessionIds: readonly SessionId[], now: Instant): Promise<ReadonlySet<SessionId>> {
    return this.#database.read(() => new Set(this.#living.all(JSON.stringify(sessionIds), now).map(([id]) => id)));
  }

  list(userId: UserId, now: Instant): Promise<Session[]> {
    return this.#database.read(() => this.#list.all(userId, now).map(toSession));
  }

  rotate(used: RefreshDigests, next: string, now: Instant, expiresAt: Instant): Promise<Rotation> {
    return this.#database.write((): Rotation => {
      const row = this.#byFamily.get(used.family, now);
      if (!row) return { refused: 'unknown' };
      const session = toSession(row);
      const [, , , , , , token, ended] = row;
      const isRepeated = token === next && session.lastUsedAt >= now - REFRESH_REPEAT_MS;
      if (token !== used.token && !isRepeated) {
        this.#end.run(session.id, session.userId);
        return { reused: session };
      }
      if (ended === 1) return { refused: 'unknown' };
      if (isRepeated) return { session };
      this.#rotate.run(next, now, expiresAt, session.id);
      return { session: { ...session, lastUsedAt: now, expiresAt } };
    });
  }

  end(userId: UserId, sessionId: SessionId): Promise<boolean> {
    return this.#database.write(() => this.#end.run(sessionId, userId).changes === 1n);
  }

  endAll(userId: UserId, except: SessionId | null): Promise<SessionId[]> {
    return this.#database.write(() => this.#endAll.all(userId, except).map(([id]) => id));
  }

  forget(userId: UserId): Promise<void> {
    return this.#database.write(() => void this.#forget.run(userId));
  }

  sweep(now: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#sweepSessions.run(now);
      this.#sweepTickets.run(now);
    });
  }

  createTicket(digest: string, sessionId: SessionId, expiresAt: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#insertTicket.run(digest, sessionId, expiresAt);
    });
  }

  redeemTicket(digest: string, now: Instant): Promise<SessionId | null> {
    return this.#database.write(() => {
      const [ticket] = this.#takeTicket.all(digest);
      return ticket && ticket[1] > now ? ticket[0] : null;
    });
  }
}

const toSession = (row: readonly [...SessionRow, ...unknown[]]): Session => ({
  id: row[0],
  userId: row[1],
  device: row[2],
  createdAt: row[3],
  lastUsedAt: row[4],
  expiresAt: row[5],
});

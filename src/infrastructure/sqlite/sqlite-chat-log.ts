import type { StatementSync } from 'node:sqlite';
import type { ChatLog, KnownRows, RevRange } from '../../application/ports/persistence.ts';
import { type Change, type ChatState, type Commit, imagesOf } from '../../domain/changes.ts';
import type { Chat } from '../../domain/chat.ts';
import type { Needs } from '../../domain/decide.ts';
import type { ChatId } from '../../domain/ids.ts';
import { decodeChanges } from './change-list.ts';
import { CommitWrites } from './commit-writes.ts';
import type { Database, Query } from './database.ts';
import { clamp, PLACE_MAX } from './rows.ts';
import { StateRows } from './state-rows.ts';

const PURGED_AT_ONCE = 500;

type CommitRow = [
  chatNumber: number,
  chatId: ChatId,
  firstRev: number,
  lastRev: number,
  id: string,
  at: number,
  changes: string,
];

type PurgeRow = [chatNumber: number, floorRev: number, floorSeq: number, purgedRev: number, purgedSeq: number];

/** Nothing is ever pending here: the transaction that stores a commit writes its images too. */
export class SqliteChatLog implements ChatLog {
  readonly #database: Database;
  readonly #rows: StateRows;
  readonly #writes: CommitWrites;
  readonly #changes: Query<[firstRev: number, changes: string]>;
  readonly #creation: Query<[id: string, senderId: string, createdAt: number]>;
  readonly #floor: Query<[chatNumber: number, floorRev: number]>;
  readonly #unsettled: Query<CommitRow>;
  readonly #settle: StatementSync;
  readonly #toPurge: Query<PurgeRow>;
  readonly #emptyMessages: StatementSync;
  readonly #emptyCommits: StatementSync;
  readonly #purged: StatementSync;
  #settled: Commit[] = [];

  constructor(database: Database) {
    this.#database = database;
    this.#rows = new StateRows(database);
    this.#writes = new CommitWrites(database);
    this.#floor = database.query('SELECT number, floor_rev FROM chats WHERE id = ?');
    this.#changes = database.query(`
      SELECT place & ${PLACE_MAX}, changes FROM commits
      WHERE place <= (?1 << 32 | ?3)
        AND place >= (SELECT max(place) FROM commits WHERE place > (?1 << 32) AND place <= (?1 << 32 | ?2))
      ORDER BY place`);
    this.#creation = database.query('SELECT id, sender_id, created_at FROM messages WHERE place = (? << 32 | ?)');
    this.#unsettled = database.query(`
      SELECT number, chats.id, place & ${PLACE_MAX}, last_rev, commits.id, at, changes
      FROM unsettled JOIN commits USING (place) JOIN chats ON number = place >> 32
      WHERE since < ? ORDER BY since, place LIMIT ?`);
    this.#settle = database.statement(
      'DELETE FROM unsettled WHERE place = ((SELECT number FROM chats WHERE id = ?) << 32 | ?)',
    );
    this.#toPurge = database.query(`
      SELECT number, floor_rev, floor_seq, purged_rev, purged_seq FROM chats WHERE purged_rev < floor_rev LIMIT 1`);
    this.#emptyMessages = database.statement(`
      UPDATE messages SET rev = ?4, digest = NULL, content = NULL, reply_id = NULL, reply_seq = NULL, system = NULL,
        attachments = NULL, earlier = NULL,
        edited_at = NULL, deleted_at = (SELECT at FROM commits WHERE place <= (?1 << 32 | ?4) ORDER BY place DESC LIMIT 1)
      WHERE place > (?1 << 32 | ?2) AND place <= (?1 << 32 | ?3)`);
    this.#emptyCommits = database.statement(`
      UPDATE commits SET changes = '[]'
      WHERE place > (?1 << 32 | ?2) AND place <= (?1 << 32 | ?3) AND last_rev < ?4
        AND place NOT IN (SELECT place FROM unsettled)`);
    this.#purged = database.statement('UPDATE chats SET purged_rev = ?, purged_seq = ? WHERE number = ?');
  }

  load(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState> {
    return this.#database.read(() => {
      const state = this.#rows.read(chatId, needs, known);
      return known && isNewer(state, known.chat) ? this.#rows.read(chatId, needs, null) : state;
    });
  }

  append(commits: readonly Commit[]): Promise<'stored' | 'conflict'>[] {
    if (this.#settled.length > 0) void this.#forgetSettled();
    const answers = commits.map((commit) => this.#database.write(() => this.#writes.store(commit)));
    this.#database.flush();
    return answers;
  }

  /** They are forgotten with the next append, which spares a transaction. */
  settle(commits: readonly Commit[]): void {
    this.#settled.push(...commits);
  }

  async unsettled(olderThanMs: number, limit: number): Promise<Commit[]> {
    await this.#forgetSettled();
    return this.#database.read(() =>
      this.#unsettled.all(Date.now() - olderThanMs, limit).map((row) => this.#commitFrom(row)),
    );
  }

  changesAfter(chatId: ChatId, afterRev: number, limit: number): Promise<Change[]> {
    return this.#database.read(() => this.#changesOf({ chatId, afterRev, upTo: Number.MAX_SAFE_INTEGER }, limit));
  }

  changesIn(ranges: readonly RevRange[]): Promise<Change[][]> {
    return this.#database.read(() => ranges.map((range) => this.#changesOf(range)));
  }

  purge(): Promise<boolean> {
    return this.#database.write(() => {
      const chat = this.#toPurge.get();
      if (chat) this.#purgeStep(chat);
      return this.#toPurge.get() === undefined;
    });
  }

  /** A settle that is lost is no harm: the commit is published once more. */
  async #forgetSettled(): Promise<void> {
    const settled = this.#settled;
    this.#settled = [];
    if (settled.length === 0) return;
    await this.#database
      .write(() => {
        for (const commit of settled) this.#settle.run(commit.chatId, commit.firstRev);
      })
      .catch(() => undefined);
  }

  #changesOf({ chatId, afterRev, upTo }: RevRange, limit = Number.MAX_SAFE_INTEGER): Change[] {
    const [number, floorRev] = this.#floor.get(chatId) ?? [];
    if (number === undefined || floorRev === undefined) return [];
    const rev = Math.max(afterRev + 1, floorRev, 1);
    const lastRev = Math.min(upTo, rev + limit - 1);
    return this.#changes
      .all(number, clamp(rev), clamp(lastRev))
      .flatMap(([firstRev, changes]) => this.#decode(number, firstRev, changes))
      .filter((change) => change.rev >= rev && change.rev <= lastRev);
  }

  #decode(number: number, firstRev: number, changes: string): Change[] {
    return decodeChanges(changes, firstRev, (seq) => {
      const row = this.#creation.get(number, seq);
      if (!row) throw new Error(`no message at ${number}/${seq}`);
      return { id: row[0], senderId: row[1], createdAt: row[2] };
    });
  }

  /** A commit with its rows as they are now. */
  #commitFrom([number, chatId, firstRev, lastRev, id, at, text]: CommitRow): Commit {
    const changes = this.#decode(number, firstRev, text);
    const members = changes.flatMap((change) => change.userIds);
    const messages = changes.flatMap((change) => change.messageId ?? []);
    const state = this.#rows.read(chatId, { members, messages, sendKeys: [], heir: false }, null);
    return { id, chatId, firstRev, lastRev, at, changes, images: imagesOf(state, changes) };
  }

  #purgeStep([number, floorRev, floorSeq, purgedRev, purgedSeq]: PurgeRow): void {
    if (purgedSeq < floorSeq) {
      const upTo = Math.min(purgedSeq + PURGED_AT_ONCE, floorSeq);
      this.#emptyMessages.run(number, purgedSeq, upTo, floorRev);
      this.#purged.run(purgedRev, upTo, number);
    } else {
      const upTo = Math.min(purgedRev + PURGED_AT_ONCE, floorRev);
      this.#emptyCommits.run(number, purgedRev, upTo, floorRev);
      this.#purged.run(upTo, purgedSeq, number);
    }
  }
}

/** Whether a row was written after this head. */
function isNewer(state: ChatState, head: Chat): boolean {
  const rows = [...state.members.values(), ...state.messages.values(), ...state.sent.values(), state.heir];
  return rows.some((row) => row !== null && row.rev > head.rev);
}

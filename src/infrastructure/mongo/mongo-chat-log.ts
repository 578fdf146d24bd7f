import type { Collection, Db } from 'mongodb';
import { type ChatLog, type KnownRows, type RevRange, StoreError } from '../../application/ports/persistence.ts';
import type { Change, ChatState, Commit, Images } from '../../domain/changes.ts';
import type { Needs } from '../../domain/decide.ts';
import type { ChatId, Instant } from '../../domain/ids.ts';
import { emptying } from '../../domain/message.ts';
import { ChatStateReader } from './chat-state-reader.ts';
import type { ChatRow } from './mongo-chat-repository.ts';
import { type InOrder, isDuplicate, outcomeUnknown, readFailed, writeFailed } from './mongo-database.ts';
import type { MessageRow } from './mongo-message-repository.ts';
import { Projection } from './projection.ts';

/** A commit as it is stored. Settling takes the images and the mark that it is pending; a purge takes the changes too. */
export type CommitRow = Omit<Commit, 'id' | 'changes' | 'images'> & {
  readonly _id: string;
  readonly changes?: readonly Change[];
  readonly images?: Images;
  /** When it was stored, by the clock of the node that did. */
  readonly pendingSince?: Instant;
};

type PendingRow = CommitRow & Required<Pick<CommitRow, 'changes' | 'images'>>;

const ATTEMPTS = 10;
const PURGE_STEP = 500;
/** A commit dated further ahead than this was dated by a clock that has been put right since. */
const CLOCK_SKEW_MS = 60_000;

/**
 * The log on MongoDB, without transactions (docs/adr/0002). To insert the commit is the commit point: the unique index on
 * (chatId, firstRev) lets one in. It carries the rows as they are afterwards, and whoever comes across it – its own writer, the
 * next writer of the chat or the sweep – projects it: writes those images that are newer than the rows, the chat's row last.
 * So the chat's row says up to which `rev` everything is in its rows, and no read goes further.
 */
export class MongoChatLog implements ChatLog {
  readonly #commits: Collection<CommitRow>;
  readonly #chats: Collection<ChatRow>;
  readonly #messages: Collection<MessageRow>;
  readonly #states: ChatStateReader;
  readonly #projection: Projection;
  readonly #toSettle: { readonly id: string; readonly chatId: ChatId }[] = [];
  #settling: Promise<void> | null = null;

  constructor(db: Db, inOrder: InOrder) {
    this.#commits = db.collection('commits');
    this.#chats = db.collection('chats');
    this.#messages = db.collection('messages');
    this.#states = new ChatStateReader(db, inOrder);
    this.#projection = new Projection(db);
  }

  async load(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState> {
    if (known) {
      const state = await this.#states.read(chatId, needs, known).catch(readFailed);
      if (state) return state;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const state = await this.#states.read(chatId, needs, null).catch(readFailed);
      if (state) return state;
      await this.#finish(chatId).catch(readFailed);
    }
    throw new StoreError('not-done', new Error(`chat ${chatId} changes faster than it can be read`));
  }

  append(commits: readonly Commit[]): Promise<'stored' | 'conflict'>[] {
    return commits.map((commit) => this.#append(commit));
  }

  /** One command is under way at a time; what comes meanwhile goes together in the next. */
  settle(commits: readonly Commit[]): void {
    if (commits.length === 0) return;
    for (const { id, chatId } of commits) this.#toSettle.push({ id, chatId });
    this.#settling ??= this.#settleAll();
  }

  /** Resolves when nothing is left to settle. */
  async settled(): Promise<void> {
    await this.#settling;
  }

  /** Every commit that is answered has been projected: whoever hears of it finds its rows. */
  async unsettled(olderThanMs: number, limit: number): Promise<Commit[]> {
    const now = Date.now();
    const isOld = { pendingSince: { $lte: now - olderThanMs } };
    const isMisdated = { pendingSince: { $gt: now + CLOCK_SKEW_MS } };
    const rows = this.#commits
      .find({ $or: [isOld, isMisdated] })
      .sort({ pendingSince: 1, firstRev: 1 })
      .limit(limit);
    const commits = (await rows.toArray().catch(readFailed)).filter(isPending).map(toCommit);
    await Promise.all(commits.map((commit) => this.#projection.write(commit))).catch(readFailed);
    return commits;
  }

  /** As far as the chat's row and no further: what lies beyond may have no rows yet. */
  async changesAfter(chatId: ChatId, afterRev: number, limit: number): Promise<Change[]> {
    const head = await this.#head(chatId).catch(readFailed);
    const range = { chatId, lastRev: { $gt: afterRev, $lte: head }, changes: { $exists: true } };
    const rows = this.#commits.find(range, { projection: { changes: 1 } }).sort({ lastRev: 1 });
    const found: Change[] = [];
    try {
      for await (const { changes = [] } of rows) {
        found.push(...changes.filter((change) => change.rev > afterRev));
        if (found.length >= limit) break;
      }
    } catch (error) {
      readFailed(error);
    }
    return found.slice(0, limit);
  }

  async changesIn(ranges: readonly RevRange[]): Promise<Change[][]> {
    const wanted = ranges.filter(({ afterRev, upTo }) => afterRev < upTo);
    if (wanted.length === 0) return ranges.map(() => []);
    const rows = this.#commits.find(
      {
        changes: { $exists: true },
        $or: wanted.map(({ chatId, afterRev, upTo }) => ({
          chatId,
          lastRev: { $gt: afterRev },
          firstRev: { $lte: upTo },
        })),
      },
      { projection: { chatId: 1, changes: 1 } },
    );
    const commits = Map.groupBy(await rows.toArray().catch(readFailed), ({ chatId }) => chatId);
    return ranges.map(({ chatId, afterRev, upTo }) =>
      (commits.get(chatId) ?? [])
        .flatMap(({ changes = [] }) => changes)
        .filter(({ rev }) => rev > afterRev && rev <= upTo)
        .sort((a, b) => a.rev - b.rev),
    );
  }

  /**
   * One step: `PURGE_STEP` numbers of one chat. Lines and commits go by one count, since no line's `seq` is above its `rev`.
   * What is emptied takes the floor's `rev`, so that no projection, however late, puts a text back.
   */
  async purge(): Promise<boolean> {
    const due = await this.#chats.findOne({ 'purge.rev': { $gt: 0 } }, { projection: { purge: 1 } }).catch(readFailed);
    if (!due?.purge) return true;
    const { _id: chatId, purge } = due;
    const upTo = purge.done + PURGE_STEP;
    const lines = { chatId, seq: { $gt: purge.done, $lte: Math.min(upTo, purge.seq) }, rev: { $lt: purge.rev } };
    const commits = { chatId, lastRev: { $gt: purge.done, $lte: Math.min(upTo, purge.rev - 1) } };
    const progress = upTo < purge.rev ? { $max: { 'purge.done': upTo } } : { $unset: { purge: '' as const } };
    try {
      await this.#messages.updateMany(lines, { $set: emptying(purge.rev, purge.at), $unset: { tombstone: '' } });
      await this.#commits.updateMany(commits, { $unset: { changes: '', images: '', pendingSince: '' } });
      await this.#chats.updateOne({ _id: chatId, 'purge.rev': purge.rev }, progress);
    } catch (error) {
      writeFailed(error);
    }
    return false;
  }

  async #append(commit: Commit): Promise<'stored' | 'conflict'> {
    if (await this.#insert(commit)) {
      await this.#projection.write(commit).catch(outcomeUnknown);
      return 'stored';
    }
    await this.#finish(commit.chatId).catch(readFailed); // so that the next load sees what was there first
    return 'conflict';
  }

  /** Whether this commit has its place in the log, now or since an earlier try. */
  async #insert({ id, ...commit }: Commit): Promise<boolean> {
    const row = { _id: id, ...commit, pendingSince: Date.now() };
    const place = { chatId: commit.chatId, firstRev: commit.firstRev };
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        await this.#commits.insertOne(row);
        return true;
      } catch (error) {
        if (!isDuplicate(error)) writeFailed(error);
      }
      const there = await this.#commits.findOne(place, { projection: { _id: 1 } }).catch(outcomeUnknown);
      if (there) return there._id === id;
    }
    throw new StoreError('unknown', new Error(`commit ${id} is refused, and nothing is in its place`));
  }

  /** Projects what is stored in this chat beyond its row. */
  async #finish(chatId: ChatId): Promise<void> {
    const beyond = { chatId, lastRev: { $gt: await this.#head(chatId) } };
    const rows = await this.#commits.find(beyond).sort({ lastRev: 1 }).toArray();
    for (const row of rows.filter(isPending)) await this.#projection.write(toCommit(row));
  }

  async #head(chatId: ChatId): Promise<number> {
    const row = await this.#chats.findOne({ _id: chatId }, { projection: { rev: 1 } });
    return row?.rev ?? 0;
  }

  async #settleAll(): Promise<void> {
    while (this.#toSettle.length > 0) {
      const batch = this.#toSettle.splice(0);
      const these = { _id: { $in: batch.map(({ id }) => id) }, chatId: { $in: batch.map(({ chatId }) => chatId) } };
      // Should this be lost, the sweep finds the commits pending and settles them.
      await this.#commits.updateMany(these, { $unset: { pendingSince: '', images: '' } }).catch(() => undefined);
    }
    this.#settling = null;
  }
}

const isPending = (row: CommitRow): row is PendingRow => row.changes !== undefined && row.images !== undefined;

function toCommit({ _id, pendingSince: _, ...commit }: PendingRow): Commit {
  return { id: _id, ...commit };
}

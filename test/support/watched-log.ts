import type { ChatLog, KnownRows, RevRange } from '../../src/application/ports/persistence.ts';
import type { Change, ChatState, Commit } from '../../src/domain/changes.ts';
import type { Needs } from '../../src/domain/decide.ts';
import type { ChatId } from '../../src/domain/ids.ts';

type Answer = 'stored' | 'conflict';

/** A ChatLog around a real one: it writes down what it is asked, and a test may come in between. */
export class WatchedLog implements ChatLog {
  /** What each load was given as known: its head's rev and whose memberships; null where everything was to be read. */
  readonly loads: ({ readonly rev: number; readonly members: readonly string[] } | null)[] = [];
  /** The commits of each call. */
  readonly appends: (readonly Commit[])[] = [];
  readonly settled: Commit[] = [];
  /** Before each load. */
  beforeLoad: ((chatId: ChatId) => Promise<void>) | null = null;
  /** In place of the append of each commit, which `store` does. */
  appending: ((commit: Commit, store: () => Promise<Answer>) => Promise<Answer>) | null = null;
  readonly #log: ChatLog;

  constructor(log: ChatLog) {
    this.#log = log;
  }

  async load(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState> {
    this.loads.push(known && { rev: known.chat.rev, members: [...known.members.keys()] });
    await this.beforeLoad?.(chatId);
    return this.#log.load(chatId, needs, known);
  }

  append(commits: readonly Commit[]): Promise<Answer>[] {
    this.appends.push(commits);
    const { appending } = this;
    if (!appending) return this.#log.append(commits);
    return commits.map((commit) => appending(commit, async () => (await this.#log.append([commit])[0]) ?? 'conflict'));
  }

  settle(commits: readonly Commit[]): void {
    this.settled.push(...commits);
    this.#log.settle(commits);
  }

  unsettled(olderThanMs: number, limit: number): Promise<Commit[]> {
    return this.#log.unsettled(olderThanMs, limit);
  }

  changesAfter(chatId: ChatId, afterRev: number, limit: number): Promise<Change[]> {
    return this.#log.changesAfter(chatId, afterRev, limit);
  }

  changesIn(ranges: readonly RevRange[]): Promise<Change[][]> {
    return this.#log.changesIn(ranges);
  }

  purge(): Promise<boolean> {
    return this.#log.purge();
  }
}

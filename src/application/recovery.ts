import type { FileStorage } from './file-storage.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { ChatLog, SessionRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, Logger } from './ports/services.ts';
import { repeatUntil } from './repeat-until.ts';

const PENDING_MS = 2_000;
const COMMITS_PER_SWEEP = 200;

/**
 * Puts right what a crash left, and clears away what has been deleted. Every step may be repeated, and taken by several nodes
 * at once.
 */
export class Recovery {
  readonly #log: ChatLog;
  readonly #sessions: SessionRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #files: Pick<FileStorage, 'sweep'>;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(deps: {
    log: ChatLog;
    sessions: SessionRepository;
    codes: OneTimeCodeRepository;
    files: Pick<FileStorage, 'sweep'>;
    bus: EventBus;
    clock: Clock;
    logger: Logger;
  }) {
    this.#log = deps.log;
    this.#sessions = deps.sessions;
    this.#codes = deps.codes;
    this.#files = deps.files;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
  }

  /** One round: publishes what was stored and perhaps never published, empties deleted chats, forgets expired sessions and codes, takes away unused files. */
  async sweep(): Promise<void> {
    const commits = await this.#log.unsettled(PENDING_MS, COMMITS_PER_SWEEP);
    for (const commit of commits) this.#bus.publish({ type: 'commit', commit });
    if (commits.length > 0) {
      this.#log.settle(commits);
      this.#logger.info({ commits: commits.length }, 'finished what was left pending');
    }
    while (!(await this.#log.purge()));
    await this.#sessions.sweep(this.#clock.now());
    await this.#codes.sweep(this.#clock.now());
    await this.#files.sweep();
  }

  /** Sweeps every 2 s until the signal; a round that fails is logged, and the next one tries again. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = { clock: this.#clock, logger: this.#logger };
    return repeatUntil(signal, () => this.sweep(), { name: 'sweep', everyMs: PENDING_MS, clock, logger });
  }
}

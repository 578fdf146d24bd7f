import type { AuthService } from '../../application/auth-service.ts';
import type { ChatService } from '../../application/chat-service.ts';
import type { EventBus } from '../../application/ports/realtime.ts';
import type { Clock, Logger } from '../../application/ports/services.ts';
import type { Instant, SessionId, UserId } from '../../domain/ids.ts';
import type { Fanout } from './fanout.ts';

/** A bus may lose a bell without noticing, and an operator's command may have no bus. */
const EVERY_MS = 60_000;
/** While nodes do not hear of each other: how soon a session that has ended elsewhere has no socket here. */
const SESSIONS_WHILE_AWAY_MS = 1_000;
const SESSIONS_PER_READ = 500;
/** By how much the clocks of nodes may differ. */
const SLACK_MS = 60_000;

/** Reads from the store what the bus may not have told the sockets of this node. Only for stores that others write to as well. */
export class LookOver {
  readonly #fanout: Fanout;
  readonly #auth: Pick<AuthService, 'living'>;
  readonly #chats: Pick<ChatService, 'joinedSince'>;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leave: () => void;
  #lastRound: number;
  #lastSessions: number;
  /** Since when something may have been missed that is still to be looked for. */
  #missedSince: Instant | null = null;
  #isRunning = false;

  constructor(deps: {
    fanout: Fanout;
    auth: Pick<AuthService, 'living'>;
    chats: Pick<ChatService, 'joinedSince'>;
    bus: EventBus;
    clock: Clock;
    logger: Logger;
  }) {
    this.#fanout = deps.fanout;
    this.#auth = deps.auth;
    this.#chats = deps.chats;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#lastRound = this.#lastSessions = deps.clock.elapsed();
    this.#leave = deps.bus.subscribe((event) => {
      if (event.type === 'missed') void this.#catchUp(event.since);
    });
  }

  /** To be called often. @param now by `Clock.elapsed` */
  tick(now: number): void {
    const isAway = !this.#bus.reachesOthers && now - this.#lastSessions >= SESSIONS_WHILE_AWAY_MS;
    const isTime = now - this.#lastRound >= EVERY_MS;
    if (isTime) this.#lastRound = now;
    if (isTime) void this.#fanout.readHeads();
    if (isTime || isAway) void this.#logged(this.#closeEnded());
  }

  stop(): void {
    this.#leave();
  }

  /** Heads first, since they bring live delivery back; then who was signed out; then chats that are new to somebody. */
  async #catchUp(missedSince: Instant): Promise<void> {
    this.#missedSince = Math.min(missedSince, this.#missedSince ?? missedSince);
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let since: Instant | null = this.#missedSince; since !== null; since = this.#missedSince) {
      this.#missedSince = null;
      await this.#fanout.readHeads();
      const from = since - SLACK_MS;
      if (await this.#logged(this.#closeEnded().then(() => this.#bringNewChats(from)))) continue;
      this.#missedSince = Math.min(since, this.#missedSince ?? since);
      await this.#clock.sleep(SESSIONS_WHILE_AWAY_MS);
    }
    this.#isRunning = false;
  }

  async #closeEnded(): Promise<void> {
    this.#lastSessions = this.#clock.elapsed();
    const sessions: [SessionId, UserId][] = this.#fanout.userIds.flatMap((userId) =>
      this.#fanout.connectionsOf(userId).flatMap(({ identity }): [SessionId, UserId][] => {
        return identity ? [[identity.sessionId, userId]] : [];
      }),
    );
    for (let i = 0; i < sessions.length; i += SESSIONS_PER_READ) {
      const some = sessions.slice(i, i + SESSIONS_PER_READ);
      const living = await this.#auth.living(some.map(([sessionId]) => sessionId));
      for (const [sessionId, userId] of some) {
        if (!living.has(sessionId)) this.#fanout.endSessions(userId, [sessionId]);
      }
    }
  }

  /** One person after the other: there may be many, and nobody waits for it. */
  async #bringNewChats(since: Instant): Promise<void> {
    for (const userId of this.#fanout.userIds) {
      for (const { chatId, at } of await this.#chats.joinedSince(userId, since)) this.#fanout.bring(userId, chatId, at);
    }
  }

  async #logged(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (err) {
      this.#logger.warn({ err }, 'could not look over what the bus may have missed');
      return false;
    }
  }
}

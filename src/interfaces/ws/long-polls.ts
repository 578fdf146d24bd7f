import type { ChatService } from '../../application/chat-service.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ChatId, UserId } from '../../domain/ids.ts';
import type { Actor } from '../../domain/session.ts';
import type { Fanout } from './fanout.ts';
import type { Follower } from './follower.ts';
import type { Outgoing } from './outbox.ts';

/** Of one person, so many wait at a time. */
const POLLS_PER_USER = 5;
const RETRY_AFTER_MS = 1_000;

/** Requests that wait until there is something to tell their user. */
export class LongPolls {
  readonly #fanout: Fanout;
  readonly #chats: ChatService;
  readonly #waiting = new Map<UserId, number>();
  readonly #stopping = new AbortController();

  constructor(deps: { fanout: Fanout; chats: ChatService }) {
    this.#fanout = deps.fanout;
    this.#chats = deps.chats;
  }

  /** Nobody waits from now on. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Looks, and looks again whenever something has happened to the user, until there is something, or the time is over, or the
   * signal comes, or the session has ended; answers what it saw last. It follows the user's chats before it looks, so that
   * nothing falls between.
   * @throws DomainError RATE_LIMITED
   */
  async until<T>(
    actor: Actor,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
    look: () => Promise<T>,
    isSomething: (seen: T) => boolean,
  ): Promise<T> {
    this.#enter(actor.userId);
    const poll = new LongPoll(actor);
    const over = AbortSignal.any([signal, this.#stopping.signal, AbortSignal.timeout(Math.ceil(waitMs))]);
    over.addEventListener('abort', () => poll.close());
    try {
      await this.#fanout.attach(poll, actor.userId);
      await this.#fanout.followAll(poll, () => this.#chats.headsOf(actor.userId));
      for (;;) {
        const rung = poll.rung();
        const seen = await look();
        if (isSomething(seen) || over.aborted || poll.closed) return seen;
        await rung;
      }
    } finally {
      poll.close();
      this.#fanout.detach(poll);
      this.#leave(actor.userId);
    }
  }

  #enter(userId: UserId): void {
    const count = this.#waiting.get(userId) ?? 0;
    if (count >= POLLS_PER_USER) {
      throw new DomainError('RATE_LIMITED', `At most ${POLLS_PER_USER} wait at a time.`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#waiting.set(userId, count + 1);
  }

  #leave(userId: UserId): void {
    const count = this.#waiting.get(userId) ?? 1;
    if (count > 1) this.#waiting.set(userId, count - 1);
    else this.#waiting.delete(userId);
  }
}

/** One of them. What is brought to it only rings; what is fleeting, and marks of others, it could not tell. */
class LongPoll implements Follower {
  readonly following = new Set<ChatId>();
  rightChecks: Set<Map<ChatId, number>> | null = null;
  readonly identity: Actor;
  closed = false;
  #ring: () => void = () => undefined;

  constructor(actor: Actor) {
    this.identity = actor;
  }

  /** Resolves when something comes from now on, or it is over. */
  rung(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  deliver({ mark, isFleeting }: Outgoing): void {
    if (!isFleeting && (mark?.userId ?? this.identity.userId) === this.identity.userId) this.#ring();
  }

  close(): void {
    this.closed = true;
    this.#ring();
  }
}

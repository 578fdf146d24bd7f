import type { Instant, UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import { userNotFound } from '../domain/user.ts';
import { Pace } from './pace.ts';
import { decodeCursor, encodeCursor, type Page } from './page.ts';
import type { ChatRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus, OnlineStatus, PresenceStatus, PresenceStore } from './ports/realtime.ts';
import type { Clock, IdGenerator, Logger } from './ports/services.ts';
import type { UserDirectory } from './user-directory.ts';

/** Of one person, the others hear at most one change in this time: how it stands at its end. */
const GAP_MS = 2_000;
const SEEN_EVERY_MS = 60_000;
const VANISHED_EVERY_MS = 5_000;
/** In a larger chat nobody hears who comes and goes. */
const MEMBERS_TOLD_MAX = 100;
/**
 * Of so many people a node tells in this time. Where thousands come at once, with hundreds who hear of each, what they came for goes
 * first; and what is told of many in one turn reaches each socket in one write.
 */
const PEOPLE_TOLD_MAX = 400;
const PEOPLE_TOLD_MS = 2_000;

export interface Presence {
  readonly userId: UserId;
  readonly status: PresenceStatus;
  readonly lastSeenAt: Instant | null;
}

/** One connection of somebody, as long as it lasts. */
export interface Connected {
  /** After its end, nothing. */
  set(status: OnlineStatus): Promise<void>;
  end(): Promise<void>;
}

/** What the others were told of somebody last, and whether something new is to be told. */
interface Turn {
  /** Null where other nodes did not hear it. */
  told: PresenceStatus | null;
  /** When, by `Clock.elapsed`. */
  at: number;
  due: boolean;
  running: boolean;
}

/**
 * Who is there. People see each other's presence if they share a chat and neither hides his own; whoever hides it is offline to
 * everybody, and everybody to him.
 */
export class PresenceService {
  readonly #store: PresenceStore;
  readonly #users: UserRepository;
  readonly #chats: ChatRepository;
  readonly #directory: UserDirectory;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly #logger: Logger;
  /** How many connections each has on this node. */
  readonly #here = new Map<UserId, number>();
  readonly #turns = new Map<UserId, Turn>();
  readonly #pace: Pace;
  #seenAt: number;
  #lookedAt: number;

  constructor(deps: {
    presence: PresenceStore;
    users: UserRepository;
    chats: ChatRepository;
    directory: UserDirectory;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
    logger: Logger;
  }) {
    this.#store = deps.presence;
    this.#users = deps.users;
    this.#chats = deps.chats;
    this.#directory = deps.directory;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#pace = new Pace(deps.clock, PEOPLE_TOLD_MAX, PEOPLE_TOLD_MS);
    this.#ids = deps.ids;
    this.#logger = deps.logger;
    this.#seenAt = this.#lookedAt = deps.clock.elapsed();
    deps.bus.subscribe((event) => {
      // He may have begun or ceased to hide himself.
      if (event.type === 'user.updated' && this.#turns.has(event.userId)) void this.#announce(event.userId);
      if (event.type === 'presence.changed') this.#hearTold(event.userId, event.status);
      if (event.type === 'missed') void this.#tellUnheard();
    });
  }

  /** From now on this person is there, with one more connection. */
  connect(userId: UserId): Connected {
    const connectionId = this.#ids.next();
    this.#here.set(userId, (this.#here.get(userId) ?? 0) + 1);
    let isOver = false;
    const set = async (status: OnlineStatus | null): Promise<void> => {
      await this.#store.set(userId, connectionId, status);
      void this.#announce(userId);
    };
    void this.#logged(set('online'));
    return {
      set: async (status) => {
        if (!isOver) await set(status);
      },
      end: async () => {
        isOver = true;
        const left = (this.#here.get(userId) ?? 1) - 1;
        if (left > 0) this.#here.set(userId, left);
        else this.#here.delete(userId);
        await this.#logged(set(null));
        if (left === 0) await this.#logged(this.#users.seen([userId], this.#clock.now()));
      },
    };
  }

  /** Tells of those whose node has ended; once a minute, keeps that everybody who is connected to this node was seen. */
  async beat(): Promise<void> {
    const now = this.#clock.elapsed();
    if (now - this.#lookedAt >= VANISHED_EVERY_MS) {
      this.#lookedAt = now;
      for (const userId of await this.#store.vanished()) void this.#announce(userId, 'online');
    }
    if (now - this.#seenAt < SEEN_EVERY_MS) return;
    this.#seenAt = now;
    for (const [userId, { told, at, running }] of this.#turns) {
      if (told === 'offline' && !running && now - at > GAP_MS) this.#endTurn(userId);
    }
    if (this.#here.size > 0) await this.#logged(this.#users.seen([...this.#here.keys()], this.#clock.now()));
  }

  /** @throws DomainError USER_NOT_FOUND */
  async get(actor: Actor, userId: UserId): Promise<Presence> {
    const [presence] = await this.of(actor, [userId]);
    if (!presence || !(await this.#directory.lookUp([userId])).has(userId)) throw userNotFound();
    return presence;
  }

  /** For each of these, in their order; offline and never seen is also who is hidden, a stranger or nobody. */
  async of(actor: Actor, userIds: readonly UserId[]): Promise<Presence[]> {
    const visible = await this.#visibleTo(actor, userIds);
    const [statuses, lastSeen] = await Promise.all([
      this.#store.statuses([...visible]),
      this.#users.lastSeen([...visible]),
    ]);
    return userIds.map((userId) => ({
      userId,
      status: statuses.get(userId) ?? 'offline',
      lastSeenAt: lastSeen.get(userId) ?? null,
    }));
  }

  /** Everybody who is connected, as far as the actor may know, in the order of their ids. */
  async list(actor: Actor, query: { limit: number; cursor?: string }): Promise<Page<Presence>> {
    const [after] = query.cursor === undefined ? [''] : decodeCursor(query.cursor, 'string');
    const rest = (await this.connected(actor)).filter((userId) => userId > after).sort();
    const page = rest.slice(0, query.limit);
    const last = page.at(-1);
    const nextCursor = last !== undefined && rest.length > page.length ? encodeCursor([last]) : null;
    return { items: await this.of(actor, page), nextCursor };
  }

  /** Ids of everybody who is connected, as far as the actor may know, in no order. */
  async connected(actor: Actor): Promise<UserId[]> {
    return [...(await this.#visibleTo(actor, await this.#store.connected()))];
  }

  /** Those of these people whose presence the actor may know, himself among them. */
  async #visibleTo(actor: Actor, userIds: readonly UserId[]): Promise<Set<UserId>> {
    const known = new Set(await this.#chats.acquaintances(actor.userId, userIds));
    if (userIds.includes(actor.userId)) known.add(actor.userId);
    const people = await this.#directory.lookUp([actor.userId, ...known]);
    if (!people.get(actor.userId)?.showPresence) return new Set();
    return new Set([...known].filter((userId) => people.get(userId)?.showPresence));
  }

  #turnOf(userId: UserId): Turn {
    let turn = this.#turns.get(userId);
    if (!turn) {
      turn = { told: 'offline', at: Number.NEGATIVE_INFINITY, due: false, running: false };
      this.#turns.set(userId, turn);
      void this.#bus.follow([`user:${userId}`]); // what other nodes tell of him
    }
    return turn;
  }

  #endTurn(userId: UserId): void {
    if (this.#turns.delete(userId)) this.#bus.unfollow([`user:${userId}`]);
  }

  /** Another node may know less than this one, to which he is connected. */
  #hearTold(userId: UserId, status: PresenceStatus): void {
    const turn = this.#turns.get(userId);
    if (!turn || turn.told === status) return;
    turn.told = status;
    if (this.#here.has(userId)) void this.#announce(userId);
  }

  /** Tells what has become of somebody: soon, or when the time since the last change has passed. */
  async #announce(userId: UserId, told?: PresenceStatus): Promise<void> {
    const turn = this.#turnOf(userId);
    if (told !== undefined) turn.told = told;
    turn.due = true;
    if (turn.running) return;
    turn.running = true;
    while (turn.due) {
      const wait = turn.at + GAP_MS - this.#clock.elapsed();
      if (wait > 0) await this.#clock.sleep(wait);
      await this.#pace.turn();
      turn.due = false;
      await this.#logged(this.#tell(userId, turn));
    }
    turn.running = false;
  }

  async #tell(userId: UserId, turn: Turn): Promise<void> {
    const people = await this.#directory.lookUp([userId]);
    const isShown = people.get(userId)?.showPresence ?? false;
    const status = (isShown ? (await this.#store.statuses([userId])).get(userId) : undefined) ?? 'offline';
    if (status === turn.told) return;
    const heads = await this.#chats.heads(userId);
    const chatIds = heads.filter(({ memberCount }) => memberCount <= MEMBERS_TOLD_MAX).map(({ id }) => id);
    turn.told = status; // before the event comes back
    turn.at = this.#clock.elapsed();
    const lastSeenAt = isShown ? this.#clock.now() : null;
    this.#bus.publish({ type: 'presence.changed', userId, status, lastSeenAt, chatIds });
    if (!this.#bus.reachesOthers) turn.told = null;
  }

  /** The others find the bus again at about the same time. */
  async #tellUnheard(): Promise<void> {
    await this.#clock.sleep(GAP_MS);
    for (const [userId, { told }] of this.#turns) if (told === null) void this.#announce(userId);
  }

  /** Nothing of presence is worth failing for. */
  async #logged(work: Promise<void>): Promise<void> {
    await work.catch((err: unknown) => this.#logger.warn({ err }, 'presence not kept or not told'));
  }
}

import type { UserId } from '../domain/ids.ts';
import { seenBy, type User } from '../domain/user.ts';
import { acquaintanceOf } from './acquaintance.ts';
import type { ChatRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';

const USERS_MAX = 20_000;

/**
 * Who the ids in messages, changes and memberships are: names are joined when something is read, never stored with it. Keeps
 * the people who were read last; a changed profile is read again once the bus says so.
 */
export class UserDirectory {
  readonly #users: UserRepository;
  readonly #chats: ChatRepository;
  readonly #known = new Map<UserId, User>();
  /** How many changes the bus has told of: a row that was asked for before one of them may be the old one. */
  #changes = 0;

  constructor(deps: { users: UserRepository; chats: ChatRepository; bus: EventBus }) {
    this.#users = deps.users;
    this.#chats = deps.chats;
    deps.bus.subscribe((event) => {
      if (event.type !== 'user.updated' && event.type !== 'missed') return;
      this.#changes += 1;
      if (event.type === 'missed') this.#known.clear();
      else this.#known.delete(event.userId);
    });
  }

  /** These people; whoever does not exist is left out. */
  async lookUp(userIds: Iterable<UserId>): Promise<ReadonlyMap<UserId, User>> {
    const found = new Map<UserId, User>();
    const unknown: UserId[] = [];
    for (const userId of userIds) {
      const user = this.#known.get(userId);
      if (user) found.set(userId, user);
      else unknown.push(userId);
    }
    if (unknown.length === 0) return found;
    const before = this.#changes;
    for (const user of await this.#users.findMany([...new Set(unknown)])) {
      found.set(user.id, user);
      if (this.#changes === before) this.#remember(user);
    }
    return found;
  }

  /** The same as this one may see them: a private person of whom he reads may be no acquaintance of his, or not any more. */
  async lookUpFor(
    viewerId: UserId,
    userIds: Iterable<UserId>,
  ): Promise<ReadonlyMap<UserId, ReturnType<typeof seenBy>>> {
    const people = await this.lookUp(userIds);
    const guarded = [...people.values()].filter(({ id, isPrivate }) => isPrivate && id !== viewerId);
    if (guarded.length === 0) return people;
    const guardedIds = guarded.map(({ id }) => id);
    const users = { find: async (userId: UserId) => (await this.lookUp([userId])).get(userId) ?? null };
    const viewerOf = await acquaintanceOf(viewerId, guardedIds, { users, chats: this.#chats });
    return new Map([...people, ...guarded.map((user) => [user.id, seenBy(user, viewerOf(user.id))] as const)]);
  }

  /** Without a wait, a map that holds them, among others, as long as nobody waits: null unless all of them are known already. */
  peek(userIds: Iterable<UserId>): ReadonlyMap<UserId, User> | null {
    for (const userId of userIds) if (!this.#known.has(userId)) return null;
    return this.#known;
  }

  #remember(user: User): void {
    this.#known.set(user.id, user);
    if (this.#known.size <= USERS_MAX) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

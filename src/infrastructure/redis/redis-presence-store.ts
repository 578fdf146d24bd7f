import type { OnlineStatus, PresenceStore } from '../../application/ports/realtime.ts';
import type { UserId } from '../../domain/ids.ts';
import type { RedisClient, RedisLink } from './redis-link.ts';

const BEAT_MS = 5_000;
/** A node that has not said for so long that it lives has ended. */
const ALIVE_MS = 15_000;
/** How long it is kept who was there, for the others to tell of. */
const KEPT_MS = 600_000;

/**
 * Presence over all nodes: a hash for each node with its people, that counts as long as the node says that it lives. What this
 * node's own connections say is kept in memory too, and is all that is known while Redis is away.
 */
export class RedisPresenceStore implements PresenceStore {
  readonly #link: RedisLink;
  readonly #own: PresenceStore;
  readonly #prefix: string;
  readonly #nodeId: string;
  readonly #timer: NodeJS.Timeout;

  /** @param deps.own presence of this node's connections */
  constructor(deps: { link: RedisLink; own: PresenceStore; prefix: string; nodeId: string }) {
    this.#link = deps.link;
    this.#own = deps.own;
    this.#prefix = `${deps.prefix}:presence`;
    this.#nodeId = deps.nodeId;
    deps.link.prepare((client) => this.#tellAll(client));
    this.#timer = setInterval(() => void this.#link.ask((client) => this.#beat(client)), BEAT_MS).unref();
  }

  async set(userId: UserId, connectionId: string, status: OnlineStatus | null): Promise<void> {
    await this.#own.set(userId, connectionId, status);
    const said = (await this.#own.statuses([userId])).get(userId);
    const people = this.#peopleOf(this.#nodeId);
    await this.#link.ask((client) => (said ? client.hSet(people, userId, said) : client.hDel(people, userId)));
  }

  async statuses(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, OnlineStatus>> {
    const found = new Map(await this.#own.statuses(userIds));
    if (userIds.length === 0) return found;
    const ids = [...userIds];
    const others = await this.#link.ask(async (client) =>
      Promise.all((await this.#otherNodes(client)).map((node) => client.hmGet(this.#peopleOf(node), ids))),
    );
    for (const statuses of others ?? []) {
      for (const [i, status] of statuses.entries()) {
        const userId = ids[i];
        if (userId === undefined || (status !== 'online' && status !== 'away')) continue;
        if (found.get(userId) !== 'online') found.set(userId, status);
      }
    }
    return found;
  }

  async connected(): Promise<UserId[]> {
    const others = await this.#link.ask(async (client) =>
      Promise.all((await this.#otherNodes(client)).map((node) => client.hKeys(this.#peopleOf(node)))),
    );
    return [...new Set([...(await this.#own.connected()), ...(others ?? []).flat()])];
  }

  async vanished(): Promise<UserId[]> {
    const people = await this.#link.ask(async (client) => {
      const nodes = await this.#nodes(client);
      const ended = nodes.filter(({ id, isAlive }) => !isAlive && id !== this.#nodeId);
      return Promise.all(ended.map(({ id }) => this.#bury(client, id)));
    });
    return [...new Set((people ?? []).flat())];
  }

  /** Says that this node has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#link.ask((client) =>
      client
        .multi()
        .sRem(this.#registry, this.#nodeId)
        .del([this.#lifeOf(this.#nodeId), this.#peopleOf(this.#nodeId)])
        .exec(),
    );
  }

  /** The people of a node that has ended, to the one who is first to take it off the list. */
  async #bury(client: RedisClient, node: string): Promise<UserId[]> {
    if ((await client.sRem(this.#registry, node)) === 0) return [];
    const people = await client.hKeys(this.#peopleOf(node));
    await client.del(this.#peopleOf(node));
    return people;
  }

  async #beat(client: RedisClient): Promise<void> {
    const [, , isKept] = await Promise.all([
      client.sAdd(this.#registry, this.#nodeId),
      client.set(this.#lifeOf(this.#nodeId), '', { expiration: { type: 'PX', value: ALIVE_MS } }),
      client.pExpire(this.#peopleOf(this.#nodeId), KEPT_MS),
    ]);
    if (isKept === 0) await this.#tellAll(client); // Redis, or another node that took this one for dead, has forgotten
  }

  async #tellAll(client: RedisClient): Promise<void> {
    const people = await this.#own.statuses(await this.#own.connected());
    const key = this.#peopleOf(this.#nodeId);
    const all = client.multi().sAdd(this.#registry, this.#nodeId).del(key);
    all.set(this.#lifeOf(this.#nodeId), '', { expiration: { type: 'PX', value: ALIVE_MS } });
    if (people.size > 0) all.hSet(key, Object.fromEntries(people)).pExpire(key, KEPT_MS);
    await all.exec();
  }

  async #otherNodes(client: RedisClient): Promise<string[]> {
    const nodes = await this.#nodes(client);
    return nodes.filter(({ id, isAlive }) => isAlive && id !== this.#nodeId).map(({ id }) => id);
  }

  async #nodes(client: RedisClient): Promise<{ id: string; isAlive: boolean }[]> {
    const ids = await client.sMembers(this.#registry);
    const lives = await Promise.all(ids.map((id) => client.exists(this.#lifeOf(id))));
    return ids.map((id, i) => ({ id, isAlive: lives[i] === 1 }));
  }

  get #registry(): string {
    return `${this.#prefix}:nodes`;
  }

  #lifeOf(node: string): string {
    return `${this.#prefix}:alive:${node}`;
  }

  #peopleOf(node: string): string {
    return `${this.#prefix}:people:${node}`;
  }
}

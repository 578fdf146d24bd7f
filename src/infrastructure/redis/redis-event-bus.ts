import type { BusEvent, EventBus, Topic } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';
import { topicsOf } from '../../application/topics.ts';
import type { RedisClient, RedisLink } from './redis-link.ts';

/** What may be on its way to Redis, in bytes: more, and it is dropped. The log has it. */
const UNSENT_MAX_BYTES = 16 * 1024 * 1024;
const CHANNELS_PER_COMMAND = 1_000;
const NODE_ID_LENGTH = 36;

type PresenceChanged = Extract<BusEvent, { type: 'presence.changed' }>;

/**
 * Carries events between nodes by Redis' publish and subscribe, with a channel for each chat, for each person and for all nodes,
 * so that a chat that nobody follows on a node costs it nothing. Within this node events go by the local bus. What does not
 * reach Redis is not kept: the log has what matters. When there may have been a loss, this node says `missed` to itself after it
 * has subscribed anew, and to the others once it can.
 */
export class RedisEventBus implements EventBus {
  readonly #link: RedisLink;
  readonly #local: EventBus;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #nodeId: string;
  /** How often each topic is followed. */
  readonly #followed = new Map<Topic, number>();
  /** What this connection is subscribed to for certain. */
  #subscribed = new Set<Topic>();
  /** Topics that have begun or ceased to be followed since the last round. */
  #unsettled = new Set<Topic>();
  #round: Promise<void> = Promise.resolve();
  #nextRound: Promise<void> | null = null;
  /** Parts of one presence change that came for several chats. */
  readonly #presence = new Map<string, PresenceChanged>();
  /** From shortly before the link counts as open until it has been replaced: one that is lost refuses whatever it is asked. */
  #client: RedisClient | null = null;
  #unsentBytes = 0;
  /** Since when others have missed what this node could not publish. */
  #unheardSince: number | null = null;

  /** @param deps.nodeId a UUID that no other node has */
  constructor(deps: { link: RedisLink; local: EventBus; logger: Logger; prefix: string; nodeId: string }) {
    if (deps.nodeId.length !== NODE_ID_LENGTH) throw new Error('a node id is a UUID');
    this.#link = deps.link;
    this.#local = deps.local;
    this.#logger = deps.logger;
    this.#prefix = deps.prefix;
    this.#nodeId = deps.nodeId;
    this.#link.prepare((client) => this.#begin(client));
  }

  get reachesOthers(): boolean {
    return this.#link.client !== null;
  }

  publish(event: BusEvent): void {
    this.#local.publish(event);
    const topics = topicsOf(event);
    for (const topic of topics === 'all' ? (['all'] as const) : topics) this.#send(topic, event);
  }

  subscribe(listener: (event: BusEvent) => void): () => void {
    return this.#local.subscribe(listener);
  }

  /** While Redis is away it resolves at once: `missed` will come. */
  follow(topics: readonly Topic[]): Promise<void> | null {
    for (const topic of topics) {
      const count = this.#followed.get(topic) ?? 0;
      this.#followed.set(topic, count + 1);
      if (count === 0) this.#unsettled.add(topic);
    }
    return topics.every((topic) => this.#subscribed.has(topic)) ? null : this.#settled();
  }

  unfollow(topics: readonly Topic[]): void {
    for (const topic of topics) {
      const count = (this.#followed.get(topic) ?? 0) - 1;
      if (count > 0) this.#followed.set(topic, count);
      else if (this.#followed.delete(topic)) this.#unsettled.add(topic);
    }
    void this.#settled();
  }

  async #begin(client: RedisClient): Promise<void> {
    this.#client = client;
    this.#subscribed = new Set();
    this.#unsettled = new Set(this.#followed.keys());
    await client.subscribe(this.#channel('all'), this.#listener);
    await this.#settled();
    this.#local.publish({ type: 'missed', since: this.#link.wellAt });
    await this.#sayMissed(client);
  }

  /** Resolves when Redis knows what was followed and left until now, or is away. */
  #settled(): Promise<void> {
    this.#nextRound ??= this.#round.then(() => {
      this.#nextRound = null;
      return this.#settle();
    });
    this.#round = this.#nextRound;
    return this.#nextRound;
  }

  /** One round at a time: the client loses its way where a channel is left and followed again before the first is done. */
  async #settle(): Promise<void> {
    const client = this.#client;
    if (!client?.isReady || this.#unsettled.size === 0) return;
    const [topics, subscribed] = [[...this.#unsettled], this.#subscribed];
    this.#unsettled.clear();
    const fresh = topics.filter((topic) => this.#followed.has(topic) && !subscribed.has(topic));
    const left = topics.filter((topic) => !this.#followed.has(topic) && subscribed.has(topic));
    for (const topic of left) subscribed.delete(topic);
    const commands = [
      ...this.#channelsOf(fresh).map((channels) => client.subscribe(channels, this.#listener)),
      ...this.#channelsOf(left).map((channels) => client.unsubscribe(channels, this.#listener)),
    ];
    try {
      await Promise.all(commands);
      for (const topic of fresh) subscribed.add(topic);
    } catch (err) {
      this.#logger.warn({ err }, 'not subscribed in Redis');
    }
  }

  readonly #listener = (text: string): void => this.#hear(text);

  /** So many for one command at a time. */
  #channelsOf(topics: readonly Topic[]): string[][] {
    const commands: string[][] = [];
    for (let i = 0; i < topics.length; i += CHANNELS_PER_COMMAND) {
      commands.push(topics.slice(i, i + CHANNELS_PER_COMMAND).map((topic) => this.#channel(topic)));
    }
    return commands;
  }

  #send(topic: Topic | 'all', event: BusEvent): void {
    const client = this.#client;
    if (!client?.isReady) {
      this.#lose(event);
      return;
    }
    const text = this.#nodeId + JSON.stringify(partFor(topic, event));
    if (this.#unsentBytes + text.length > UNSENT_MAX_BYTES) {
      this.#lose(event);
      return;
    }
    this.#unsentBytes += text.length;
    client
      .publish(this.#channel(topic), text)
      .catch(() => this.#lose(event))
      .finally(() => {
        this.#unsentBytes -= text.length;
        if (this.#unsentBytes === 0 && this.reachesOthers) void this.#sayMissed(client);
      });
  }

  #lose({ type }: BusEvent): void {
    if (type !== 'chat.typing' && type !== 'presence.changed') this.#unheardSince ??= Date.now();
  }

  /** Tells the others, if they have missed anything. */
  async #sayMissed(client: RedisClient): Promise<void> {
    const since = this.#unheardSince;
    if (since === null) return;
    this.#unheardSince = null;
    const event: BusEvent = { type: 'missed', since };
    await client.publish(this.#channel('all'), this.#nodeId + JSON.stringify(event)).catch(() => {
      this.#unheardSince = since;
    });
  }

  /** This node's own events have been heard already. */
  #hear(text: string): void {
    if (text.startsWith(this.#nodeId)) return;
    try {
      const event: BusEvent = JSON.parse(text.slice(NODE_ID_LENGTH));
      if (event.type === 'presence.changed') this.#gather(event);
      else this.#local.publish(event);
    } catch (err) {
      this.#logger.warn({ err }, 'something else speaks on the channels of Parley');
    }
  }

  /** One change of presence comes once for each chat that this node follows, and is told once. */
  #gather(event: PresenceChanged): void {
    const key = `${event.userId} ${event.status} ${event.lastSeenAt}`;
    const before = this.#presence.get(key);
    this.#presence.set(key, { ...event, chatIds: [...(before?.chatIds ?? []), ...event.chatIds] });
    if (before) return;
    setImmediate(() => {
      const whole = this.#presence.get(key);
      this.#presence.delete(key);
      if (whole) this.#local.publish(whole);
    });
  }

  #channel(topic: Topic | 'all'): string {
    return `${this.#prefix}:${topic}`;
  }
}

/**
 * What of an event one channel is told: of a change of presence, the chat at hand; of a commit, its rows only if messages are all
 * there is, since other changes are read from the log.
 */
function partFor(topic: Topic | 'all', event: BusEvent): BusEvent {
  if (event.type === 'presence.changed') {
    return { ...event, chatIds: event.chatIds.filter((chatId) => topic === `chat:${chatId}`) };
  }
  if (event.type !== 'commit' || event.commit.changes.every(({ type }) => type.startsWith('message.'))) return event;
  const { commit } = event;
  return { type: 'commit', commit: { ...commit, images: { ...commit.images, members: [], messages: [] } } };
}

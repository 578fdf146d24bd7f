import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import type { Logger } from '../../application/ports/services.ts';

const CONNECT_MS = 3_000;
const PING_EVERY_MS = 1_000;
/** A server that says nothing for so long is away: it may be frozen, or the link half open. */
const SILENCE_MS = 3_000;
const RETRY_MS = 500;
const ANSWER_MS = 1_000;
const COMPLAIN_EVERY_MS = 10_000;

const connectionTo = (url: string) =>
  createClient({
    url,
    name: 'parley',
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 }, // silence is noticed here, for all commands at once
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  });

export type RedisClient = ReturnType<typeof connectionTo>;

/** What is done with each new connection before it counts as open. */
type Preparation = (client: RedisClient) => Promise<void>;

/**
 * The one connection of this process to Redis, made anew whenever it is lost. While there is none nobody waits for it: questions
 * are answered with null at once.
 */
export class RedisLink {
  readonly #url: string;
  readonly #logger: Logger;
  readonly #preparations: Preparation[] = [];
  readonly #opened = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  #client: RedisClient | null = null;
  /** Since a question had no answer in time, until a ping has one. */
  #isSilent = false;
  #running: Promise<void> | undefined;
  #wellAt = Date.now();
  #complainedAt = 0;

  constructor({ url, logger }: { url: string; logger: Logger }) {
    this.#url = url;
    this.#logger = logger;
  }

  /** The open connection, if there is one now. */
  get client(): RedisClient | null {
    return this.#client;
  }

  /** When Redis answered last; until it has, when this began. */
  get wellAt(): number {
    return this.#wellAt;
  }

  /** From now on this is done with each connection before it counts as open. One for which it fails is given up. */
  prepare(preparation: Preparation): void {
    this.#preparations.push(preparation);
  }

  /** Begins to connect, and waits for that no longer than this. Answers whether it is open. */
  async open(patienceMs: number): Promise<boolean> {
    this.#running ??= this.#run();
    await Promise.race([this.#opened.promise, sleep(patienceMs, undefined, { ref: false })]);
    return this.#client !== null;
  }

  /** What Redis answers; null if it is away, refuses, or does not answer within a second. Of many, one waits so long. */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T | null> {
    if (!this.#client || this.#isSilent) return null;
    try {
      return await within(ANSWER_MS, question(this.#client));
    } catch (err) {
      this.#isSilent ||= err instanceof Silence;
      this.#complain(err);
      return null;
    }
  }

  /** Many questions fail at once, for one reason. */
  #complain(err: unknown): void {
    const now = Date.now();
    if (now - this.#complainedAt < COMPLAIN_EVERY_MS) return;
    this.#complainedAt = now;
    this.#logger.warn({ err }, 'Redis did not answer');
  }

  /** Ends the connection once what was sent is answered, or after a second. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.ask(async (client) => client.close());
    await this.#running;
    this.#client?.destroy();
    this.#client = null;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let tellsAbsence = true; !signal.aborted; ) {
      const client = connectionTo(this.#url);
      const lost = Promise.withResolvers<never>();
      lost.promise.catch(() => undefined);
      client.on('error', lost.reject);
      try {
        await within(CONNECT_MS, Promise.race([this.#prepared(client), lost.promise]));
        this.#client = client;
        this.#isSilent = false;
        this.#opened.resolve();
        tellsAbsence = true;
        this.#logger.info({}, 'connected to Redis');
        await Promise.race([lost.promise, this.#watch(client)]);
      } catch (err) {
        if (tellsAbsence) this.#logger.warn({ err }, 'Redis is away: nodes do not hear of each other until it is back');
        tellsAbsence = false;
      }
      if (signal.aborted && this.#client) return; // `close` sends the rest
      this.#client = null;
      client.destroy();
      await sleep(RETRY_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }

  async #prepared(client: RedisClient): Promise<void> {
    await client.connect();
    for (const preparation of this.#preparations) await preparation(client);
  }

  /** Returns when this link is closed. @throws when Redis says nothing for too long */
  async #watch(client: RedisClient): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await within(SILENCE_MS, client.ping());
      this.#isSilent = false;
      this.#wellAt = Date.now();
      await sleep(PING_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

class Silence extends Error {}

/** @throws Silence when that takes longer */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(new Silence(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}

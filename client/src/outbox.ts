import type { Attachment, Message } from './contract.ts';
import type { Emitter } from './emitter.ts';
import { withLock } from './lock.ts';
import { findOutgoing, idOf, nextOf, withOutgoing, withStored } from './outgoing.ts';
import { ParleyError } from './parley-error.ts';
import { filterOutbox } from './reduce.ts';
import type { Replica } from './replica.ts';
import type { OutgoingMessage, ParleyState } from './state.ts';
import type { ParleyStorage } from './storage.ts';
import { backoffMs, type Pause, pause } from './time.ts';
import { timeOrderedId } from './time-ordered-id.ts';
import { signedOut } from './tokens.ts';

export interface Draft {
  /** May be empty with an attachment. */
  readonly content: string;
  /** The id of the message that this answers. */
  readonly replyTo?: string | null;
  /** What `files.upload` gave. */
  readonly attachments?: readonly Attachment[];
  /** One's own, to make the same send again from anywhere without a second message; a random one otherwise. */
  readonly clientId?: string;
}

/** Nothing is wrong with the message itself: it is worth another try. */
const PASSING = new Set<string>(['NETWORK', 'TIMEOUT', 'UNAVAILABLE', 'BUSY', 'OUTCOME_UNKNOWN', 'RATE_LIMITED']);
/** It can be sent once somebody is signed in again. */
const OF_SESSION = new Set<string>(['SIGNED_OUT', 'AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'TOKEN_INVALID']);

/** What has become of a message that has left the queue: null was taken back. Tabs tell each other. */
interface Outcome {
  readonly id: string;
  readonly stored: Message | null;
}

type Deferred = PromiseWithResolvers<Message>;

/**
 * The messages on their way: shown at once, stored before they are sent, sent in order within a chat, and kept until the server has
 * them. All tabs of one person share one queue: whoever holds a chat's lock sends for all. A `clientId` makes any repeat harmless.
 */
export class Outbox {
  readonly #storage: ParleyStorage;
  readonly #replica: Replica;
  readonly #emitter: Emitter;
  readonly #deliver: (message: OutgoingMessage) => Promise<Message>;
  #userId: string | null = null;
  #opened: Promise<void> = Promise.resolve();
  #channel: BroadcastChannel | null = null;
  #isOnline = false;
  #lastOrder = 0;
  /** The last of the steps on the storage, which are taken one after the other. */
  #lastStep: Promise<unknown> = Promise.resolve();
  /** What the storage does not have: not yet, or because it fails. */
  readonly #unsaved = new Set<string>();
  /** What the storage still has, and no longer should. */
  readonly #gone = new Set<string>();
  readonly #draining = new Set<string>();
  readonly #pauses = new Set<Pause>();
  readonly #results = new Map<string, Deferred>();

  constructor(
    storage: ParleyStorage,
    replica: Replica,
    emitter: Emitter,
    deliver: (message: OutgoingMessage) => Promise<Message>,
  ) {
    this.#storage = storage;
    this.#replica = replica;
    this.#emitter = emitter;
    this.#deliver = deliver;
    emitter.on('message.created', ({ data: { message } }) => this.#onCreated(message));
  }

  /** Takes up the queue of this person. Resolves when it is shown. */
  open(userId: string): Promise<void> {
    if (this.#userId !== userId) {
      void this.close();
      this.#userId = userId;
      this.#channel = openChannel(this.#queueName(), (outcome) => void this.#onTold(outcome));
      this.#opened = this.#reload();
    }
    return this.#opened;
  }

  /** Leaves the queue as it is. Resolves when the storage has it. */
  async close(): Promise<void> {
    this.suspend();
    this.#channel?.close();
    this.#channel = null;
    this.#userId = null;
    this.#unsaved.clear();
    const closed = new ParleyError({ code: 'STOPPED', detail: 'The message waits in the storage.' });
    for (const { reject } of this.#results.values()) reject(closed);
    this.#results.clear();
    await this.#lastStep;
  }

  /** Forgets all that waits of this person, whether his queue is open or not. */
  async clear(userId: string): Promise<void> {
    const prefix = prefixOf(userId);
    await this.#step(async () => {
      for (const [key] of await this.#storage.list(prefix)) await this.#storage.delete(key);
    });
    this.#tellOthers();
  }

  /** The link is there: what waits is sent. */
  resume(): void {
    this.#isOnline = true;
    for (const one of this.#pauses) one.end();
    for (const chatId of Object.keys(this.#state.outbox)) this.#drain(chatId);
  }

  suspend(): void {
    this.#isOnline = false;
    for (const one of this.#pauses) one.end();
  }

  /** Resolves with the message when it is stored, and rejects when it is refused; nobody has to look. */
  send(chatId: string, draft: Draft): Promise<Message> {
    if (this.#userId === null) return Promise.reject(signedOut());
    const clientId = draft.clientId ?? timeOrderedId();
    const id = idOf({ chatId, clientId });
    const known = findOutgoing(this.#state, clientId, chatId);
    if (known && known.status !== 'refused') return this.#resultOf(id);
    this.#lastOrder = Math.max(Date.now(), this.#lastOrder + 1);
    const { content, replyTo = null, attachments = [] } = draft;
    const fate = { status: 'waiting', rev: null, error: null } as const;
    const { order, createdAt } = known ?? { order: this.#lastOrder, createdAt: new Date().toISOString() };
    this.#put({ clientId, chatId, content, replyTo, attachments, createdAt, order, ...fate });
    return this.#resultOf(id);
  }

  /** Sends a refused message again. */
  retry(clientId: string): Promise<Message> {
    const message = findOutgoing(this.#state, clientId);
    if (!message) return Promise.reject(unknownMessage());
    if (message.status === 'refused') this.#put({ ...message, status: 'waiting', error: null });
    return this.#resultOf(idOf(message));
  }

  /** Takes a message back that is not sent yet. One that is just being sent may arrive all the same. */
  async discard(clientId: string): Promise<void> {
    const message = findOutgoing(this.#state, clientId);
    if (!message) throw unknownMessage();
    this.#replica.update((state) => filterOutbox(state, message.chatId, (other) => other.clientId !== clientId));
    this.#reject(idOf(message), discarded());
    await this.#forget(message, null);
  }

  get #state(): ParleyState {
    return this.#replica.state;
  }

  #resultOf(id: string): Promise<Message> {
    const known = this.#results.get(id);
    if (known) return known.promise;
    const result: Deferred = Promise.withResolvers();
    result.promise.catch(() => undefined); // the outbox shows it as well
    this.#results.set(id, result);
    return result.promise;
  }

  /** Shows a message as it is now, stores it, and sends it if it is its turn. */
  #put(message: OutgoingMessage): void {
    const [id, key] = [idOf(message), this.#keyOf(message)];
    this.#unsaved.add(id);
    this.#show(message);
    void this.#step(() => this.#storage.set(key, message))
      .then(() => void this.#unsaved.delete(id))
      .catch(() => undefined) // it stays in memory, and is sent from there
      .then(() => {
        this.#tellOthers();
        this.#drain(message.chatId);
      });
  }

  #show(message: OutgoingMessage): void {
    this.#replica.update((state) => withOutgoing(state, message));
  }

  /** Out of the storage: it is sent, or taken back. */
  async #forget(message: OutgoingMessage, stored: Message | null): Promise<void> {
    const [id, key] = [idOf(message), this.#keyOf(message)];
    this.#unsaved.delete(id);
    this.#gone.add(id);
    await this.#step(() => this.#storage.delete(key)).catch(() => undefined);
    this.#gone.delete(id);
    this.#tellOthers({ id, stored });
  }

  #step<T>(step: () => Promise<T>): Promise<T> {
    const mine = this.#lastStep.then(step);
    this.#lastStep = mine.catch(() => undefined);
    return mine;
  }

  #drain(chatId: string): void {
    if (!this.#isOnline || this.#draining.has(chatId) || !nextOf(this.#state, chatId)) return;
    this.#draining.add(chatId);
    void withLock(this.#queueName() + chatId, () => this.#sendAll(chatId)).finally(() => {
      this.#draining.delete(chatId);
      this.#drain(chatId); // what came at the last moment
    });
  }

  async #sendAll(chatId: string): Promise<void> {
    await this.#reload(); // another tab may have sent some of it
    for (let failures = 0; this.#isOnline; ) {
      const message = nextOf(this.#state, chatId);
      if (!message) return;
      const error = await this.#send(message);
      failures = error ? failures + 1 : 0;
      if (error && OF_SESSION.has(error.code)) return this.suspend();
      if (error) await this.#pause(error.retryAfterMs ?? backoffMs(failures));
    }
  }

  /** Gives the error after which another try is worth while. */
  async #send(message: OutgoingMessage): Promise<ParleyError | null> {
    const userId = this.#userId;
    const [stored, error] = await this.#deliver(message).then(
      (told) => [told, null] as const,
      (cause) => [null, asParleyError(cause)] as const,
    );
    if (userId !== this.#userId) return null; // closed meanwhile: it is in the storage, and a repeat does no harm
    if (stored) await this.#onStored(message, stored);
    else if (PASSING.has(error.code) || OF_SESSION.has(error.code)) return error;
    else await this.#onRefused(message, error);
    return null;
  }

  async #onStored(message: OutgoingMessage, stored: Message): Promise<void> {
    this.#show({ ...message, status: 'sent', rev: stored.rev });
    this.#replica.acknowledge(stored);
    this.#settle(stored);
    await this.#forget(message, stored);
  }

  async #onRefused(message: OutgoingMessage, error: ParleyError): Promise<void> {
    if (!findOutgoing(this.#state, message.clientId, message.chatId)) return; // it was taken back
    const refused: OutgoingMessage = {
      ...message,
      status: 'refused',
      error: { code: error.code, detail: error.message },
    };
    const key = this.#keyOf(message);
    this.#show(refused);
    this.#reject(idOf(message), error);
    this.#emitter.emit('refused', refused);
    await this.#step(() => this.#storage.set(key, refused)).catch(() => undefined);
    this.#tellOthers();
  }

  async #pause(ms: number): Promise<void> {
    const waiting = pause(ms);
    this.#pauses.add(waiting);
    await waiting.over;
    this.#pauses.delete(waiting);
  }

  /** A line of mine, whoever has sent it: this tab, another one, or this one before it was told. */
  #onCreated(message: Message): void {
    if (message.senderId === this.#userId) this.#settle(message);
  }

  #settle(message: Message): void {
    const id = idOf(message);
    this.#results.get(id)?.resolve(message);
    this.#results.delete(id);
  }

  #reject(id: string, error: ParleyError): void {
    this.#results.get(id)?.reject(error);
    this.#results.delete(id);
  }

  #tellOthers(outcome: Outcome | null = null): void {
    this.#channel?.postMessage(outcome);
  }

  async #onTold(outcome: Outcome | null): Promise<void> {
    if (outcome?.stored) this.#settle(outcome.stored);
    else if (outcome) this.#reject(outcome.id, discarded());
    await this.#reload();
    for (const chatId of Object.keys(this.#state.outbox)) this.#drain(chatId);
  }

  /** Shows what the storage holds, and what it does not hold yet. */
  #reload(): Promise<void> {
    const userId = this.#userId;
    const prefix = prefixOf(userId);
    return this.#step(async () => {
      const entries = await this.#storage.list(prefix).catch(() => null); // what is shown stays while it cannot be read
      if (entries === null || userId === null || userId !== this.#userId) return;
      const stored = entries.map(([, value]) => value as OutgoingMessage);
      const local = { unsaved: this.#unsaved, gone: this.#gone };
      this.#replica.update((state) => withStored(state, stored, local));
      this.#lastOrder = Math.max(this.#lastOrder, ...stored.map(({ order }) => order));
      for (const one of stored) {
        if (one.error && !this.#unsaved.has(idOf(one))) this.#reject(idOf(one), new ParleyError(one.error));
      }
    });
  }

  /** What all tabs of this person share. */
  #queueName(): string {
    return `${this.#storage.name}/${prefixOf(this.#userId)}`;
  }

  #keyOf({ chatId, order, clientId }: OutgoingMessage): string {
    return `${prefixOf(this.#userId)}${chatId}/${String(order).padStart(16, '0')}-${clientId}`;
  }
}

const prefixOf = (userId: string | null): string => `outbox/${userId}/`;

const asParleyError = (cause: unknown): ParleyError =>
  cause instanceof ParleyError ? cause : new ParleyError({ code: 'INTERNAL', detail: String(cause) }, { cause });

const discarded = (): ParleyError => new ParleyError({ code: 'DISCARDED', detail: 'The message was taken back.' });

const unknownMessage = (): ParleyError =>
  new ParleyError({ code: 'MESSAGE_NOT_FOUND', detail: 'No such message is on its way.' });

/** Null where the platform has none: then nobody shares the storage at the same time. */
function openChannel(name: string, onTold: (outcome: Outcome | null) => void): BroadcastChannel | null {
  if (typeof BroadcastChannel !== 'function') return null;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => onTold(data);
  (channel as { unref?: () => void }).unref?.();
  return channel;
}

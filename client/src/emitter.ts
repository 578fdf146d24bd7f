import type { Change, LiveFrame } from './contract.ts';
import type { ParleyError } from './parley-error.ts';
import type { Connection, OutgoingMessage } from './state.ts';

/** What the client answers by itself. */
type Internal = 'ping' | 'pong' | 'token.expiring' | 'going_away' | 'chat.too_long';

/** What can be listened to: the protocol's events, each once and in its chat's order, and what happens to this client. */
export type ParleyEvents = { readonly [E in Change as E['type']]: E } & {
  readonly [E in Exclude<LiveFrame, { readonly type: Internal }> as E['type']]: E;
} & {
  readonly connection: Connection;
  /** Signed out: by `logout`, or by the server, which says why. */
  readonly 'signed-out': ParleyError | null;
  readonly stopped: ParleyError;
  /** A message of mine that the server does not take. It stays in the outbox. */
  readonly refused: OutgoingMessage;
};

type Listener = (event: never) => void;

/** Runs what is not this client's own: if it throws, the error goes where uncaught errors go, and nothing here stops. */
export function isolated(foreign: () => void): void {
  try {
    foreign();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Tells each listener. */
export class Emitter {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #iterations = new Set<() => void>();

  /** Gives the function that ends it. */
  on<K extends keyof ParleyEvents>(type: K, listener: (event: ParleyEvents[K]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<K extends keyof ParleyEvents>(type: K, event: ParleyEvents[K]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      isolated(() => (listener as (event: ParleyEvents[K]) => void)(event));
    }
  }

  /** What comes from now on, until the loop is left or `endIterations` is called. What is not read yet waits. */
  iterate<K extends keyof ParleyEvents>(
    type: K,
    wanted: (event: ParleyEvents[K]) => boolean,
  ): AsyncIterableIterator<ParleyEvents[K]> {
    const waiting: ParleyEvents[K][] = [];
    let ended = false;
    let wake = Promise.withResolvers<void>();
    const off = this.on(type, (event) => {
      if (!wanted(event)) return;
      waiting.push(event);
      wake.resolve();
    });
    const end = () => {
      ended = true;
      off();
      this.#iterations.delete(end);
      wake.resolve();
    };
    this.#iterations.add(end);
    const next = async (): Promise<IteratorResult<ParleyEvents[K]>> => {
      while (waiting.length === 0 && !ended) {
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
      const value = waiting.shift();
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    return {
      next,
      return: async (value) => {
        waiting.length = 0;
        end();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  endIterations(): void {
    for (const end of [...this.#iterations]) end();
  }
}

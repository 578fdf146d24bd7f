import { randomUUID } from 'node:crypto';
import {
  memoryStorage,
  Parley,
  type ParleyOptions,
  type ParleyState,
  type ParleyStorage,
} from '../../../client/src/index.ts';
import { PASSWORD } from '../../support/api-client.ts';

/** Longer than a client that has failed again and again pauses before its next try. */
const PATIENCE_MS = 60_000;

/** The clients of one test file, all of which are closed at its end. */
export class Clients {
  readonly #all: Parley[] = [];
  #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** From now on clients are made for this address. */
  moveTo(url: string): void {
    this.#url = url;
  }

  make(storage: ParleyStorage = memoryStorage(), options: Partial<ParleyOptions> = {}): Parley {
    const parley = new Parley({ url: this.#url, storage, ...options });
    this.#all.push(parley);
    return parley;
  }

  /** Somebody new, connected. */
  async register(storage?: ParleyStorage): Promise<Parley> {
    const username = `user-${randomUUID().slice(0, 8)}`;
    const parley = this.make(storage);
    await parley.auth.register({ username, email: `${username}@example.org`, password: PASSWORD });
    await parley.connect();
    return parley;
  }

  /** Another device of the same person, signed in and connected. */
  async anotherOf(parley: Parley, storage?: ParleyStorage): Promise<Parley> {
    const other = this.make(storage);
    await other.auth.login({ login: parley.store.getState().me?.username ?? '', password: PASSWORD });
    await other.connect();
    return other;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#all.map((parley) => parley.close()));
  }
}

export const idOf = (parley: Parley): string => {
  const { userId } = parley.store.getState();
  if (userId === null) throw new Error('nobody is signed in');
  return userId;
};

/** Waits until this is true of the state. */
export function until(parley: Parley, holds: (state: ParleyState) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (state: ParleyState) => {
      if (!holds(state)) return;
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const unsubscribe = parley.store.subscribe(look);
    const timer = setTimeout(() => {
      unsubscribe();
      reject(new Error(`it never held: ${holds}; the state was ${JSON.stringify(parley.store.getState(), null, 1)}`));
    }, PATIENCE_MS);
    look(parley.store.getState());
  });
}

/** The texts of a chat's window, in its order. */
export const textsIn = (parley: Parley, chatId: string): (string | null)[] =>
  (parley.store.getState().timelines[chatId]?.messages ?? [])
    .filter(({ kind }) => kind === 'text')
    .map(({ content }) => content);

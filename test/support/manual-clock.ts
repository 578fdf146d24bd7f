import type { Clock } from '../../src/application/ports/services.ts';
import { NOON } from './builders.ts';

/** A clock that moves when it is told to. Whoever sleeps wakes when it has moved far enough, the earliest first. */
export class ManualClock implements Clock {
  #now = NOON;
  #elapsed = NOON;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ until: this.#elapsed + ms, wake });
      this.#sleepers.sort((a, b) => a.until - b.until);
    });
  }

  /** Turns the clock, forwards or back, without anybody waking: the system's time was set. */
  set(now: number): void {
    this.#now = now;
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#elapsed += ms;
    const awake = this.#sleepers.filter(({ until }) => until <= this.#elapsed);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#elapsed);
    for (const { wake } of awake) wake();
  }

  /** Resolves once somebody sleeps. */
  async asleep(): Promise<void> {
    while (this.#sleepers.length === 0) await turn();
  }

  /** Lets time pass, from the end of one sleep to that of the next, until this is settled; gives what it gave. */
  async passUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    while (!settled) {
      await turn();
      const [next] = this.#sleepers;
      if (next && !settled) this.advance(Math.max(0, next.until - this.#elapsed));
    }
    return promise;
  }
}

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

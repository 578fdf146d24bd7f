import type { Clock } from './ports/services.ts';

/** A span that begins so late says that the process is behind with its work; of such, so many pass unused in a row at most. */
const LATE_MS = 20;
const UNUSED_MAX = 5;

/** Lets through at most so many in each span of time, in the order in which they came. Who waits, waits for a quiet time as well. */
export class Pace {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #spanMs: number;
  #spanEnd = Number.NEGATIVE_INFINITY;
  #left = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, max: number, spanMs: number) {
    this.#clock = clock;
    this.#max = max;
    this.#spanMs = spanMs;
  }

  /** Resolves when the caller may go on; at once, unless there were too many. */
  async turn(): Promise<void> {
    if (this.#waiting.length === 0 && this.#takeOne()) return;
    await new Promise<void>((resolve) => {
      if (this.#waiting.push(resolve) === 1) void this.#letThrough();
    });
  }

  async #letThrough(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#nextSpan();
      while (this.#waiting.length > 0 && this.#takeOne()) this.#waiting.shift()?.();
    }
  }

  /** The first that begins in time. */
  async #nextSpan(): Promise<void> {
    for (let unused = 0; ; unused += 1) {
      await this.#clock.sleep(this.#spanEnd - this.#clock.elapsed());
      const now = this.#clock.elapsed();
      if (now - this.#spanEnd < LATE_MS || unused === UNUSED_MAX) return;
      this.#spanEnd = now + this.#spanMs;
    }
  }

  #takeOne(): boolean {
    const now = this.#clock.elapsed();
    if (now >= this.#spanEnd) {
      this.#spanEnd = now + this.#spanMs;
      this.#left = this.#max;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}

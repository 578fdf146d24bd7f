import type { Clock } from './ports/services.ts';

/** While more come than may pass, so many spans in a row at most pass unused. */
const UNUSED_MAX = 5;

/**
 * Lets through at most so many in each span of time, in the order in which they came. Beyond the first of a crowd it lets
 * nobody through until the rest of it has come.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #spanMs: number;
  #spanEnd = Number.NEGATIVE_INFINITY;
  #left = 0;
  /** How many came in this span. */
  #came = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, max: number, spanMs: number) {
    this.#clock = clock;
    this.#max = max;
    this.#spanMs = spanMs;
  }

  /** Resolves when the caller may go on; at once, unless there were too many. */
  async turn(): Promise<void> {
    const isLetThrough = this.#waiting.length === 0 && this.#takeOne();
    this.#came += 1;
    if (isLetThrough) return;
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

  /** Waits until one begins after which no crowd came. */
  async #nextSpan(): Promise<void> {
    for (let unused = 0; ; unused += 1) {
      await this.#clock.sleep(this.#spanEnd - this.#clock.elapsed());
      if (this.#came <= this.#max || unused === UNUSED_MAX) return;
      this.#beginSpan();
    }
  }

  #takeOne(): boolean {
    if (this.#clock.elapsed() >= this.#spanEnd) {
      this.#beginSpan();
      this.#left = this.#max;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  #beginSpan(): void {
    this.#spanEnd = this.#clock.elapsed() + this.#spanMs;
    this.#came = 0;
  }
}

import { setImmediate } from 'node:timers/promises';
import type { Interceptor } from './mongo-interceptor.ts';

interface Waiting {
  readonly actor: string;
  readonly label: string;
  readonly take: () => Promise<void>;
}

/**
 * Lets several actors go on one step at a time, in an order that the test chooses: a step is one command to the database, or
 * the end of one pause. So the same choices give the same run.
 */
export class Steps {
  readonly #dead = new Set<string>();
  #waiting: Waiting[] = [];
  /** What was done, in order: to read when a run has gone wrong. */
  readonly trace: string[] = [];

  /** Resolves with what the step gives, once it has been chosen. */
  step<T>(actor: string, label: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (): Promise<void> => work().then(resolve, reject);
      this.#waiting.push({ actor, label, take });
    });
  }

  /** The commands of this actor, each a step. */
  readonly interceptor =
    (actor: string): Interceptor =>
    ({ collection, method }, proceed) =>
      this.step(actor, `${method} ${collection}`, proceed);

  /** From now on this actor takes no step: its process has died. */
  kill(actor: string): void {
    this.#dead.add(actor);
    this.trace.push(`${actor} dies`);
  }

  /**
   * Takes steps until nobody has any left to take. `choose` picks one of those who wait, by its place among these actors;
   * `taken` looks at what each step led to.
   */
  async run(
    choose: (actors: readonly string[]) => number,
    taken: (stepsTaken: number) => Promise<void>,
  ): Promise<void> {
    for (let count = 0; ; count += 1) {
      await quiet();
      await taken(count);
      this.#waiting = this.#waiting.filter(({ actor }) => !this.#dead.has(actor));
      if (this.#waiting.length === 0) return;
      const [next] = this.#waiting.splice(choose(this.#waiting.map(({ actor }) => actor)), 1);
      if (!next) throw new Error('nobody was chosen');
      this.trace.push(`${next.actor}: ${next.label}`);
      await next.take();
    }
  }
}

/** Long enough for all that an answer sets off inside the process; only steps may take longer. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 6; turns += 1) await setImmediate();
}

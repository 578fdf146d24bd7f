import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../src/infrastructure/system.ts';

/** The system's clock; who sleeps by it keeps no process alive. */
export class UnrefClock extends SystemClock {
  override async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false });
  }
}

/** The same, with more time gone by than has, and set as an operator may set it. */
export class ShiftedClock extends UnrefClock {
  /** So much more has gone by. */
  shiftMs = 0;
  /** By so much it was set. */
  setMs = 0;
  override now = () => super.now() + this.shiftMs + this.setMs;
  override elapsed = () => super.elapsed() + this.shiftMs;
}

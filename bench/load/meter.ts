import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** When and on whom a load looks. */
export interface Window {
  readonly port: number;
  /** The server's process, whose CPU time is read. */
  readonly pid: number;
  /** Another process whose CPU time is read. */
  readonly otherPid?: number;
  readonly warmUpMs: number;
  readonly ms: number;
}

/** What a window saw. */
export interface LoadResult {
  /** Acks or answers a second. */
  readonly perSecond: number;
  readonly deliveriesPerSecond: number;
  /** From the send, or the moment it was due, to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of a core that the server took, and the load. NaN where the system does not tell. */
  readonly serverCpu: number;
  readonly loadCpu: number;
  /** That of the other process, where there is one. */
  readonly otherCpu: number;
  /** The server's CPU time per answer. */
  readonly cpuUsPerAnswer: number;
}

const CLOCK_TICK_MS = 10; // USER_HZ of proc(5)
const DRAIN_MS = 60_000;
const POLL_MS = 5;

/** Counts what comes back: all of it, and with times while the window is open. */
export class Meter {
  /** Whether the load goes on sending. */
  running = true;
  sent = 0;
  answered = 0;
  delivered = 0;
  #isOpen = false;
  #latencies: number[] = [];
  #deliveries = 0;
  #failure: Error | null = null;

  answer(sentAt: number): void {
    this.answered += 1;
    if (this.#isOpen) this.#latencies.push(performance.now() - sentAt);
  }

  deliver(): void {
    this.delivered += 1;
    if (this.#isOpen) this.#deliveries += 1;
  }

  /** Something that makes the numbers worthless. */
  fail(reason: string): void {
    this.running = false;
    this.#failure ??= new Error(reason);
  }

  /** Lets the warm-up pass and measures; the load stops with the window. @throws Error what `fail` was told */
  async measure({ pid, otherPid, warmUpMs, ms }: Window): Promise<LoadResult> {
    await this.#wait(warmUpMs);
    const [openedAt, ownCpu, serverCpu, otherCpu] = [
      ...([performance.now(), process.cpuUsage()] as const),
      ...([cpuMs(pid), cpuMs(otherPid)] as const),
    ];
    this.#isOpen = true;
    await this.#wait(ms);
    this.#isOpen = false;
    this.running = false;
    const lasted = performance.now() - openedAt;
    const own = process.cpuUsage(ownCpu);
    const serverMs = cpuMs(pid) - serverCpu;
    const otherMs = cpuMs(otherPid) - otherCpu;
    const sorted = Float64Array.from(this.#latencies).sort();
    const percentile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return {
      perSecond: (sorted.length * 1000) / lasted,
      deliveriesPerSecond: (this.#deliveries * 1000) / lasted,
      ...{ p50Ms: percentile(0.5), p99Ms: percentile(0.99) },
      ...{ serverCpu: serverMs / lasted, loadCpu: (own.user + own.system) / 1000 / lasted },
      otherCpu: otherMs / lasted,
      cpuUsPerAnswer: (serverMs * 1000) / sorted.length,
    };
  }

  /** Waits for what is still under way. @throws Error when it does not come, or with what `fail` was told */
  async drain(isDone: () => boolean): Promise<void> {
    for (const deadline = performance.now() + DRAIN_MS; !isDone(); await this.#wait(POLL_MS)) {
      if (performance.now() > deadline)
        throw new Error(`gave up waiting: sent ${this.sent}, answered ${this.answered}, delivered ${this.delivered}`);
    }
  }

  async #wait(ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      if (this.#failure) throw this.#failure;
      await sleep(Math.max(0, Math.min(100, end - performance.now())));
    }
  }
}

/** User and system time of a process. NaN where there is no proc(5). */
export function cpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
  } catch {
    return Number.NaN;
  }
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess } from '../support/server-process.ts';

const METRICS_TOKEN = 'the token of the soak';
const COLLECTING_MS = 200;
const MB = 1_000_000;
/** Caches fill up meanwhile. */
const WARM_UP_SHARE = 0.3;
/** People whose links were lost come back to the next node. Once all have gone, none may be left. */
const WANDERING = 15;

/** Something that must not grow: how it is called, how it is found among the metrics, and how much of a growth is chance. */
interface Quantity {
  readonly name: string;
  readonly series?: string;
  readonly unit?: number;
  readonly chance: number;
}

const QUANTITIES = [
  { name: 'heap after GC, MB', series: 'nodejs_heap_size_used_bytes', unit: MB, chance: 5 },
  { name: 'resident memory, MB', series: 'process_resident_memory_bytes', unit: MB, chance: 60 },
  { name: 'descriptors', series: 'process_open_fds', chance: 10 + WANDERING },
  { name: 'sockets', series: 'parley_sockets', chance: WANDERING },
  { name: 'people connected', series: 'parley_connected_users', chance: WANDERING },
  { name: 'chats followed', series: 'parley_followed_chats', chance: 5 },
  { name: 'chats being written', series: 'parley_busy_chats', chance: 5 },
  { name: 'files beside uploads', chance: 5 },
  { name: 'write-ahead log, MB', unit: MB, chance: 5 },
] as const satisfies readonly Quantity[];

type Name = (typeof QUANTITIES)[number]['name'];
type Sample = Partial<Record<Name, number>>;

/** How one quantity went, once the caches had filled up. */
export interface Trend {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** By the line of least squares. */
  readonly perHour: number;
  readonly isFlat: boolean;
}

/** A process of the program whose memory, descriptors, maps and files are looked at from time to time. */
export class WatchedNode {
  readonly #process: ServerProcess;
  readonly #folder: string | undefined;
  readonly #samples: { readonly at: number; readonly sample: Sample }[] = [];

  private constructor(process: ServerProcess, folder: string | undefined) {
    this.#process = process;
    this.#folder = folder;
  }

  static async start(env: NodeJS.ProcessEnv): Promise<WatchedNode> {
    const collecting = new URL('collecting.ts', import.meta.url);
    const watched = { PARLEY_METRICS_TOKEN: METRICS_TOKEN, NODE_OPTIONS: `--expose-gc --import=${collecting}` };
    return new WatchedNode(await ServerProcess.start({ ...watched, ...env }), env.PARLEY_DATA_DIR);
  }

  get url(): string {
    return this.#process.url;
  }

  /** Keeps how it is now, for the trends. */
  async note(uploads: number): Promise<void> {
    this.#samples.push({ at: performance.now(), sample: await this.look(uploads) });
  }

  /** @param uploads how many files have been uploaded, to whatever node */
  async look(uploads: number): Promise<Sample> {
    process.kill(this.#process.pid, 'SIGUSR2');
    await sleep(COLLECTING_MS);
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const text = await (await fetch(`${this.url}/metrics`, { headers })).text();
    const sample: Sample = {};
    for (const quantity of QUANTITIES) {
      if (!('series' in quantity)) continue;
      const value = new RegExp(`^${quantity.series} (\\S+)$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`/metrics has no ${quantity.series}`);
      sample[quantity.name] = Number(value) / ('unit' in quantity ? quantity.unit : 1);
    }
    if (this.#folder !== undefined) {
      const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
      sample['files beside uploads'] = entries.filter((entry) => entry.isFile()).length - uploads;
      const log = await stat(join(this.#folder, 'parley.db-wal')).catch(() => null);
      sample['write-ahead log, MB'] = (log?.size ?? 0) / MB;
    }
    return sample;
  }

  trends(): Trend[] {
    const kept = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP_SHARE));
    return QUANTITIES.flatMap(({ name, chance }) => {
      const points = kept.flatMap(({ at, sample }) => (name in sample ? [[at, sample[name] ?? 0] as const] : []));
      const [first, last] = [points[0], points.at(-1)];
      if (!first || !last) return [];
      const perMs = slope(points);
      const isFlat = perMs * (last[0] - first[0]) <= chance;
      return { name, first: first[1], last: last[1], perHour: perMs * 3_600_000, isFlat };
    });
  }

  /** What it has logged as its own failures. */
  get errors(): readonly string[] {
    return this.#process.lines.filter((line) => /"level":"(error|fatal)"/.test(line));
  }

  stop(signal: NodeJS.Signals): Promise<{ code: number | null }> {
    return this.#process.kill(signal);
  }
}

/** Of the line of least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = mean(([x]) => (x - mx) ** 2);
  return spread === 0 ? 0 : mean(([x, y]) => (x - mx) * (y - my)) / spread;
}

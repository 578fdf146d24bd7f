import { type Credentials, DIALECTS, type Dialect } from './dialect.ts';
import { LeanSocket, maskedFrames } from './lean-socket.ts';

/** Many sockets come at once, say who they are, and stay until the next plan. */
export interface ArrivalPlan {
  readonly kind: 'arrive';
  readonly port: number;
  readonly dialect: keyof typeof DIALECTS;
  readonly clients: readonly Client[];
  /** How many may be connecting at once. */
  readonly atOnce: number;
  /** Each chat's `rev` that whoever is in it must have in the end. */
  readonly heads?: Readonly<Record<string, number>>;
}

export interface Client {
  readonly token: string;
  readonly resume?: { readonly epoch: string; readonly chats: Readonly<Record<string, Known>> };
}

interface Known {
  readonly rev: number;
  readonly readSeq: number;
}

export interface Arrival {
  /** Until everybody was there and had what was missed. */
  readonly ms: number;
  /** Of one of them, from the first packet on. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly events: number;
}

const BUFFER_BYTES = 32 * 1024;
/** Whoever sends has read; his mark is told him too. */
const MARK = '{"type":"chat.read"';
const LATE_MS = 120_000;

let present: Arriving[] = [];

/** Those who came last leave. @throws Error if one of them was sent away before */
export function leave(): void {
  const gone = present.find(({ ended }) => ended !== null);
  dismiss();
  if (gone) throw new Error(`a socket did not stay: ${gone.ended}`);
}

function dismiss(): void {
  for (const socket of present) socket.close();
  present = [];
}

/** @throws Error when somebody is refused or late, or is told something twice, out of order or not at all */
export async function runArrival({ port, dialect, clients, atOnce, heads = {} }: ArrivalPlan): Promise<Arrival> {
  dismiss();
  const began = performance.now();
  const waiting = [...clients];
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${left} of ${clients.length} are not there`)), LATE_MS);
    let left = clients.length;
    const next = (): void => {
      const client = waiting.pop();
      if (client) present.push(new Arriving(port, DIALECTS[dialect], client, { onThere, onFailure: reject }));
    };
    const onThere = (): void => {
      left -= 1;
      next();
      if (left > 0) return;
      clearTimeout(late);
      resolve();
    };
    for (let i = 0; i < atOnce; i += 1) next();
  });
  const ms = performance.now() - began;
  for (const socket of present) socket.compare(heads);
  const times = present.map((socket) => socket.ms).sort((a, b) => a - b);
  const percentile = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  const events = present.reduce((sum, socket) => sum + socket.events, 0);
  return { ms, p50Ms: percentile(0.5), p99Ms: percentile(0.99), events };
}

class Arriving {
  events = 0;
  ms = Number.NaN;
  ended: string | null = null;
  readonly #began = performance.now();
  readonly #dialect: Dialect;
  readonly #client: Client;
  readonly #on: { onThere(): void; onFailure(error: Error): void };
  readonly #socket: LeanSocket;
  readonly #revs: Map<string, number>;
  #told = 0;
  /** How many events are to come after `ready`; null before it. */
  #replayed: number | null = null;

  constructor(port: number, dialect: Dialect, client: Client, on: { onThere(): void; onFailure(error: Error): void }) {
    this.#dialect = dialect;
    this.#client = client;
    this.#on = on;
    this.#revs = new Map(Object.entries(client.resume?.chats ?? {}).map(([chatId, { rev }]) => [chatId, rev]));
    const listener = {
      onFrame: (bytes: Buffer, start: number, end: number) => this.#onText(bytes.toString('utf8', start, end)),
      onPause: () => {},
      onEnd: (reason: string) => this.#onEnd(reason),
    };
    this.#socket = new LeanSocket(port, dialect.path, listener, BUFFER_BYTES);
  }

  close(): void {
    this.#socket.close();
  }

  /** @throws Error where something is missing */
  compare(heads: Readonly<Record<string, number>>): void {
    for (const [chatId, rev] of this.#revs) {
      if (heads[chatId] !== rev) throw new Error(`chat ${chatId} is at ${heads[chatId]}, and somebody is at ${rev}`);
    }
  }

  #onText(text: string): void {
    if (text.startsWith(this.#dialect.event)) this.#apply(JSON.parse(text) as { chatId: string; rev: number });
    if (text.startsWith(this.#dialect.event) || text.startsWith(MARK)) {
      this.#told += 1;
      this.#lookAround();
      return;
    }
    const { text: answer, isReady } = this.#dialect.answer(text, this.#client satisfies Credentials);
    if (answer !== undefined) this.#socket.write(maskedFrames([answer]));
    if (!isReady) return;
    this.#replayed = this.#client.resume ? (JSON.parse(text) as { replayed: number }).replayed : 0;
    this.#lookAround();
  }

  #apply({ chatId, rev }: { chatId: string; rev: number }): void {
    const before = this.#revs.get(chatId) ?? 0;
    if (rev !== before + 1) this.#on.onFailure(new Error(`chat ${chatId}: ${rev} came after ${before}`));
    this.#revs.set(chatId, rev);
    this.events += 1;
  }

  #lookAround(): void {
    if (this.#told !== this.#replayed) return;
    this.ms = performance.now() - this.#began;
    this.#on.onThere();
  }

  #onEnd(reason: string): void {
    this.ended ??= reason;
    if (Number.isNaN(this.ms)) this.#on.onFailure(new Error(`a socket that came: ${reason}`));
  }
}

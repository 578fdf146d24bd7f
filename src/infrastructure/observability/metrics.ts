import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Store } from '../../application/ports/persistence.ts';
import type { EventBus } from '../../application/ports/realtime.ts';
import { watchStore } from './watched-store.ts';

/** In seconds. */
const TIMES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** What this node is busy with at the moment of asking. */
export interface Figures {
  readonly sockets: number;
  readonly queuedBytes: number;
  readonly users: number;
  readonly followedChats: number;
  readonly busyChats: number;
}

/**
 * What a process does, as Prometheus reads it. Labels are patterns of routes, types of commands and names of methods, all of
 * this program's own choice: never an id, an address or a text of a caller's.
 */
export class Metrics {
  readonly token: string;
  readonly #registry = new Registry();
  readonly #requests = this.#counter('http_requests_total', 'Requests answered.', ['method', 'route', 'status']);
  readonly #requestTimes = this.#histogram('http_request_duration_seconds', 'Until the whole answer was sent.', {
    labelNames: ['method', 'route'],
  });
  readonly #commands = this.#counter(
    'socket_commands_total',
    'Commands answered; the code is ack or that of the error.',
    ['type', 'code'],
  );
  readonly #commandTimes = this.#histogram('socket_command_duration_seconds', 'Until a command was answered.', {
    labelNames: ['type'],
  });
  readonly #closes = this.#counter('socket_closes_total', 'WebSockets that ended, by close code.', ['code']);
  readonly #appends = this.#counter('appends_total', 'Commits that were given to the store.', ['outcome']);
  readonly #batches = this.#histogram('append_batch_commits', 'Commits that went to the store in one call.', {
    buckets: SIZES,
  });
  readonly #changes = this.#histogram('append_commit_changes', 'Changes in one commit.', { buckets: SIZES });
  readonly #storeTimes = this.#histogram('store_duration_seconds', 'Until the database answered.', {
    labelNames: ['operation'],
  });
  readonly #storeErrors = this.#counter('store_errors_total', 'Calls that the database failed.', ['operation']);
  readonly #events = this.#counter('bus_events_total', 'Events that this node heard of.', ['type']);
  readonly #lag = this.#histogram('bus_lag_seconds', 'From the decision of a change until this node heard of it.');

  /** @param token what a reader must know */
  constructor(token: string) {
    this.token = token;
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** @param of `route` is its pattern; undefined where there is nothing at the address */
  request(of: { method: string; route: string | undefined; status: number; ms: number }): void {
    const { method, route = 'none', status, ms } = of;
    this.#requests.inc({ method, route, status });
    this.#requestTimes.observe({ method, route }, ms / 1000);
  }

  command({ type, code, ms }: { type: string; code: string; ms: number }): void {
    this.#commands.inc({ type, code });
    this.#commandTimes.observe({ type }, ms / 1000);
  }

  socketClosed(code: number | 'other'): void {
    this.#closes.inc({ code });
  }

  watch(figures: () => Figures): void {
    this.#gauge('sockets', 'Open WebSockets.', () => figures().sockets);
    this.#gauge('socket_queue_bytes', 'Bytes that wait for slow readers.', () => figures().queuedBytes);
    this.#gauge('connected_users', 'People with an open WebSocket.', () => figures().users);
    this.#gauge('followed_chats', 'Chats whose events go to a WebSocket.', () => figures().followedChats);
    this.#gauge('busy_chats', 'Chats with a change under way.', () => figures().busyChats);
  }

  watchBus(bus: EventBus): void {
    bus.subscribe((event) => {
      this.#events.inc({ type: event.type });
      if (event.type === 'commit') this.#lag.observe(Math.max(0, Date.now() - event.commit.at) / 1000);
    });
  }

  /** The same store; what it is asked for is counted and timed. */
  watchStore(store: Store): Store {
    return watchStore(store, {
      answered: (operation, ms, failed) => {
        this.#storeTimes.observe({ operation }, ms / 1000);
        if (failed) this.#storeErrors.inc({ operation });
      },
      appending: (commits) => {
        this.#batches.observe(commits.length);
        for (const { changes } of commits) this.#changes.observe(changes.length);
        return (_, outcome) => this.#appends.inc({ outcome });
      },
    });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `parley_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram<T extends string>(
    name: string,
    help: string,
    { labelNames = [], buckets = TIMES }: { labelNames?: readonly T[]; buckets?: number[] } = {},
  ): Histogram<T> {
    return new Histogram({ name: `parley_${name}`, help, labelNames, buckets, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, value: () => number): void {
    const collect = function (this: Gauge) {
      this.set(value());
    };
    new Gauge({ name: `parley_${name}`, help, collect, registers: [this.#registry] });
  }
}

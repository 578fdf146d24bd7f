import type { SyncResult } from './contract.ts';
import type { Emitter } from './emitter.ts';
import type { Http } from './http.ts';
import { ParleyError } from './parley-error.ts';
import type { Replica } from './replica.ts';
import type { Beginning } from './resume-point.ts';
import { Socket } from './socket.ts';
import type { Connection as Status } from './state.ts';
import { backoffMs, type Pause, pause } from './time.ts';
import { signedOut, type Tokens } from './tokens.ts';

const OFFLINE_AFTER_MS = 5_000;
/** A link that has held for so long counts as good: the next loss begins with short pauses again. */
const GOOD_AFTER_MS = 30_000;
const TICK_MS = 5_000;
/** A tick that comes so late tells that the machine has slept. */
const SLEPT_MS = 15_000;
const PROBE_MS = 3_000;
/** So many sockets that end before a word: something on the way cuts them, and the long poll takes over for a while. */
const CUT_SOCKETS = 3;
const POLLING_MS = 60_000;
const POLL_WAIT_S = 25;
const POLL_PATIENCE_MS = 15_000;

const TOKEN_EXPIRED = 4010;
const REVOKED = 4401;
const SUSPENDED = 4403;
const isFinal = (code: number): boolean => code >= 4400 && code < 4500;

export interface ConnectionEvents {
  /** The link is there, and the chats are. */
  onOnline(userId: string): void;
  onLost(): void;
  /** The server wants no more of this session, and there is no way to another token. */
  onSignedOut(why: ParleyError): void;
}

/** Keeps the link: opens it again whenever it is lost, by socket or by long poll, until it is stopped or the server says stop. */
export class Connection {
  readonly #http: Http;
  readonly #tokens: Tokens;
  readonly #replica: Replica;
  readonly #emitter: Emitter;
  readonly #events: ConnectionEvents;
  #run: { isOver: boolean; readonly started: PromiseWithResolvers<void> } | null = null;
  #socket: Socket | null = null;
  #isReady = false;
  #pause: Pause | null = null;
  #poll: AbortController | null = null;
  #offlineTimer: ReturnType<typeof setTimeout> | undefined;
  #onlineSince = 0;
  /** When the server wants this client back, which has said that it stops. */
  #awayMs: number | null = null;
  #failures = 0;
  #cutSockets = 0;
  #refusals = 0;

  constructor(http: Http, tokens: Tokens, replica: Replica, emitter: Emitter, events: ConnectionEvents) {
    this.#http = http;
    this.#tokens = tokens;
    this.#replica = replica;
    this.#emitter = emitter;
    this.#events = events;
  }

  /** Resolves when the link is there for the first time; rejects when it is stopped before. */
  start(): Promise<void> {
    if (this.#run) return this.#run.started.promise;
    const run = { isOver: false, started: Promise.withResolvers<void>() };
    run.started.promise.catch(() => undefined);
    this.#run = run;
    this.#failures = 0;
    this.#cutSockets = 0;
    this.#refusals = 0;
    this.#replica.update((state) => ({ ...state, stopped: null }));
    const stopWatching = watchSurroundings(
      () => this.wake(),
      () => this.#socket?.tick(),
    );
    void this.#keep(run).finally(stopWatching);
    return run.started.promise;
  }

  stop(why: ParleyError = closed()): void {
    const run = this.#run;
    if (!run) return;
    run.isOver = true;
    this.#run = null;
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = undefined;
    if (this.#replica.state.connection === 'online') this.#events.onLost();
    this.#setStatus('idle');
    this.#pause?.end();
    this.#poll?.abort();
    this.#socket?.drop();
    this.#replica.forgetTyping();
    run.started.reject(why);
  }

  /** Something tells that the link may be back, or gone: looks at once, and soon again, whatever failed before. */
  wake(): void {
    this.#failures = 0;
    this.#pause?.end();
    this.#poll?.abort();
    this.#socket?.probe(PROBE_MS);
  }

  /** What was read does not fit together: begins anew. */
  remake(): void {
    this.#socket?.drop();
  }

  /** Sends a command, if there is a socket; `otherwise` is what is done where there is none. */
  command<T>(type: string, fields: object, otherwise: () => Promise<T>): Promise<T> {
    return this.#isReady && this.#socket ? this.#socket.command<T>(type, fields) : otherwise();
  }

  async #keep(run: { isOver: boolean }): Promise<void> {
    this.#setStatus('connecting');
    this.#offlineSoon();
    while (!run.isOver) {
      try {
        await this.#oneLink(run);
      } catch (error) {
        if (run.isOver) return;
        if (error instanceof ParleyError && error.code === 'SIGNED_OUT') return this.#events.onSignedOut(error);
      }
      if (run.isOver) return;
      if (this.#cutSockets >= CUT_SOCKETS && (await this.#pollForAWhile(run))) continue;
      this.#lost();
      this.#pause = pause(this.#awayMs ?? backoffMs(this.#failures));
      if (this.#awayMs === null) this.#failures += 1;
      this.#awayMs = null;
      await this.#pause.over;
      this.#pause = null;
    }
  }

  /** From the opening of a socket to its end. */
  async #oneLink(run: { isOver: boolean }): Promise<void> {
    let token = await this.#tokens.current();
    if (run.isOver) return;
    const socket = new Socket(
      this.#http.socketUrl,
      { token, resume: this.#replica.resumePoint() },
      {
        onReady: (ready) => {
          this.#replica.begin(ready);
          void this.#complete(socket, ready);
        },
        onEvent: (event) => {
          if (event.type === 'token.expiring') {
            void this.#renew(socket, token).then((fresh) => {
              token = fresh;
            });
          } else if (event.type === 'going_away') this.#onGoingAway(event.data.retryAfterMs);
          else this.#replica.receive(event);
        },
      },
    );
    this.#socket = socket;
    const code = await socket.closed;
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#isReady = false;
    this.#cutSockets = socket.hasHeard ? 0 : this.#cutSockets + 1;
    if (!run.isOver) await this.#onClosed(code, token);
  }

  /** It answers what it has, and reads no more. */
  #onGoingAway(retryAfterMs: number): void {
    this.#awayMs = retryAfterMs;
    this.#isReady = false;
    this.#lost();
  }

  async #complete(socket: Socket, ready: Beginning): Promise<void> {
    try {
      await this.#replica.complete(ready);
    } catch {
      return socket.drop();
    }
    if (this.#socket !== socket) return;
    this.#isReady = true;
    this.#refusals = 0;
    this.#online(ready.userId);
  }

  /** A newer token for the open socket. Where there is none, the server closes it in time, and the next one begins with another. */
  async #renew(socket: Socket, old: string): Promise<string> {
    try {
      const token = await this.#tokens.renew(old);
      await socket.command('auth.refresh', { token });
      return token;
    } catch {
      return old;
    }
  }

  async #onClosed(code: number, token: string): Promise<void> {
    if (code === TOKEN_EXPIRED) return void (await this.#tokens.renew(token));
    if (!isFinal(code)) return;
    // The token may be at fault and not the session: a new one tells.
    if (code === REVOKED && this.#refusals === 0) {
      this.#refusals += 1;
      return void (await this.#tokens.renew(token));
    }
    if (code === REVOKED) return this.#events.onSignedOut(signedOut());
    const detail = `The server ended the connection for good, with ${code}.`;
    const why = new ParleyError({ code: code === SUSPENDED ? 'ACCOUNT_SUSPENDED' : 'STOPPED', status: code, detail });
    this.stop(why);
    this.#replica.update((state) => ({ ...state, stopped: why }));
    this.#emitter.emit('stopped', why);
  }

  /** The long poll, until it is time to try a socket again. Tells whether it worked for so long, or was not let to. */
  async #pollForAWhile(run: { isOver: boolean }): Promise<boolean> {
    const until = Date.now() + POLLING_MS;
    const poll = new AbortController();
    this.#poll = poll;
    try {
      await this.#pollOnce(0, poll.signal);
      while (!run.isOver && Date.now() < until) await this.#pollOnce(POLL_WAIT_S, poll.signal);
      return true;
    } catch {
      return poll.signal.aborted;
    } finally {
      this.#poll = null;
    }
  }

  async #pollOnce(wait: number, signal: AbortSignal): Promise<void> {
    const point = this.#replica.resumePoint();
    const timeoutMs = wait * 1_000 + POLL_PATIENCE_MS;
    const options = { body: { ...point, wait }, timeoutMs, signal };
    const { epoch, me, events } = await this.#http.request<SyncResult>('POST', 'sync', options);
    if (point?.epoch === epoch) for (const event of events) this.#replica.receive(event);
    else {
      const userId = this.#replica.state.userId ?? (await this.#replica.readMe()).id;
      const beginning = { userId, me, epoch, resumed: false };
      this.#replica.begin(beginning);
      await this.#replica.complete(beginning);
    }
    this.#replica.flush();
    await this.#replica.settled();
    const { userId, connection } = this.#replica.state;
    if (connection !== 'online' && userId !== null) this.#online(userId);
  }

  #online(userId: string): void {
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = undefined;
    this.#onlineSince = Date.now();
    this.#setStatus('online');
    this.#events.onOnline(userId);
    this.#run?.started.resolve();
  }

  #lost(): void {
    if (this.#replica.state.connection !== 'online') return;
    if (Date.now() - this.#onlineSince >= GOOD_AFTER_MS) this.#failures = 0;
    this.#setStatus('connecting');
    this.#offlineSoon();
    this.#events.onLost();
  }

  #offlineSoon(): void {
    this.#offlineTimer ??= setTimeout(() => this.#setStatus('offline'), OFFLINE_AFTER_MS);
  }

  #setStatus(connection: Status): void {
    if (this.#replica.state.connection === connection) return;
    this.#replica.update((state) => ({ ...state, connection }));
    this.#emitter.emit('connection', connection);
  }
}

export const closed = (): ParleyError => new ParleyError({ code: 'STOPPED', detail: 'This client was closed.' });

/** Calls `onWake` when the network returns, the page is looked at or the machine has slept, and `onTick` every few seconds. */
function watchSurroundings(onWake: () => void, onTick: () => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const slept = Date.now() - last > SLEPT_MS;
    last = Date.now();
    slept ? onWake() : onTick();
  }, TICK_MS);
  const targets: readonly [EventTarget | undefined, readonly string[]][] = [
    [globalThis.window, ['online', 'offline', 'pageshow', 'focus']],
    [globalThis.document, ['visibilitychange']],
  ];
  for (const [target, types] of targets) for (const type of types) target?.addEventListener(type, onWake);
  return () => {
    clearInterval(timer);
    for (const [target, types] of targets) for (const type of types) target?.removeEventListener(type, onWake);
  };
}

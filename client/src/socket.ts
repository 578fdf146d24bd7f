import type { ErrorFrame, ReadyFrame } from './contract.ts';
import { ParleyError } from './parley-error.ts';
import type { ServerEvent } from './replica.ts';
import type { ResumePoint } from './resume-point.ts';

const HANDSHAKE_MS = 10_000;
const COMMAND_MS = 10_000;
/** The protocol's bound for the first frame, with room for the rest of it. */
const RESUME_MAX_LENGTH = 250_000;
/** RFC 6455 7.4.1: there was no closing handshake. */
const LOST = 1006;

interface Waiting {
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(answer: unknown): void;
  reject(error: ParleyError): void;
}

/** What the first frame says. */
interface Introduction {
  readonly token: string;
  readonly resume: ResumePoint | null;
}

interface Handlers {
  onReady(ready: ReadyFrame): void;
  onEvent(event: ServerEvent): void;
}

/** One WebSocket, from its opening to its end. */
export class Socket {
  /** The close code; never rejects. */
  readonly closed: Promise<number>;
  /** Whether the server has said anything: if not, something on the way may cut WebSockets. */
  hasHeard = false;
  readonly #webSocket: WebSocket;
  readonly #handlers: Handlers;
  readonly #waiting = new Map<string, Waiting>();
  readonly #handshake: ReturnType<typeof setTimeout>;
  #end: (code: number) => void = () => {};
  #isReady = false;
  #lastHeard = Date.now();
  /** Since the last probe. */
  #hasHeardSince = false;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #silenceMs = Number.POSITIVE_INFINITY;
  #commands = 0;

  constructor(url: string, first: Introduction, handlers: Handlers) {
    this.#handlers = handlers;
    this.#webSocket = new WebSocket(url);
    this.#handshake = setTimeout(() => this.drop(), HANDSHAKE_MS);
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#webSocket.onmessage = ({ data }) => this.#onText(String(data), first);
    this.#webSocket.onclose = ({ code }) => this.#onClose(code);
    this.#webSocket.onerror = () => undefined; // `close` follows
  }

  /** The ack. Rejects with what the server refuses, or with NETWORK or TIMEOUT when there is no answer: it may be done all the same. */
  command<T>(type: string, fields: object): Promise<T> {
    this.#commands += 1;
    const id = String(this.#commands);
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id)?.reject(new ParleyError({ code: 'TIMEOUT', detail: 'The server did not answer in time.' }));
        this.drop();
      }, COMMAND_MS);
      this.#waiting.set(id, { timer, resolve: resolve as (answer: unknown) => void, reject });
      this.#send({ type, id, ...fields });
    });
  }

  /** Drops the link unless something is heard in this time. */
  probe(ms: number): void {
    if (this.#probe !== undefined || !this.hasHeard) return;
    this.#hasHeardSince = false;
    this.#send({ type: 'ping' });
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      if (!this.#hasHeardSince) this.drop();
    }, ms);
  }

  /** To be called every few seconds: a server that has been silent for longer than its heartbeat is asked. */
  tick(): void {
    if (Date.now() - this.#lastHeard > this.#silenceMs) this.probe(HANDSHAKE_MS);
  }

  /** Gives the link up without waiting for the other side. */
  drop(): void {
    this.#onClose(LOST);
  }

  #send(frame: object): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.send(JSON.stringify(frame));
  }

  #onText(text: string, first: Introduction): void {
    this.#lastHeard = Date.now();
    this.hasHeard = true;
    this.#hasHeardSince = true;
    const frame = JSON.parse(text);
    switch (frame.type) {
      case 'hello':
        this.#silenceMs = frame.heartbeatMs + 5_000;
        this.#send(authFrame(first));
        break;
      case 'ready':
        clearTimeout(this.#handshake);
        this.#isReady = true;
        this.#handlers.onReady(frame);
        break;
      case 'ping':
        this.#send({ type: 'pong' });
        break;
      case 'pong':
        break;
      case 'ack':
        this.#settle(frame.id)?.resolve(frame);
        break;
      case 'error':
        if (this.#isReady) this.#settle(frame.id)?.reject(errorOf(frame));
        // What is here is more than the server takes: it is read anew. After any other refusal the server closes.
        else if (frame.code === 'VALIDATION_FAILED') this.#send(authFrame({ ...first, resume: null }));
        break;
      default:
        this.#handlers.onEvent(frame);
    }
  }

  #settle(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #onClose(code: number): void {
    clearTimeout(this.#handshake);
    clearTimeout(this.#probe);
    const webSocket = this.#webSocket;
    webSocket.onmessage = null;
    webSocket.onclose = null;
    webSocket.close();
    const lost = new ParleyError({ code: 'NETWORK', detail: 'The connection was lost.' });
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(lost);
    this.#end(code);
  }
}

function authFrame({ token, resume }: Introduction): object {
  const isShort = resume !== null && JSON.stringify(resume).length <= RESUME_MAX_LENGTH;
  return { type: 'auth', token, ...(isShort && { resume }) };
}

const errorOf = ({ code, detail, errors, retryAfterMs }: ErrorFrame): ParleyError =>
  new ParleyError({ code, detail, errors: errors ?? [], retryAfterMs: retryAfterMs ?? null });

import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { checkFrame } from './frame-contract.ts';

/** A frame as it came. */
export type Frame = Record<string, unknown> & { readonly type: string };

/** Somebody who waits for a frame. */
interface Watcher {
  see(frame: Frame): void;
  fail(error: Error): void;
}

const PATIENCE_MS = 30_000;

/**
 * A WebSocket client for tests: keeps every frame that came, and waits for the one that a test needs. It answers pings as a
 * well-behaved client does. A frame that is not of the form that the contract gives it fails whatever waits.
 */
export class SocketClient {
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #watchers = new Set<Watcher>();
  /** Whether it answers pings. */
  answers = true;
  readonly #commands = new Map<unknown, string>();
  #broken: Error | undefined;
  #ended = false;

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.#socket = new WebSocket(url, options);
    this.#socket.on('message', (data) => {
      const frame: Frame = JSON.parse(String(data));
      if (frame.type === 'ping' && this.answers) this.send({ type: 'pong' });
      this.frames.push(frame);
      this.#check(frame);
      for (const watcher of [...this.#watchers]) watcher.see(frame);
    });
    this.#socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code, reason) => {
        this.#ended = true;
        resolve({ code, reason: String(reason) });
        this.#failAll(new Error(`the connection ended; it had brought ${this.summary()}`));
      });
    });
  }

  /** Connected and signed in: after `ready`. */
  static async signedIn(
    baseUrl: string,
    accessToken: string,
    options: WebSocket.ClientOptions = {},
    resume?: object,
  ): Promise<SocketClient> {
    const client = new SocketClient(socketUrl(baseUrl), options);
    await client.next('hello');
    client.send({ type: 'auth', token: accessToken, ...(resume && { resume }) });
    await client.next('ready');
    return client;
  }

  /** Sends one frame: an object as JSON, a text or bytes as they are. */
  send(frame: object | string | Buffer): void {
    const raw = typeof frame === 'string' || Buffer.isBuffer(frame);
    if (!raw && 'id' in frame && 'type' in frame && typeof frame.type === 'string') {
      this.#commands.set(frame.id, frame.type);
    }
    this.#socket.send(raw ? frame : JSON.stringify(frame));
  }

  /** Sends a command and waits for its answer, an ack or an error. */
  async command(type: string, fields: object = {}): Promise<Frame> {
    const id = randomUUID();
    this.send({ type, id, ...fields });
    return this.find((frame) => frame.id === id);
  }

  /** The first frame of this type, since the connection was opened. */
  next(type: string): Promise<Frame> {
    return this.find((frame) => frame.type === type);
  }

  /** The first frame of which this is true; waits until it comes. Rejects when the connection ends or nothing comes for 30 s. */
  find(matches: (frame: Frame) => boolean): Promise<Frame> {
    const there = this.frames.find(matches);
    if (there && !this.#broken) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#watchers.delete(watcher);
        clearTimeout(timer);
        settle();
      };
      const fail = (error: Error) => end(() => reject(error));
      const timer = setTimeout(() => fail(new Error(`no such frame came; what came: ${this.summary()}`)), PATIENCE_MS);
      const watcher: Watcher = { see: (frame) => matches(frame) && end(() => resolve(frame)), fail };
      this.#watchers.add(watcher);
      if (this.#broken) fail(this.#broken);
      else if (this.#ended) fail(new Error(`the connection ended; it had brought ${this.summary()}`));
    });
  }

  /** All events about a chat so far, in the order in which they came. */
  eventsOf(chatId: unknown): Frame[] {
    return this.frames.filter((frame) => frame.chatId === chatId);
  }

  /** Resolves when everything that the server had sent before has come. */
  async settled(): Promise<void> {
    const id = randomUUID();
    this.send({ type: 'ping', id });
    await this.find((frame) => frame.type === 'pong' && frame.id === id);
  }

  summary(): string {
    return JSON.stringify(this.frames.slice(-5));
  }

  /** Reads nothing more, so that what is sent to it piles up at the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  /** Cuts the connection without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  #check(frame: Frame): void {
    try {
      checkFrame(frame, this.#commands.get(frame.id));
    } catch (error) {
      this.#broken = error as Error;
      this.#failAll(this.#broken);
    }
  }

  #failAll(error: Error): void {
    for (const watcher of [...this.#watchers]) watcher.fail(error);
  }
}

/** Where the socket of a server at this URL is. */
export const socketUrl = (baseUrl: string, query = ''): string => `${baseUrl.replace(/^http/, 'ws')}/api/v1/ws${query}`;

/** The status with which an upgrade was refused, and the body of that answer. */
export function refusedUpgrade(
  url: string,
  options: WebSocket.ClientOptions = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    socket.on('open', () => reject(new Error('the upgrade was accepted')));
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}

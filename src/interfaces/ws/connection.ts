import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../application/ports/services.ts';
import type { Connected } from '../../application/presence-service.ts';
import type { ChatId, Instant, SessionId, UserId } from '../../domain/ids.ts';
import { CLOSE } from '../contract/frames.ts';
import type { Follower } from './follower.ts';
import { Outbox, type Outgoing, textFrame, textFrames, WAITING_MAX_BYTES } from './outbox.ts';

export const HEARTBEAT_MS = 25_000;
const FRAME_MAX_BYTES = 64 * 1024;
/** The first frame may say much about what the client has. */
export const AUTH_FRAME_MAX_BYTES = 256 * 1024;
const PONG_MS = 10_000;
const AUTH_MS = 10_000;
const EXPIRING_MS = 60_000;
const EXPIRED_GRACE_MS = 30_000;
const IN_FLIGHT_MAX = 256;
/** More than come in one piece, which is 64 KiB, if they are commands. */
const AT_ONCE_MAX = 1_024;
/** Frames that nobody may expect an answer to, and how many of them are forgotten with each look at the clock. */
const EXCESS_MAX = 1_000;
const EXCESS_FORGOTTEN = 20;
const CUT_OFF_MS = 1_000;
/** So much at once is a batch. */
const BATCH_MIN_BYTES = 128 * 1024;
/** So much of what was missed is sent ahead of what the client has taken. */
const REPLAY_AHEAD_BYTES = 64 * 1024;

/** Whose connection it is, and how long its token is good for. */
export interface Identity {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly expiresAt: Instant;
}

export interface ConnectionEvents {
  /** A text frame of fitting size. A promise that does not resolve counts as work in flight. */
  onText(connection: Connection, text: string): Promise<void>;
  /** @param code with which this side closed it, else that with which the other did */
  onClose(connection: Connection, code: number): void;
}

/**
 * One WebSocket: what goes out, how long it may stay silent, unauthenticated or with an old token, and how it ends. What the
 * frames mean is not its business.
 */
export class Connection implements Follower {
  readonly following = new Set<ChatId>();
  rightChecks: Set<Map<ChatId, number>> | null = null;
  /** That of the upgrade request. */
  readonly id: string;
  /** Set once the client is known: by a header or a ticket at first, or by the `auth` frame. */
  identity: Identity | null = null;
  authenticating = false;
  /** From `ready` on. */
  presence: Connected | null = null;
  /** Between the `ready` frame and the end. */
  ready = false;
  /** It will be closed once what was read is answered. */
  isLeaving = false;
  closed = false;

  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #events: ConnectionEvents;
  readonly #clock: Clock;
  readonly #openedAt: number;
  #lastHeard: number;
  #pingedAt: number | null = null;
  #wasOverdue = false;
  #toldExpiry = false;
  #inFlight = 0;
  #excess = 0;
  /** Whoever reads nothing never answers with it. */
  #closedWith: number | undefined;
  /** Events that wait behind what was missed; null but while that is told. */
  #held: Outgoing[] | null = null;
  #heldBytes = 0;
  /** Of chats whose changes up to these revs are still to be delivered, though the client has been told of them. */
  #told: Map<ChatId, number> | null = null;
  /** Read marks of others that wait until the client has taken what is before them: the last of each person in each chat. */
  #marks: Map<string, Outgoing & Required<Pick<Outgoing, 'mark'>>> | null = null;
  #markBytes = 0;
  /** The largest batch since no more waited than may. */
  #batchBytes = 0;

  constructor(id: string, socket: WebSocket, raw: Duplex, clock: Clock, events: ConnectionEvents) {
    this.id = id;
    this.#socket = socket;
    this.#outbox = new Outbox(raw);
    this.#events = events;
    this.#clock = clock;
    this.#openedAt = clock.elapsed();
    this.#lastHeard = this.#openedAt;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('error', ignore); // `close` follows, and says all that there is to do
    socket.on('close', (code) => {
      this.closed = true;
      this.ready = false;
      events.onClose(this, this.#closedWith ?? code);
    });
  }

  /** What waits to be sent. */
  get queuedBytes(): number {
    return this.#outbox.bytes + this.#heldBytes + this.#markBytes;
  }

  get ageMs(): number {
    return this.#clock.elapsed() - this.#openedAt;
  }

  send(frame: object): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#push(textFrame(text));
  }

  /**
   * Nothing before `ready`, since the client reads its chats after it, unless the connection holds what comes; and nothing of
   * chats that it has ceased to follow. Above half of what may wait, what is fleeting is dropped; above three quarters, others' read marks wait, merged; above all of it, the
   * connection ends. What is stored the client is told when it resumes.
   */
  deliver(event: Outgoing): void {
    if (!this.ready && !this.#held) return;
    const { mark, isFleeting, heardIn } = event;
    if (heardIn && !heardIn.some((chatId) => this.following.has(chatId))) return;
    if (isFleeting && this.queuedBytes > WAITING_MAX_BYTES / 2) return;
    const isMergeable = mark && mark.userId !== this.identity?.userId; // one's own has an unread count, which is of its moment
    if (isMergeable && this.queuedBytes > WAITING_MAX_BYTES * 0.75) this.#merge({ ...event, mark });
    else if (this.#held) this.#hold(this.#held, event);
    else this.#pushUntold(event);
  }

  /** From now on what is delivered waits, until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends one of the events that were missed, and resolves when there is room for the next one. */
  async replay(event: object): Promise<void> {
    this.send(event);
    if (this.#outbox.bytes > REPLAY_AHEAD_BYTES) await this.#outbox.drained();
  }

  /**
   * What has waited goes out, but for changes up to the revs that the client has been told.
   * @param isToCome whether changes of a chat up to that rev may still be delivered later
   */
  release(told: ReadonlyMap<ChatId, number>, isToCome: (chatId: ChatId, rev: number) => boolean): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#heldBytes = 0;
    this.#told = new Map(told);
    for (const event of held) this.deliver(event);
    const toCome = [...this.#told].filter(([chatId, rev]) => isToCome(chatId, rev));
    this.#told = toCome.length > 0 ? new Map(toCome) : null;
    this.#tellMarks();
  }

  /** The client is told to come back after this time. Nothing more is read; what was, is still answered. */
  goAway(retryAfterMs: number): void {
    this.isLeaving = true;
    this.#socket.pause();
    if (this.ready) this.send({ type: 'going_away', data: { retryAfterMs } });
  }

  /** Whether a frame has not been answered yet. */
  get isBusy(): boolean {
    return this.#inFlight > 0;
  }

  /** Ends the connection after what is queued has gone. Once is enough; later calls do nothing. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.ready = false;
    this.#closedWith = code;
    this.#held = null;
    this.#heldBytes = 0;
    this.#marks = null;
    this.#markBytes = 0;
    this.#outbox.flush();
    this.#socket.resume(); // the client's answer is to be read, however much it had sent
    this.#socket.close(code, reason);
  }

  /** Ends it at once, without the closing handshake. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Counts a frame before `ready`, or one that was refused for a limit of rate. Who goes on sending such is cut off. */
  countExcess(): void {
    this.#excess += 1;
    if (this.#excess > EXCESS_MAX) this.#cutOff();
  }

  /** A new token for the same session. */
  renew(expiresAt: Instant): void {
    if (this.identity) this.identity = { ...this.identity, expiresAt };
    this.#toldExpiry = false;
  }

  /** Looks at the clock: pings after silence, warns of the token's end, and closes what has had its time. @param now by `Clock.elapsed` */
  tick(now: number): void {
    this.#excess = Math.max(0, this.#excess - EXCESS_FORGOTTEN);
    const overdue = this.#overdue(now);
    if (overdue && this.#wasOverdue) this.close(...overdue);
    else if (this.#pingedAt === null && now - this.#lastHeard >= HEARTBEAT_MS) {
      this.#pingedAt = now;
      this.send({ type: 'ping' });
    }
    this.#wasOverdue = overdue !== null;
    if (this.ready && this.identity) this.#watchExpiry(this.#clock.now(), this.identity.expiresAt);
  }

  /** With what to close it, at the second tick: at the first, its frame may have come while the process was busy, and be unread. */
  #overdue(now: number): [code: number, reason: string] | null {
    const isWaitedFor = !this.ready && !this.authenticating;
    if (isWaitedFor && now - this.#openedAt >= AUTH_MS) return [CLOSE.authLate, 'no auth within 10 s'];
    if (this.#pingedAt !== null && now - this.#pingedAt >= PONG_MS) return [CLOSE.heartbeat, 'no answer to ping'];
    return null;
  }

  #watchExpiry(now: Instant, expiresAt: Instant): void {
    if (now >= expiresAt + EXPIRED_GRACE_MS) this.close(CLOSE.tokenExpired, 'the token has expired');
    else if (now >= expiresAt - EXPIRING_MS && !this.#toldExpiry) {
      this.#toldExpiry = true;
      this.send({ type: 'token.expiring', data: { expiresAt: new Date(expiresAt).toISOString() } });
    }
  }

  #hold(held: Outgoing[], event: Outgoing): void {
    if (!this.#hasRoom(event.frames)) return;
    held.push(event);
    this.#heldBytes += event.frames.length;
  }

  #merge(event: Outgoing & Required<Pick<Outgoing, 'mark'>>): void {
    const key = `${event.mark.chatId} ${event.mark.userId}`;
    if (!this.#hasRoom(event.frames)) return;
    if (!this.#marks && !this.#held) void this.#outbox.drained().then(() => this.#tellMarks());
    this.#marks ??= new Map();
    this.#markBytes += event.frames.length - (this.#marks.get(key)?.frames.length ?? 0);
    this.#marks.set(key, event);
  }

  /** Of a chat that is followed no more nothing is told. */
  #tellMarks(): void {
    const marks = this.#marks?.values() ?? [];
    this.#marks = null;
    this.#markBytes = 0;
    for (const event of marks) if (this.following.has(event.mark.chatId)) this.deliver(event);
  }

  #pushUntold({ frames, changes }: Outgoing): void {
    if (!changes || (!this.#told?.size && !changes.isWhole)) {
      this.#push(frames);
      return;
    }
    const { chatId, rev, texts, isWhole } = changes;
    this.#told ??= new Map();
    const told = this.#told.get(chatId) ?? 0;
    if (isWhole) this.#told.set(chatId, Math.max(rev, told));
    else if (rev >= told) this.#told.delete(chatId);
    if (told <= rev - texts.length) this.#push(frames);
    else if (told < rev) this.#push(textFrames(texts.slice(told - rev)));
  }

  #push(frame: Buffer): void {
    if (!this.closed && this.#hasRoom(frame)) this.#outbox.push(frame);
  }

  /**
   * Where there is none, even once the system has taken what it takes, the connection ends. The largest batch among what waits does
   * not count: a reader is not slow because much comes at once.
   */
  #hasRoom({ length }: Buffer): boolean {
    if (this.queuedBytes + length > WAITING_MAX_BYTES) this.#outbox.flush();
    if (this.queuedBytes <= WAITING_MAX_BYTES) this.#batchBytes = 0;
    if (length >= BATCH_MIN_BYTES) this.#batchBytes = Math.max(this.#batchBytes, length);
    if (this.queuedBytes + length - this.#batchBytes <= WAITING_MAX_BYTES) return true;
    this.close(CLOSE.slowConsumer, 'too much is waiting');
    return false;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.closed) return;
    this.#lastHeard = this.#clock.elapsed();
    this.#pingedAt = null;
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (isBinary) this.close(CLOSE.badFrame, 'binary frame');
    else if (bytes.length > (this.ready ? FRAME_MAX_BYTES : AUTH_FRAME_MAX_BYTES)) {
      this.close(CLOSE.badFrame, 'too large');
    } else {
      this.#begin();
      const end = () => this.#end();
      void this.#events.onText(this, bytes.toString()).then(end, end);
    }
  }

  /** A client that sends faster than it is answered is read no further: TCP makes it wait. */
  #begin(): void {
    this.#inFlight += 1;
    if (this.#inFlight === IN_FLIGHT_MAX) this.#socket.pause();
    else if (this.#inFlight > AT_ONCE_MAX) this.#cutOff();
  }

  /** Nothing more is read of what he sends, be it his answer to the close. */
  #cutOff(): void {
    if (this.closed) return;
    this.close(CLOSE.rateLimited, 'too many frames');
    this.#socket.pause();
    setTimeout(() => this.terminate(), CUT_OFF_MS).unref();
  }

  #end(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === IN_FLIGHT_MAX / 2 && !this.closed && !this.isLeaving) this.#socket.resume();
  }
}

const ignore = (): void => {};

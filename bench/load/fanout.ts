import { randomUUIDv7 } from 'node:crypto';
import { DIALECTS, type Dialect } from './dialect.ts';
import { LeanSocket, maskedFrames } from './lean-socket.ts';
import { type LoadResult, Meter, type Window } from './meter.ts';

/** One room, in which the first of many sockets sends and all of them listen. An answer is a delivery. */
export interface FanoutPlan extends Window {
  readonly kind: 'fanout';
  readonly dialect: keyof typeof DIALECTS;
  /** One socket each, on the ports in turn where there is another one. */
  readonly tokens: readonly string[];
  readonly otherPort?: number;
  readonly chatId: string;
  /** ASCII. */
  readonly content: string;
  /** How many messages are under way to somebody at once, or how many are sent a second. */
  readonly pace: { readonly inFlight: number } | { readonly perSecond: number };
}

const BUFFER_BYTES = 128 * 1024;
/** Sockets that connect at once. */
const AT_ONCE = 10;
const SLOTS = 4096;
const MARK = '"clientId":"';
const SLOT_DIGITS = 4;

/** @throws Error when a socket ends, or a delivery does not come */
export async function runFanout(plan: FanoutPlan): Promise<LoadResult> {
  const meter = new Meter();
  const room = new Room(plan, meter);
  try {
    for (let open = 0; open < plan.tokens.length; ) {
      open = room.open(AT_ONCE);
      await meter.drain(() => room.ready === open);
    }
    room.begin();
    const result = await meter.measure(plan);
    await meter.drain(() => meter.delivered === meter.sent * plan.tokens.length);
    return { ...result, cpuUsPerAnswer: (result.serverCpu * 1e6) / result.deliveriesPerSecond };
  } finally {
    room.close();
  }
}

class Room {
  ready = 0;
  readonly #plan: FanoutPlan;
  readonly #meter: Meter;
  readonly #dialect: Dialect;
  readonly #event: Buffer;
  readonly #sockets: LeanSocket[] = [];
  readonly #isTimed: boolean;
  readonly #dueAt = new Float64Array(SLOTS);

  constructor(plan: FanoutPlan, meter: Meter) {
    this.#plan = plan;
    this.#meter = meter;
    this.#dialect = DIALECTS[plan.dialect];
    this.#event = Buffer.from(this.#dialect.event);
    this.#isTimed = 'perSecond' in plan.pace;
  }

  /** Connects so many more. Answers how many there are. */
  open(count: number): number {
    const { tokens, port, otherPort = port } = this.#plan;
    for (const token of tokens.slice(this.#sockets.length, this.#sockets.length + count)) {
      const socket: LeanSocket = new LeanSocket(
        this.#sockets.length % 2 === 0 ? port : otherPort,
        this.#dialect.path,
        {
          onFrame: (bytes, start, end) => this.#onFrame(socket, token, bytes, start, end),
          onPause: () => this.#sendMore(),
          onEnd: (reason) => this.#meter.fail(`a socket of the room: ${reason}`),
        },
        BUFFER_BYTES,
      );
      this.#sockets.push(socket);
    }
    return this.#sockets.length;
  }

  begin(): void {
    const { pace } = this.#plan;
    if ('perSecond' in pace) this.#sendEvenly(pace.perSecond);
    else this.#send(pace.inFlight);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #onFrame(socket: LeanSocket, token: string, bytes: Buffer, start: number, end: number): void {
    if (this.#isEvent(bytes, start)) {
      this.#meter.deliver();
      if (this.#isTimed) this.#meter.answer(this.#dueAt[this.#slotIn(bytes, start)] ?? 0);
      return;
    }
    const text = bytes.toString('utf8', start, end);
    if (text.startsWith(this.#dialect.ack)) return;
    const { text: answer, isReady } = this.#dialect.answer(text, { token });
    if (answer !== undefined) socket.write(maskedFrames([answer]));
    if (isReady) this.ready += 1;
  }

  #isEvent(bytes: Buffer, start: number): boolean {
    for (let i = 0; i < this.#event.length; i += 1) if (bytes[start + i] !== this.#event[i]) return false;
    return true;
  }

  /** The number that the message's clientId begins with. */
  #slotIn(bytes: Buffer, start: number): number {
    const at = bytes.indexOf(MARK, start, 'latin1') + MARK.length;
    return Number(bytes.toString('latin1', at, at + SLOT_DIGITS));
  }

  #send(count: number, dueAt = 0): void {
    const { chatId, content } = this.#plan;
    const texts: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const slot = this.#meter.sent % SLOTS;
      this.#meter.sent += 1;
      this.#dueAt[slot] = dueAt;
      texts.push(this.#dialect.send(chatId, content, String(slot).padStart(SLOT_DIGITS, '0') + randomUUIDv7()));
    }
    this.#sockets[0]?.write(maskedFrames(texts));
  }

  /** A message that everybody has makes room for the next one. */
  #sendMore(): void {
    const { pace, tokens } = this.#plan;
    if (!('inFlight' in pace) || this.#meter.sent === 0 || !this.#meter.running) return;
    const underWay = this.#meter.sent - Math.floor(this.#meter.delivered / tokens.length);
    if (underWay < pace.inFlight) this.#send(pace.inFlight - underWay);
  }

  /** What comes late counts from when it was due. */
  #sendEvenly(perSecond: number): void {
    const began = performance.now();
    const timer = setInterval(() => {
      if (!this.#meter.running) return clearInterval(timer);
      const due = ((performance.now() - began) * perSecond) / 1000;
      while (this.#meter.sent < due) this.#send(1, began + (this.#meter.sent * 1000) / perSecond);
    }, 1);
  }
}

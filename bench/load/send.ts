import { randomUUIDv7 } from 'node:crypto';
import { LeanSocket, maskedFrames } from './lean-socket.ts';
import { type LoadResult, Meter, type Window } from './meter.ts';

/** One socket for each member, who sends to one chat. */
export interface SendPlan extends Window {
  readonly kind: 'send';
  readonly members: readonly SendingMember[];
  /** How many sockets each message goes to. */
  readonly roomSize: number;
  /** ASCII. */
  readonly content: string;
  /** How many sends of one socket wait for their ack at once, or how many are sent a second over all sockets, evenly spaced. */
  readonly pace: { readonly inFlight: number } | { readonly perSecond: number };
}

export interface SendingMember {
  readonly token: string;
  readonly chatId: string;
}

/** @throws Error when a socket ends, a send is refused, or an ack or a delivery does not come */
export async function runSend(plan: SendPlan): Promise<LoadResult> {
  const meter = new Meter();
  const senders = plan.members.map((member, index) => new Sender(plan, member, index, meter));
  try {
    await meter.drain(() => senders.every((sender) => sender.ready));
    if ('perSecond' in plan.pace) sendEvenly(senders, plan.pace.perSecond, meter);
    else for (const sender of senders) sender.send(plan.pace.inFlight);
    const result = await meter.measure(plan);
    await meter.drain(() => meter.answered === meter.sent && meter.delivered === meter.sent * plan.roomSize);
    return result;
  } finally {
    for (const sender of senders) sender.close();
  }
}

/** Sends what is due, turn after turn; timers are too coarse. A send that comes late counts from when it was due. */
function sendEvenly(senders: readonly Sender[], perSecond: number, meter: Meter): void {
  const began = performance.now();
  const turn = (): void => {
    const due = ((performance.now() - began) * perSecond) / 1000;
    for (; meter.sent < due; ) senders[meter.sent % senders.length]?.send(1, began + (meter.sent * 1000) / perSecond);
    if (meter.running) setImmediate(turn);
  };
  turn();
}

const TYPE_AT = '{"type":"'.length;
const ID_AT = '{"type":"ack","id":"'.length;
const ACK = 'a'.charCodeAt(0);
const EVENT = 'm'.charCodeAt(0); // message.created
const QUOTE = '"'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
const SLOTS = 4096; // more than one socket ever has in flight

/** One member's socket. Tells an ack from an event by a letter and parses neither. */
class Sender {
  ready = false;
  readonly #plan: SendPlan;
  readonly #token: string;
  readonly #meter: Meter;
  readonly #socket: LeanSocket;
  /** What every send says between its id and its clientId. */
  readonly #tail: string;
  readonly #sentAt = new Float64Array(SLOTS);
  #next = 0;
  #acks = 0;

  constructor(plan: SendPlan, { token, chatId }: SendingMember, index: number, meter: Meter) {
    this.#plan = plan;
    this.#token = token;
    this.#meter = meter;
    this.#tail = `","chatId":"${chatId}","content":"${plan.content}","clientId":"`;
    this.#socket = new LeanSocket(plan.port, '/api/v1/ws', {
      onFrame: (bytes, start, end) => this.#onFrame(bytes, start, end),
      onPause: () => this.#sendMore(),
      onEnd: (reason) => meter.fail(`socket ${index}: ${reason}`),
    });
  }

  /** Sends this many in one write. */
  send(count: number, at = performance.now()): void {
    const texts: string[] = [];
    for (let i = 0; i < count; i += 1, this.#next += 1) {
      this.#sentAt[this.#next % SLOTS] = at;
      texts.push(`{"type":"message.send","id":"${this.#next}${this.#tail}${randomUUIDv7()}"}`);
    }
    this.#meter.sent += count;
    this.#socket.write(maskedFrames(texts));
  }

  close(): void {
    this.#socket.close();
  }

  #onFrame(bytes: Buffer, start: number, end: number): void {
    const letter = bytes[start + TYPE_AT];
    if (letter === EVENT) this.#meter.deliver();
    else if (letter === ACK) this.#onAck(bytes, start + ID_AT);
    else this.#onOther(bytes.toString('utf8', start, end));
  }

  #onAck(bytes: Buffer, idAt: number): void {
    let id = 0;
    for (let at = idAt; bytes[at] !== QUOTE; at += 1) id = id * 10 + (bytes[at] ?? 0) - ZERO;
    this.#meter.answer(this.#sentAt[id % SLOTS] ?? 0);
    this.#acks += 1;
  }

  #onOther(text: string): void {
    const { type } = JSON.parse(text) as { type: string };
    if (type === 'hello') this.#socket.write(maskedFrames([JSON.stringify({ type: 'auth', token: this.#token })]));
    else if (type === 'ready') this.ready = true;
    else if (type === 'error') this.#meter.fail(text);
  }

  /** For every ack that has come, one more. */
  #sendMore(): void {
    const count = this.#acks;
    this.#acks = 0;
    if (count > 0 && this.#meter.running && 'inFlight' in this.#plan.pace) this.send(count);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { BusEvent, EventBus, PresenceStore, RateLimiter, Topic } from '../../src/application/ports/realtime.ts';
import { topicsOf } from '../../src/application/topics.ts';

/** How often an event is lost, comes twice, or comes after later ones: each from 0 to 1. */
export interface Faults {
  readonly lost: number;
  readonly doubled: number;
  readonly late: number;
}

const LATE_MS = 20;

/** Joins nodes of one process by a bus that loses, doubles and reorders, by a seed, and says nothing of it. */
export class UnreliableBus {
  readonly #faults: Faults;
  readonly #nodes = new Set<Node>();
  readonly #underWay = new Set<Promise<void>>();
  readonly counts = { lost: 0, doubled: 0, late: 0 };
  #seed: number;

  constructor(seed: number, faults: Faults) {
    this.#seed = seed;
    this.#faults = faults;
  }

  /** What one node has instead of Redis. */
  node() {
    return {
      eventBus: (local: EventBus): EventBus => {
        const node = new Node(local, (event) => this.#carry(node, event));
        this.#nodes.add(node);
        return node;
      },
      presenceStore: (own: PresenceStore) => own,
      rateLimiter: (own: RateLimiter) => own,
      open: async () => true,
      close: async () => undefined,
    };
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #carry(from: Node, event: BusEvent): void {
    for (const node of this.#nodes) {
      if (node === from) continue;
      if (this.#happens('lost')) continue;
      const copies = this.#happens('doubled') ? 2 : 1;
      for (let i = 0; i < copies; i += 1) {
        const wait = this.#happens('late') ? this.#random() * LATE_MS : 0;
        const arrival = sleep(wait).then(() => {
          this.#underWay.delete(arrival);
          node.receive(structuredClone(event));
        });
        this.#underWay.add(arrival);
      }
    }
  }

  #happens(fault: keyof Faults): boolean {
    const happens = this.#random() < this.#faults[fault];
    if (happens) this.counts[fault] += 1;
    return happens;
  }

  /** mulberry32, by Tommy Ettinger (public domain). */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
}

class Node implements EventBus {
  readonly reachesOthers = true;
  readonly #local: EventBus;
  readonly #send: (event: BusEvent) => void;
  readonly #followed: Topic[] = [];

  constructor(local: EventBus, send: (event: BusEvent) => void) {
    this.#local = local;
    this.#send = send;
  }

  publish(event: BusEvent): void {
    this.#local.publish(event);
    this.#send(event);
  }

  subscribe(listener: (event: BusEvent) => void): () => void {
    return this.#local.subscribe(listener);
  }

  /** Takes a moment, in which events pass by. */
  async follow(topics: readonly Topic[]): Promise<void> {
    await sleep(2);
    this.#followed.push(...topics);
  }

  unfollow(topics: readonly Topic[]): void {
    for (const topic of topics) {
      const at = this.#followed.indexOf(topic);
      if (at >= 0) this.#followed.splice(at, 1);
    }
  }

  receive(event: BusEvent): void {
    const topics = topicsOf(event);
    if (topics === 'all' || topics.some((topic) => this.#followed.includes(topic))) this.#local.publish(event);
  }
}

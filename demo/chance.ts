/** Chance that falls the same way every time: mulberry32, 32 bits of state, which are plenty for a play. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  /** So many of them, or all where there are fewer, in an order of its own. */
  some<T>(list: readonly T[], count: number): T[] {
    const keyed = list.map((item) => ({ item, key: this.next() }));
    return keyed
      .sort((a, b) => a.key - b.key)
      .slice(0, count)
      .map(({ item }) => item);
  }
}

/** Deals each card once, in an order of chance, and then all of them again. */
export class Deck<T> {
  /** How often all have been dealt, with the round that is on. */
  round = 0;
  readonly #cards: readonly T[];
  readonly #chance: Chance;
  #left: T[] = [];

  constructor(cards: readonly T[], chance: Chance) {
    this.#cards = cards;
    this.#chance = chance;
  }

  next(): T {
    if (this.#left.length === 0) {
      this.#left = this.#chance.some(this.#cards, this.#cards.length);
      this.round += 1;
    }
    const card = this.#left.pop();
    if (card === undefined) throw new Error('an empty deck');
    return card;
  }
}

/** A deck for each key, made when it is first asked for. */
export class Decks<K, T> {
  readonly #decks = new Map<K, Deck<T>>();
  readonly #cardsOf: (key: K) => readonly T[];
  readonly #chance: Chance;

  constructor(cardsOf: (key: K) => readonly T[], chance: Chance) {
    this.#cardsOf = cardsOf;
    this.#chance = chance;
  }

  of(key: K): Deck<T> {
    const deck = this.#decks.get(key) ?? new Deck(this.#cardsOf(key), this.#chance);
    this.#decks.set(key, deck);
    return deck;
  }
}

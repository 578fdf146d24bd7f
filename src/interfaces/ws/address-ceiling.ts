import type { Socket } from 'node:net';
import { DomainError } from '../../domain/errors.ts';

const RETRY_MS = 10_000;

/** How many connections one address may have open at a time. */
export class AddressCeiling {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts this connection until it closes. @throws DomainError RATE_LIMITED where the address has as many as it may */
  enter(address: string, connection: Socket): void {
    const open = this.#open.get(address) ?? 0;
    if (open >= this.#max) {
      throw new DomainError('RATE_LIMITED', 'This address has too many sockets.', { retryAfterMs: RETRY_MS });
    }
    this.#open.set(address, open + 1);
    connection.on('close', () => this.#leave(address));
  }

  #leave(address: string): void {
    const open = (this.#open.get(address) ?? 0) - 1;
    if (open > 0) this.#open.set(address, open);
    else this.#open.delete(address);
  }
}

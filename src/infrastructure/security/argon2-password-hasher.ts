import { availableParallelism } from 'node:os';
import { argon2id, hash, needsRehash, verify } from 'argon2';
import type { PasswordHasher } from '../../application/ports/services.ts';
import { DomainError } from '../../domain/errors.ts';

/** Memory in KiB; the first choice of OWASP's Password Storage Cheat Sheet. About 30 ms of one core. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const { memoryCost, timeCost, parallelism } = PARAMETERS;
/** A well-formed hash that no password has. */
const NOBODYS_HASH = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

export interface HasherLimits {
  /** How many hashes are computed at the same time. */
  readonly running: number;
  /** How many more calls wait for their turn; any further call is refused. */
  readonly waiting: number;
}

const DEFAULT_LIMITS: HasherLimits = {
  // Hashes run in libuv's pool of four threads: one stays free for files and host names.
  running: Math.min(3, Math.max(2, availableParallelism())),
  waiting: 100,
};

/**
 * Passwords by argon2id (RFC 9106).
 * All but `isOutdated` reject with DomainError BUSY when too many calls wait already.
 */
export class Argon2PasswordHasher implements PasswordHasher {
  readonly #limits: HasherLimits;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: HasherLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, { ...PARAMETERS, type: argon2id }));
  }

  verify(passwordHash: string, password: string): Promise<boolean> {
    return this.#inTurn(() => verify(passwordHash, password));
  }

  isOutdated(passwordHash: string): boolean {
    return !passwordHash.startsWith('$argon2id$') || needsRehash(passwordHash, PARAMETERS);
  }

  async pretend(password: string): Promise<void> {
    await this.verify(NOBODYS_HASH, password);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.#takeSlot();
    try {
      return await work();
    } finally {
      this.#passSlotOn();
    }
  }

  async #takeSlot(): Promise<void> {
    if (this.#running < this.#limits.running) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new DomainError('BUSY', 'Too many passwords are being checked at once.', { retryAfterMs: 1000 });
    }
    await new Promise<void>((start) => this.#waiting.push(start));
  }

  #passSlotOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

import { createHash, createHmac, hash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Clock, Digests, IdGenerator, KeyedDigests } from '../application/ports/services.ts';
import type { ChatId, Instant, UserId } from '../domain/ids.ts';

export class SystemClock implements Clock {
  now(): Instant {
    return Date.now();
  }

  elapsed(): number {
    return Math.trunc(performance.now());
  }

  async sleep(ms: number): Promise<void> {
    await setTimeout(ms);
  }
}

/** The name space of direct chats (RFC 9562 6.5). It never changes: with another one, every pair would get a second chat. */
const DIRECT_CHATS = '6f1d2a3c-9b7e-4c58-a0d4-e2b1f7639c05';

export class RandomIds implements IdGenerator {
  next(): string {
    return randomUUIDv7();
  }

  directChat(a: UserId, b: UserId): ChatId {
    return uuidv5(DIRECT_CHATS, [a, b].sort().join(' '));
  }

  secret(bytes: number): string {
    return randomBytes(bytes).toString('base64url');
  }

  random(): number {
    return Math.random();
  }
}

/** RFC 9562 5.5: SHA-1 over the name space and the name, cut to 128 bits, with the version and the variant written in. */
export function uuidv5(namespace: string, name: string): string {
  const space = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  const bytes = createHash('sha1').update(space).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export class Sha256Digests implements Digests {
  digest(text: string): string {
    return hash('sha256', text, 'base64url');
  }
}

export class HmacDigests implements KeyedDigests {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

import type { PasswordHasher } from '../../src/application/ports/services.ts';

/** Hashes that cost nothing: the generation and the password. It counts how often it did what takes time in earnest. */
export class CheapPasswordHasher implements PasswordHasher {
  /** What the parameters are to a real one: a hash of another generation is outdated. */
  generation = 1;
  verified = 0;
  pretended = 0;

  async hash(password: string): Promise<string> {
    return `${this.generation}:${password}`;
  }

  async verify(hash: string, password: string): Promise<boolean> {
    this.verified += 1;
    return hash.slice(hash.indexOf(':') + 1) === password;
  }

  isOutdated(hash: string): boolean {
    return !hash.startsWith(`${this.generation}:`);
  }

  async pretend(): Promise<void> {
    this.pretended += 1;
  }
}

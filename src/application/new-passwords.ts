import { DomainError } from '../domain/errors.ts';
import { isOwnName, isPlainRow, type Profile } from '../domain/user.ts';
import type { CommonPasswords, PasswordHasher } from './ports/services.ts';

/** Takes in new passwords, whichever way they come. */
export class NewPasswords {
  readonly #hasher: PasswordHasher;
  readonly #common: CommonPasswords;

  constructor(deps: { hasher: PasswordHasher; common: CommonPasswords }) {
    this.#hasher = deps.hasher;
    this.#common = deps.common;
  }

  /**
   * The hash to store of a password that passed `checkPassword`.
   * @throws DomainError PASSWORD_WEAK for one of those that are guessed first (NIST SP 800-63B 3.1.1.2)
   */
  async hash(password: string, owner: Pick<Profile, 'username' | 'email'>): Promise<string> {
    if (isOwnName(password, owner)) throw weak('the username or the address itself');
    if (isPlainRow(password)) throw weak('a plain row of characters');
    if (await this.#common.has(password)) throw weak('one of those that very many people have');
    return this.#hasher.hash(password);
  }
}

const weak = (what: string): DomainError =>
  new DomainError('PASSWORD_WEAK', `This password is soon guessed: it is ${what}.`);

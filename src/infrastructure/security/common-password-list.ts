import { readFile } from 'node:fs/promises';
import type { CommonPasswords } from '../../application/ports/services.ts';

/** About 49,000, in lower case, of which 18,000 are long enough to be wanted: JSON without blanks. */
const FILE = new URL(import.meta.resolve('@zxcvbn-ts/language-common/src/passwords.json'));

/**
 * The list of zxcvbn-ts, read when it is first wanted. It is kept as the text that it is and searched from end to end, which takes
 * less than a millisecond: a password is hashed next, which takes thirty.
 */
export class CommonPasswordList implements CommonPasswords {
  #text: Promise<string> | undefined;

  async has(password: string): Promise<boolean> {
    return (await this.#read()).includes(JSON.stringify(password.toLowerCase()));
  }

  #read(): Promise<string> {
    this.#text ??= readFile(FILE, 'utf8').catch((error: unknown) => {
      this.#text = undefined; // the next may have better luck
      throw error;
    });
    return this.#text;
  }
}

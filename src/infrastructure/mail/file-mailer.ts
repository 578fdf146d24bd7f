import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger, Mail, Mailer } from '../../application/ports/services.ts';

/** Writes each mail as a file (RFC 5322) that only its owner may read, and logs where it is and nothing of what it says. */
export class FileMailer implements Mailer {
  readonly #folder: string;
  readonly #from: string;
  readonly #logger: Logger;

  /** The folder is made when the first mail is, and the library loaded. */
  constructor({ folder, from, logger }: { readonly folder: string; readonly from: string; readonly logger: Logger }) {
    this.#folder = folder;
    this.#from = from;
    this.#logger = logger;
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
    const { message } = await transport.sendMail({
      ...{ from: this.#from, to: { name: '', address: to }, subject, text },
    });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID()}.eml`;
    const path = join(this.#folder, name);
    if (!Buffer.isBuffer(message)) throw new Error('a buffer was asked for');
    await writeFile(path, message, { mode: 0o600, flag: 'wx' });
    this.#logger.info({ path }, 'mail written to a file: there is no PARLEY_SMTP_URL');
  }
}

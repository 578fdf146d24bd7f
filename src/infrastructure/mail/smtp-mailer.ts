import { createTransport } from 'nodemailer';
import type { Mail, Mailer } from '../../application/ports/services.ts';

/** Each in milliseconds; together less than a mail may take. */
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** Sends by an SMTP server (RFC 5321), with STARTTLS where the server offers it. */
export class SmtpMailer implements Mailer {
  readonly #transport: ReturnType<typeof createTransport>;
  readonly #from: string;

  /** @param url smtp:// or smtps://, with user and password where the server wants them */
  constructor({ url, from }: { readonly url: string; readonly from: string }) {
    this.#transport = createTransport({ url, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true });
    this.#from = from;
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    await this.#transport.sendMail({ from: this.#from, to: { name: '', address: to }, subject, text });
  }
}

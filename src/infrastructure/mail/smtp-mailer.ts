import type { createTransport } from 'nodemailer';
import type { Mail, Mailer } from '../../application/ports/services.ts';

/** Each in milliseconds; together less than a mail may take. */
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** Sends by an SMTP server (RFC 5321), with STARTTLS where the server offers it. The library is loaded for the first mail. */
export class SmtpMailer implements Mailer {
  readonly #url: string;
  readonly #from: string;
  #transport: ReturnType<typeof createTransport> | undefined;

  /** @param url smtp:// or smtps://, with user and password where the server wants them */
  constructor({ url, from }: { readonly url: string; readonly from: string }) {
    this.#url = url;
    this.#from = from;
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    const { createTransport } = await import('nodemailer');
    this.#transport ??= createTransport({
      ...{ url: this.#url, disableFileAccess: true, disableUrlAccess: true },
      ...TIMEOUTS,
    });
    await this.#transport.sendMail({ from: this.#from, to: { name: '', address: to }, subject, text });
  }
}

import type { Instant } from '../domain/ids.ts';
import { loginKey } from '../domain/user.ts';
import type { Letter, MailQueue, QueuedLetter } from './ports/mail-queue.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { UserRepository } from './ports/persistence.ts';
import type { Clock, Digests, IdGenerator, Logger, Mail, Mailer } from './ports/services.ts';
import { repeatUntil } from './repeat-until.ts';

const POLL_MS = 1_000;
const LETTERS_PER_ROUND = 10;
/** Longer than a mailer may take. */
const LEASE_MS = 2 * 60_000;
const RETRY_MIN_MS = 10_000;
const RETRY_MAX_MS = 3_600_000;
const GIVE_UP_MS = 24 * 3_600_000;
const RESET_CODE_MS = 3_600_000;
/** How long a change of address may take from when its letter is queued. */
const CHANGE_MS = 60_000;
const CODE_BYTES = 24;

/** Makes mails of the letters that wait, and sends them; what could not be sent is tried again, later and later, for a day. */
export class MailDelivery {
  readonly #mailer: Mailer;
  readonly #queue: MailQueue;
  readonly #users: UserRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #digests: Digests;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly #logger: Logger;
  readonly #publicUrl: string | undefined;

  constructor(deps: {
    mailer: Mailer;
    mailQueue: MailQueue;
    users: UserRepository;
    codes: OneTimeCodeRepository;
    digests: Digests;
    clock: Clock;
    ids: IdGenerator;
    logger: Logger;
    publicUrl: string | undefined;
  }) {
    this.#mailer = deps.mailer;
    this.#queue = deps.mailQueue;
    this.#users = deps.users;
    this.#codes = deps.codes;
    this.#digests = deps.digests;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#logger = deps.logger;
    this.#publicUrl = deps.publicUrl;
  }

  /** One round: tries every letter that is due, once. */
  async deliverDue(): Promise<void> {
    const now = this.#clock.now();
    const letters = await this.#queue.claim(now, now + LEASE_MS, LETTERS_PER_ROUND);
    await Promise.all(letters.map((letter) => this.#deliver(letter)));
  }

  /** A round every second until the signal. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = { clock: this.#clock, logger: this.#logger };
    return repeatUntil(signal, () => this.deliverDue(), { name: 'mail delivery', everyMs: POLL_MS, clock, logger });
  }

  async #deliver({ id, letter, queuedAt, attempts }: QueuedLetter): Promise<void> {
    const age = this.#clock.now() - queuedAt;
    try {
      const mail = age < GIVE_UP_MS ? await this.#compose(letter, age) : null;
      if (mail === 'later') return await this.#queue.failed(id, this.#clock.now() + RETRY_MIN_MS);
      if (mail) await this.#mailer.send(mail);
      else this.#logger.info({ kind: letter.kind, attempts }, 'mail not sent: nobody to send it to, or too old');
    } catch (err) {
      this.#logger.warn({ err, kind: letter.kind, attempts }, 'mail could not be sent');
      return await this.#queue.failed(id, this.#retryAt(attempts));
    }
    await this.#queue.done(id);
  }

  #retryAt(attempts: number): Instant {
    return this.#clock.now() + Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (attempts - 1));
  }

  /** Null when there is nothing to send any more, `later` when that is not known yet. */
  async #compose(letter: Letter, age: number): Promise<Mail | 'later' | null> {
    if (letter.kind === 'password-reset') return this.#composeReset(letter.to);
    const user = await this.#users.find(letter.userId);
    if (!user) return null;
    if (loginKey(user.email) === loginKey(letter.to)) return age < CHANGE_MS ? 'later' : null;
    return { to: letter.to, subject: 'Your e-mail address was changed', text: addressChangedText(user.username) };
  }

  async #composeReset(to: string): Promise<Mail | null> {
    const credential = await this.#users.findByLogin(loginKey(to));
    if (!credential) return null;
    const { id: userId, role, username, email } = credential.user;
    const code = this.#ids.secret(CODE_BYTES);
    const expiresAt = this.#clock.now() + RESET_CODE_MS;
    const digest = this.#digests.digest(code);
    await this.#codes.create({ digest, purpose: 'password-reset', userId, role, expiresAt });
    return { to: email, subject: 'A new password', text: resetText(username, code, this.#publicUrl) };
  }
}

/** The code stands after the # of the link, which no browser sends and so no server logs. */
function resetText(username: string, code: string, publicUrl: string | undefined): string {
  const link =
    publicUrl === undefined ? [] : ['Open this page to choose it:', '', `  ${publicUrl}/reset-password#${code}`, ''];
  return [
    `Hello ${username},`,
    '',
    'somebody, probably you, asked for a new password for your account.',
    ...link,
    `${publicUrl === undefined ? 'To choose it, enter' : 'Or enter'} this code where you are asked for it:`,
    '',
    `  ${code}`,
    '',
    'It is good once, and for one hour. If it was not you who asked, ignore this mail: nothing has changed.',
    '',
  ].join('\n');
}

const addressChangedText = (username: string): string =>
  [
    `Hello ${username},`,
    '',
    'your account has another e-mail address now, and mail about it goes there.',
    '',
    'If it was not you who changed it, tell an administrator of this server at once.',
    '',
  ].join('\n');

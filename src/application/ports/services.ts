import type { ChatId, Instant, UserId } from '../../domain/ids.ts';

/** Time, from outside the core. */
export interface Clock {
  now(): Instant;
  /** Whole milliseconds since some moment before this process did anything. Whoever sets the system's time does not change it. */
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

/** Ids and chance, from outside the core. */
export interface IdGenerator {
  /** A new UUIDv7 (RFC 9562). Time-ordered only roughly: never order by it. */
  next(): string;
  /** The id of the direct chat of these two, the same whoever asks: a UUIDv5 (RFC 9562) of the sorted pair. */
  directChat(a: UserId, b: UserId): ChatId;
  /** A secret of this many random bytes, in base64url. */
  secret(bytes: number): string;
  /** A number from 0 up to 1, for jitter. */
  random(): number;
}

export interface Digests {
  /** SHA-256 in base64url: of message contents (to compare) and of random secrets (to store). Not for passwords. */
  digest(text: string): string;
}

export interface KeyedDigests {
  /** HMAC-SHA-256 in base64url, under a key of this installation: nobody else can make it, and all its nodes make the same. */
  digest(text: string): string;
}

/** Slow on purpose, and bounded: only so many run at once, the rest wait. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
  /** Whether the hash was made with other parameters than today's. */
  isOutdated(hash: string): boolean;
  /** As long as `verify` takes, for a login that does not exist, so that time tells nobody which logins do. */
  pretend(password: string): Promise<void>;
}

/** The passwords that many people have, so that they are the first to be guessed. */
export interface CommonPasswords {
  /** In whatever case. */
  has(password: string): Promise<boolean>;
}

/** A text by e-mail. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Resolves once whoever carries it on has taken it; rejects, within a minute, when that cannot be. */
  send(mail: Mail): Promise<void>;
}

/** The structured log, as much of it as use cases need. Never given a body, a token or a password. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

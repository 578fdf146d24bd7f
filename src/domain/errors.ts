/**
 * Every refusal that Parley can give, by code. The codes are part of the public contract: a client branches on them, so they
 * are never renamed. The kind says what sort of refusal it is; each transport maps kinds, not codes (`interfaces/http/error-status.ts`).
 */
export const ERROR_KINDS = {
  VALIDATION_FAILED: 'invalid',
  MALFORMED_BODY: 'invalid',
  AUTHENTICATION_REQUIRED: 'unauthenticated',
  INVALID_GRANT: 'invalid',
  UNSUPPORTED_GRANT_TYPE: 'invalid',
  BAD_CREDENTIALS: 'unauthenticated',
  TOKEN_EXPIRED: 'unauthenticated',
  TOKEN_INVALID: 'unauthenticated',
  FORBIDDEN: 'forbidden',
  ORIGIN_REFUSED: 'forbidden',
  ACCOUNT_SUSPENDED: 'forbidden',
  ROUTE_NOT_FOUND: 'absent',
  USER_NOT_FOUND: 'absent',
  SESSION_NOT_FOUND: 'absent',
  CHAT_NOT_FOUND: 'absent',
  MEMBER_NOT_FOUND: 'absent',
  MESSAGE_NOT_FOUND: 'absent',
  ATTACHMENT_NOT_FOUND: 'absent',
  AVATAR_NOT_FOUND: 'absent',
  GIFS_OFF: 'absent',
  METHOD_NOT_ALLOWED: 'method',
  USERNAME_TAKEN: 'conflict',
  EMAIL_TAKEN: 'conflict',
  CLIENT_ID_REUSED: 'conflict',
  PAYLOAD_TOO_LARGE: 'tooLarge',
  UNSUPPORTED_MEDIA_TYPE: 'mediaType',
  CHAT_WITH_ONESELF: 'rule',
  DIRECT_CHAT_FIXED: 'rule',
  OWNER_MUST_HAND_OVER: 'rule',
  REPLY_TARGET_UNKNOWN: 'rule',
  USERS_UNKNOWN: 'rule',
  ATTACHMENT_UNKNOWN: 'rule',
  UPLOAD_LIMIT: 'rule',
  IMAGE_REFUSED: 'rule',
  AVATARS_UNSUPPORTED: 'rule',
  CHAT_FULL: 'rule',
  TOO_MANY_CHATS: 'rule',
  INVITATION_INVALID: 'rule',
  RESET_TOKEN_INVALID: 'rule',
  PASSWORD_WEAK: 'rule',
  SUSPENDING_ONESELF: 'rule',
  RATE_LIMITED: 'rateLimited',
  INTERNAL: 'internal',
  GIFS_UNAVAILABLE: 'upstream',
  UNAVAILABLE: 'unavailable',
  BUSY: 'unavailable',
  OUTCOME_UNKNOWN: 'unavailable',
} as const;

export type ErrorCode = keyof typeof ERROR_KINDS;
export type ErrorKind = (typeof ERROR_KINDS)[ErrorCode];

/** One thing that is wrong with an input: `path` is a JSON Pointer (RFC 6901) into it, `''` the input itself. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export interface DomainErrorOptions {
  readonly problems?: readonly Problem[];
  /** After how many milliseconds it is worth trying again. */
  readonly retryAfterMs?: number;
  /** What happened underneath; for the log, never for the client. */
  readonly cause?: unknown;
}

/** A refusal. `message` is written for the caller and holds nothing that he may not know. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** One wrong value, before it is known where in the input it stands. */
export const invalid = (message: string): DomainError =>
  new DomainError('VALIDATION_FAILED', message, { problems: [{ path: '', message }] });

/**
 * Runs one rule per field and gives the checked values, or one VALIDATION_FAILED that names every wrong field.
 * @throws DomainError VALIDATION_FAILED
 */
export function checkFields<T extends object>(rules: { [K in keyof T]: () => T[K] }): T {
  const problems: Problem[] = [];
  const checked: Partial<T> = {};
  for (const field of Object.keys(rules) as (keyof T & string)[]) {
    try {
      checked[field] = rules[field]();
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'VALIDATION_FAILED') throw error;
      problems.push(...error.problems.map((p) => ({ path: `/${field}${p.path}`, message: p.message })));
    }
  }
  if (problems.length > 0) throw validationFailed(problems);
  return checked as T;
}

/** VALIDATION_FAILED over several problems, with a message that names the first. */
export function validationFailed(problems: readonly Problem[]): DomainError {
  const first = problems[0];
  const where = first && first.path !== '' ? `${first.path}: ` : '';
  return new DomainError('VALIDATION_FAILED', `${where}${first?.message ?? 'not valid'}`, { problems });
}

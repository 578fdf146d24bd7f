import type { ErrorCode, FieldProblem } from './contract.ts';

/** What a problem document or an error frame says (RFC 9457). */
export interface ProblemFields {
  /** Of a newer server it may be one that this list does not have. */
  readonly code: ParleyErrorCode | (string & {});
  readonly detail: string;
  /** Of HTTP; null where the socket, or this client, refused. */
  readonly status?: number | null;
  readonly requestId?: string | null;
  readonly errors?: readonly FieldProblem[];
  readonly retryAfterMs?: number | null;
}

/** Codes of the server, and of this client where no answer came. */
export type ParleyErrorCode = ErrorCode | 'NETWORK' | 'TIMEOUT' | 'SIGNED_OUT' | 'STOPPED' | 'DISCARDED';

/** Every failure that this client reports. Branch on `code`, never on the text. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ParleyErrorCode | (string & {});
  readonly status: number | null;
  readonly requestId: string | null;
  readonly errors: readonly FieldProblem[];
  /** How long to wait before another try, in milliseconds, where the server said so. */
  readonly retryAfterMs: number | null;

  constructor({ code, detail, status, requestId, errors, retryAfterMs }: ProblemFields, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.status = status ?? null;
    this.requestId = requestId ?? null;
    this.errors = errors ?? [];
    this.retryAfterMs = retryAfterMs ?? null;
  }
}

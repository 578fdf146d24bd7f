/** What is wrong with one field: a JSON Pointer into what was sent, and why. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** What a problem document or an error frame says (RFC 9457). */
export interface ProblemFields {
  readonly code: string;
  readonly detail: string;
  /** Of HTTP; null where the socket, or this client, refused. */
  readonly status?: number | null;
  readonly requestId?: string | null;
  readonly errors?: readonly FieldProblem[];
  readonly retryAfterMs?: number | null;
}

/** Every failure that this client reports. Branch on `code`, never on the text. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  /** One of the server's codes (docs/protocol.md), or NETWORK, TIMEOUT, SIGNED_OUT, STOPPED: then nothing came back. */
  readonly code: string;
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

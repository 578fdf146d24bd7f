import type { ErrorKind } from '../../domain/errors.ts';

/** The HTTP status of each kind of refusal (RFC 9110 15, RFC 6585). Every kind has one, or this does not compile. */
export const ERROR_STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  absent: 404,
  method: 405,
  conflict: 409,
  tooLarge: 413,
  mediaType: 415,
  rule: 422,
  rateLimited: 429,
  internal: 500,
  upstream: 502,
  unavailable: 503,
};

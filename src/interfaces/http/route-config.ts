import type { FastifySchema } from 'fastify';
import { ERROR_KINDS, type ErrorCode } from '../../domain/errors.ts';
import type { LimitName } from '../limits.ts';

/** What a route says of itself: what guards it, and what it may refuse with. */
export interface RouteConfig {
  /** Answers anybody. Every other route of the API wants an access token or HTTP Basic. */
  readonly open?: true;
  readonly limits?: readonly LimitName[];
  /** What it refuses with beside what its schema and its guards do. */
  readonly errors?: readonly ErrorCode[];
}

declare module 'fastify' {
  interface FastifyContextConfig extends RouteConfig {}
}

const UNAVAILABLE = (Object.keys(ERROR_KINDS) as ErrorCode[]).filter((code) => ERROR_KINDS[code] === 'unavailable');

/** Scripts may sign in with every request. */
const OF_BASIC = ['BAD_CREDENTIALS', 'ACCOUNT_SUSPENDED', 'RATE_LIMITED'] as const;

/** Everything that a route may refuse with. */
export function errorsOf(
  { open, limits, errors = [] }: RouteConfig,
  { body, params, querystring }: FastifySchema,
): ErrorCode[] {
  const codes: ErrorCode[] = [...errors, 'INTERNAL', ...UNAVAILABLE];
  if (body || params || querystring) codes.push('VALIDATION_FAILED');
  if (body) codes.push('MALFORMED_BODY', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (!open) codes.push('AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'TOKEN_INVALID', ...OF_BASIC);
  if (limits) codes.push('RATE_LIMITED');
  return [...new Set(codes)];
}

import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../../domain/errors.ts';
import type { Problem } from '../contract/shapes.ts';
import { refusalOf } from '../refusal.ts';
import { ERROR_STATUS } from './error-status.ts';
import { STATUS_CODES } from './status-codes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What went wrong underneath, for the log line of this request. */
    failure: unknown;
  }
}

const MEDIA_TYPE = 'application/problem+json';
const RETRY_AFTER_MS = 1_000;

/** An error handler of fastify: answers with whatever was thrown as problem details (RFC 9457), with these members beside. */
export const sendProblemWith =
  (extend: (refusal: DomainError) => object) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = frameworkRefusal(error, request) ?? refusalOf(error);
    const status = ERROR_STATUS[refusal.kind];
    request.failure = refusal.cause ?? null;
    if (status === 401) reply.header('www-authenticate', challenge(refusal, request.headers.authorization));
    if (status === 429 || status === 503) reply.header('retry-after', retryAfterSeconds(refusal));
    return reply
      .code(status)
      .type(MEDIA_TYPE)
      .send(JSON.stringify({ ...problemOf(refusal, status, request.id), ...extend(refusal) }));
  };

export const sendProblem = sendProblemWith(() => ({}));

function problemOf({ code, message, problems }: DomainError, status: number, requestId: string): Problem {
  const title = STATUS_CODES[status] ?? '';
  const errors = problems.length === 0 ? {} : { errors: problems.map(({ path, message }) => ({ path, message })) };
  return { type: 'about:blank', title, status, detail: message, code, requestId, ...errors };
}

const BASIC = 'Basic realm="Parley", charset="UTF-8"';

/** RFC 6750 3, RFC 7617 2. Browsers ask for a password at the word Basic, so whoever came with a token does not hear it. */
function challenge({ code, message }: DomainError, authorization = ''): string {
  if (code === 'TOKEN_INVALID' || code === 'TOKEN_EXPIRED') {
    return `Bearer error="invalid_token", error_description="${message}"`;
  }
  if (code === 'AUTHENTICATION_REQUIRED') return `Bearer, ${BASIC}`;
  return /^Basic /i.test(authorization) ? BASIC : 'Bearer';
}

/** RFC 9110 10.2.3: whole seconds. */
const retryAfterSeconds = ({ retryAfterMs = RETRY_AFTER_MS }: DomainError): number => Math.ceil(retryAfterMs / 1000);

const FRAMEWORK_REFUSALS: Record<string, { readonly code: ErrorCode; readonly detail: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'PAYLOAD_TOO_LARGE', detail: 'The body is too large.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'MALFORMED_BODY', detail: 'The body is not JSON, or holds "__proto__".' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'MALFORMED_BODY', detail: 'The body is not as long as announced.' },
  ECONNRESET: { code: 'MALFORMED_BODY', detail: 'The body did not arrive whole.' },
  FST_ERR_BAD_URL: { code: 'VALIDATION_FAILED', detail: 'The path is not percent-encoded UTF-8.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'VALIDATION_FAILED', detail: 'A part of the path is too long.' },
};

/** What fastify itself refuses; null for what is not of its making. Its own texts quote the input and are not used. */
function frameworkRefusal(error: unknown, request: FastifyRequest): DomainError | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const { consumes = ['application/json'] } = request.routeOptions.schema ?? {};
    return new DomainError('UNSUPPORTED_MEDIA_TYPE', `Send ${consumes.join(' or ')}.`);
  }
  const refusal = FRAMEWORK_REFUSALS[code];
  return refusal ? new DomainError(refusal.code, refusal.detail) : null;
}

const BROKEN_REQUESTS: Record<string, { readonly status: number; readonly refusal: DomainError }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    refusal: new DomainError('PAYLOAD_TOO_LARGE', 'The request line or the headers are too large.'),
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    refusal: new DomainError('MALFORMED_BODY', 'The request did not arrive in time.'),
  },
};
/** What node says where a request takes too long. */
export const REQUEST_TIMEOUT = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

const NOT_HTTP = { status: 400, refusal: new DomainError('VALIDATION_FAILED', 'This is not an HTTP request.') };

/** Answers what never became a request (node's `clientError`), and hangs up. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, refusal } = BROKEN_REQUESTS[error.code ?? ''] ?? NOT_HTTP;
  const body = JSON.stringify(problemOf(refusal, status, requestId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

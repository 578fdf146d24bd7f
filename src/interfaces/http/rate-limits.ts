import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';
import { loginKey } from '../../domain/user.ts';
import type { Limit } from '../limits.ts';
import { basicCredentials } from './basic-access.ts';

const LOGIN_KEY_MAX = 256;

/** By whom a limit counts; addresses are what @fastify/rate-limit counts by itself. */
const KEYS: Record<Exclude<Limit['per'], 'address'>, (request: FastifyRequest) => string | undefined> = {
  user: (request) => request.actor.userId,
  login: (request) => keyOf(loginOf(request)),
  email: (request) => keyOf((request.body as { email: string }).email),
};

const keyOf = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : loginKey(text.trim()).slice(0, LOGIN_KEY_MAX);

/** Whose password a request is a guess at; undefined where it is none. The token endpoint calls it a username. */
function loginOf({ headers, body }: FastifyRequest): string | undefined {
  const { login, username } = (body ?? {}) as { login?: string; username?: string };
  return basicCredentials(headers.authorization)?.login ?? login ?? username;
}

/** A hook that refuses what goes beyond the limit. All routes that share the hook share the count. */
export function limiterOf(app: FastifyInstance, { per, max, windowMs }: Limit) {
  const keyed = per === 'address' ? {} : { keyGenerator: (request: FastifyRequest) => KEYS[per](request) ?? '' };
  const count = app.createRateLimit({ max, timeWindow: windowMs, ...keyed });
  return async function limit(request: FastifyRequest): Promise<void> {
    if (per !== 'address' && KEYS[per](request) === undefined) return;
    const used = await count(request);
    if (used.isAllowed || !used.isExceeded) return;
    throw new DomainError('RATE_LIMITED', 'Too many requests.', { retryAfterMs: used.ttl });
  };
}

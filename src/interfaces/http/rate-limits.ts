import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';
import { loginKey } from '../../domain/user.ts';
import type { Limit } from '../limits.ts';

const LOGIN_KEY_MAX = 256;

/** By whom a limit counts; addresses are what @fastify/rate-limit counts by itself. */
const KEYS: Record<Exclude<Limit['per'], 'address'>, (request: FastifyRequest) => string> = {
  user: (request) => request.actor.userId,
  login: (request) => loginKey((request.body as { login: string }).login.trim()).slice(0, LOGIN_KEY_MAX),
};

/** A hook that refuses what goes beyond the limit. All routes that share the hook share the count. */
export function limiterOf(app: FastifyInstance, { per, max, windowMs }: Limit) {
  const keyed = per === 'address' ? {} : { keyGenerator: KEYS[per] };
  const count = app.createRateLimit({ max, timeWindow: windowMs, ...keyed });
  return async function limit(request: FastifyRequest): Promise<void> {
    const used = await count(request);
    if (used.isAllowed || !used.isExceeded) return;
    throw new DomainError('RATE_LIMITED', 'Too many requests.', { retryAfterMs: used.ttl });
  };
}

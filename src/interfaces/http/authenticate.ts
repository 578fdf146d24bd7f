import type { FastifyRequest } from 'fastify';
import type { AuthService } from '../../application/auth-service.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Actor } from '../../domain/session.ts';
import type { AccessTokens } from '../access-tokens.ts';
import type { BasicAccess } from './basic-access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** On whose behalf; set on every route that is not open. */
    actor: Actor;
  }
}

/**
 * A hook that lets nobody pass but the bearer of an access token (RFC 6750 2.1) whose session has not ended, and whoever sends
 * login and password (RFC 7617).
 */
export function authenticateBy(tokens: AccessTokens, basic: BasicAccess, auth: AuthService) {
  return async function authenticate(request: FastifyRequest): Promise<void> {
    const script = await basic.actorOf(request);
    const actor = script ?? tokens.verify(bearerToken(request.headers.authorization));
    if (!script) await auth.authenticate(actor);
    request.actor = actor;
  };
}

function bearerToken(header = ''): string {
  const token = /^Bearer (.*)$/i.exec(header)?.[1];
  if (token !== undefined) return token;
  throw new DomainError('AUTHENTICATION_REQUIRED', 'Send an access token: "Authorization: Bearer <token>".');
}

import type { FastifyRequest } from 'fastify';
import type { AuthService } from '../../application/auth-service.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Actor } from '../../domain/session.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { BasicAccess, basicCredentials } from './basic-access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** On whose behalf; set on every route that is not open. */
    actor: Actor;
  }
}

/**
 * A hook that lets nobody pass but the bearer of an access token (RFC 6750 2.1) whose session has not ended, and whoever sends
 * login and password (RFC 7617).
 * @param limitLogin counts an attempt to sign in, and throws where there were too many
 */
export function authenticateBy(
  tokens: AccessTokens,
  auth: AuthService,
  limitLogin: (request: FastifyRequest) => Promise<void>,
) {
  const basic = new BasicAccess(auth);
  return async function authenticate(request: FastifyRequest): Promise<void> {
    const header = request.headers.authorization;
    const credentials = basicCredentials(header);
    if (credentials) {
      request.actor = await basic.actorOf(credentials, () => limitLogin(request));
      return;
    }
    const actor = tokens.verify(bearerToken(header));
    await auth.authenticate(actor);
    request.actor = actor;
  };
}

function bearerToken(header = ''): string {
  const token = /^Bearer (.*)$/i.exec(header)?.[1];
  if (token !== undefined) return token;
  throw new DomainError('AUTHENTICATION_REQUIRED', 'Send an access token: "Authorization: Bearer <token>".');
}

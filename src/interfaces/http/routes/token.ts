import formbody from '@fastify/formbody';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Grant } from '../../../application/auth-service.ts';
import { DomainError, type ErrorCode, validationFailed } from '../../../domain/errors.ts';
import { ACCESS_TOKEN_MS } from '../../../domain/session.ts';
import { TokenAnswer } from '../../contract/answers.ts';
import { TokenBody } from '../../contract/requests.ts';
import type { Services } from '../../services.ts';
import { basicCredentials } from '../basic-access.ts';
import { sendProblemWith } from '../problem.ts';

/** The token endpoint of OAuth 2.0 (RFC 6749 3.2), for clients that know no other way to sign in. */
export const tokenRoutes =
  ({ auth }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(formbody);

    app.post(
      '/auth/token',
      {
        schema: {
          operationId: 'token',
          summary: 'Sign in or refresh as OAuth 2.0 does (RFC 6749), or by HTTP Basic without a body',
          tags: ['auth'],
          consumes: ['application/json', 'application/x-www-form-urlencoded'],
          body: TokenBody,
          response: { 200: TokenAnswer },
        },
        config: {
          open: true,
          limits: ['login', 'loginName'],
          errors: ['INVALID_GRANT', 'UNSUPPORTED_GRANT_TYPE', 'BAD_CREDENTIALS', 'ACCOUNT_SUSPENDED'],
        },
        errorHandler: sendProblemWith(oauthError),
      },
      async (request) => {
        const grant = await grantFor(request.body ?? {}, request.headers.authorization);
        const { session, refreshToken, accessExpiresAt: expiresAt } = grant;
        return {
          access_token: app.accessTokens.sign({ userId: session.userId, sessionId: session.id, expiresAt }),
          token_type: 'Bearer' as const,
          expires_in: ACCESS_TOKEN_MS / 1000,
          refresh_token: refreshToken,
        };
      },
    );

    async function grantFor(body: Exclude<TokenBody, null>, authorization: string | undefined): Promise<Grant> {
      const basic = basicCredentials(authorization);
      if (basic && !body.grant_type) return auth.login(basic);
      if (basic) throw validationFailed([{ path: '/grant_type', message: 'comes without HTTP Basic, or not at all' }]);
      switch (body.grant_type) {
        case 'password':
          return auth
            .login({ login: needed(body, 'username'), password: needed(body, 'password') })
            .catch(asInvalidGrant('BAD_CREDENTIALS'));
        case 'refresh_token':
          return auth.refresh(needed(body, 'refresh_token')).catch(asInvalidGrant('TOKEN_INVALID'));
        case undefined:
        case '':
          throw missing('grant_type');
        default:
          throw new DomainError('UNSUPPORTED_GRANT_TYPE', 'The grant type is password or refresh_token.');
      }
    }
  };

/** One without a value counts as left out (RFC 6749 3.2). */
function needed(body: Exclude<TokenBody, null>, name: 'username' | 'password' | 'refresh_token'): string {
  const value = body[name];
  if (!value) throw missing(name);
  return value;
}

const missing = (name: string): DomainError => validationFailed([{ path: `/${name}`, message: 'is missing' }]);

/** What is not good is the grant: RFC 6749 5.2 wants another status than the rest of the API has for it. */
const asInvalidGrant =
  (code: ErrorCode) =>
  (error: unknown): never => {
    if (error instanceof DomainError && error.code === code) throw new DomainError('INVALID_GRANT', error.message);
    throw error;
  };

/** The words of RFC 6749 5.2; for what that leaves out, those of 4.1.2.1. */
function oauthError({ code, kind, message }: DomainError): object {
  return { error: errorWord(code, kind), error_description: message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'") };
}

function errorWord(code: ErrorCode, kind: DomainError['kind']): string {
  if (code === 'INVALID_GRANT' || code === 'ACCOUNT_SUSPENDED') return 'invalid_grant';
  if (code === 'UNSUPPORTED_GRANT_TYPE') return 'unsupported_grant_type';
  if (kind === 'unauthenticated') return 'invalid_client';
  if (kind === 'internal') return 'server_error';
  return kind === 'unavailable' || kind === 'rateLimited' ? 'temporarily_unavailable' : 'invalid_request';
}

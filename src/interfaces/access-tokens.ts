import type { JWT } from '@fastify/jwt';
import { DomainError } from '../domain/errors.ts';
import type { Instant, SessionId, UserId } from '../domain/ids.ts';
import { ACCESS_TOKEN_MS } from '../domain/session.ts';

/** What an access token says. */
export interface AccessClaims {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly expiresAt: Instant;
}

const ISSUER = 'parley';
const TYPE = 'JWT';
const TOKEN_LENGTH_MAX = 2_048;
const CLOCK_SKEW_MS = 60_000;
const VERIFIED_MAX = 20_000;

/**
 * How @fastify/jwt must be set up for `AccessTokens`. What is not named here it would let pass: other hashes than SHA-256,
 * tokens of other types, issuers and audiences, and tokens without an end.
 */
export const jwtOptions = (secret: string) => ({
  secret,
  sign: { algorithm: 'HS256' as const, iss: ISSUER, aud: ISSUER },
  verify: {
    algorithms: ['HS256' as const],
    allowedIss: ISSUER,
    allowedAud: ISSUER,
    requiredClaims: ['iss', 'aud', 'sub', 'sid', 'iat', 'exp'],
    checkTyp: TYPE,
  },
});

/**
 * Access tokens: JWTs (RFC 7519) for one session each. A verified token is remembered until it ends, since the signature costs
 * more than the rest of a request; whether its session has ended is not asked here.
 */
export class AccessTokens {
  readonly #jwt: Pick<JWT, 'sign' | 'verify'>;
  readonly #verified = new Map<string, AccessClaims>();

  /** @param jwt set up with `jwtOptions` */
  constructor(jwt: Pick<JWT, 'sign' | 'verify'>) {
    this.#jwt = jwt;
  }

  /** `expiresAt` is cut to whole seconds, as RFC 7519 wants it. */
  sign({ userId, sessionId, expiresAt }: AccessClaims): string {
    return this.#jwt.sign({ sub: userId, sid: sessionId, exp: Math.floor(expiresAt / 1000) });
  }

  /** @throws DomainError TOKEN_EXPIRED, TOKEN_INVALID, and nothing else, whatever the text */
  verify(token: string): AccessClaims {
    const known = this.#verified.get(token);
    const claims = known ?? this.#check(token);
    if (claims.expiresAt <= Date.now()) {
      this.#verified.delete(token);
      throw expired();
    }
    if (!known) this.#remember(token, claims);
    return claims;
  }

  #check(token: string): AccessClaims {
    if (token.length > TOKEN_LENGTH_MAX) throw tokenInvalid();
    try {
      return claimsOf(this.#jwt.verify(token));
    } catch (error) {
      if (error instanceof DomainError) throw error;
      throw isExpiry(error) ? expired() : tokenInvalid();
    }
  }

  #remember(token: string, claims: AccessClaims): void {
    this.#verified.set(token, claims);
    if (this.#verified.size <= VERIFIED_MAX) return;
    for (const oldest of this.#verified.keys()) {
      this.#verified.delete(oldest);
      return;
    }
  }
}

/**
 * @throws DomainError TOKEN_INVALID for claims that `sign` never makes; TOKEN_EXPIRED for those that are of a clock ahead of this
 * one, such as another node's, or this one's before it was set back: their session may be good, and gets another token
 */
function claimsOf(payload: unknown): AccessClaims {
  const { sub, sid, exp, iat } = payload as Record<string, unknown>;
  const now = Date.now();
  const isText = (claim: unknown): claim is string => typeof claim === 'string' && claim !== '';
  const isTime = (claim: unknown): claim is number => Number.isSafeInteger(claim);
  if (!isText(sub) || !isText(sid) || !isTime(exp) || !isTime(iat)) throw tokenInvalid();
  const isTooLong = exp * 1000 > now + ACCESS_TOKEN_MS + CLOCK_SKEW_MS;
  if (isTooLong || iat * 1000 > now + CLOCK_SKEW_MS) throw expired();
  return { userId: sub, sessionId: sid, expiresAt: exp * 1000 };
}

const isExpiry = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'FAST_JWT_EXPIRED';

const expired = (): DomainError => new DomainError('TOKEN_EXPIRED', 'The access token has expired.');
const tokenInvalid = (): DomainError => new DomainError('TOKEN_INVALID', 'The access token is not valid.');

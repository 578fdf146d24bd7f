import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { AuthService } from '../../application/auth-service.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Actor } from '../../domain/session.ts';

const VERIFIED_MAX = 10_000;
const VERIFIED_MS = 60_000;

export interface BasicCredentials {
  readonly login: string;
  readonly password: string;
}

/** What an Authorization header of the scheme Basic says (RFC 7617, in UTF-8); null for any other, and for one that says nothing. */
export function basicCredentials(header = ''): BasicCredentials | null {
  const token = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header)?.[1];
  if (token === undefined) return null;
  const text = Buffer.from(token, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? null : { login: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Access with login and password in every request, for scripts. A password is slow to check, so that one was right is remembered
 * for a minute, by a digest under a key that only this process has; a wrong one is not remembered. Each request still looks its
 * session up: where that has ended, because the password was changed, say, what was remembered is worth nothing.
 */
export class BasicAccess {
  readonly #auth: AuthService;
  readonly #limit: (request: FastifyRequest) => Promise<void>;
  readonly #key = randomBytes(32);
  readonly #verified = new Map<string, { readonly actor: Promise<Actor>; readonly until: number }>();

  /** @param limit called before a password is checked; what it throws is thrown */
  constructor(auth: AuthService, limit: (request: FastifyRequest) => Promise<void>) {
    this.#auth = auth;
    this.#limit = limit;
  }

  /**
   * On whose behalf the request is; null for one that says it in another way, or not at all.
   * @throws DomainError BAD_CREDENTIALS, ACCOUNT_SUSPENDED
   */
  async actorOf(request: FastifyRequest): Promise<Actor | null> {
    const credentials = basicCredentials(request.headers.authorization);
    if (!credentials) return null;
    const digest = createHmac('sha256', this.#key)
      .update(`${credentials.login}\0${credentials.password}`)
      .digest('base64');
    const known = this.#verified.get(digest);
    if (known && known.until > Date.now()) {
      const actor = await known.actor;
      if (await this.#isAlive(actor)) return actor;
    }
    // Others with the same credentials may have seen the same end of the session, and one of them may be verifying by now.
    const newer = this.#verified.get(digest);
    if (newer && newer !== known) return newer.actor;
    return this.#verify(digest, credentials, request);
  }

  #verify(digest: string, credentials: BasicCredentials, request: FastifyRequest): Promise<Actor> {
    const actor = this.#limit(request).then(() => this.#auth.openBasicSession(credentials));
    const entry = { actor, until: Date.now() + VERIFIED_MS };
    this.#verified.delete(digest);
    this.#verified.set(digest, entry);
    actor.catch(() => {
      if (this.#verified.get(digest) === entry) this.#verified.delete(digest);
    });
    if (this.#verified.size > VERIFIED_MAX) this.#forgetOldest();
    return actor;
  }

  async #isAlive(actor: Actor): Promise<boolean> {
    try {
      await this.#auth.authenticate(actor);
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'TOKEN_INVALID') return false;
      throw error;
    }
  }

  #forgetOldest(): void {
    for (const oldest of this.#verified.keys()) {
      this.#verified.delete(oldest);
      return;
    }
  }
}

import type { SignedIn } from './contract.ts';
import type { Http } from './http.ts';
import { withLock } from './lock.ts';
import { ParleyError } from './parley-error.ts';
import type { ParleyStorage } from './storage.ts';

/** Where access tokens come from. */
export interface Tokens {
  /** One that is good as far as is known. */
  current(): Promise<string>;
  /** Another one than this, which the server has refused or will soon. Many calls at once make one. */
  renew(stale: string): Promise<string>;
}

export type GetToken = (wanted: {
  /** Whether the last one no longer serves. */
  readonly refresh: boolean;
}) => string | Promise<string>;

/** The application's own. */
export class GivenTokens implements Tokens {
  readonly #getToken: GetToken;
  #renewing: Promise<string> | null = null;

  constructor(getToken: GetToken) {
    this.#getToken = getToken;
  }

  async current(): Promise<string> {
    return this.#renewing ?? this.#getToken({ refresh: false });
  }

  renew(): Promise<string> {
    this.#renewing ??= Promise.resolve(this.#getToken({ refresh: true })).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }
}

interface StoredSession {
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** By the clock of this device. */
  readonly expiresAt: number;
}

const KEY = 'session';
/** A token that is as near to its end may be refused on arrival. */
const MARGIN_MS = 15_000;

/**
 * A session of this client, kept in the storage. A refresh token is good for one use, and a second use ends the session: so all tabs
 * take turns, and each looks first at what another has left.
 */
export class SessionTokens implements Tokens {
  readonly #http: Http;
  readonly #storage: ParleyStorage;
  readonly #onSignedOut: (why: ParleyError) => void;
  #session: StoredSession | null = null;
  #renewing: Promise<string> | null = null;

  constructor(http: Http, storage: ParleyStorage, onSignedOut: (why: ParleyError) => void) {
    this.#http = http;
    this.#storage = storage;
    this.#onSignedOut = onSignedOut;
  }

  get userId(): string | null {
    return this.#session?.userId ?? null;
  }

  /** Takes up the session that the storage has, if any. */
  async restore(): Promise<boolean> {
    this.#session = ((await this.#storage.get(KEY)) as StoredSession | undefined) ?? null;
    return this.#session !== null;
  }

  async begin(granted: SignedIn): Promise<void> {
    await this.#keep(granted);
  }

  async end(): Promise<void> {
    this.#session = null;
    await this.#storage.delete(KEY);
  }

  async current(): Promise<string> {
    const session = this.#session;
    if (!session) throw signedOut();
    return session.expiresAt - MARGIN_MS > Date.now() ? session.accessToken : this.renew(session.accessToken);
  }

  renew(stale: string): Promise<string> {
    this.#renewing ??= withLock(`${this.#storage.name}/session`, () => this.#renew(stale)).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(stale: string): Promise<string> {
    if (!this.#session) throw signedOut();
    const stored = (await this.#storage.get(KEY)) as StoredSession | undefined;
    if (stored?.userId !== this.#session.userId) return this.#signOut(signedOut()); // by another tab
    this.#session = stored;
    if (stored.accessToken !== stale) return stored.accessToken;
    try {
      const { refreshToken } = stored;
      return (await this.#keep(await this.#http.open('POST', 'auth/refresh', { body: { refreshToken } }))).accessToken;
    } catch (error) {
      if (error instanceof ParleyError && (error.status === 401 || error.status === 403)) {
        await this.#storage.delete(KEY);
        this.#signOut(error);
      }
      throw error;
    }
  }

  async #keep({ user, accessToken, refreshToken, expiresIn }: SignedIn): Promise<StoredSession> {
    const session = { userId: user.id, accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
    this.#session = session;
    await this.#storage.set(KEY, session);
    return session;
  }

  #signOut(why: ParleyError): never {
    this.#session = null;
    this.#onSignedOut(why);
    throw why;
  }
}

export const signedOut = (): ParleyError => new ParleyError({ code: 'SIGNED_OUT', detail: 'Nobody is signed in.' });

import type { SignedIn } from './contract.ts';
import type { Http } from './http.ts';
import { withLock } from './lock.ts';
import { ParleyError } from './parley-error.ts';
import type { ParleyStorage } from './storage.ts';

/** Where access tokens come from. */
export interface Tokens {
  /** Whose they are, where that can change. */
  readonly userId: string | null;
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
  readonly userId = null;
  readonly #getToken: GetToken;
  #renewing: Promise<string> | null = null;

  constructor(getToken: GetToken) {
    this.#getToken = getToken;
  }

  async current(): Promise<string> {
    return this.#renewing ?? this.#ask(false);
  }

  renew(): Promise<string> {
    this.#renewing ??= this.#ask(true).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #ask(refresh: boolean): Promise<string> {
    try {
      return await this.#getToken({ refresh });
    } catch (cause) {
      if (cause instanceof ParleyError) throw cause;
      throw new ParleyError({ code: 'NETWORK', detail: 'The application gave no token.' }, { cause });
    }
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
  /** The storage did not take it: it is here alone. */
  #isUnsaved = false;
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
    this.#isUnsaved = false;
    this.#session = await this.#stored();
    return this.#session !== null;
  }

  async begin(granted: SignedIn): Promise<void> {
    this.#renewing = null;
    await this.#keep(granted);
  }

  async end(): Promise<void> {
    this.#session = null;
    this.#renewing = null;
    await this.#storage.delete(KEY);
  }

  async current(): Promise<string> {
    const session = this.#session;
    if (!session) throw signedOut();
    return session.expiresAt - MARGIN_MS > Date.now() ? session.accessToken : this.renew(session.accessToken);
  }

  renew(stale: string): Promise<string> {
    const renewing =
      this.#renewing ??
      withLock(`${this.#storage.name}/session`, () => this.#renew(stale)).finally(() => {
        if (this.#renewing === renewing) this.#renewing = null;
      });
    this.#renewing = renewing;
    return renewing;
  }

  async #renew(stale: string): Promise<string> {
    const stored = await this.#stored();
    if (!this.#session) throw signedOut();
    if (stored?.userId !== this.#session.userId) return this.#signOut(signedOut()); // by another tab
    this.#session = stored;
    if (stored.accessToken !== stale) return stored.accessToken;
    const { refreshToken } = stored;
    const [granted, error] = await this.#http.open<SignedIn>('POST', 'auth/refresh', { body: { refreshToken } }).then(
      (answer) => [answer, null] as const,
      (cause: unknown) => [null, cause] as const,
    );
    const present = await this.#stored().catch(() => stored);
    if (this.#session?.refreshToken !== refreshToken) throw signedOut(); // somebody has signed in or out meanwhile
    if (present?.refreshToken !== refreshToken) return this.#renew(stale); // in another tab
    if (granted) return (await this.#keep(granted)).accessToken;
    if (isRefusal(error)) {
      await this.#storage.delete(KEY);
      this.#signOut(error);
    }
    throw error;
  }

  async #stored(): Promise<StoredSession | null> {
    return this.#isUnsaved ? this.#session : (((await this.#storage.get(KEY)) as StoredSession | undefined) ?? null);
  }

  async #keep({ user, accessToken, refreshToken, expiresIn }: SignedIn): Promise<StoredSession> {
    const session = { userId: user.id, accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
    this.#session = session;
    this.#isUnsaved = await this.#storage.set(KEY, session).then(
      () => false,
      () => true,
    );
    return session;
  }

  #signOut(why: ParleyError): never {
    this.#session = null;
    this.#onSignedOut(why);
    throw why;
  }
}

/** Of the server's own, not of a proxy on the way. */
const isRefusal = (error: unknown): error is ParleyError =>
  error instanceof ParleyError && error.requestId !== null && (error.status === 401 || error.status === 403);

export const signedOut = (): ParleyError => new ParleyError({ code: 'SIGNED_OUT', detail: 'Nobody is signed in.' });

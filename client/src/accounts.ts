import type { AccountDeletion, Login, Me, ProfileChange, Registration, Session, SignedIn } from './contract.ts';
import type { Http } from './http.ts';
import { withUsers } from './reduce.ts';
import type { Page, Replica } from './replica.ts';

/** What signing in and out does to the rest of the client. */
export interface Signing {
  begin(granted: SignedIn): Promise<void>;
  restore(): Promise<boolean>;
  /** Signs out here, once the server has been told. */
  end(tellServer: () => Promise<unknown>): Promise<void>;
}

/** Signing in and out, and the sessions of this person. */
export class Auth {
  readonly #http: Http;
  readonly #signing: Signing;

  constructor(http: Http, signing: Signing) {
    this.#http = http;
    this.#signing = signing;
  }

  /** Takes up the session that the storage has. Tells whether there is one; `connect` does this too. */
  restore(): Promise<boolean> {
    return this.#signing.restore();
  }

  async register(registration: Registration): Promise<Me> {
    return this.#begin(await this.#http.open<SignedIn>('POST', 'auth/register', { body: registration }));
  }

  async login(login: Login): Promise<Me> {
    return this.#begin(await this.#http.open<SignedIn>('POST', 'auth/login', { body: login }));
  }

  /** Ends the session, here even if the server cannot be reached, and forgets what was on its way. */
  async logout(): Promise<void> {
    await this.#signing.end(() =>
      this.#http.request('POST', 'auth/logout', { timeoutMs: 5_000 }).catch(() => undefined),
    );
  }

  /** Ends the sessions of all devices. Rejects, and changes nothing, if the server cannot be reached. */
  async logoutAll(): Promise<void> {
    await this.#signing.end(() => this.#http.request('POST', 'auth/logout-all'));
  }

  sessions(query: { readonly cursor?: string | null } = {}): Promise<Page<Session>> {
    return this.#http.request('GET', 'auth/sessions', { query });
  }

  endSession(sessionId: string): Promise<void> {
    return this.#http.request('DELETE', `auth/sessions/${sessionId}`);
  }

  /** Has a mail sent to this address if an account has it; the answer does not tell. */
  async forgotPassword(email: string): Promise<void> {
    await this.#http.open('POST', 'auth/password/forgot', { body: { email } });
  }

  resetPassword(token: string, newPassword: string): Promise<void> {
    return this.#http.open('POST', 'auth/password/reset', { body: { token, newPassword } });
  }

  async #begin(granted: SignedIn): Promise<Me> {
    await this.#signing.begin(granted);
    return granted.user;
  }
}

/** One's own profile; `state.me` follows. */
export class OwnProfile {
  readonly #http: Http;
  readonly #replica: Replica;
  readonly #signing: Signing;

  constructor(http: Http, replica: Replica, signing: Signing) {
    this.#http = http;
    this.#replica = replica;
    this.#signing = signing;
  }

  read(): Promise<Me> {
    return this.#replica.readMe();
  }

  async update(change: ProfileChange): Promise<Me> {
    return this.#take(await this.#http.request<Me>('PATCH', 'users/me', { body: change }));
  }

  async setAvatar(image: Blob): Promise<Me> {
    return this.#take(await this.#http.request<Me>('PUT', 'users/me/avatar', { raw: image }));
  }

  async removeAvatar(): Promise<void> {
    await this.#http.request('DELETE', 'users/me/avatar');
    await this.read();
  }

  changePassword(currentPassword: string, newPassword: string): Promise<void> {
    return this.#http.request('PUT', 'users/me/password', { body: { currentPassword, newPassword } });
  }

  /** Deletes the account and signs out. */
  async delete(deletion: AccountDeletion): Promise<void> {
    await this.#signing.end(() => this.#http.request('DELETE', 'users/me', { body: deletion }));
  }

  #take(me: Me): Me {
    this.#replica.update((state) => withUsers({ ...state, me }, [me]));
    return me;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, type Answer, ApiClient } from '../support/api-client.ts';

const PATIENCE_MS = 60_000;
const AGAIN_MS = 200;

/** Asks again, for a minute, where that is what the answer says (503). */
export async function patiently<T extends { readonly status: number }>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503 || Date.now() > deadline) return answer;
    await sleep(AGAIN_MS);
  }
}

/** The tokens of one signed-in device, and new ones when these end. */
export class Tokens {
  #access: string;
  #refresh: string;
  #renewing: Promise<boolean> | null = null;

  constructor({ accessToken, refreshToken }: Pick<Account, 'accessToken' | 'refreshToken'>) {
    this.#access = accessToken;
    this.#refresh = refreshToken;
  }

  /** The access token. */
  get access(): string {
    return this.#access;
  }

  /** The API of this node in the name of the device, for as long as the access token of now is good. */
  api(url: string): ApiClient {
    return new ApiClient(url, this.#access);
  }

  /** Asks this node, patiently, and once more with a new token where the old one is refused. */
  async ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const ask = () => patiently(() => this.api(url).call(method, path, body));
    const answer = await ask();
    return answer.status === 401 && (await this.renew(url)) ? ask() : answer;
  }

  /**
   * False where the session has ended. However many ask at once, it is done once: a refresh token serves once, and a second use
   * ends the session.
   */
  renew(url: string): Promise<boolean> {
    this.#renewing ??= this.#renew(url).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(url: string): Promise<boolean> {
    const { status, body } = await new ApiClient(url).post('/auth/refresh', { refreshToken: this.#refresh });
    if (status === 401) return false;
    if (status !== 200) throw new Error(`not refreshed: ${status} ${JSON.stringify(body)}`);
    this.#access = body.accessToken;
    this.#refresh = body.refreshToken;
    return true;
  }
}

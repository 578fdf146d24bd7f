import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, type Answer, ApiClient } from '../support/api-client.ts';

const PATIENCE_MS = 60_000;
const AGAIN_MS = 200;

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

  /** Asks this node again where it is asked to (503), and once more with a new token where the old one is refused. */
  async ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let isRenewed = false; ; ) {
      const answer = await this.api(url).call(method, path, body);
      if (answer.status === 401 && !isRenewed) {
        if (!(await this.renew(url))) return answer;
        isRenewed = true;
      } else if (answer.status !== 503 || Date.now() > deadline) return answer;
      else await sleep(AGAIN_MS);
    }
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

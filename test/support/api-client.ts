import { randomUUID } from 'node:crypto';

/** An answer of the API: its status and its JSON, empty where there is none. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came, and fail where it is not what they expect.
  readonly body: any;
}

/** Somebody who has registered, with the tokens of that. */
export interface Account {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly api: ApiClient;
}

export const PASSWORD = 'correct horse battery';

/** Calls the API of a running server as a script would: with fetch, and perhaps in somebody's name. */
export class ApiClient {
  readonly baseUrl: string;
  readonly #accessToken: string | undefined;

  constructor(baseUrl: string, accessToken?: string) {
    this.baseUrl = baseUrl;
    this.#accessToken = accessToken;
  }

  get = (path: string): Promise<Answer> => this.call('GET', path);
  post = (path: string, body?: unknown): Promise<Answer> => this.call('POST', path, body);
  put = (path: string, body?: unknown): Promise<Answer> => this.call('PUT', path, body);
  patch = (path: string, body?: unknown): Promise<Answer> => this.call('PATCH', path, body);
  delete = (path: string): Promise<Answer> => this.call('DELETE', path);

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.#accessToken !== undefined && { authorization: `Bearer ${this.#accessToken}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** Registers somebody new. */
  async register(username = `user-${randomUUID().slice(0, 8)}`): Promise<Account> {
    const email = `${randomUUID()}@example.org`;
    const { status, body } = await this.post('/auth/register', { username, email, password: PASSWORD });
    if (status !== 201) throw new Error(`could not register ${username}: ${status} ${JSON.stringify(body)}`);
    const { accessToken, refreshToken } = body;
    const api = new ApiClient(this.baseUrl, accessToken);
    return { id: body.user.id, username, password: PASSWORD, accessToken, refreshToken, api };
  }
}

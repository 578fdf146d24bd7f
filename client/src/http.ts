import type { Problem } from './contract.ts';
import { ParleyError, type ParleyErrorCode } from './parley-error.ts';
import type { Tokens } from './tokens.ts';

const TIMEOUT_MS = 30_000;

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface RequestOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: Blob | FormData;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The HTTP side of one server. */
export class Http {
  /** Without a slash at the end. */
  readonly origin: string;
  #tokens: Tokens | null = null;

  constructor(url: string) {
    this.origin = url.replace(/(?<!\/)\/+$/, '');
  }

  get socketUrl(): string {
    return new URL(`${this.origin}/api/v1/ws`, globalThis.location?.href).href.replace(/^http/, 'ws');
  }

  /** In whose name `request` speaks. */
  speakAs(tokens: Tokens): void {
    this.#tokens = tokens;
  }

  /** The JSON of an answer; undefined where there is none. A token that was refused is renewed, and the request repeated, once. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return readJson<T>(await this.#authorized((token) => this.#fetch(method, this.#api(path), options, token)));
  }

  /** As `request`, before anybody is signed in. */
  async open<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return readJson<T>(await this.#fetch(method, this.#api(path), options));
  }

  /** The bytes behind an address that the server gave. One of elsewhere is refused, since it would be shown the token. */
  async blob(address: string): Promise<Blob> {
    const base = new URL(this.origin, globalThis.location?.href);
    const url = new URL(address, base);
    if (url.origin !== base.origin) {
      throw new ParleyError({ code: 'FORBIDDEN', detail: 'This address is not of the Parley server.' });
    }
    const answer = await this.#authorized((token) => this.#fetch('GET', url.href, {}, token));
    return answer.blob();
  }

  #api(path: string): string {
    return `${this.origin}/api/v1/${path}`;
  }

  async #authorized(ask: (token: string) => Promise<Response>): Promise<Response> {
    if (!this.#tokens) throw new Error('nobody to speak as');
    const { userId } = this.#tokens;
    const token = await this.#tokens.current();
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof ParleyError) || !isOfToken(error)) throw error;
      if (this.#tokens.userId !== userId) throw error; // it was asked in the name of who is gone
      return ask(await this.#tokens.renew(token));
    }
  }

  async #fetch(method: string, url: string, options: RequestOptions, token?: string): Promise<Response> {
    const { query, body, raw, timeoutMs = TIMEOUT_MS, signal } = options;
    const answer = await this.#send(url + queryString(query), {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: raw ?? (body === undefined ? null : JSON.stringify(body)),
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    });
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init);
    } catch (cause) {
      const isLate = cause instanceof Error && cause.name === 'TimeoutError';
      const detail = isLate ? 'The server did not answer in time.' : 'The server cannot be reached.';
      throw new ParleyError({ code: isLate ? 'TIMEOUT' : 'NETWORK', detail }, { cause });
    }
  }
}

async function readJson<T>(answer: Response): Promise<T> {
  try {
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch (cause) {
    throw new ParleyError({ code: 'NETWORK', detail: 'The answer was cut off.' }, { cause });
  }
}

/** Whether another token may help. */
const isOfToken = ({ status, code }: ParleyError): boolean => status === 401 && code !== 'BAD_CREDENTIALS';

function queryString(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

async function refusalOf(answer: Response): Promise<ParleyError> {
  const { status } = answer;
  const problem: Partial<Problem> = await answer.json().catch(() => ({}));
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new ParleyError({
    status,
    code: problem.code ?? codeOf(status),
    detail: problem.detail ?? `The server answered with ${status}.`,
    requestId: problem.requestId ?? null,
    errors: problem.errors ?? [],
    retryAfterMs: Number.isNaN(seconds) ? null : seconds * 1000,
  });
}

/** Of an answer that is not Parley's own: a proxy's. */
function codeOf(status: number): ParleyErrorCode {
  if (status === 401) return 'AUTHENTICATION_REQUIRED';
  if (status === 413) return 'PAYLOAD_TOO_LARGE';
  if (status === 429) return 'RATE_LIMITED';
  return status >= 502 ? 'UNAVAILABLE' : 'INTERNAL';
}

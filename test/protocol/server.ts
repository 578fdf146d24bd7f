/** The server under test, at PARLEY_URL, as a client sees it: fetch, a WebSocket and nothing else. */
import { randomUUID } from 'node:crypto';
import { env } from 'node:process';

const PATIENCE_MS = 30_000;
const PASSWORD = 'correct horse battery';

const base = (env.PARLEY_URL ?? '').replace(/\/$/, '');
if (base === '') throw new Error('PARLEY_URL is where the server is, such as http://localhost:8080');

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came, and fails where it is not what it expects.
export type Frame = Record<string, any> & { readonly type: string };

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly body: any;
}

export async function call(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

export interface Person {
  readonly id: string;
  readonly token: string;
  readonly refreshToken: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
}

/** Somebody new. */
export async function aPerson(): Promise<Person> {
  const username = `p${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const account = { username, email: `${username}@example.org`, password: PASSWORD };
  const { status, body } = await call('POST', '/auth/register', account);
  if (status !== 201) throw new Error(`could not register: ${status} ${JSON.stringify(body)}`);
  const { user, accessToken: token, refreshToken } = body;
  return {
    ...{ id: user.id, token, refreshToken },
    get: (path) => call('GET', path, undefined, token),
    post: (path, input) => call('POST', path, input, token),
    put: (path, input) => call('PUT', path, input, token),
    patch: (path, input) => call('PATCH', path, input, token),
    delete: (path) => call('DELETE', path, undefined, token),
  };
}

/** The id of a new group of these. */
export async function aGroup(owner: Person, ...members: Person[]): Promise<string> {
  const memberIds = members.map(({ id }) => id);
  const { status, body } = await owner.post('/chats', { kind: 'group', name: 'a group', memberIds });
  if (status !== 201) throw new Error(`no group: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

/** One connection, and every frame that it has brought. */
export class Socket {
  readonly frames: Frame[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #watchers = new Set<() => void>();

  constructor(query = '') {
    this.#socket = new WebSocket(`${base.replace(/^http/, 'ws')}/api/v1/ws${query}`);
    this.#socket.addEventListener('message', ({ data }) => {
      const frame: Frame = JSON.parse(data);
      if (frame.type === 'ping') this.send({ type: 'pong' });
      this.frames.push(frame);
      for (const look of [...this.#watchers]) look();
    });
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener('close', ({ code }) => resolve(code));
    });
  }

  /** After `ready`. */
  static async of(person: Person, resume?: object): Promise<Socket> {
    const socket = new Socket();
    await socket.next('hello');
    socket.send({ type: 'auth', token: person.token, ...(resume && { resume }) });
    await socket.next('ready');
    return socket;
  }

  send(frame: object | string | Uint8Array<ArrayBuffer>): void {
    const isRaw = typeof frame === 'string' || frame instanceof Uint8Array;
    this.#socket.send(isRaw ? frame : JSON.stringify(frame));
  }

  /** A command's answer: an ack or an error. */
  command(type: string, fields: object = {}): Promise<Frame> {
    const id = randomUUID();
    this.send({ type, id, ...fields });
    return this.find((frame) => frame.id === id);
  }

  next(type: string): Promise<Frame> {
    return this.find((frame) => frame.type === type);
  }

  /** The first frame, from the beginning, of which this is true. */
  find(matches: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`no such frame; the last were ${JSON.stringify(this.frames.slice(-3))}`));
      const timer = setTimeout(fail, PATIENCE_MS);
      const look = () => {
        const found = this.frames.find(matches);
        if (!found) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Resolves when all that the server had sent before has come. */
  async settled(): Promise<void> {
    await this.command('ping');
  }

  /** The stored changes of a chat that have come, as `type rev`. */
  changesOf(chatId: string): string[] {
    return this.frames.flatMap(({ chatId: of, type, rev }) => (of === chatId && rev ? [`${type} ${rev}`] : []));
  }

  close(): void {
    this.#socket.close();
  }
}

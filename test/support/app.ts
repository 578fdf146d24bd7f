import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import type { Store } from '../../src/application/ports/persistence.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Application, buildApplication, type Leaves } from '../../src/container.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { checkAnswer, type OpenApiDocument, operationOf } from './openapi.ts';
import { plainHasher } from './running-app.ts';
import { openTestStore } from './test-store.ts';

export const PASSWORD = 'correct horse battery';
export const SIGNING_KEY = 'a key for tests that is long enough for HS256';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came, and fail where it is not what they expect.
  readonly body: any;
}

/** Somebody who has registered. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface CallOptions {
  readonly as?: Pick<Person, 'accessToken'>;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The whole application over a SQLite store in memory, called without a network. Every answer of a documented operation is held
 * against the OpenAPI document: a status, a field or an error code that is not in it fails the test.
 */
export class TestApp {
  readonly application: Application;
  readonly store: Store;
  readonly document: OpenApiDocument;
  /** What was logged, one object a line. */
  readonly log: Record<string, unknown>[];

  private constructor(application: Application, store: Store, document: OpenApiDocument, log: TestApp['log']) {
    this.application = application;
    this.store = store;
    this.document = document;
    this.log = log;
  }

  static async start(replaced: Partial<Leaves> & { settings?: Partial<Config> } = {}): Promise<TestApp> {
    const { settings, ...leaves } = replaced;
    const store = leaves.store ?? (await openTestStore());
    const log: TestApp['log'] = [];
    const lines = new Writable({
      write(line, _encoding, done) {
        log.push(JSON.parse(String(line)));
        done();
      },
    });
    const application = await buildApplication({
      config: { ...loadConfig({}, []), rateLimit: false, ...settings },
      version: '0.0.0',
      logger: pino({}, lines),
      signingKey: SIGNING_KEY,
      epoch: await store.settings.epoch(),
      hasher: plainHasher,
      blobs: new MemoryBlobStore(),
      ...leaves,
      store,
    });
    const { body } = await application.server.inject('/docs/openapi.json');
    return new TestApp(application, store, JSON.parse(body), log);
  }

  async stop(): Promise<void> {
    await this.application.writer.drained();
    await this.application.gateway.close();
    await this.application.server.close();
    await this.store.close();
  }

  /** Paths that do not begin with a slash are below /api/v1. */
  async call(method: string, path: string, { as, body, payload, headers }: CallOptions = {}): Promise<Answer> {
    const url = path.startsWith('/') ? path : `/api/v1/${path}`;
    const text = payload ?? (body === undefined ? undefined : JSON.stringify(body));
    const answer = await this.application.server.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url,
      headers: {
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...(as && { authorization: `Bearer ${as.accessToken}` }),
        ...headers,
      },
      ...(text !== undefined && { payload: text }),
    });
    const contentType = answer.headers['content-type'];
    const operation = operationOf(this.document, method, url);
    if (operation) checkAnswer(this.document, operation, { status: answer.statusCode, contentType, text: answer.body });
    const isJson = answer.body !== '' && (contentType?.includes('json') ?? false);
    const named = answer.headers as Record<string, string | undefined>;
    return { status: answer.statusCode, headers: named, body: isJson ? JSON.parse(answer.body) : answer.body };
  }

  get = (path: string, as?: Person): Promise<Answer> => this.call('GET', path, { ...(as && { as }) });
  delete = (path: string, as?: Person): Promise<Answer> => this.call('DELETE', path, { ...(as && { as }) });
  post = (path: string, body?: unknown, as?: Person): Promise<Answer> => this.#write('POST', path, body, as);
  put = (path: string, body: unknown, as?: Person): Promise<Answer> => this.#write('PUT', path, body, as);
  patch = (path: string, body: unknown, as?: Person): Promise<Answer> => this.#write('PATCH', path, body, as);

  #write(method: string, path: string, body: unknown, as: Person | undefined): Promise<Answer> {
    return this.call(method, path, { ...(body !== undefined && { body }), ...(as && { as }) });
  }

  async register(username = `user-${randomUUID().slice(0, 8)}`): Promise<Person> {
    const email = `${randomUUID()}@example.org`;
    const answer = await this.post('auth/register', { username, email, password: PASSWORD });
    const { user, accessToken, refreshToken } = answered(answer, 201);
    return { id: user.id, username, email, accessToken, refreshToken };
  }

  /** A second device of the same person. */
  async login({ username, id, email }: Person): Promise<Person> {
    const { accessToken, refreshToken } = answered(
      await this.post('auth/login', { login: username, password: PASSWORD }),
      200,
    );
    return { id, username, email, accessToken, refreshToken };
  }

  /** The id of a new group. */
  async group(owner: Person, ...members: Person[]): Promise<string> {
    const body = { kind: 'group', name: 'a group', memberIds: members.map(({ id }) => id) };
    return answered(await this.post('chats', body, owner), 201).id;
  }

  /** The message as it was answered. */
  async say(chatId: string, sender: Person, content = 'hello'): Promise<Answer['body']> {
    return answered(await this.post(`chats/${chatId}/messages`, { content }, sender), 201);
  }
}

/** The body of an answer that must have this status. */
export function answered({ status, body }: Answer, expected: number): Answer['body'] {
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${JSON.stringify(body)}`);
  return body;
}

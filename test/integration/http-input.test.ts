/** What happens to input that no use case ever sees. The cases are made of the OpenAPI document, for every operation of it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type CallOptions, PASSWORD, type Person, TestApp } from '../support/app.ts';
import type { Operation } from '../support/openapi.ts';

/** Of every object, before anything was sent. */
const PROPERTIES = Reflect.ownKeys(Object.prototype);

let app: TestApp;
let ann: Person;
beforeAll(async () => {
  app = await TestApp.start();
  ann = await app.register();
});
afterAll(() => app.stop());

interface Target {
  readonly operation: Operation;
  readonly call: (options?: CallOptions & { query?: string }) => Promise<Answer>;
}

/** Every operation below /api/v1, by its id, with ids of nothing in its path. */
function targets(): Target[] {
  return Object.entries(app.document.paths)
    .filter(([template]) => template.startsWith('/api/v1/'))
    .flatMap(([template, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({
        operation,
        call: ({ query = '', ...options }: CallOptions & { query?: string } = {}) =>
          app.call(method.toUpperCase(), `${template.replace(/\{[^}]*\}/g, 'nothing')}${query}`, {
            as: ann,
            ...options,
          }),
      })),
    );
}

/**
 * Those that want a JSON body and nothing else. Images, forms with files and the token endpoint, which takes forms and ignores
 * what it does not know (RFC 6749 3.2), have tests of their own; an invitation may come without a body.
 */
const OTHERWISE = ['invite', 'token'];
const withBody = () =>
  targets().filter(
    ({ operation }) => operation.requestBody?.content['application/json'] && !OTHERWISE.includes(operation.operationId),
  );

/** Runs the case for every target and gives the status and the code of each, under the id of the operation. */
async function outcomes(of: Target[], run: (target: Target) => Promise<Answer>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const target of of) {
    const { status, body } = await run(target);
    found[target.operation.operationId] = `${status} ${body.code}`;
  }
  expect(of.length).toBeGreaterThan(5);
  return found;
}

const same = (of: Target[], outcome: string): Record<string, string> =>
  Object.fromEntries(of.map(({ operation }) => [operation.operationId, outcome]));

describe('every operation that takes a body refuses', () => {
  test.each<[string, CallOptions, string]>([
    ['none', {}, '400 VALIDATION_FAILED'],
    ['an empty one', { payload: '' }, '400 VALIDATION_FAILED'],
    ['null', { payload: 'null' }, '400 VALIDATION_FAILED'],
    ['a list', { body: [] }, '400 VALIDATION_FAILED'],
    ['a text', { body: 'text' }, '400 VALIDATION_FAILED'],
    ['an unknown field', { body: { unheardOf: 1 } }, '400 VALIDATION_FAILED'],
    ['half of one', { payload: '{"content": "x' }, '400 MALFORMED_BODY'],
    ['what is not JSON', { payload: '<xml/>' }, '400 MALFORMED_BODY'],
    ['a poisoned prototype', { payload: '{"__proto__": {"x": 1}}' }, '400 MALFORMED_BODY'],
    ['a poisoned constructor', { payload: '{"constructor": {"prototype": {"x": 1}}}' }, '400 MALFORMED_BODY'],
    [
      'one that is 10,000 deep',
      { payload: `{"x": ${'['.repeat(10_000)}${']'.repeat(10_000)}}` },
      '400 VALIDATION_FAILED',
    ],
    [
      'a poisoned prototype 5,000 deep',
      { payload: `${'{"x":'.repeat(5_000)}{"__proto__": {}}${'}'.repeat(5_000)}` },
      '400 MALFORMED_BODY',
    ],
    [
      'a form',
      { payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      '415 UNSUPPORTED_MEDIA_TYPE',
    ],
    ['plain text', { payload: '{}', headers: { 'content-type': 'text/plain' } }, '415 UNSUPPORTED_MEDIA_TYPE'],
    ['a type that is none', { payload: '{}', headers: { 'content-type': 'json' } }, '415 UNSUPPORTED_MEDIA_TYPE'],
    ['too much', { body: { content: 'x'.repeat(2 * 1024 * 1024) } }, '413 PAYLOAD_TOO_LARGE'],
  ])('%s', async (_what, options, outcome) => {
    expect(await outcomes(withBody(), ({ call }) => call(options))).toEqual(same(withBody(), outcome));
  });

  test('more than 64 KiB, but for what may be much: messages, and what one has of his chats', async () => {
    const others = withBody().filter(({ operation }) => !/^(send|sync)/.test(operation.operationId));
    const body = { content: 'x'.repeat(64 * 1024) };
    expect(await outcomes(others, ({ call }) => call({ body }))).toEqual(same(others, '413 PAYLOAD_TOO_LARGE'));
  });

  test('fields of a wrong type, and names each that is missing or unknown', async () => {
    for (const { operation, call } of withBody()) {
      const { body } = await call({ body: { unheardOf: 1, content: {}, username: [], kind: 7, seq: '1', name: 0 } });
      const paths = body.errors.map(({ path }: { path: string }) => path);
      const named = operation.operationId === 'createChat' ? '/kind' : '/unheardOf';
      expect([operation.operationId, paths]).toEqual([operation.operationId, expect.arrayContaining([named])]);
      expect(new Set(paths).size).toBe(paths.length);
    }
  });
});

test('a batch of messages as deep as it may be long is refused', async () => {
  const depth = 1_000_000;
  const payload = `{"content": ${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const { status, body } = await app.call('POST', `chats/${await app.group(ann)}/messages`, { as: ann, payload });
  expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
});

describe('what means something to a database means nothing in any text', () => {
  const HOSTILE = ["' OR '1'='1", '"; DROP TABLE users; --', '{"$ne": null}', '$where', '%_.*', '\\u0000\\'];
  /** For what else an operation must be told so that it comes to the text in question. */
  const OTHERS: Record<string, unknown> = {
    ...{ kind: 'group', memberIds: [], userIds: ['nobody'], email: 'any@example.org', password: PASSWORD, seq: 1 },
    ...{ newPassword: PASSWORD, currentPassword: 'wrong', messages: 'keep', role: 'member', login: 'nobody' },
  };

  interface Schema {
    readonly type?: string;
    readonly enum?: readonly unknown[];
    readonly const?: unknown;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
    readonly anyOf?: readonly Schema[];
    readonly $ref?: string;
  }
  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : (app.document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] as Schema);
  const isText = ({ type, enum: some, const: one, anyOf }: Schema): boolean =>
    anyOf?.some(isText) ?? (type === 'string' && some === undefined && one === undefined);

  /** A body for each text that this operation takes, with this in its place. */
  function bodies(schema: Schema, text: string): object[] {
    const { properties = {}, required = [], anyOf = [] } = resolved(schema);
    const needed = Object.fromEntries(required.map((name) => [name, OTHERS[name] ?? 'text']));
    const texts = Object.keys(properties).filter((name) => isText(properties[name] ?? {}));
    return [...texts.map((name) => ({ ...needed, [name]: text })), ...anyOf.flatMap((one) => bodies(one, text))];
  }

  test.each(HOSTILE)('%s', async (text) => {
    const [eve, chatId] = [await app.register(), await app.group(ann)];
    await app.say(chatId, ann);
    const found: string[] = [];
    let asked = 0;
    const note = ({ operationId }: Operation, { status, body }: Answer) => {
      asked += 1;
      if (status >= 500 || body.items?.length > 0) found.push(`${operationId} ${status}`);
    };
    for (const { operation, call } of targets()) {
      const { parameters = [], requestBody } = operation;
      for (const { name } of parameters.filter((one) => one.in === 'query' && isText(one.schema))) {
        note(operation, await call({ as: eve, query: `?${name}=${encodeURIComponent(text)}` }));
      }
      const schema = requestBody?.content['application/json']?.schema as Schema | undefined;
      for (const body of schema ? bodies(schema, text) : []) note(operation, await call({ as: eve, body }));
    }
    for (const [template, operations] of Object.entries(app.document.paths)) {
      if (!template.includes('{')) continue;
      const path = template.replace(/\{[^}]*\}/g, encodeURIComponent(text));
      for (const [method, operation] of Object.entries(operations)) {
        note(operation, await app.call(method.toUpperCase(), path, { as: eve }));
      }
    }
    for (const name of ['content', 'content-like', 'senderId', 'from']) {
      const path = `chats/${chatId}/messages?${name}=${encodeURIComponent(text)}`;
      note({ operationId: name } as Operation, await app.get(path, ann));
    }
    expect(asked).toBeGreaterThan(80);
    expect(found).toEqual([]);
    expect((await app.get(`chats/${chatId}/messages`, ann)).body.items).toHaveLength(2);
    expect((await app.login(ann)).id).toBe(ann.id);
  });
});

test('nothing that is sent becomes a property of every object', async () => {
  const query = '?__proto__[x]=1&__proto__.x=1&constructor[prototype][x]=1&constructor.prototype.x=1';
  for (const { call } of targets().filter(({ operation }) => !operation.requestBody)) {
    expect((await call({ query })).status).toBe(400);
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const payload = `grant_type=password&username=ann&password=x&${query.slice(1)}`;
  expect((await app.call('POST', 'auth/token', { payload, headers })).status).toBeLessThan(500);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(PROPERTIES);
});

test('every operation refuses an unknown parameter and names it', async () => {
  const bodyless = targets().filter(({ operation }) => !operation.requestBody);
  for (const { operation, call } of bodyless) {
    const { status, body } = await call({ query: '?unheardOf=1' });
    const named = expect.arrayContaining([{ path: '/unheardOf', message: 'is not a known field' }]);
    expect([operation.operationId, status, body.errors]).toEqual([operation.operationId, 400, named]);
  }
  const { body } = await app.patch('users/me?unheardOf=1', {}, ann);
  expect(body.errors).toEqual([{ path: '/unheardOf', message: 'is not a known field' }]);
});

test('every operation that is not open wants a token, before it looks at anything else', async () => {
  const guarded = targets().filter(({ operation }) => operation.security.length > 0);
  const answers = await outcomes(guarded, ({ call }) => call({ payload: '{', headers: { authorization: '' } }));
  expect(answers).toEqual(same(guarded, '401 AUTHENTICATION_REQUIRED'));
});

test('an id that is too long is refused by its name', async () => {
  const { status, body } = await app.get(`chats/${'x'.repeat(65)}`, ann);
  expect([status, body.errors]).toEqual([400, [{ path: '/chatId', message: 'must have at most 64 characters' }]]);
  expect((await app.get(`chats/${'x'.repeat(300)}`, ann)).body.code).toBe('VALIDATION_FAILED');
});

test('a query is text: whole numbers are read, everything else is refused', async () => {
  const chatId = await app.group(ann);
  for (const limit of [
    'abc',
    '1.5',
    '1e1',
    '0x10',
    '',
    'true',
    '-1',
    '0',
    '101',
    '99999999999999999999',
    '1&limit=2',
  ]) {
    const { status, body } = await app.get(`chats/${chatId}/messages?limit=${limit}`, ann);
    expect([limit, status, body.errors?.[0].path]).toEqual([limit, 400, '/limit']);
  }
  expect((await app.get(`chats/${chatId}/messages?limit=1`, ann)).status).toBe(200);
});

describe('what is wrong is told at the field that is meant', () => {
  const problems = async (path: string, body: unknown) => (await app.post(path, body, ann)).body.errors;

  test('of a message, or of the one in a list', async () => {
    const path = `chats/${await app.group(ann)}/messages`;
    expect(await problems(path, {})).toEqual([{ path: '/content', message: 'is required' }]);
    expect(await problems(path, { content: 1, 'a/b~': 2 })).toEqual([
      { path: '/a~1b~0', message: 'is not a known field' },
      { path: '/content', message: 'must be a text' },
    ]);
    expect(await problems(path, { messages: [] })).toEqual([
      { path: '/messages', message: 'must have at least 1 items' },
    ]);
    expect(await problems(path, { messages: [{ content: 'x', replyTo: 1 }, { clientId: 'c' }] })).toEqual([
      { path: '/messages/0/replyTo', message: 'must be a text or null' },
      { path: '/messages/1/content', message: 'is required' },
    ]);
    expect(await problems(path, { messages: Array(101).fill({ content: 'x' }) })).toEqual([
      { path: '/messages', message: 'must have at most 100 items' },
    ]);
  });

  test('of a new chat, by its kind', async () => {
    for (const body of [null, [], 'group', 0]) {
      expect(await problems('chats', body)).toEqual([{ path: '', message: 'must be a JSON object' }]);
    }
    expect(await problems('chats', {})).toEqual([{ path: '/kind', message: 'is required' }]);
    expect(await problems('chats', { kind: 'x' })).toEqual([
      { path: '/kind', message: 'must be one of: group, public, direct' },
    ]);
    expect(await problems('chats', { kind: 'direct', name: 'x' })).toEqual([
      { path: '/userId', message: 'is required' },
      { path: '/name', message: 'is not a known field' },
    ]);
    expect(await problems('chats', { kind: 'group', name: 'x', memberIds: [''] })).toEqual([
      { path: '/memberIds/0', message: 'must have at least 1 characters' },
    ]);
  });

  test('of everything in a batch, up to a bound', async () => {
    const path = `chats/${await app.group(ann)}/messages`;
    const bad = (count: number) => ({ messages: Array.from({ length: count }, () => ({ content: null, other: 1 })) });
    expect(await problems(path, bad(20))).toHaveLength(40);
    expect((await problems(path, bad(100))).length).toBeLessThanOrEqual(100);
  });
});

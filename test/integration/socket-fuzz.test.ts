/**
 * What clients may send, nearly that, and anything else: each command is answered with an `ack` or an `error`, or the connection
 * is closed with a code, and the process lives on. FUZZ_FRAMES says how many frames, some hundred if not given.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AuthFrame, CLOSE, commands, RefreshFrame } from '../../src/interfaces/contract/frames.ts';
import { type Account, ApiClient } from '../support/api-client.ts';
import { arbitraryOf } from '../support/arbitrary-of.ts';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { type Frame, SocketClient, socketUrl } from '../support/socket-client.ts';

const RUNS = Number(process.env.FUZZ_FRAMES ?? 200);
/** A connection each, of which each costs more. */
const AUTH_RUNS = Math.ceil(RUNS / 4);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ServerProcess;
let ann: Account;
/** What frames may speak of that is really there. */
let known: Record<string, readonly unknown[]>;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await ServerProcess.start({ PARLEY_DATA_DIR: folder.path });
  const api = new ApiClient(server.url);
  ann = await api.register();
  const bob = await api.register();
  const group = await ann.api.post('/chats', { kind: 'group', name: 'a group', memberIds: [bob.id] });
  const elsewhere = await bob.api.post('/chats', { kind: 'group', name: 'not hers', memberIds: [] });
  const { body: message } = await ann.api.post(`/chats/${group.body.id}/messages`, { content: 'hello' });
  const { body: sync } = await ann.api.post('/sync', {});
  known = {
    chatId: [group.body.id, group.body.id, elsewhere.body.id],
    ...{ userId: [bob.id, ann.id], messageId: [message.id], replyTo: [message.id], token: [ann.accessToken] },
    ...{ epoch: [sync.epoch], content: ['hello'], clientId: ['the same'] },
  };
});
afterAll(async () => {
  await server.kill('SIGKILL');
  await folder.remove();
});

const NASTY: readonly unknown[] = [
  ...[null, true, -1, 0.5, 1e308, 2 ** 53, '', ' ', '\0', '\ud800', 'x'.repeat(70), 'x'.repeat(9_000), [], {}, [[]]],
  ...[{ $ne: null }, { $gt: '' }, "' OR 1=1 --", { toString: 1 }, { length: 1e9 }, '__proto__', 'constructor'],
];
const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue());

/** One field another, gone or too much. */
const bent = (frames: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.tuple(frames, fc.nat(), nasty, fc.constantFrom('replace', 'remove', 'add')).map(([frame, at, value, how]) => {
    const fields = { ...(frame as Record<string, unknown>) };
    const names = Object.keys(fields);
    const name = names[at % names.length] ?? '';
    if (how === 'remove') delete fields[name];
    else fields[how === 'add' ? `${name}x` : name] = value;
    return fields;
  });

const DEEP = 30_000;
const garbage: fc.Arbitrary<string | Buffer> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(
    ...['{"type":"message.send","__proto__":{"id":"1"}}', '{"constructor":{"prototype":{"x":1}},"type":"ping"}'],
    ...['{', '"', '[]', 'null', '{"type":1,"type":2}', '{"type":"toString","id":"1"}', '{"type":"__proto__","id":"1"}'],
    ...['['.repeat(DEEP), '{"a":'.repeat(DEEP / 5), `{"type":"chat.read","id":"1","seq":${'['.repeat(DEEP)}`],
    `{"type":"message.send","id":"1","content":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
    `{"type":"message.send","id":"1","content":"${'x'.repeat(70_000)}"}`,
  ),
);

const anyFrame = (schemas: readonly object[]): fc.Arbitrary<object | string | Buffer> => {
  const fitting = fc.oneof(...schemas.map((schema) => arbitraryOf(schema, known))) as fc.Arbitrary<object>;
  return fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 4, arbitrary: bent(fitting) }, garbage);
};

/** The answer to this frame, or the code with which the connection ended. */
async function answerTo(socket: SocketClient, frame: object | string | Buffer): Promise<Frame | number> {
  socket.frames.splice(0);
  socket.send(frame);
  const answer = socket.find(({ type }) => ['ack', 'error', 'pong', 'ready'].includes(type));
  const first = await Promise.race([socket.closed, answer]);
  return 'type' in first ? first : first.code;
}

const idOf = (frame: object | string | Buffer): unknown =>
  typeof frame === 'object' && 'id' in frame && typeof frame.id === 'string' ? frame.id : undefined;

/** The client's `pong` is an answer itself. */
const isPong = (frame: object | string | Buffer): boolean => {
  try {
    return (
      JSON.parse(Buffer.isBuffer(frame) ? '' : typeof frame === 'string' ? frame : JSON.stringify(frame)).type ===
      'pong'
    );
  } catch {
    return false;
  }
};

const expectNothingBroke = (): void =>
  expect(server.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);

test('each command is acknowledged or refused, or ends the connection as a bad frame', async () => {
  let socket = await SocketClient.signedIn(server.url, ann.accessToken);
  const seen = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(anyFrame([...Object.values(commands), RefreshFrame]), async (frame) => {
      fc.pre(!isPong(frame));
      const answer = await answerTo(socket, frame);
      seen.add(typeof answer === 'number' ? answer : answer.type);
      if (typeof answer === 'number') {
        socket = await SocketClient.signedIn(server.url, ann.accessToken);
        expect(answer).toBe(CLOSE.badFrame);
      } else if (typeof frame !== 'string') expect(answer.id).toBe(idOf(frame));
    }),
    { numRuns: RUNS },
  );
  expect([...seen]).toEqual(expect.arrayContaining(['ack', 'error', CLOSE.badFrame]));
  socket.close();
  expectNothingBroke();
});

test('whatever comes first signs in, is refused, or ends the connection', async () => {
  const seen = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(anyFrame([AuthFrame]), async (frame) => {
      fc.pre(!isPong(frame));
      const socket = new SocketClient(socketUrl(server.url));
      await socket.next('hello');
      const answer = await answerTo(socket, frame);
      socket.terminate();
      seen.add(typeof answer === 'number' ? answer : answer.type);
      if (typeof answer === 'number') expect([CLOSE.badFrame, CLOSE.revoked]).toContain(answer);
    }),
    { numRuns: AUTH_RUNS },
  );
  expect([...seen]).toEqual(expect.arrayContaining(['ready', 'error', CLOSE.badFrame]));
  expectNothingBroke();
});

test('and the process goes on, and stops in order', async () => {
  expect((await ann.api.get('/users/me')).status).toBe(200);
  expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

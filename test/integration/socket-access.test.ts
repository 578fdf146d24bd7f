/**
 * Who may do what on the socket: every command, for everybody whom a chat can know, to what is his own, another's or not there.
 * A command without a row here fails, so that none is added without saying who may use it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acks, commands } from '../../src/interfaces/contract/frames.ts';
import {
  type Access,
  aboutChat,
  aboutMessage,
  aboutNothing,
  aboutPerson,
  type Cell,
  cellsOf,
  inside,
  makeWorld,
  type Subject,
  subjectOf,
  type World,
} from '../support/access-world.ts';
import { type Person, TestApp } from '../support/app.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

interface Row {
  readonly command: string;
  readonly frame: (subject: Subject) => object;
  /** `ack` or the code of a refusal. */
  readonly access: Access;
}

const ROWS: readonly Row[] = [
  { command: 'message.send', frame: ({ chatId }) => ({ chatId, content: 'x' }), access: aboutChat('ack') },
  {
    command: 'message.send',
    frame: ({ person }) => ({ userId: person.id, content: 'x' }),
    access: aboutPerson('ack', 'CHAT_WITH_ONESELF', 'USERS_UNKNOWN'),
  },
  {
    command: 'message.edit',
    frame: ({ chatId, messageId }) => ({ chatId, messageId, content: 'x' }),
    access: aboutMessage('ack', inside('FORBIDDEN')),
  },
  {
    command: 'message.delete',
    frame: ({ chatId, messageId }) => ({ chatId, messageId }),
    access: aboutMessage('ack', { member: 'FORBIDDEN', admin: 'ack', owner: 'ack' }),
  },
  { command: 'chat.read', frame: ({ chatId }) => ({ chatId, seq: 1 }), access: aboutChat('ack') },
  { command: 'chat.join', frame: ({ chatId }) => ({ chatId }), access: aboutChat('ack') },
  { command: 'chat.typing', frame: ({ chatId }) => ({ chatId }), access: aboutChat('ack') },
  // Not to follow is anybody's right, and tells nothing.
  {
    command: 'chat.leave',
    frame: ({ chatId }) => ({ chatId }),
    access: { about: 'chat', answers: { own: 'ack', "another's": 'ack', missing: 'ack' } },
  },
  { command: 'presence.set', frame: () => ({ status: 'away' }), access: aboutNothing('ack') },
  { command: 'presence.get', frame: ({ person }) => ({ userIds: [person.id] }), access: aboutPerson('ack') },
  {
    command: 'auth.refresh',
    frame: ({ person }) => ({ token: person.accessToken }),
    access: aboutPerson('TOKEN_INVALID', 'ack'),
  },
];

const CELLS = cellsOf(ROWS);

let app: TestApp;
let url: string;
/** For what is refused, and so changes nothing. */
let unchanged: World;
beforeAll(async () => {
  app = await TestApp.start();
  url = await app.application.server.listen({ host: '127.0.0.1', port: 0 });
  unchanged = await makeWorld(app);
});
afterAll(() => app.stop());

/** The ack or the code of the refusal. */
async function answerTo(cell: Cell<Row>): Promise<string> {
  const world = cell.expected === 'ack' ? await makeWorld(app) : unchanged;
  const frame = cell.row.frame(await subjectOf(app, world, cell));
  const socket = await SocketClient.signedIn(url, (world.people[cell.role] as Person).accessToken);
  const { type, code } = await socket.command(cell.row.command, frame);
  socket.close();
  return type === 'ack' ? 'ack' : String(code);
}

/** Whoever is not signed in is told that, whatever he asks for, and the connection ends. */
async function refusalOf(cell: Cell<Row>): Promise<unknown> {
  const socket = new SocketClient(socketUrl(url));
  await socket.next('hello');
  const token = unchanged.people[cell.role]?.accessToken;
  if (token !== undefined) socket.send({ type: 'auth', token });
  socket.send({ type: cell.row.command, id: '1', ...cell.row.frame(await subjectOf(app, unchanged, cell)) });
  const { code } = await socket.closed;
  const errors = socket.frames.filter(({ type }) => type === 'error');
  expect(socket.frames.map(({ type }) => type)).toEqual(['hello', ...errors.map(() => 'error')]);
  return [code, errors.at(-1)?.code];
}

test('every command of the contract has a row, and every row a command', () => {
  const known = [...new Set([...Object.keys(commands), ...Object.keys(acks)])].sort();
  expect([...new Set(ROWS.map(({ command }) => command))].sort()).toEqual(known);
});

describe(`the matrix of ${CELLS.length} cells`, () => {
  test.each(CELLS.map((cell) => [cell.row.command, cell.target, cell.role, cell] as const))(
    '%s: %s, by %s',
    async (_command, _target, role, cell) => {
      if (role === 'anonymous') expect(await refusalOf(cell)).toEqual([4401, 'AUTHENTICATION_REQUIRED']);
      else if (role === 'endedSession') expect(await refusalOf(cell)).toEqual([4401, 'TOKEN_INVALID']);
      else expect(await answerTo(cell)).toBe(cell.expected);
    },
  );
});

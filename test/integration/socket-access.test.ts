/**
 * Who may do what on the socket: every command, for everybody whom a chat can know, to what is his own, another's or not there.
 * A command without a row here fails, so that none is added without saying who may use it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acks, commands } from '../../src/interfaces/contract/frames.ts';
import { makeWorld, ROLES, type Role, type World } from '../support/access-world.ts';
import { type Person, TestApp } from '../support/app.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const TARGETS = ['own', "another's", 'missing'] as const;
type Target = (typeof TARGETS)[number];
type SignedIn = Exclude<Role, 'anonymous' | 'endedSession'>;

/** What is answered: `ack` or the code of a refusal; to everybody, or to each. */
type Answers = string | Record<SignedIn, string>;

interface Row {
  readonly command: string;
  /** What it is about, told by the kind of thing that the command names. */
  readonly frame: (target: { readonly chatId: string; readonly messageId: string; readonly person: Person }) => object;
  readonly answers: Record<Target, Answers>;
}

const outside = (code: string) => ({ stranger: code, formerMember: code });
const inside = (code: string) => ({ member: code, admin: code, owner: code });
const OUTSIDE_NOT_FOUND = outside('CHAT_NOT_FOUND');
/** The stranger's is in another chat. */
const OWN_MESSAGE = { stranger: 'ack', formerMember: 'CHAT_NOT_FOUND', ...inside('ack') };

/** About a chat: his own is one that he made, another's is the group. */
const aboutChat = (frame: Row['frame']): Pick<Row, 'frame' | 'answers'> => ({
  frame,
  answers: { own: 'ack', "another's": { ...OUTSIDE_NOT_FOUND, ...inside('ack') }, missing: 'CHAT_NOT_FOUND' },
});

const ROWS: readonly Row[] = [
  { command: 'message.send', ...aboutChat(({ chatId }) => ({ chatId, content: 'x' })) },
  {
    command: 'message.send',
    frame: ({ person }) => ({ userId: person.id, content: 'x' }),
    answers: { own: 'CHAT_WITH_ONESELF', "another's": 'ack', missing: 'USERS_UNKNOWN' },
  },
  {
    command: 'message.edit',
    frame: ({ chatId, messageId }) => ({ chatId, messageId, content: 'x' }),
    answers: {
      own: OWN_MESSAGE,
      "another's": { ...OUTSIDE_NOT_FOUND, ...inside('FORBIDDEN') },
      missing: { ...OUTSIDE_NOT_FOUND, ...inside('MESSAGE_NOT_FOUND') },
    },
  },
  {
    command: 'message.delete',
    frame: ({ chatId, messageId }) => ({ chatId, messageId }),
    answers: {
      own: OWN_MESSAGE,
      "another's": { ...OUTSIDE_NOT_FOUND, member: 'FORBIDDEN', admin: 'ack', owner: 'ack' },
      missing: { ...OUTSIDE_NOT_FOUND, ...inside('MESSAGE_NOT_FOUND') },
    },
  },
  { command: 'chat.read', ...aboutChat(({ chatId }) => ({ chatId, seq: 1 })) },
  { command: 'chat.join', ...aboutChat(({ chatId }) => ({ chatId })) },
  { command: 'chat.typing', ...aboutChat(({ chatId }) => ({ chatId })) },
  // Not to follow is anybody's right, and tells nothing.
  { command: 'chat.leave', frame: ({ chatId }) => ({ chatId }), answers: all('ack') },
  { command: 'presence.set', frame: () => ({ status: 'away' }), answers: all('ack') },
  { command: 'presence.get', frame: ({ person }) => ({ userIds: [person.id] }), answers: all('ack') },
  {
    command: 'auth.refresh',
    frame: ({ person }) => ({ token: person.accessToken }),
    answers: { own: 'ack', "another's": 'TOKEN_INVALID', missing: 'TOKEN_INVALID' },
  },
];

function all(answer: string): Row['answers'] {
  return { own: answer, "another's": answer, missing: answer };
}

const CELLS = ROWS.flatMap((row) => TARGETS.flatMap((target) => ROLES.map((role) => ({ row, target, role }))));

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await TestApp.start();
  url = await app.application.server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.stop());

/** What a frame is made of. His own chat is one that he made; his own message is in the group if he ever was. */
async function targetOf(world: World, role: SignedIn, target: Target, row: Row): Promise<Parameters<Row['frame']>[0]> {
  const { chatId, messageId, formerMessageId, writer } = world;
  const me = world.people[role] as Person;
  const nobody = { ...writer, id: 'nobody', accessToken: 'nonsense' };
  const isAboutMessage = 'messageId' in row.frame({ chatId, messageId, person: writer });
  if (target === "another's") return { chatId, messageId, person: writer };
  if (target === 'missing')
    return { chatId: isAboutMessage ? chatId : 'nowhere', messageId: 'nothing', person: nobody };
  if (isAboutMessage && role === 'formerMember') return { chatId, messageId: formerMessageId, person: me };
  const own = isAboutMessage && role !== 'stranger' ? chatId : await app.group(me);
  return { chatId: own, messageId: (await app.say(own, me)).id, person: me };
}

/** The ack or the code of the refusal. */
async function answerTo(role: SignedIn, target: Target, row: Row): Promise<string> {
  const world = await makeWorld(app);
  const me = world.people[role] as Person;
  const frame = row.frame(await targetOf(world, role, target, row));
  const socket = await SocketClient.signedIn(url, me.accessToken);
  const { type, code } = await socket.command(row.command, frame);
  socket.close();
  return type === 'ack' ? 'ack' : String(code);
}

/** Whoever is not signed in is told that, whatever he asks for, and the connection ends. */
async function refusalOf(role: 'anonymous' | 'endedSession', row: Row): Promise<unknown> {
  const { people, chatId, messageId, writer } = await makeWorld(app);
  const socket = new SocketClient(socketUrl(url));
  await socket.next('hello');
  const token = people[role]?.accessToken;
  if (token !== undefined) socket.send({ type: 'auth', token });
  socket.send({ type: row.command, id: '1', ...row.frame({ chatId, messageId, person: writer }) });
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
  test.each(CELLS.map((cell) => [cell.row.command, cell.target, cell.role, cell.row] as const))(
    '%s: %s, by %s',
    async (_, target, role, row) => {
      if (role === 'anonymous') expect(await refusalOf(role, row)).toEqual([4401, 'AUTHENTICATION_REQUIRED']);
      else if (role === 'endedSession') expect(await refusalOf(role, row)).toEqual([4401, 'TOKEN_INVALID']);
      else {
        const answers = row.answers[target];
        expect(await answerTo(role, target, row)).toBe(typeof answers === 'string' ? answers : answers[role]);
      }
    },
  );
});

/** Tries every line of docs/from-other-systems.md against a started application: a call that is not so fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Mail } from '../../src/application/ports/services.ts';
import { answered, PASSWORD, type Person, TestApp } from '../support/app.ts';
import { basic } from '../support/basic.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const DOCUMENT = readFileSync('docs/from-other-systems.md', 'utf8');
const ROW = /^\| (?<old>.+) \| (?<who>anybody|me|Basic|admin) \| `(?<call>.+)` \| (?<answer>\w+) \|$/;

interface Line {
  readonly old: string;
  readonly who: 'anybody' | 'me' | 'Basic' | 'admin';
  readonly call: string;
  readonly answer: string;
}

const systems = DOCUMENT.split(/^## /m)
  .slice(1)
  .map((section) => ({ name: section.split('\n', 1)[0] ?? '', lines: linesOf(section) }));

function linesOf(section: string): Line[] {
  const rows = section
    .split('\n')
    .filter((row) => row.startsWith('|') && !row.startsWith('| Old') && !row.startsWith('|--'));
  return rows.map((row) => {
    const line = ROW.exec(row)?.groups;
    if (!line) throw new Error(`a row that cannot be tried: ${row}`);
    return { ...line } as unknown as Line;
  });
}

let app: TestApp;
let url: string;
const sent: Mail[] = [];

/** What the words in braces stand for, and who makes the calls. */
interface World {
  readonly me: Person;
  readonly admin: Person;
  readonly words: Record<string, string>;
}

async function start(): Promise<void> {
  app = await TestApp.start({ mailer: { send: async (mail) => void sent.push(mail) } });
  url = await app.application.server.listen({ host: '127.0.0.1', port: 0 });
}

/** Names that no call makes; the same name twice is refused. */
async function makeWorld(number: number): Promise<World> {
  const [me, bob, eve, admin] = [
    await app.register(),
    await app.register(`bob-${number}`),
    await app.register(),
    await app.register(),
  ];
  await app.application.operator.promote(admin.username);
  const chat = await app.group(me, bob);
  const message = await app.say(chat, me);
  const direct = answered(await app.post(`users/${bob.id}/messages`, { content: 'hello' }, me), 201).chatId;
  const room = answered(await app.post('chats', { kind: 'public', name: 'room' }, me), 201).id;
  const { username, email, accessToken, refreshToken } = me;
  const people = { username, email, accessToken, refreshToken, password: PASSWORD, bob: bob.id, eve: eve.id };
  return { me, admin, words: { ...people, chat, message: message.id, direct, room } };
}

/** The token of the mail that a forgotten password brings. */
async function resetToken({ me }: World): Promise<string> {
  sent.length = 0;
  await app.post('auth/password/forgot', { email: me.email });
  await app.application.mailDelivery.deliverDue();
  return /^ {2}(\S{32})$/m.exec(sent[0]?.text ?? '')?.[1] ?? 'no mail';
}

async function answerTo(world: World, { who, call: template }: Line): Promise<string> {
  const words = template.includes('{resetToken}')
    ? { ...world.words, resetToken: await resetToken(world) }
    : world.words;
  const call = template.replace(
    /\{(\w+)\}/g,
    (_, word: string) => (words as Record<string, string>)[word] ?? `no ${word}`,
  );
  const [, method = '', rest = ''] = /^(\S+) (.+)$/s.exec(call) ?? [];
  if (method === '$') return String(await exitCodeOf(rest.replace('npm run parley -- ', '')));
  if (method === 'WS') return typeOfAnswer(world, JSON.parse(rest));
  const [path = '', body] = rest.split(/ (.*)/s);
  const isForm = body !== undefined && !body.startsWith('{');
  const as = { me: world.me, admin: world.admin }[who as string];
  const { status } = await app.call(method, path.startsWith('/docs') ? path : path.slice(1), {
    ...(as && { as }),
    ...(body !== undefined && { payload: body }),
    headers: {
      ...(who === 'Basic' && basic(world.me.username)),
      ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
  });
  return String(status);
}

async function typeOfAnswer({ me }: World, frame: { readonly type: string }): Promise<string> {
  const { type, ...fields } = frame;
  const isFirst = type === 'auth';
  const socket = isFirst ? new SocketClient(socketUrl(url)) : await SocketClient.signedIn(url, me.accessToken);
  if (isFirst) {
    await socket.next('hello');
    socket.send(frame);
  }
  const answer = isFirst ? await socket.next('ready') : await socket.command(type, fields);
  socket.close();
  return answer.type;
}

async function exitCodeOf(command: string): Promise<unknown> {
  const folder = await temporaryFolder();
  const child = spawn(process.execPath, ['src/cli.ts', ...command.split(' ')], {
    env: { PATH: process.env.PATH, PARLEY_DATA_DIR: folder.path },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  await folder.remove();
  return code;
}

test('there is a table for each of the five systems', () => {
  expect(systems.map(({ name, lines }) => [name.slice(0, 2), lines.length > 10])).toEqual(
    ['S0', 'S1', 'S2', 'S3', 'S4'].map((name) => [name, true]),
  );
});

describe.each(systems)('$name', ({ lines }) => {
  beforeAll(start);
  afterAll(() => app.stop());

  test.each([...lines.entries()].map(([number, line]) => ({ ...line, number })))('$old: $call', async (line) => {
    expect(await answerTo(await makeWorld(line.number), line)).toBe(line.answer);
  });
});

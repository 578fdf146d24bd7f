import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, type Answer, ApiClient } from '../support/api-client.ts';
import type { ProcessStore } from '../support/process-stores.ts';
import { check, type Sending, type Violation, type Witness } from './checker.ts';
import { Member } from './member.ts';
import { patiently } from './tokens.ts';
import { WatchedNode } from './watched-node.ts';

const PEOPLE = 24;
const ROOMS = 12;
const PEOPLE_PER_ROOM = 5;
const LANES = 16;
const CONVERGE_MS = 60_000;
/** As in docs/protocol.md: the server pings after 25 s, and waits 10 s for an answer. */
const SILENCE_MS = 35_000;
/** After the last socket has gone. */
const REST_MS = 5_000;
const LOOKS = 120;
const UPLOAD_MAX_BYTES = 64 * 1024;
const SIGNED_OUT = 4401;
/** What has to be nothing once everybody has gone. */
const GONE = ['sockets', 'people connected', 'chats followed', 'chats being written'] as const;

/** A line that may still be edited or deleted. */
interface Said {
  readonly by: Member;
  readonly sending: Sending;
  readonly messageId: string;
}

/** A chat for a while. */
interface Room {
  readonly chatId: string;
  /** The first owns it. */
  readonly residents: readonly Member[];
  /** Comes and goes. */
  readonly guest: Member;
  readonly said: Said[];
  isGuestIn: boolean;
  isGuestMoving: boolean;
  /** How much is under way in it. */
  busy: number;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly expected: number;
}

export interface SoakResult {
  /** How often each thing was done. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  /** What was still there when everybody had gone. */
  readonly leftovers: readonly string[];
}

/**
 * Everyday life, in which nothing goes wrong: people write, read, edit, delete, upload, sign in and out, lose their links, come and
 * go. A room lasts a while; at its end all that was said in it is held against the promises, and it is deleted. Meanwhile the
 * nodes are watched.
 */
export class Soak {
  readonly nodes: readonly WatchedNode[];
  readonly #accounts: readonly Account[];
  readonly #people: readonly Member[];
  readonly #rooms: Room[] = [];
  readonly #counts = new Map<string, number>();
  readonly #violations: Violation[] = [];
  #uploads = 0;
  #isOver = false;

  /** What is done, and how often among a thousand. False: there was nothing to do it to. */
  readonly #doings: readonly (readonly [often: number, name: string, act: () => Promise<boolean>])[] = [
    [660, 'messages', () => this.#inRoom((room) => this.#say(room, pick(peopleOf(room))))],
    [100, 'reads', () => this.#inRoom((room) => this.#read(room))],
    [60, 'edits', () => this.#inRoom((room) => this.#edit(room))],
    [20, 'deletions', () => this.#inRoom((room) => this.#delete(room))],
    [50, 'pages', () => this.#inRoom((room) => this.#look(room))],
    [40, 'typing', () => this.#inRoom((room) => this.#type(room))],
    [20, 'uploads', () => this.#inRoom((room) => this.#upload(room))],
    [20, 'lost links', () => this.#loseLink()],
    [12, 'removals and returns', () => this.#inRoom((room) => this.#moveGuest(room))],
    [8, 'log-ins', () => this.#signInAndOut()],
    [6, 'rooms', () => this.#replaceRoom()],
    [4, 'accounts', () => this.#comeAndGo()],
  ];

  private constructor(nodes: readonly WatchedNode[], accounts: readonly Account[]) {
    this.nodes = nodes;
    this.#accounts = accounts;
    this.#people = accounts.map(
      (account, i) =>
        new Member(account, (attempt) => (nodes[(i + attempt) % nodes.length] as WatchedNode).url, SILENCE_MS),
    );
  }

  static async start(store: ProcessStore, nodeCount: number): Promise<Soak> {
    const env = { ...store.env };
    const nodes = await Promise.all(Array.from({ length: nodeCount }, () => WatchedNode.start(env)));
    const api = new ApiClient(pick(nodes).url);
    const soak = new Soak(nodes, await Promise.all(Array.from({ length: PEOPLE }, () => api.register())));
    await Promise.all(soak.#people.map((member) => member.connect()));
    for (let i = 0; i < ROOMS; i += 1) await soak.#openRoom();
    return soak;
  }

  /** @param perSecond about how many things are done, where the nodes keep up */
  async run(ms: number, perSecond: number): Promise<SoakResult> {
    const pauseMs = (LANES / perSecond) * 1_000;
    const live = async (): Promise<void> => {
      while (!this.#isOver) {
        await this.#doSomething();
        await sleep(2 * Math.random() * pauseMs);
      }
    };
    const watch = async (): Promise<void> => {
      for (let i = 0; i < LOOKS && !this.#isOver; i += 1) {
        await sleep(ms / LOOKS);
        await this.#watch();
      }
    };
    const end = () => {
      this.#isOver = true;
    };
    await Promise.all([watch().finally(end), ...Array.from({ length: LANES }, () => live().finally(end))]);
    for (let room = this.#rooms.shift(); room; room = this.#rooms.shift()) await this.#closeRoom(room);
    return { counts: this.#counts, violations: this.#violations, leftovers: await this.#leftovers() };
  }

  async close(): Promise<void> {
    await Promise.all(this.#people.map((member) => member.stop()));
    await Promise.all(this.nodes.map((node) => node.stop('SIGKILL')));
  }

  async #watch(): Promise<void> {
    for (const node of this.nodes) await node.note(this.#uploads);
  }

  async #doSomething(): Promise<void> {
    let dice = Math.random() * this.#doings.reduce((sum, [often]) => sum + often, 0);
    for (const [often, name, act] of this.#doings) {
      dice -= often;
      if (dice > 0) continue;
      if (await act()) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      return;
    }
  }

  async #inRoom(act: (room: Room) => Promise<boolean>): Promise<boolean> {
    const room = pick(this.#rooms);
    room.busy += 1;
    return act(room).finally(() => {
      room.busy -= 1;
    });
  }

  async #say(room: Room, by: Member): Promise<boolean> {
    const said = await this.#send(room, by);
    if (said && by !== room.guest) room.said.push(said);
    return said !== null;
  }

  /** Null where it was not sent: a guest may be refused, since he may have been removed. */
  async #send(room: Room, by: Member, attachmentIds: readonly string[] = []): Promise<Said | null> {
    const text = 'so it goes '.repeat(1 + Math.random() * 30).trim();
    const { sending, messageId } = await by.send(room.chatId, text, Date.now() + CONVERGE_MS, attachmentIds);
    if (by !== room.guest && sending.outcome === 'failed') throw new Error(`refused: ${JSON.stringify(sending)}`);
    return messageId === undefined ? null : { by, sending, messageId };
  }

  async #read(room: Room): Promise<boolean> {
    const path = `/chats/${room.chatId}/read`;
    await this.#call(pick(room.residents), { method: 'PUT', path, body: { seq: 1_000_000 }, expected: 200 });
    return true;
  }

  async #edit(room: Room): Promise<boolean> {
    const said = takeOne(room.said);
    if (!said) return false;
    const content = `edited at ${Date.now()}`;
    const path = `/chats/${room.chatId}/messages/${said.messageId}`;
    await this.#call(said.by, { method: 'PATCH', path, body: { content }, expected: 200 });
    said.sending.content = content;
    room.said.push(said);
    return true;
  }

  async #delete(room: Room): Promise<boolean> {
    const said = takeOne(room.said);
    if (!said) return false;
    const path = `/chats/${room.chatId}/messages/${said.messageId}`;
    await this.#call(said.by, { method: 'DELETE', path, expected: 204 });
    said.sending.content = null;
    return true;
  }

  async #look({ chatId, residents }: Room): Promise<boolean> {
    const page = `/chats/${chatId}/messages?limit=20`;
    const path = pick(['/chats', page, `${page}&content-like=goes`, '/users?limit=20', '/presence']);
    await this.#call(pick(residents), { method: 'GET', path, expected: 200 });
    return true;
  }

  async #type({ chatId, residents }: Room): Promise<boolean> {
    return (await pick(residents).ask({ type: 'chat.typing', chatId }))?.type === 'ack';
  }

  /** A file that is sent, and read by somebody else. */
  async #upload(room: Room): Promise<boolean> {
    const [from, to] = room.residents as [Member, Member];
    const bytes = new Uint8Array(Math.ceil(Math.random() * UPLOAD_MAX_BYTES));
    const body = new FormData();
    body.append('file', new Blob([bytes]), 'file.bin');
    const { url } = pick(this.nodes);
    const as = ({ tokens }: Member) => ({ authorization: `Bearer ${tokens.access}` });
    const answer = await patiently(() =>
      fetch(`${url}/api/v1/attachments`, { method: 'POST', headers: as(from), body }),
    );
    if (answer.status !== 201) throw new Error(`not uploaded: ${answer.status} ${await answer.text()}`);
    this.#uploads += 1;
    const file = (await answer.json()) as { id: string; url: string };
    const said = await this.#send(room, from, [file.id]);
    if (!said) return false;
    const read = await patiently(() => fetch(`${url}${file.url}`, { headers: as(to) }));
    const { byteLength } = await read.arrayBuffer();
    if (byteLength !== bytes.length) throw new Error(`read ${byteLength} bytes of ${bytes.length}: ${read.status}`);
    room.said.push(said); // not before, or somebody might delete it while it is read
    return true;
  }

  async #loseLink(): Promise<boolean> {
    pick(this.#people).cut();
    return true;
  }

  async #moveGuest(room: Room): Promise<boolean> {
    const { chatId, residents, guest } = room;
    if (room.isGuestMoving) return false;
    room.isGuestMoving = true;
    const owner = residents[0] as Member;
    const path = `/chats/${chatId}/members`;
    if (room.isGuestIn) await this.#call(owner, { method: 'DELETE', path: `${path}/${guest.id}`, expected: 204 });
    else await this.#call(owner, { method: 'POST', path, body: { userIds: [guest.id] }, expected: 200 });
    room.isGuestIn = !room.isGuestIn;
    room.isGuestMoving = false;
    return true;
  }

  /** On another device, which is closed by that. */
  async #signInAndOut(): Promise<boolean> {
    const { url } = pick(this.nodes);
    const { id, username, password } = pick(this.#accounts);
    const api = new ApiClient(url);
    const { status, body } = await patiently(() => api.post('/auth/login', { login: username, password }));
    if (status !== 200) throw new Error(`not signed in: ${status}`);
    const device = new Member({ id, ...body }, () => pick(this.nodes).url, SILENCE_MS);
    await device.connect();
    await this.#call(device, { method: 'POST', path: '/auth/logout', expected: 204 });
    const isOut = await until(() => device.closeCodes.includes(SIGNED_OUT));
    await device.stop();
    if (!isOut) throw new Error(`the sign-out closed nothing; there came ${device.closeCodes}`);
    return true;
  }

  async #comeAndGo(): Promise<boolean> {
    const { api, password } = await new ApiClient(pick(this.nodes).url).register();
    const { status } = await patiently(() => api.call('DELETE', '/users/me', { password, messages: 'erase' }));
    if (status !== 204) throw new Error(`an account was not deleted: ${status}`);
    return true;
  }

  async #openRoom(): Promise<void> {
    const [owner, ...others] = someOf(this.#people, PEOPLE_PER_ROOM) as [Member, ...Member[]];
    const guest = others.pop() as Member;
    const body = { kind: 'group', name: randomUUID(), memberIds: [...others, guest].map(({ id }) => id) };
    const { id } = (await this.#call(owner, { method: 'POST', path: '/chats', body, expected: 201 })).body;
    const state = { said: [], isGuestIn: true, isGuestMoving: false, busy: 0 };
    this.#rooms.push({ chatId: id, residents: [owner, ...others], guest, ...state });
  }

  async #replaceRoom(): Promise<boolean> {
    const room = this.#rooms.shift();
    if (!room) return false;
    await this.#openRoom();
    await this.#closeRoom(room);
    return true;
  }

  /** Waits until all are told of all, holds it against the promises, and deletes it. */
  async #closeRoom(room: Room): Promise<void> {
    const { chatId } = room;
    const owner = room.residents[0] as Member;
    while (room.busy > 0) await sleep(20);
    const head = (await this.#call(owner, { method: 'GET', path: `/chats/${chatId}`, expected: 200 })).body.rev;
    const people = peopleOf(room);
    await until(() => people.every((member) => member.hasReached(chatId, head)));
    const { url } = pick(this.nodes);
    const witnesses = this.#people.map(async (member): Promise<Witness> => {
      const heard = member.heard.filter((one) => one.chatId === chatId);
      const isStranger = member !== room.guest && !room.residents.includes(member);
      if (isStranger) return { ...STRANGER, userId: member.id, heard };
      return { ...(await member.witness(url, people.includes(member) ? [chatId] : [], [chatId])), heard };
    });
    const sendings = this.#people.flatMap((member) => member.sendings.filter((sending) => sending.chatId === chatId));
    this.#violations.push(...check({ sendings, witnesses: await Promise.all(witnesses), measures: [] }));
    await this.#call(owner, { method: 'DELETE', path: `/chats/${chatId}`, expected: 204 });
    if (!(await until(() => !people.some((member) => member.has(chatId))))) {
      this.#violations.push({ invariant: 'I4', kind: 'lost', what: `somebody was not told of the end of ${chatId}` });
    }
    for (const member of this.#people) member.forget(chatId);
  }

  async #call(member: Member, { method, path, body, expected }: Request): Promise<Answer> {
    const answer = await member.tokens.ask(pick(this.nodes).url, method, path, body);
    if (answer.status === expected) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #leftovers(): Promise<string[]> {
    await Promise.all(this.#people.map((member) => member.stop()));
    await sleep(REST_MS);
    const found: string[] = [];
    for (const node of this.nodes) {
      const sample = await node.look(this.#uploads);
      for (const name of GONE) if (sample[name] !== 0) found.push(`${name}: ${sample[name]} at the end`);
      const { code } = await node.stop('SIGTERM');
      if (code !== 0) found.push(`the stop ended with ${code}`);
    }
    return found;
  }
}

const STRANGER = { chatIds: [], everIn: [], copies: new Map(), histories: new Map(), unread: new Map() };

const peopleOf = ({ residents, guest, isGuestIn }: Room): readonly Member[] =>
  isGuestIn ? [...residents, guest] : residents;

function pick<T>(from: readonly T[]): T {
  const one = from[Math.floor(Math.random() * from.length)];
  if (one === undefined) throw new Error('there is nothing to pick from');
  return one;
}

function takeOne<T>(from: T[]): T | undefined {
  return from.splice(Math.floor(Math.random() * from.length), 1)[0];
}

function someOf<T>(from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => takeOne(left) as T);
}

/** Whether it came true in time. */
async function until(isTrue: () => boolean): Promise<boolean> {
  const deadline = Date.now() + CONVERGE_MS;
  while (!isTrue() && Date.now() < deadline) await sleep(20);
  return isTrue();
}

import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Account, Answer } from '../support/api-client.ts';
import { socketUrl } from '../support/socket-client.ts';
import type { Heard, Line, Sending, Witness } from './checker.ts';
import { Tokens } from './tokens.ts';

const SILENCE_MS = 3_000;
const PING_EVERY_MS = 500;
const RETRY_MS = 100;
const REQUEST_MS = 60_000;
const TOKEN_EXPIRED = 4010;

// biome-ignore lint/suspicious/noExplicitAny: what came is looked into, and fails the run where it is not what it should be.
type Frame = Record<string, any>;

interface Message {
  readonly id: string;
  readonly seq: number;
  readonly rev: number;
  readonly senderId: string;
  readonly clientId: string | null;
  readonly content: string | null;
  readonly createdAt: string;
}

/** What a client has of one chat. */
interface Copy {
  rev: number;
  readonly lines: Map<number, { readonly rev: number; readonly line: Line }>;
}

/** Reads by a path of the API. */
interface Reader {
  get(path: string): Promise<Answer>;
}

export interface Sent {
  readonly sending: Sending;
  /** Where it was acknowledged. */
  readonly messageId?: string;
}

/**
 * A well-behaved client, as docs/protocol.md would have it: one socket that comes back, resumes, renews its tokens, sends again what
 * has no answer under the same clientId, and keeps what it is told. It writes down all that a checker wants to know.
 */
export class Member {
  readonly id: string;
  readonly tokens: Tokens;
  readonly sendings: Sending[] = [];
  readonly heard: Heard[] = [];
  readonly closeCodes: number[] = [];
  /** How often it has been `ready`. */
  connections = 0;
  signedOutAt: number | undefined;
  readonly #door: (attempt: number) => string;
  readonly #silenceMs: number;
  readonly #copies = new Map<string, Copy>();
  /** Chats that were new, while what is in them is read. */
  readonly #unread = new Set<string>();
  readonly #answers = new Map<string, (frame: Frame | null) => void>();
  #socket: WebSocket | null = null;
  #isReady = false;
  #isStopped = false;
  #attempt = 0;
  #lastId = 0;
  #epoch: string | undefined;
  #running: Promise<void> | undefined;
  #waitingForReady: (() => void)[] = [];

  /**
   * @param door where to connect to at this attempt
   * @param silenceMs after so long without a frame it connects again
   */
  constructor(
    account: Pick<Account, 'id' | 'accessToken' | 'refreshToken'>,
    door: (attempt: number) => string,
    silenceMs = SILENCE_MS,
  ) {
    this.id = account.id;
    this.tokens = new Tokens(account);
    this.#door = door;
    this.#silenceMs = silenceMs;
  }

  get isConnected(): boolean {
    return this.#isReady;
  }

  async connect(): Promise<void> {
    this.#running ??= this.#run();
    await this.#ready();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket?.terminate();
    await this.#running;
  }

  /** Sends one message until there is an answer, or no more time. */
  async send(chatId: string, content: string, deadline: number, attachmentIds: readonly string[] = []): Promise<Sent> {
    this.#lastId += 1;
    const sending: Sending = {
      ...{ chatId, senderId: this.id, clientId: `${this.#lastId}`, content, outcome: 'unknown', errors: [] },
    };
    this.sendings.push(sending);
    let isCertain = true; // that no earlier attempt was stored: who was removed since is refused all the same
    while (Date.now() < deadline && !this.#isStopped) {
      const draft = { content, clientId: sending.clientId, ...(attachmentIds.length > 0 && { attachmentIds }) };
      const answer = await this.ask({ type: 'message.send', chatId, ...draft });
      if (answer?.type === 'ack') {
        sending.outcome = 'ok';
        sending.seq = answer.message.seq;
        return { sending, messageId: answer.message.id };
      }
      if (!answer) {
        isCertain = false;
        continue;
      }
      const { code, retryAfterMs } = answer;
      sending.errors.push({ code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
      if (retryAfterMs === undefined) {
        if (isCertain) sending.outcome = 'failed';
        return { sending };
      }
      await sleep(Math.min(retryAfterMs, 500));
    }
    return { sending };
  }

  /** Reads nothing more from its socket. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Cuts its own link. */
  cut(): void {
    this.#socket?.terminate();
  }

  hasReached(chatId: string, rev: number): boolean {
    return (this.#copies.get(chatId)?.rev ?? 0) >= rev && !this.#unread.has(chatId);
  }

  has(chatId: string): boolean {
    return this.#copies.has(chatId);
  }

  /** Keeps no account of a chat that has gone. */
  forget(chatId: string): void {
    for (const kept of [this.heard, this.sendings] as { readonly chatId: string }[][]) {
      kept.splice(0, kept.length, ...kept.filter((one) => one.chatId !== chatId));
    }
  }

  /** What it has been told, and what it finds at this node when it asks. */
  async witness(url: string, chatIds: readonly string[], everIn: readonly string[]): Promise<Witness> {
    const own = { userId: this.id, everIn, heard: this.heard };
    const nothing = { chatIds: [], copies: new Map(), histories: new Map(), unread: new Map() };
    if (this.signedOutAt !== undefined) return { ...own, ...nothing, signedOutAt: this.signedOutAt };
    const api = this.#reader(url);
    const { status, body } = await api.get('/chats?limit=100');
    if (status !== 200) throw new Error(`chats: ${status} ${JSON.stringify(body)}`);
    const unread = (body.items as Frame[])
      .filter(({ id }) => chatIds.includes(id))
      .map((chat): [string, { head: number; readSeq: number; unreadCount: number }] => [
        chat.id,
        { head: chat.seq, readSeq: chat.readSeq, unreadCount: chat.unreadCount },
      ]);
    const copies = [...this.#copies].map(([chatId, { lines }]): [string, Line[]] => [
      chatId,
      [...lines.values()].map(({ line }) => line).sort((a, b) => a.seq - b.seq),
    ]);
    const histories = await Promise.all(
      chatIds.map(async (chatId): Promise<[string, Line[]]> => [chatId, await historyOf(api, chatId)]),
    );
    return {
      ...own,
      ...{ chatIds, copies: new Map(copies), histories: new Map(histories), unread: new Map(unread) },
    };
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#session().catch(() => undefined);
      this.#isReady = false;
      for (const answer of this.#answers.values()) answer(null);
      this.#answers.clear();
      if (!this.#isStopped) await sleep(RETRY_MS * Math.random());
    }
    for (const wake of this.#waitingForReady.splice(0)) wake();
  }

  /** One connection, from its beginning to its end. */
  async #session(): Promise<void> {
    const url = this.#door(this.#attempt);
    this.#attempt += 1;
    const socket = new WebSocket(socketUrl(url), { handshakeTimeout: this.#silenceMs });
    this.#socket = socket;
    // Pings without an answer are counted, and no time: what came while this process stood still is not heard yet.
    let unanswered = 0;
    const watch = setInterval(() => {
      unanswered = socket.isPaused ? 0 : unanswered + 1;
      if (unanswered * PING_EVERY_MS > this.#silenceMs) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
    }, PING_EVERY_MS);
    const waiting: Frame[] = [];
    let isCaughtUp = false;
    socket.on('message', (data) => {
      unanswered = 0;
      const frame: Frame = JSON.parse(String(data));
      if (frame.type === 'hello') socket.send(JSON.stringify(this.#auth()));
      else if (frame.type === 'ping') socket.send('{"type":"pong"}');
      else if (frame.type === 'token.expiring') void this.#renew(socket, url);
      else if (frame.type === 'ready') {
        this.connections += 1;
        if (frame.epoch !== this.#epoch) this.#copies.clear();
        this.#epoch = frame.epoch;
        void this.#catchUp(url, frame.resumed).then(
          () => {
            isCaughtUp = true;
            for (const event of waiting.splice(0)) this.#apply(event);
            this.#isReady = true;
            for (const wake of this.#waitingForReady.splice(0)) wake();
          },
          () => socket.terminate(),
        );
      } else if (frame.id !== undefined) this.#answer(frame);
      else if (frame.chatId !== undefined) {
        this.#note(frame);
        if (isCaughtUp) this.#apply(frame);
        else waiting.push(frame);
      }
    });
    socket.on('error', () => undefined);
    const code = await new Promise<number>((resolve) => socket.on('close', resolve));
    clearInterval(watch);
    this.closeCodes.push(code);
    if (code === TOKEN_EXPIRED) {
      this.#attempt -= 1; // the same node again: its clock may not be that of the others
      if (await this.tokens.renew(url)) return;
    }
    if (code >= 4400 || code === TOKEN_EXPIRED) this.#isStopped = true;
  }

  /** A newer token for the open socket. */
  async #renew(socket: WebSocket, url: string): Promise<void> {
    await this.tokens.renew(url);
    socket.send(JSON.stringify({ type: 'auth.refresh', id: 'renewed', token: this.tokens.access }));
  }

  #auth(): Frame {
    const known = [...this.#copies].map(([chatId, { rev }]) => [chatId, { rev, readSeq: 0 }]);
    const resume = this.#epoch !== undefined && { resume: { epoch: this.#epoch, chats: Object.fromEntries(known) } };
    return { type: 'auth', token: this.tokens.access, ...resume };
  }

  /** What the server has not told by resuming is read. */
  async #catchUp(url: string, isResumed: boolean): Promise<void> {
    if (isResumed) return;
    const api = this.#reader(url);
    const { body } = await api.get('/chats?limit=100');
    await Promise.all(body.items.map((chat: Frame) => this.#read(api, chat.id)));
  }

  async #read(api: Reader, chatId: string): Promise<void> {
    const copy = this.#copyOf(chatId);
    if (copy.rev === 0) await this.#readAfresh(api, chatId, copy);
    for (;;) {
      const { status, body } = await api.get(`/chats/${chatId}/changes?afterRev=${copy.rev}&limit=100`);
      if (status !== 200) throw new Error(`changes: ${status}`);
      for (const change of body.items) this.#take(copy, change);
      if (body.items.length === 0 || copy.rev >= body.rev) return;
    }
  }

  async #readAfresh(api: Reader, chatId: string, copy: Copy): Promise<void> {
    const { status, body } = await api.get(`/chats/${chatId}`);
    if (status !== 200) throw new Error(`chat: ${status}`);
    for (const message of await messagesOf(api, chatId)) put(copy, message);
    copy.rev = body.rev;
  }

  #copyOf(chatId: string): Copy {
    let copy = this.#copies.get(chatId);
    if (!copy) {
      copy = { rev: 0, lines: new Map() };
      this.#copies.set(chatId, copy);
    }
    return copy;
  }

  #apply(event: Frame): void {
    if (event.type === 'chat.too_long') {
      const api = this.#reader(this.#door(this.#attempt - 1));
      void this.#read(api, event.chatId).catch(() => this.cut());
    } else if (typeof event.rev === 'number') {
      const copy = this.#copies.get(event.chatId);
      if (event.type === 'chat.created') {
        if (event.rev > (copy?.rev ?? 0)) void this.#welcome(event);
      } else if (copy && event.rev > copy.rev) this.#take(copy, event);
    }
  }

  /** A chat that is new, or new again: what was said in it before is read. */
  async #welcome({ chatId, rev }: Frame): Promise<void> {
    const copy: Copy = { rev, lines: new Map() };
    this.#copies.set(chatId, copy);
    this.#unread.add(chatId);
    try {
      const api = this.#reader(this.#door(this.#attempt - 1));
      for (const message of await messagesOf(api, chatId)) put(copy, message);
    } catch {
      if (this.#copies.get(chatId) === copy) this.#copies.delete(chatId); // and so it is told again
      this.cut();
    } finally {
      this.#unread.delete(chatId);
    }
  }

  #take(copy: Copy, { type, chatId, rev, data }: Frame): void {
    copy.rev = rev;
    if (data.message) put(copy, data.message);
    if (data.chat?.lastMessage) put(copy, data.chat.lastMessage);
    const isOut = type === 'member.removed' && data.members.some(({ userId }: Frame) => userId === this.id);
    if (isOut || type === 'chat.deleted') this.#copies.delete(chatId);
  }

  #reader(url: string): Reader {
    return { get: (path) => this.tokens.ask(url, 'GET', path) };
  }

  /** Writes down what came, before anything is done with it. */
  #note({ chatId, type, rev, data }: Frame): void {
    const members: { userId: string }[] = data.members ?? [];
    this.heard.push({
      ...{ connection: this.connections, at: Date.now(), chatId, type },
      ...(rev !== undefined && { rev, what: `${type} ${data.message?.id ?? ''}` }),
      ...(type === 'chat.read' && { read: data }),
      ...(type === 'member.removed' && { removed: members.map(({ userId }) => userId) }),
    });
  }

  /** Null when the connection ends before there is an answer. */
  async ask(command: Frame): Promise<Frame | null> {
    await this.#ready();
    const socket = this.#socket;
    if (!this.#isReady || !socket) return null;
    this.#lastId += 1;
    const id = `ask-${this.#lastId}`;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      socket.send(JSON.stringify({ ...command, id }));
    });
  }

  #answer(frame: Frame): void {
    this.#answers.get(frame.id)?.(frame);
    this.#answers.delete(frame.id);
  }

  #ready(): Promise<void> {
    if (this.#isReady || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForReady.push(resolve));
  }
}

const lineOf = ({ seq, senderId, clientId, content, createdAt }: Message): Line => ({
  ...{ seq, senderId, clientId, content },
  at: Date.parse(createdAt),
});

/** Of two versions of a line the one with the higher `rev` is the newer. */
function put({ lines }: Copy, message: Message): void {
  const before = lines.get(message.seq);
  if (!before || message.rev > before.rev) lines.set(message.seq, { rev: message.rev, line: lineOf(message) });
}

const historyOf = async (api: Reader, chatId: string): Promise<Line[]> => (await messagesOf(api, chatId)).map(lineOf);

/** All of them, the oldest first. */
async function messagesOf(api: Reader, chatId: string): Promise<Message[]> {
  const lines: Message[] = [];
  for (let after = 0; ; after = lines.at(-1)?.seq ?? 0) {
    const page = `/chats/${chatId}/messages?after=${after}&order=asc&limit=100`;
    const { status, body } = await within(REQUEST_MS, api.get(page));
    if (status !== 200) throw new Error(`history: ${status} ${JSON.stringify(body)}`);
    if (body.items.length === 0) return lines;
    lines.push(...body.items);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error(`no answer within ${ms} ms`)));
  return Promise.race([work, late]);
}

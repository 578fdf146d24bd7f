import type { StoreApi } from 'zustand/vanilla';
import type { Copy } from './archive.ts';
import type { Change, Changes, Chat, ChatSeen, LiveFrame, Me, Member, Message, Presence } from './contract.ts';
import type { Emitter, ParleyEvents } from './emitter.ts';
import type { Http, Query } from './http.ts';
import { withoutArrived } from './outgoing.ts';
import { ParleyError } from './parley-error.ts';
import { inOneStep, withEntry } from './records.ts';
import {
  applyChange,
  applyLive,
  filterOutbox,
  removesMe,
  withChat,
  withCopy,
  withoutChat,
  withoutTyping,
  withPresence,
  withUsers,
} from './reduce.ts';
import type { Beginning, ResumePoint } from './resume-point.ts';
import { INITIAL_STATE, type ParleyState } from './state.ts';
import { soon } from './time.ts';
import { windowOf } from './timeline.ts';
import { signedOut } from './tokens.ts';

const TYPING_MS = 6_000;
/** A chat that is further behind is read afresh. */
const MAX_BEHIND = 1_000;
const PAGE = 100;
const PRESENCE_PAGES = 10;
/** So many lists of members are read again with a new link; the others are forgotten. */
const MEMBER_LISTS = 5;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export type ServerEvent = Change | LiveFrame;

/**
 * Keeps the store what the server's own state is. Each stored change is applied once and in the order of its chat: one that is not
 * newer is dropped, and where one is missing the chat waits until it has been read.
 */
export class Replica {
  readonly #store: StoreApi<ParleyState>;
  readonly #http: Http;
  readonly #emitter: Emitter;
  readonly #onUnreadable: () => void;
  #epoch: string | null = null;
  /** Whether the chats are those of a copy, which are to be read before anything goes on from them. */
  #isCopy = false;
  /** Whose answers are wanted: another one after each `reset`. */
  #reader = {};
  #inbox: ServerEvent[] = [];
  #isFlushPlanned = false;
  /** While the list of chats is read, what comes waits. */
  #isReadingChats = false;
  /** What waits for the repair of its chat. */
  readonly #held = new Map<string, Change[]>();
  readonly #repairs = new Set<Promise<void>>();
  readonly #collectors = new Map<string, Set<Message[]>>();
  readonly #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param onUnreadable - called when what is missing cannot be read, so that the link has to be made anew */
  constructor(store: StoreApi<ParleyState>, http: Http, emitter: Emitter, onUnreadable: () => void) {
    this.#store = store;
    this.#http = http;
    this.#emitter = emitter;
    this.#onUnreadable = onUnreadable;
  }

  get state(): ParleyState {
    return this.#store.getState();
  }

  update(step: (state: ParleyState) => ParleyState): void {
    this.#store.setState(
      inOneStep(() => step(this.state)),
      true,
    );
  }

  /** Nothing is known of anybody any more. */
  reset(account: ParleyState['account']): void {
    this.#epoch = null;
    this.#isCopy = false;
    this.#reader = {};
    this.#inbox = [];
    this.#isReadingChats = false;
    this.#held.clear();
    this.forgetTyping();
    this.update(({ connection, stopped }) => ({ ...INITIAL_STATE, account, connection, stopped }));
  }

  /** Without a link nobody is known to type, and nothing is waited for. */
  forgetTyping(): void {
    this.#inbox = this.#inbox.filter(({ type }) => type !== 'chat.typing');
    for (const timer of this.#typingTimers.values()) clearTimeout(timer);
    this.#typingTimers.clear();
    this.update((state) => ({ ...state, typing: {} }));
  }

  /** The store the state is of, unless it is a copy that no link has made good. */
  get epoch(): string | null {
    return this.#isCopy ? null : this.#epoch;
  }

  /** Shows what was there when the page was closed, until there is a link. */
  restore(copy: Copy): void {
    this.#epoch = copy.epoch;
    this.#isCopy = true;
    this.update((state) => withCopy(state, copy));
  }

  /** Reads a chat, and its window if there is one, again. */
  refresh(chatId: string): void {
    this.#repair(chatId, () => this.#readAfresh(chatId));
  }

  /** An event, in the order in which it came. */
  receive(event: ServerEvent): void {
    this.#inbox.push(event);
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    soon(() => this.flush());
  }

  /** Applies what has come, in one step of the store, and tells of it. */
  flush(): void {
    this.#isFlushPlanned = false;
    if (this.#isReadingChats) return;
    const tell: (() => void)[] = [];
    const events = this.#inbox;
    this.#inbox = [];
    this.update((state) => events.reduce((before, event) => this.#apply(before, event, tell), state));
    for (const one of tell) one();
  }

  /** What is here; null where it is not enough to go on from. */
  resumePoint(): ResumePoint | null {
    this.flush();
    const { chats, chatsLoaded, me } = this.state;
    if (this.epoch === null || !chatsLoaded) return null;
    const known = Object.values(chats).map(({ id, rev, readSeq, muted, mutedUntil }) => {
      return [id, { rev, readSeq, muted, ...(mutedUntil !== null && { mutedUntil }) }] as const;
    });
    return { epoch: this.epoch, me: me?.version ?? 0, chats: Object.fromEntries(known) };
  }

  /** At the beginning of a link, before its first event: what comes waits until `complete` has read what the server does not replay. */
  begin({ userId, epoch, resumed }: Beginning): void {
    if (this.state.userId !== userId) this.reset('signed-in');
    else if (this.#epoch !== null && this.#epoch !== epoch) this.#forgetChats();
    this.#epoch = epoch;
    this.#isReadingChats = !resumed;
    this.update((state) => ({ ...state, userId, account: 'signed-in', stopped: null }));
  }

  /** Reads what the link does not bring by itself. Rejects when it cannot be read. */
  async complete({ me, resumed }: Beginning): Promise<void> {
    if (!resumed) await this.readChats();
    const known = this.state.me;
    if (!known || me > known.version) await this.readMe();
    const rest = [this.#refreshPresence(), this.#refreshMembers()];
    for (const one of rest) one.catch(() => undefined); // the next link tries again
  }

  async readMe(): Promise<Me> {
    const me = await this.#read<Me>('users/me');
    this.update((state) => withUsers({ ...state, me }, [me]));
    return me;
  }

  /** Reads the list of chats, whole. */
  async readChats(): Promise<void> {
    this.#isReadingChats = true;
    const before = Object.keys(this.state.chats);
    const chats: Chat[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Chat> = await this.#read('chats', { limit: PAGE, cursor });
      chats.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    const isNews = ({ id, rev }: Chat): boolean => this.#isCopy || rev > (this.state.chats[id]?.rev ?? -1);
    const moved = chats.filter(isNews);
    this.#isCopy = false;
    for (const { id } of moved) if (this.state.timelines[id]) this.refresh(id);
    this.update((state) => {
      const mine = new Set(chats.map(({ id }) => id));
      const gone = before.filter((id) => !mine.has(id));
      const taken = moved.filter(({ id }) => !this.#held.has(id));
      return taken.reduce(withChat, { ...gone.reduce(withoutChat, state), chatsLoaded: true });
    });
    this.#isReadingChats = false;
    this.flush();
  }

  /** Resolves when every chat that lacked something has been read. */
  async settled(): Promise<void> {
    await Promise.all(this.#repairs);
  }

  /** Takes a chat that an answer has brought, if it is a new one; of others the events tell. */
  take(chat: Chat): void {
    if (this.state.chats[chat.id]) return;
    this.update((state) => withChat(state, chat));
    void this.#meet(chat);
  }

  /** A message of mine is stored: it takes its place at once where it is the next change, and else when the events reach it. */
  acknowledge(message: Message): void {
    const { chatId, rev, seq, createdAt: at, senderId: actorId, clientId } = message;
    this.flush();
    const local = this.state.chats[chatId]?.rev ?? 0;
    if (rev === local + 1) this.receive({ type: 'message.created', chatId, rev, seq, at, actorId, data: { message } });
    else if (rev <= local) this.update((state) => filterOutbox(state, chatId, (line) => line.clientId !== clientId));
    this.flush();
  }

  /** Runs `read`, and gives besides what it read the lines of this chat that changed meanwhile, which may be newer. */
  async collect<T>(chatId: string, read: () => Promise<T>): Promise<[T, readonly Message[]]> {
    const changed: Message[] = [];
    const collectors = this.#collectors.get(chatId) ?? new Set();
    this.#collectors.set(chatId, collectors.add(changed));
    try {
      const result = await read();
      this.flush();
      return [result, changed];
    } finally {
      collectors.delete(changed);
      if (collectors.size === 0) this.#collectors.delete(chatId);
    }
  }

  #apply(state: ParleyState, event: ServerEvent, tell: (() => void)[]): ParleyState {
    if (event.type === 'chat.too_long') {
      this.refresh(event.chatId);
      return state;
    }
    if ('rev' in event) return this.#applyInOrder(state, event, tell);
    if (event.type === 'chat.typing') this.#expireTyping(event.chatId, event.data.userId);
    if (event.type === 'user.updated' && event.data.user.id === state.userId) void this.readMe().catch(() => undefined);
    tell.push(() => this.#emitter.emit(event.type as keyof ParleyEvents, event as never));
    return applyLive(state, event);
  }

  #applyInOrder(state: ParleyState, change: Change, tell: (() => void)[]): ParleyState {
    const { chatId, rev, type } = change;
    const held = this.#held.get(chatId);
    if (held) {
      held.push(change);
      return state;
    }
    const local = state.chats[chatId]?.rev;
    const isEnd = type === 'chat.deleted' || removesMe(state, change);
    if (local === undefined ? isEnd : rev <= local) return state;
    if (!isEnd && type !== 'chat.created' && rev !== (local ?? rev) + 1) {
      this.#repair(chatId, () => this.#catchUp(chatId, local), [change]);
      return state;
    }
    return this.#applyNext(state, change, tell);
  }

  #applyNext(state: ParleyState, change: Change, tell: (() => void)[]): ParleyState {
    const message = 'message' in change.data ? change.data.message : null;
    if (message) for (const collected of this.#collectors.get(change.chatId) ?? []) collected.push(message);
    tell.push(() => this.#emitter.emit(change.type, change as never));
    if (change.type === 'chat.created') void this.#meet(change.data.chat);
    return applyChange(state, change);
  }

  #repair(chatId: string, read: () => Promise<void>, waiting: Change[] = []): void {
    if (this.#held.has(chatId)) return;
    this.#held.set(chatId, waiting);
    const repair = read()
      .catch((error: unknown) => {
        if (this.#held.get(chatId) !== waiting) return; // of somebody who is signed out
        const isGone = error instanceof ParleyError && (error.status === 404 || error.status === 403);
        if (!isGone) return this.#onUnreadable();
        waiting.length = 0;
        this.update((state) => withoutChat(state, chatId));
      })
      .finally(() => {
        this.#repairs.delete(repair);
        if (this.#held.get(chatId) !== waiting) return;
        this.#held.delete(chatId);
        for (const change of waiting) this.receive(change);
      });
    this.#repairs.add(repair);
  }

  /** Reads and applies what this chat lacks. */
  async #catchUp(chatId: string, afterRev: number | undefined): Promise<void> {
    let local = afterRev;
    for (;;) {
      if (local === undefined) return this.#readAfresh(chatId);
      const query = { afterRev: local, limit: PAGE };
      const { items, rev } = await this.#read<Changes>(`chats/${chatId}/changes`, query);
      if (rev - local > MAX_BEHIND || (items.length === 0 && rev > local)) return this.#readAfresh(chatId);
      const tell: (() => void)[] = [];
      this.update((state) => items.reduce((before, change) => this.#applyNext(before, change, tell), state));
      for (const one of tell) one();
      local = items.at(-1)?.rev ?? rev;
      if (local >= rev) return;
    }
  }

  async #readAfresh(chatId: string): Promise<void> {
    const chat = await this.#read<ChatSeen>(`chats/${chatId}`);
    if (!('rev' in chat)) return this.update((state) => withoutChat(state, chatId));
    const newest = () => this.#read<Page<Message>>(`chats/${chatId}/messages`, { limit: PAGE / 2 });
    const page = this.state.timelines[chatId] ? await newest() : null;
    const hasMembers = this.state.members[chatId] !== undefined;
    this.update((state) => {
      const known = withChat(withoutChat(state, chatId), chat);
      if (!page) return known;
      const timeline = windowOf(page.items, { hasOlder: page.nextCursor !== null, hasNewer: false });
      return withoutArrived({ ...known, timelines: withEntry(known.timelines, chatId, timeline) }, chatId);
    });
    if (hasMembers) await this.readMembers(chatId);
  }

  /** Rejects if somebody else is signed in by the time of the answer. */
  async #read<T>(path: string, query: Query = {}): Promise<T> {
    const reader = this.#reader;
    const answer = await this.#http.request<T>('GET', path, { query });
    if (reader !== this.#reader) throw signedOut();
    return answer;
  }

  /** The store was restored from a backup: numbers from before are worth nothing. */
  #forgetChats(): void {
    this.update((state) => ({ ...state, chats: {}, chatsLoaded: false, timelines: {}, members: {}, typing: {} }));
  }

  /** No link tells who has come and gone meanwhile. What is told while it is read is newer. */
  async #refreshPresence(): Promise<void> {
    const before = this.state.presence;
    const online: Presence[] = [];
    for (let pages = 0, cursor: string | null = null; pages < PRESENCE_PAGES && (pages === 0 || cursor); pages++) {
      const page: Page<Presence> = await this.#read('presence', { limit: PAGE, cursor });
      online.push(...page.items);
      cursor = page.nextCursor;
    }
    this.update((state) => {
      const isNewer = (userId: string): boolean => state.presence[userId] !== before[userId];
      const there = new Set(online.map(({ userId }) => userId));
      const kept = Object.entries(state.presence).filter(([userId]) => there.has(userId) || isNewer(userId));
      const read = online.filter(({ userId }) => !isNewer(userId));
      return withPresence({ ...state, presence: Object.fromEntries(kept) }, read);
    });
  }

  /** Nor has any event told whether somebody is there with whom I had no chat until now. */
  async #meet({ peer }: Chat): Promise<void> {
    if (!peer || this.state.presence[peer.id]) return;
    const presence = await this.#read<Presence>(`users/${peer.id}/presence`).catch(() => null);
    if (presence) this.update((state) => withPresence(state, [presence]));
  }

  /** Nor how far others have read. */
  async #refreshMembers(): Promise<void> {
    const lists = Object.keys(this.state.members).slice(-MEMBER_LISTS);
    this.update((state) => {
      const kept = Object.entries(state.members).filter(([chatId]) => lists.includes(chatId));
      return { ...state, members: Object.fromEntries(kept) };
    });
    for (const chatId of lists) await this.readMembers(chatId);
  }

  /** The first page of a chat's members, or the one after those that are known. */
  async readMembers(chatId: string, cursor: string | null = null): Promise<void> {
    const query = { limit: PAGE, cursor };
    const page = await this.#read<Page<Member>>(`chats/${chatId}/members`, query);
    this.update((state) => {
      if (!state.chats[chatId]) return state;
      const read = new Set(page.items.map(({ userId }) => userId));
      const before = cursor === null ? [] : (state.members[chatId]?.items ?? []);
      const items = [...before.filter(({ userId }) => !read.has(userId)), ...page.items];
      const known = withUsers(
        state,
        page.items.map(({ user }) => user),
      );
      return { ...known, members: withEntry(known.members, chatId, { items, nextCursor: page.nextCursor }) };
    });
  }

  #expireTyping(chatId: string, userId: string): void {
    const key = `${chatId}/${userId}`;
    clearTimeout(this.#typingTimers.get(key));
    const expire = () => {
      this.#typingTimers.delete(key);
      this.update((state) => withoutTyping(state, chatId, userId));
    };
    this.#typingTimers.set(key, setTimeout(expire, TYPING_MS));
  }
}

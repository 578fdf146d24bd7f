import type { Connection } from './connection.ts';
import type {
  Chat,
  ChatChange,
  ChatSeen,
  Member,
  NewChatBody,
  PublicChat,
  ReadResult,
  RoomsQuery,
} from './contract.ts';
import type { Http } from './http.ts';
import { withChatFields, withReadMark } from './reduce.ts';
import type { Page, Replica } from './replica.ts';

/** The chats that `state.chats` has, and how to come by others. */
export class Chats {
  readonly #http: Http;
  readonly #replica: Replica;
  readonly #connection: Connection;
  /** Marks that the server has not taken yet. */
  readonly #marks = new Map<string, number>();

  constructor(http: Http, replica: Replica, connection: Connection) {
    this.#http = http;
    this.#replica = replica;
    this.#connection = connection;
  }

  createGroup(group: { readonly name: string; readonly memberIds: readonly string[] }): Promise<Chat> {
    return this.#create({ kind: 'group', ...group });
  }

  createRoom(room: { readonly name: string }): Promise<Chat> {
    return this.#create({ kind: 'public', ...room });
  }

  /** The chat between this person and me; it is made if there is none. */
  openDirect(userId: string): Promise<Chat> {
    return this.#create({ kind: 'direct', userId });
  }

  /** A public room that one is not in is shown from outside. */
  get(chatId: string): Promise<ChatSeen> {
    return this.#http.request('GET', `chats/${chatId}`);
  }

  update(chatId: string, change: ChatChange): Promise<Chat> {
    return this.#http.request('PATCH', `chats/${chatId}`, { body: change });
  }

  /** Deletes it for everybody, with its messages. */
  delete(chatId: string): Promise<void> {
    return this.#http.request('DELETE', `chats/${chatId}`);
  }

  leave(chatId: string): Promise<void> {
    return this.#http.request('DELETE', `chats/${chatId}/members/me`);
  }

  /** Public rooms, by name. */
  rooms(query: RoomsQuery = {}): Promise<Page<PublicChat>> {
    return this.#http.request('GET', 'chats/public', { query: { ...query } });
  }

  async join(chatId: string): Promise<Chat> {
    return this.#take(await this.#http.request<Chat>('POST', `chats/${chatId}/join`));
  }

  /** No notifications are wanted until then (RFC 3339), or for ever. */
  async mute(chatId: string, until: string | null = null): Promise<void> {
    await this.#http.request('PUT', `chats/${chatId}/mute`, { body: until === null ? {} : { until } });
    this.#replica.update((state) => withChatFields(state, chatId, { muted: true, mutedUntil: until }));
  }

  async unmute(chatId: string): Promise<void> {
    await this.#http.request('DELETE', `chats/${chatId}/mute`);
    this.#replica.update((state) => withChatFields(state, chatId, { muted: false, mutedUntil: null }));
  }

  setAvatar(chatId: string, image: Blob): Promise<Chat> {
    return this.#http.request('PUT', `chats/${chatId}/avatar`, { raw: image });
  }

  removeAvatar(chatId: string): Promise<void> {
    return this.#http.request('DELETE', `chats/${chatId}/avatar`);
  }

  /** Everything up to this line has been read, or all there is. Shown at once; the server is told as soon as it can be. */
  markRead(chatId: string, seq?: number): void {
    const chat = this.#replica.state.chats[chatId];
    const mark = Math.min(seq ?? Number.POSITIVE_INFINITY, chat?.seq ?? 0);
    if (!chat || mark <= chat.readSeq) return;
    this.#marks.set(chatId, mark);
    this.#replica.update((state) => withReadMark(state, chatId, mark));
    if (this.#replica.state.connection === 'online') void this.#tellMark(chatId, mark);
  }

  /** Another person is signed in, or nobody. */
  forget(): void {
    this.#marks.clear();
  }

  /** The link is there. */
  resume(): void {
    for (const [chatId, mark] of this.#marks) void this.#tellMark(chatId, mark);
  }

  async #tellMark(chatId: string, seq: number): Promise<void> {
    const put = () => this.#http.request<ReadResult>('PUT', `chats/${chatId}/read`, { body: { seq } });
    try {
      const told = await this.#connection.command('chat.read', { chatId, seq }, put);
      this.#replica.update((state) => withReadMark(state, chatId, told.readSeq, told.unreadCount));
    } catch {
      return; // again with the next link, or with the next mark
    }
    if (this.#marks.get(chatId) === seq) this.#marks.delete(chatId);
  }

  async #create(body: NewChatBody): Promise<Chat> {
    return this.#take(await this.#http.request<Chat>('POST', 'chats', { body }));
  }

  #take(chat: Chat): Chat {
    this.#replica.take(chat);
    return chat;
  }
}

/** Who is in a chat. */
export class Members {
  readonly #http: Http;
  readonly #replica: Replica;

  constructor(http: Http, replica: Replica) {
    this.#http = http;
    this.#replica = replica;
  }

  /** Reads the first 100 into `state.members`, which changes as they do from then on. */
  load(chatId: string): Promise<void> {
    return this.#replica.readMembers(chatId);
  }

  /** Reads the next 100. */
  async loadMore(chatId: string): Promise<void> {
    const cursor = this.#replica.state.members[chatId]?.nextCursor;
    if (cursor) await this.#replica.readMembers(chatId, cursor);
  }

  async add(chatId: string, userIds: readonly string[]): Promise<readonly Member[]> {
    const { items } = await this.#http.request<{ items: readonly Member[] }>('POST', `chats/${chatId}/members`, {
      body: { userIds },
    });
    return items;
  }

  setRole(chatId: string, userId: string, role: Member['role']): Promise<Member> {
    return this.#http.request('PATCH', `chats/${chatId}/members/${userId}`, { body: { role } });
  }

  remove(chatId: string, userId: string): Promise<void> {
    return this.#http.request('DELETE', `chats/${chatId}/members/${userId}`);
  }
}

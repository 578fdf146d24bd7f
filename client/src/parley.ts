import { createStore, type StoreApi } from 'zustand/vanilla';
import { Auth, OwnProfile, type Signing } from './accounts.ts';
import { Archive } from './archive.ts';
import { Chats, Members } from './chats.ts';
import { Connection, closed } from './connection.ts';
import type { Message, ServerInfo, SignedIn } from './contract.ts';
import { Emitter, isolated, type ParleyEvents } from './emitter.ts';
import { Files } from './files.ts';
import { Http } from './http.ts';
import { Messages } from './messages.ts';
import { Outbox } from './outbox.ts';
import { ParleyError } from './parley-error.ts';
import { People, Presence, Typing } from './people.ts';
import { withUsers } from './reduce.ts';
import { Replica } from './replica.ts';
import { INITIAL_STATE, type OutgoingMessage, type ParleyState } from './state.ts';
import { browserStorage, memoryStorage, type ParleyStorage } from './storage.ts';
import { type GetToken, GivenTokens, SessionTokens, signedOut } from './tokens.ts';

export interface ParleyOptions {
  /** Where the server is: `https://chat.example.org`. In a page that the server itself gave: ''. */
  readonly url: string;
  /** Says who this is, where the application has its own sessions. Without it, `auth` begins and ends one here. */
  readonly getToken?: GetToken;
  /** Where the session and the messages on their way are kept: IndexedDB in browsers, else memory. */
  readonly storage?: ParleyStorage;
  /**
   * Whether the storage also keeps the chats, and the newest lines of those that were looked into last, until this person signs
   * out: so they can be read when the client begins without a link. Off unless it is asked for.
   */
  readonly keepsCopy?: boolean;
}

/** The protocol's bound for a frame, 64 KiB, without what surrounds a message. Whatever is longer, no server takes. */
const MESSAGE_MAX_BYTES = 60_000;

/** What a page may do with the store. */
export type ParleyStore = Pick<StoreApi<ParleyState>, 'getState' | 'getInitialState' | 'subscribe'>;

/** A client of one Parley server, for one person at a time. */
export class Parley {
  readonly store: ParleyStore;
  readonly auth: Auth;
  readonly me: OwnProfile;
  readonly people: People;
  readonly chats: Chats;
  readonly members: Members;
  readonly messages: Messages;
  readonly files: Files;
  readonly typing: Typing;
  readonly presence: Presence;

  readonly #emitter = new Emitter();
  readonly #http: Http;
  readonly #session: SessionTokens | null;
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #archive: Archive | null;
  readonly #connection: Connection;
  /** Whether `close` was called since `connect` was. */
  #isClosed = false;

  constructor({ url, getToken, storage = defaultStorage(url), keepsCopy = false }: ParleyOptions) {
    const store = createStore<ParleyState>(() => INITIAL_STATE);
    this.store = {
      ...store,
      subscribe: (listener) => store.subscribe((state, before) => isolated(() => listener(state, before))),
    };
    this.#http = new Http(url);
    this.#session = getToken ? null : new SessionTokens(this.#http, storage, (why) => void this.#signOut(why));
    const tokens = this.#session ?? new GivenTokens(getToken as GetToken);
    this.#http.speakAs(tokens);
    this.#replica = new Replica(store, this.#http, this.#emitter, () => this.#connection.remake());
    this.#outbox = new Outbox(storage, this.#replica, this.#emitter, (message) => this.#deliver(message));
    this.#archive = keepsCopy ? new Archive(storage, store, () => this.#replica.epoch) : null;
    this.#connection = new Connection(this.#http, tokens, this.#replica, this.#emitter, {
      onOnline: (userId) => void this.#onOnline(userId),
      onLost: () => this.#outbox.suspend(),
      onSignedOut: (why) => void this.#signOut(why),
    });
    const signing: Signing = {
      begin: (granted) => this.#begin(granted),
      restore: () => this.#restore(),
      end: (tellServer) => this.#end(tellServer),
    };
    this.auth = new Auth(this.#http, signing);
    this.me = new OwnProfile(this.#http, this.#replica, signing);
    this.people = new People(this.#http);
    this.chats = new Chats(this.#http, this.#replica, this.#connection);
    this.members = new Members(this.#http, this.#replica);
    this.messages = new Messages(this.#http, this.#replica, this.#outbox, this.#archive);
    this.files = new Files(this.#http);
    this.typing = new Typing(this.#connection);
    this.presence = new Presence(this.#http, this.#replica, this.#connection);
  }

  /**
   * Connects, and stays connected until `close`, whatever happens to the link. Resolves when the chats are there for the first time.
   * @throws ParleyError SIGNED_OUT where nobody is signed in, or why the server wants no connection
   */
  async connect(): Promise<void> {
    this.#isClosed = false;
    if (this.#session && this.store.getState().userId === null && !(await this.#restore())) throw signedOut();
    const { userId } = this.store.getState();
    if (userId !== null) await Promise.all([this.#archive?.open(userId), this.#outbox.open(userId)]);
    if (this.#isClosed) {
      await this.close();
      throw closed();
    }
    await this.#connection.start();
  }

  /** Ends the connection and every iteration. What waits to be sent stays in the storage, for the next `connect`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connection.stop();
    this.#emitter.endIterations();
    await this.#archive?.close();
    await this.#outbox.close();
  }

  /** Gives the function that ends it. */
  on<K extends keyof ParleyEvents>(type: K, listener: (event: ParleyEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  /** What happens from now on, for `for await`; of one chat, if it is given. */
  events<K extends keyof ParleyEvents>(
    type: K,
    { chatId }: { readonly chatId?: string } = {},
  ): AsyncIterableIterator<ParleyEvents[K]> {
    const isOfChat = (event: object | string | null): boolean =>
      typeof event === 'object' && event !== null && 'chatId' in event && event.chatId === chatId;
    return this.#emitter.iterate(type, (event) => chatId === undefined || isOfChat(event));
  }

  /** The server's version, its limits, and how one registers. */
  server(): Promise<ServerInfo> {
    return this.#http.open('GET', 'server');
  }

  async #begin(granted: SignedIn): Promise<void> {
    if (!this.#session) throw new Error('With getToken it is the application that signs people in.');
    this.#connection.stop();
    await this.#session.begin(granted);
    await this.#enter(granted.user.id);
    this.#replica.update((state) => withUsers({ ...state, me: granted.user }, [granted.user]));
  }

  async #restore(): Promise<boolean> {
    const userId = (await this.#session?.restore()) ? this.#session?.userId : null;
    if (userId) await this.#enter(userId);
    else this.#replica.reset('signed-out');
    return Boolean(userId);
  }

  async #enter(userId: string): Promise<void> {
    if (this.store.getState().userId === userId) return;
    await this.#outbox.close();
    await this.#archive?.close();
    const copy = await this.#archive?.open(userId);
    this.chats.forget();
    this.#replica.reset('signed-in');
    this.#replica.update((state) => ({ ...state, userId, stopped: null }));
    if (copy) this.#replica.restore(copy);
    await this.#outbox.open(userId);
  }

  async #end(tellServer: () => Promise<unknown>): Promise<void> {
    const { userId } = this.store.getState();
    await tellServer();
    if (userId !== null) await this.#outbox.clear(userId);
    await this.#session?.end();
    await this.#signOut(null);
  }

  async #signOut(why: ParleyError | null): Promise<void> {
    const { userId, account } = this.store.getState();
    this.#connection.stop(why ?? signedOut());
    void this.#outbox.close();
    this.chats.forget();
    this.#replica.reset('signed-out');
    if (account !== 'signed-out') this.#emitter.emit('signed-out', why);
    if (userId !== null) await this.#archive?.clear(userId);
  }

  async #onOnline(userId: string): Promise<void> {
    this.messages.resume();
    await this.#outbox.open(userId);
    if (this.store.getState().connection !== 'online') return;
    this.#outbox.resume();
    this.chats.resume();
    this.presence.resume();
  }

  async #deliver({ chatId, content, clientId, replyTo, attachments }: OutgoingMessage): Promise<Message> {
    const attachmentIds = attachments.map(({ id }) => id);
    const body = {
      content,
      clientId,
      ...(replyTo !== null && { replyTo }),
      ...(attachmentIds.length > 0 && { attachmentIds }),
    };
    if (new TextEncoder().encode(JSON.stringify(body)).length > MESSAGE_MAX_BYTES) {
      throw new ParleyError({ code: 'PAYLOAD_TOO_LARGE', detail: 'The message is too large.' });
    }
    const post = async () => ({
      message: await this.#http.request<Message>('POST', `chats/${chatId}/messages`, { body }),
    });
    return (await this.#connection.command('message.send', { chatId, ...body }, post)).message;
  }
}

/** Of one server, so that two of them do not meet. */
const defaultStorage = (url: string): ParleyStorage =>
  typeof indexedDB === 'object' ? browserStorage(`parley ${url}`) : memoryStorage();

import type { Connection } from './connection.ts';
import type { PeopleQuery, Presence as PresenceOf, User } from './contract.ts';
import type { Http } from './http.ts';
import { withPresence } from './reduce.ts';
import type { Page, Replica } from './replica.ts';

/** The protocol tells no more than this of one who types. */
const TYPING_EVERY_MS = 3_000;
/** So many people one command asks for. */
const GET_MAX = 100;

/** Finding people. */
export class People {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  find(query: PeopleQuery = {}): Promise<Page<User>> {
    return this.#http.request('GET', 'users', { query: { ...query } });
  }

  get(userId: string): Promise<User> {
    return this.#http.request('GET', `users/${userId}`);
  }
}

/** Who is there. */
export class Presence {
  readonly #http: Http;
  readonly #replica: Replica;
  readonly #connection: Connection;
  #status: 'online' | 'away' = 'online';

  constructor(http: Http, replica: Replica, connection: Connection) {
    this.#http = http;
    this.#replica = replica;
    this.#connection = connection;
  }

  /** Whether the person at this device is there; it holds until the next call. */
  set(status: 'online' | 'away'): void {
    this.#status = status;
    this.#tell();
  }

  /** The link is there: a new one begins as online. */
  resume(): void {
    if (this.#status !== 'online') this.#tell();
  }

  /** Reads into `state.presence`; changes of those who share a chat with me come by themselves. */
  async load(userIds: readonly string[]): Promise<void> {
    for (let from = 0; from < userIds.length; from += GET_MAX) {
      const items = await this.#read(userIds.slice(from, from + GET_MAX));
      this.#replica.update((state) => withPresence(state, items));
    }
  }

  async #read(userIds: readonly string[]): Promise<readonly PresenceOf[]> {
    const one = (userId: string) => this.#http.request<PresenceOf>('GET', `users/${userId}/presence`);
    const each = async () => ({ items: await Promise.all(userIds.map(one)) });
    return (await this.#connection.command('presence.get', { userIds }, each)).items;
  }

  #tell(): void {
    this.#connection.command('presence.set', { status: this.#status }, nobody).catch(() => undefined);
  }
}

/** Telling others that one is typing. */
export class Typing {
  readonly #connection: Connection;
  readonly #lastTold = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** To be called on every key. */
  tell(chatId: string): void {
    if (Date.now() - (this.#lastTold.get(chatId) ?? 0) < TYPING_EVERY_MS) return;
    this.#lastTold.set(chatId, Date.now());
    this.#connection.command('chat.typing', { chatId }, nobody).catch(() => undefined);
  }
}

/** Without a socket nobody is told. */
const nobody = async (): Promise<void> => undefined;

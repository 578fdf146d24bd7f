import { type Chat, readListKey } from '../domain/chat.ts';
import type { Actor } from '../domain/session.ts';
import { searchKey } from '../domain/text.ts';
import { decodeCursor, encodeCursor, type Page } from './page.ts';
import type { ChatRepository } from './ports/persistence.ts';

/** How many names one page may look at; it is short where more would have been needed. */
const LOOKED_AT = 10_000;
const LOOKED_AT_ONCE = 1_000;

/** A public room as anybody sees it. */
export interface RoomView {
  readonly chat: Chat;
  readonly joined: boolean;
}

export interface RoomQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** A part of the name, whatever the case. */
  readonly q?: string | undefined;
}

/** The list of public rooms. */
export class PublicRooms {
  readonly #chats: ChatRepository;

  constructor(deps: { chats: ChatRepository }) {
    this.#chats = deps.chats;
  }

  /** By name, whatever the case. @throws DomainError VALIDATION_FAILED */
  async list(actor: Actor, { limit, cursor, q = '' }: RoomQuery): Promise<Page<RoomView>> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'string');
    const { keys, next } = await this.#search(searchKey(q), after, limit);
    const [chats, memberships] = await Promise.all([
      this.#chats.findMany(keys.map((key) => readListKey(key).id)),
      this.#chats.memberships(actor.userId),
    ]);
    const chatOf = new Map(chats.filter((chat) => chat.live).map((chat) => [chat.id, chat]));
    const joined = new Set(memberships.map(({ chat }) => chat.id));
    const items = keys.flatMap((key) => chatOf.get(readListKey(key).id) ?? []);
    return {
      items: items.map((chat) => ({ chat, joined: joined.has(chat.id) })),
      nextCursor: next === null ? null : encodeCursor([next]),
    };
  }

  async #search(part: string, after: string, limit: number): Promise<{ keys: string[]; next: string | null }> {
    const step = part === '' ? limit + 1 : LOOKED_AT_ONCE;
    const found: string[] = [];
    let [end, looked, isMore] = [after, 0, true];
    while (isMore && found.length <= limit && looked < LOOKED_AT) {
      const keys = await this.#chats.listPublic(end, step);
      found.push(...keys.filter((key) => readListKey(key).name.includes(part)));
      end = keys.at(-1) ?? end;
      looked += keys.length;
      isMore = keys.length === step;
    }
    const keys = found.slice(0, limit);
    if (found.length > limit) return { keys, next: keys.at(-1) ?? null };
    return { keys, next: isMore ? end : null };
  }
}

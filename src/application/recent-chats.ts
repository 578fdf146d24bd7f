import type { ChatState } from '../domain/changes.ts';
import type { Chat, Member } from '../domain/chat.ts';
import type { ChatId, UserId } from '../domain/ids.ts';
import type { KnownRows } from './ports/persistence.ts';

const CHATS_MAX = 5_000;
const MEMBERS_MAX = 1_000;

interface Entry {
  chat: Chat;
  readonly members: Map<UserId, Member>;
}

/**
 * Heads and members of the chats that this node wrote to last, as its own commits left them. A stale entry loses the race at
 * the append, so it can slow a decision down but never make it wrong. Bounded: the least recently written goes first.
 */
export class RecentChats {
  readonly #entries = new Map<ChatId, Entry>();

  get(chatId: ChatId): KnownRows | null {
    return this.#entries.get(chatId) ?? null;
  }

  /**
   * Takes over the chat and the members of a state whose commit, from `firstRev` on, has been stored. Members kept at another
   * head are dropped: somebody else may have changed them since.
   */
  keep({ chat, members }: ChatState, firstRev: number): void {
    if (!chat) return;
    let entry = this.#entries.get(chat.id);
    this.#entries.delete(chat.id);
    const isCurrent = entry?.chat.rev === firstRev - 1;
    if (!entry || !isCurrent || entry.members.size + members.size > MEMBERS_MAX) entry = { chat, members: new Map() };
    entry.chat = chat;
    for (const [userId, member] of members) entry.members.set(userId, member);
    this.#entries.set(chat.id, entry);
    if (this.#entries.size > CHATS_MAX) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }

  forget(chatId: ChatId): void {
    this.#entries.delete(chatId);
  }
}

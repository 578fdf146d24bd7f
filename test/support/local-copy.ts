import type { Account } from './api-client.ts';
import type { Frame } from './socket-client.ts';

interface Line {
  readonly id: string;
  readonly seq: number;
  readonly rev: number;
}

interface ChatCopy {
  rev: number;
  seq: number;
  readSeq: number;
  muted: boolean;
  mutedUntil: string | null;
  name: string | null;
  description: string | null;
  memberCount: number;
  /** From the line after this one on, every line came as an event. */
  readonly since: number;
  readonly lines: Map<string, Line>;
  /** Of those of whom an event told; null for who has gone. */
  readonly roles: Map<string, string | null>;
}

/**
 * What a client keeps of its chats by nothing but the events that it is told. It passes over what is of a chat that it does not
 * have, and is strict otherwise: a change that it has already, or one that skips another, is an error.
 */
export class LocalCopy {
  readonly chats = new Map<string, ChatCopy>();
  readonly #owner: Account;

  constructor(owner: Account) {
    this.#owner = owner;
  }

  /** What it says that it has when it resumes. */
  known(): Record<string, Pick<ChatCopy, 'rev' | 'readSeq' | 'muted' | 'mutedUntil'>> {
    const known = ({ rev, readSeq, muted, mutedUntil }: ChatCopy) => ({ rev, readSeq, muted, mutedUntil });
    return Object.fromEntries([...this.chats].map(([chatId, chat]) => [chatId, known(chat)]));
  }

  // biome-ignore lint/suspicious/noExplicitAny: it looks into whatever came, and fails where that is not what it expects.
  apply(frame: Frame & { data?: any }): void {
    const chatId = String(frame.chatId);
    const chat = this.chats.get(chatId);
    if (frame.type === 'chat.created') this.#take(chatId, Number(frame.rev), frame.data.chat);
    else if (frame.rev !== undefined && chat) this.#change(chatId, chat, frame);
    else if (frame.type === 'chat.read' && frame.data.userId === this.#owner.id && chat) {
      chat.readSeq = Math.max(chat.readSeq, frame.data.seq);
    } else if (frame.type === 'chat.muted' && chat) Object.assign(chat, frame.data);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  #change(chatId: string, chat: ChatCopy, frame: any): void {
    const isMine = frame.data.members?.some(({ userId }: { userId: string }) => userId === this.#owner.id);
    const isEnd = frame.type === 'chat.deleted' || (frame.type === 'member.removed' && isMine);
    const rev = Number(frame.rev);
    if (isEnd ? rev <= chat.rev : rev !== chat.rev + 1) {
      throw new Error(`after rev ${chat.rev} comes ${JSON.stringify(frame)}`);
    }
    if (isEnd) this.chats.delete(chatId);
    else this.#fold(chat, frame);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  #take(chatId: string, rev: number, chat: any): void {
    if (rev !== chat.rev || rev <= (this.chats.get(chatId)?.rev ?? 0))
      throw new Error(`again: ${JSON.stringify(chat)}`);
    const { seq, readSeq, muted, mutedUntil, name, description, memberCount } = chat;
    const empty = { since: seq, lines: new Map(), roles: new Map() };
    this.chats.set(chatId, { rev, seq, readSeq, muted, mutedUntil, name, description, memberCount, ...empty });
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  #fold(chat: ChatCopy, { type, rev, seq, data }: any): void {
    chat.rev = rev;
    chat.seq = seq ?? chat.seq;
    if (data.message) chat.lines.set(data.message.id, data.message);
    if (type === 'chat.updated') Object.assign(chat, { name: data.chat.name, description: data.chat.description });
    if (data.memberCount !== undefined) chat.memberCount = data.memberCount;
    for (const { userId, role } of data.members ?? []) chat.roles.set(userId, type === 'member.removed' ? null : role);
  }

  /** What is different from the state as it is read afresh; empty when there is nothing. */
  async differences(): Promise<string[]> {
    const { api } = this.#owner;
    const fresh = (await api.get('/chats?limit=100')).body.items;
    const found: string[] = [];
    const compare = (what: string, mine: unknown, theirs: unknown) => {
      const [a, b] = [JSON.stringify(mine), JSON.stringify(theirs)];
      if (a !== b) found.push(`${what}: the copy has ${a} and the server ${b}`);
    };
    compare('chats', [...this.chats.keys()].sort(), fresh.map(({ id }: { id: string }) => id).sort());
    for (const { id, rev, seq, readSeq, muted, mutedUntil, name, description, memberCount } of fresh) {
      const mine = this.chats.get(id);
      if (!mine) continue;
      const { lines, roles, since, ...head } = mine;
      compare(
        `chat ${id}`,
        sorted(head),
        sorted({ rev, seq, readSeq, muted, mutedUntil, name, description, memberCount }),
      );
      const history: Line[] = (await api.get(`/chats/${id}/messages?limit=100&order=asc`)).body.items;
      const expected = history.filter((line) => line.seq > since || lines.has(line.id));
      const had = [...lines.values()].sort((a, b) => a.seq - b.seq);
      compare(`lines of ${id}`, had, expected);
      const members = (await api.get(`/chats/${id}/members?limit=100`)).body.items;
      for (const [userId, role] of roles) {
        const member = members.find((other: { userId: string }) => other.userId === userId);
        compare(`role of ${userId}`, role, member?.role ?? null);
      }
    }
    return found;
  }
}

const sorted = (facts: object) => Object.fromEntries(Object.entries(facts).sort());

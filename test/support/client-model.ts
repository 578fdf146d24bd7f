import type { Chat, Member, Message, UserRef } from '../../src/interfaces/contract/shapes.ts';
import type { Account, ApiClient } from './api-client.ts';
import type { Frame } from './socket-client.ts';

/** A chat as a client keeps it: its members by their ids, its lines by `seq`. */
interface KeptChat {
  chat: Chat;
  readonly members: Map<string, Omit<Member, 'user'>>;
  readonly lines: Map<number, Message>;
  /** Its members and history are still to be read. */
  isNew: boolean;
}

interface ChangedMembers {
  readonly members: readonly Member[];
  readonly memberCount: number;
  readonly message: Message | null;
}

/**
 * What a client keeps that reads everything once and from then on applies what its socket brings, by the rules of
 * docs/protocol.md ("Keeping a copy") and by nothing else.
 */
export class ClientModel {
  readonly #account: Account;
  readonly #chats = new Map<string, KeptChat>();
  readonly #people = new Map<string, UserRef>();

  private constructor(account: Account) {
    this.#account = account;
  }

  /** Everything that this person may see now. */
  static async read(account: Account): Promise<ClientModel> {
    const model = new ClientModel(account);
    for (const chat of await everyItem<Chat>(account.api, '/chats')) model.#take(chat);
    await model.readNewChats();
    return model;
  }

  /** Reads the members and the history of chats that events have told of. */
  async readNewChats(): Promise<void> {
    const { api } = this.#account;
    for (const kept of this.#chats.values()) {
      if (!kept.isNew) continue;
      kept.isNew = false;
      for (const member of await everyItem<Member>(api, `/chats/${kept.chat.id}/members`))
        this.#keepMember(kept, member);
      for (const line of await everyItem<Message>(api, `/chats/${kept.chat.id}/messages`)) this.#keepLine(kept, line);
    }
  }

  /** The chats and the `rev` of each. */
  heads(): Record<string, number> {
    return Object.fromEntries([...this.#chats].map(([id, { chat }]) => [id, chat.rev]));
  }

  fold(frame: Frame): void {
    const { type, chatId, rev, seq, data } = frame as Frame & { data: never };
    const kept = this.#chats.get(String(chatId));
    if (type === 'user.updated') this.#know((data as { user: UserRef }).user);
    else if (type === 'chat.created') this.#take((data as { chat: Chat }).chat);
    else if (type === 'chat.read' && kept) this.#read(kept, data);
    else if (kept && typeof rev === 'number' && rev > kept.chat.rev) {
      kept.chat = { ...kept.chat, rev, seq: typeof seq === 'number' ? seq : kept.chat.seq };
      this.#apply(kept, type, data);
    }
  }

  /** All of it, in a form in which two clients can be compared. */
  snapshot(): object {
    const chats = [...this.#chats.values()].sort(byActivity).map(({ chat, members, lines }) => ({
      ...chat,
      peer: chat.peer?.id,
      lastMessage: lines.get(chat.seq) ?? chat.lastMessage,
      members: Object.fromEntries([...members].sort()),
      lines: [...lines.values()].sort((a, b) => a.seq - b.seq),
    }));
    const met = new Set(chats.flatMap(({ members }) => Object.keys(members)));
    return { chats, people: Object.fromEntries([...this.#people].filter(([id]) => met.has(id)).sort()) };
  }

  #take(chat: Chat): void {
    const known = this.#chats.get(chat.id);
    if (known && known.chat.rev >= chat.rev) return;
    const kept = { chat, members: new Map(), lines: new Map(), isNew: true };
    this.#chats.set(chat.id, kept);
    if (chat.lastMessage) this.#keepLine(kept, chat.lastMessage);
    this.#know(chat.peer);
  }

  #apply(kept: KeptChat, type: string, data: never): void {
    switch (type) {
      case 'chat.deleted':
        this.#chats.delete(kept.chat.id);
        break;
      case 'chat.updated': {
        const { chat, message } = data as { chat: Partial<Chat>; message: Message | null };
        kept.chat = { ...kept.chat, ...chat };
        if (message) this.#keepLine(kept, message);
        break;
      }
      case 'message.created':
      case 'message.updated':
      case 'message.deleted': {
        const { message } = data as { message: Message };
        if (type === 'message.created') this.#count(kept, message, 1);
        if (type === 'message.deleted') this.#count(kept, message, -1);
        this.#keepLine(kept, message);
        break;
      }
      case 'member.added':
      case 'member.updated':
        this.#changeMembers(kept, data, (member) => this.#keepMember(kept, member));
        break;
      case 'member.removed':
        this.#changeMembers(kept, data, ({ userId }) => this.#loseMember(kept, userId));
        break;
    }
  }

  #changeMembers(kept: KeptChat, changed: ChangedMembers, change: (member: Member) => void): void {
    kept.chat = { ...kept.chat, memberCount: changed.memberCount };
    changed.members.forEach(change);
    if (changed.message) this.#keepLine(kept, changed.message);
  }

  #keepMember(kept: KeptChat, { user, ...member }: Member): void {
    this.#know(user);
    const readSeq = Math.max(member.readSeq, kept.members.get(member.userId)?.readSeq ?? 0);
    kept.members.set(member.userId, { ...member, readSeq });
    if (member.userId === this.#account.id) kept.chat = { ...kept.chat, role: member.role };
  }

  #loseMember(kept: KeptChat, userId: string): void {
    kept.members.delete(userId);
    if (userId === this.#account.id) this.#chats.delete(kept.chat.id);
  }

  /** Of two versions of a line, the one with the higher `rev` is the newer, in whichever order they come. */
  #keepLine(kept: KeptChat, message: Message): void {
    const before = kept.lines.get(message.seq);
    if (!before || before.rev < message.rev) kept.lines.set(message.seq, this.#line(message));
  }

  #count(kept: KeptChat, { senderId, seq }: Message, more: 1 | -1): void {
    const { unreadCount, readSeq } = kept.chat;
    if (senderId === this.#account.id || seq <= readSeq) return;
    kept.chat = { ...kept.chat, unreadCount: unreadCount + more };
  }

  /** A line without names, which are kept once for each person. */
  #line({ sender, system, ...line }: Message): Message {
    for (const user of [sender, ...(system?.users ?? [])]) this.#know(user);
    const users = system?.users.map(({ id }) => id);
    return { ...line, system: system && { ...system, users } } as unknown as Message;
  }

  #read(kept: KeptChat, { userId, seq, unreadCount }: { userId: string; seq: number; unreadCount?: number }): void {
    const member = kept.members.get(userId);
    if (member) kept.members.set(userId, { ...member, readSeq: Math.max(member.readSeq, seq) });
    if (unreadCount === undefined || seq < kept.chat.readSeq) return;
    kept.chat = { ...kept.chat, readSeq: seq, unreadCount };
  }

  #know(user: UserRef | null): void {
    if (user) this.#people.set(user.id, user);
  }
}

/** As in GET /chats: the latest line or, before any, the beginning; then the id. */
function byActivity(a: KeptChat, b: KeptChat): number {
  const [atA, atB] = [activeAt(a), activeAt(b)];
  if (atA !== atB) return atA < atB ? 1 : -1;
  return a.chat.id < b.chat.id ? -1 : 1;
}

const activeAt = ({ chat, lines }: KeptChat): string => lines.get(chat.seq)?.createdAt ?? chat.createdAt;

/** A list to its end. */
async function everyItem<T>(api: ApiClient, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await api.get(`${path}?limit=100${cursor && `&cursor=${cursor}`}`);
    if (status === 404 || status === 403) return []; // no longer in this chat: an event says so
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

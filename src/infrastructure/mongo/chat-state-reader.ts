import type { ClientSession, Collection, Db, Filter } from 'mongodb';
import type { KnownRows } from '../../application/ports/persistence.ts';
import type { ChatState } from '../../domain/changes.ts';
import type { Chat, Member } from '../../domain/chat.ts';
import type { Needs } from '../../domain/decide.ts';
import type { ChatId, UserId } from '../../domain/ids.ts';
import { type Message, sendKey } from '../../domain/message.ts';
import { type ChatRow, type MemberRow, toChat, toMember } from './mongo-chat-repository.ts';
import type { InOrder } from './mongo-database.ts';
import { type MessageRow, toMessage } from './mongo-message-repository.ts';

type Options = { readonly session?: ClientSession };

const HEIR_ROLES: Member['role'][] = ['admin', 'member'];

/** Reads the rows that a decision needs. */
export class ChatStateReader {
  readonly #chats: Collection<ChatRow>;
  readonly #members: Collection<MemberRow>;
  readonly #messages: Collection<MessageRow>;
  readonly #inOrder: InOrder;

  constructor(db: Db, inOrder: InOrder) {
    this.#chats = db.collection('chats');
    this.#members = db.collection('members');
    this.#messages = db.collection('messages');
    this.#inOrder = inOrder;
  }

  /** The chat's row first, then the rest; what is known is not read. Null if a row is newer than the chat's. */
  read(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState | null> {
    return this.#inOrder(async (options) => {
      const chat = known ? known.chat : await this.#chat(chatId, options);
      const [messages, members, heir] = await Promise.all([
        this.#messagesOf(chatId, needs, options),
        this.#membersOf(chatId, needs.members, known, options),
        needs.heir ? this.#heir(chatId, options) : null,
      ]);
      const senderIds = sendersOf(messages, needs).filter((userId) => !members.has(userId));
      const senders = await this.#membersOf(chatId, senderIds, known, options);
      for (const sender of senders.values()) members.set(sender.userId, sender);
      const rows = [...messages, ...members.values(), ...(heir ? [heir] : [])];
      if (rows.some((row) => row.rev > (chat?.rev ?? 0))) return null;
      return { chat, members, heir, ...asAsked(messages, needs) };
    });
  }

  async #chat(chatId: ChatId, options: Options): Promise<Chat | null> {
    const row = await this.#chats.findOne({ _id: chatId }, options);
    return row && toChat(row);
  }

  async #messagesOf(chatId: ChatId, needs: Needs, options: Options): Promise<Message[]> {
    const asked: Filter<MessageRow>[] = [];
    if (needs.messages.length > 0) asked.push({ _id: { $in: [...needs.messages] } });
    if (needs.sendKeys.length > 0) asked.push({ sendKey: { $in: [...needs.sendKeys] } });
    if (asked.length === 0) return [];
    const filter = asked.length === 1 ? { chatId, ...asked[0] } : { chatId, $or: asked };
    return (await this.#messages.find(filter, options).toArray()).map(toMessage);
  }

  async #membersOf(
    chatId: ChatId,
    userIds: readonly UserId[],
    known: KnownRows | null,
    options: Options,
  ): Promise<Map<UserId, Member>> {
    const members = userIds.flatMap((userId) => known?.members.get(userId) ?? []);
    const unknown = userIds.filter((userId) => !known?.members.has(userId));
    if (unknown.length > 0) {
      const rows = await this.#members.find({ chatId, userId: { $in: unknown } }, options).toArray();
      members.push(...rows.map(toMember));
    }
    return new Map(members.map((member) => [member.userId, member]));
  }

  /** The oldest admin, else the oldest member: it so happens that the one word sorts before the other. */
  async #heir(chatId: ChatId, options: Options): Promise<Member | null> {
    const candidates = { chatId, active: true, role: { $in: HEIR_ROLES } };
    const row = await this.#members.findOne(candidates, { ...options, sort: { role: 1, joinedAt: 1, userId: 1 } });
    return row && toMember(row);
  }
}

/** Who wrote the messages that were asked for by their ids. */
const sendersOf = (messages: readonly Message[], needs: Needs): UserId[] => [
  ...new Set(named(messages, needs).map((message) => message.senderId)),
];

function named(messages: readonly Message[], needs: Needs): Message[] {
  const ids = new Set(needs.messages);
  return messages.filter((message) => ids.has(message.id));
}

/** The messages found, each as it was asked for: by its id, by its `sendKey`, or both. */
function asAsked(messages: readonly Message[], needs: Needs): Pick<ChatState, 'messages' | 'sent'> {
  const keys = new Set(needs.sendKeys);
  const byKey = messages.map((message) => [sendKey(message.senderId, message.clientId), message] as const);
  return {
    messages: new Map(named(messages, needs).map((message) => [message.id, message])),
    sent: new Map(byKey.filter(([key]) => keys.has(key))),
  };
}

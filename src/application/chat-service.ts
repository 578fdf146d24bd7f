import type { Change } from '../domain/changes.ts';
import {
  CHATS_MAX,
  type Chat,
  chatNotFound,
  checkChatName,
  checkDescription,
  effectiveMark,
  notJoined,
  type Role,
} from '../domain/chat.ts';
import { checkFields, DomainError } from '../domain/errors.ts';
import type { ChatId, Instant, UserId } from '../domain/ids.ts';
import { emptied, type Message } from '../domain/message.ts';
import type { Actor } from '../domain/session.ts';
import type { ChatWriter } from './chat-writer.ts';
import { decodeCursor, encodeCursor, type Page } from './page.ts';
import type {
  ChatHead,
  ChatLog,
  ChatRepository,
  MarkedMember,
  Membership,
  MessageRepository,
  UserRepository,
} from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, IdGenerator } from './ports/services.ts';
import type { RoomView } from './public-rooms.ts';

/** In a larger chat, only the reader's own devices hear of his read mark. */
const READERS_TOLD_MAX = 100;

/** A chat as one of its members sees it; muted only while that lasts. */
export interface ChatView extends Membership {
  readonly lastMessage: Message | null;
  readonly unreadCount: number;
}

/** A stored change with the rows that it speaks of, as they are now. */
export interface ChangeView {
  readonly change: Change;
  readonly message: Message | null;
  readonly members: readonly MarkedMember[];
  readonly chat: Chat;
}

/** Chats and their members. Whoever is not a member is told that there is no such chat, or that a public room is to be joined. */
export class ChatService {
  readonly #chats: ChatRepository;
  readonly #messages: MessageRepository;
  readonly #log: ChatLog;
  readonly #users: UserRepository;
  readonly #writer: ChatWriter;
  readonly #bus: EventBus;
  readonly #ids: IdGenerator;
  readonly #clock: Clock;

  constructor(deps: {
    chats: ChatRepository;
    messages: MessageRepository;
    log: ChatLog;
    users: UserRepository;
    writer: ChatWriter;
    bus: EventBus;
    ids: IdGenerator;
    clock: Clock;
  }) {
    this.#chats = deps.chats;
    this.#messages = deps.messages;
    this.#log = deps.log;
    this.#users = deps.users;
    this.#writer = deps.writer;
    this.#bus = deps.bus;
    this.#ids = deps.ids;
    this.#clock = deps.clock;
  }

  /** The actor's chats, latest activity first (then by id). A fixed number of look-ups, however many chats there are. */
  async list(actor: Actor, query: { limit: number; cursor?: string }): Promise<Page<ChatView>> {
    const from = query.cursor === undefined ? null : decodeCursor(query.cursor, 'number', 'string');
    const all = (await this.#chats.memberships(actor.userId)).sort(byActivity);
    const rest = from ? all.filter(({ chat }) => isAfter(chat.activeAt, chat.id, from)) : all;
    const page = rest.slice(0, query.limit);
    const last = page.at(-1)?.chat;
    const nextCursor = last && rest.length > page.length ? encodeCursor([last.activeAt, last.id]) : null;
    return { items: await this.viewMemberships(actor.userId, page), nextCursor };
  }

  /** @throws DomainError CHAT_NOT_FOUND, FORBIDDEN */
  async get(actor: Actor, chatId: ChatId): Promise<ChatView> {
    return this.#view(actor.userId, await this.membership(actor, chatId));
  }

  /** The same, or a public room as it looks from outside. @throws DomainError CHAT_NOT_FOUND */
  async look(actor: Actor, chatId: ChatId): Promise<ChatView | RoomView> {
    const { membership, chat } = await this.#lookUp(actor, chatId);
    if (membership) return this.#view(actor.userId, membership);
    if (chat?.kind !== 'public') throw chatNotFound();
    return { chat, joined: false };
  }

  /** The actor's membership in a chat that he is in. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN */
  async membership(actor: Actor, chatId: ChatId): Promise<Membership> {
    const { membership, chat } = await this.#lookUp(actor, chatId);
    if (membership) return membership;
    throw chat?.kind === 'public' ? notJoined() : chatNotFound();
  }

  /** A live chat, and the actor's membership if he is in it. */
  async #lookUp(actor: Actor, chatId: ChatId): Promise<{ membership: Membership | null; chat: Chat | null }> {
    const membership = await this.#chats.membership(chatId, actor.userId);
    const chat = membership ? membership.chat : await this.#chats.find(chatId);
    if (!chat?.live) return { membership: null, chat: null };
    return { membership: membership?.member.active ? membership : null, chat };
  }

  /** Ids of all chats that a person is in. */
  async idsOf(userId: UserId): Promise<ChatId[]> {
    return (await this.#chats.heads(userId)).map(({ id }) => id);
  }

  /** The heads of all chats that somebody is in, in no order. */
  headsOf(userId: UserId): Promise<ChatHead[]> {
    return this.#chats.heads(userId);
  }

  /** Those that he has joined since then, with when that was. */
  async joinedSince(userId: UserId, since: Instant): Promise<{ chatId: ChatId; at: Instant }[]> {
    const joined = (await this.#chats.memberships(userId)).filter(({ member }) => member.joinedAt > since);
    return joined.map(({ member: { chatId, joinedAt: at } }) => ({ chatId, at }));
  }

  /** @throws DomainError VALIDATION_FAILED, USERS_UNKNOWN, TOO_MANY_CHATS */
  async createGroup(actor: Actor, input: { name: string; memberIds: readonly UserId[] }): Promise<ChatView> {
    const { name } = checkFields({ name: () => checkChatName(input.name) });
    const memberIds = [...new Set(input.memberIds)].filter((userId) => userId !== actor.userId);
    await this.#requireUsers(memberIds);
    await this.#requireRoom([actor.userId, ...memberIds]);
    return this.#create(actor, { kind: 'group', name, memberIds });
  }

  /** A room that anybody may find and join. @throws DomainError VALIDATION_FAILED, TOO_MANY_CHATS */
  async createRoom(actor: Actor, input: { name: string }): Promise<ChatView> {
    const { name } = checkFields({ name: () => checkChatName(input.name) });
    await this.#requireRoom([actor.userId]);
    return this.#create(actor, { kind: 'public', name, memberIds: [] });
  }

  async #create(
    actor: Actor,
    input: { kind: 'group' | 'public'; name: string; memberIds: readonly UserId[] },
  ): Promise<ChatView> {
    const chatId = this.#ids.next();
    await this.#writer.submit(chatId, actor.userId, { type: 'chat.create', ...input, lineId: this.#ids.next() });
    return this.get(actor, chatId);
  }

  /** Into a public room; who is in it already stays. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN, CHAT_FULL, TOO_MANY_CHATS */
  async join(actor: Actor, chatId: ChatId): Promise<ChatView> {
    const { membership } = await this.#lookUp(actor, chatId);
    if (!membership) await this.#requireRoom([actor.userId]);
    await this.#writer.submit(chatId, actor.userId, { type: 'chat.join' });
    return this.get(actor, chatId);
  }

  /**
   * The direct chat with somebody; opened where it is not, and the same one whoever asks first.
   * @throws DomainError CHAT_WITH_ONESELF, USERS_UNKNOWN, TOO_MANY_CHATS
   */
  async openDirect(actor: Actor, peerId: UserId): Promise<{ chat: ChatView; created: boolean }> {
    const chatId = await this.directChatId(actor, peerId);
    const { changes } = await this.#writer.submit(chatId, actor.userId, { type: 'chat.open', peerId });
    return { chat: await this.get(actor, chatId), created: changes.length > 0 };
  }

  /** The id that the direct chat with this person has, once there is one, if he may be written to. */
  async directChatId(actor: Actor, peerId: UserId): Promise<ChatId> {
    const open = await this.findDirect(actor, peerId);
    if (open !== null) return open;
    await this.#requireRoom([actor.userId, peerId]);
    return this.#ids.directChat(actor.userId, peerId);
  }

  /** The direct chat with this person; null where it is not open. @throws DomainError CHAT_WITH_ONESELF, USERS_UNKNOWN */
  async findDirect(actor: Actor, peerId: UserId): Promise<ChatId | null> {
    if (peerId === actor.userId) throw new DomainError('CHAT_WITH_ONESELF', 'A direct chat is with somebody else.');
    const chatId = this.#ids.directChat(actor.userId, peerId);
    if ((await this.#chats.find(chatId))?.live) return chatId;
    await this.#requireUsers([peerId]);
    return null;
  }

  /** @throws DomainError CHAT_NOT_FOUND, DIRECT_CHAT_FIXED, VALIDATION_FAILED */
  async update(
    actor: Actor,
    chatId: ChatId,
    patch: { name?: string | undefined; description?: string | null | undefined },
  ): Promise<ChatView> {
    const { name, description } = patch;
    const rules = {
      ...(name !== undefined && { name: () => checkChatName(name) }),
      ...(description !== undefined && { description: () => checkDescription(description) }),
    };
    const checked: { name?: string; description?: string | null } = checkFields(rules);
    await this.#writer.submit(chatId, actor.userId, { type: 'chat.update', ...checked, lineId: this.#ids.next() });
    return this.get(actor, chatId);
  }

  /** Deletes a chat with its messages. @throws DomainError CHAT_NOT_FOUND, FORBIDDEN */
  async delete(actor: Actor, chatId: ChatId): Promise<void> {
    await this.#writer.submit(chatId, actor.userId, { type: 'chat.delete' });
  }

  /** Active members in the order of their ids. @throws DomainError CHAT_NOT_FOUND */
  async members(actor: Actor, chatId: ChatId, query: { limit: number; cursor?: string }): Promise<Page<MarkedMember>> {
    const [after] = query.cursor === undefined ? [null] : decodeCursor(query.cursor, 'string');
    await this.membership(actor, chatId);
    const found = await this.#chats.members(chatId, after, query.limit + 1);
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    return { items, nextCursor: last && found.length > items.length ? encodeCursor([last.member.userId]) : null };
  }

  /** Adds people; who is a member already stays as he is. @throws DomainError CHAT_NOT_FOUND, USERS_UNKNOWN, CHAT_FULL, … */
  async addMembers(actor: Actor, chatId: ChatId, userIds: readonly UserId[]): Promise<MarkedMember[]> {
    await this.membership(actor, chatId);
    await this.#requireUsers(userIds);
    await this.#requireRoom(await this.outsiders(chatId, userIds));
    const lineId = this.#ids.next();
    await this.#writer.submit(chatId, actor.userId, { type: 'member.add', userIds, lineId });
    return this.#chats.membersById(chatId, [...new Set(userIds)]);
  }

  /** @throws DomainError CHAT_NOT_FOUND, MEMBER_NOT_FOUND, FORBIDDEN, OWNER_MUST_HAND_OVER, DIRECT_CHAT_FIXED */
  async changeRole(actor: Actor, chatId: ChatId, userId: UserId, role: Role): Promise<MarkedMember> {
    await this.#writer.submit(chatId, actor.userId, { type: 'member.update', userId, role });
    const [changed] = await this.#chats.membersById(chatId, [userId]);
    if (!changed) throw new Error(`member ${userId} is gone`);
    return changed;
  }

  /** Removes somebody, or leaves. @throws DomainError CHAT_NOT_FOUND, MEMBER_NOT_FOUND, FORBIDDEN, DIRECT_CHAT_FIXED */
  async removeMember(actor: Actor, chatId: ChatId, userId: UserId): Promise<void> {
    const lineId = this.#ids.next();
    await this.#writer.submit(chatId, actor.userId, { type: 'member.remove', userId, lineId });
  }

  /**
   * Says how far the actor has read. A mark never goes back, and never beyond the head.
   * @throws DomainError CHAT_NOT_FOUND
   */
  async markRead(actor: Actor, chatId: ChatId, seq: number): Promise<{ readSeq: number; unreadCount: number }> {
    const membership = await this.membership(actor, chatId);
    const clamped = Math.min(seq, membership.chat.seq);
    const n = await this.#messages.countUpTo(chatId, clamped);
    const mark = (await this.#chats.raiseMark(chatId, actor.userId, { seq: clamped, n })) ?? membership.mark;
    const { unreadCount } = await this.#view(actor.userId, { ...membership, mark });
    const readSeq = readSeqOf({ ...membership, mark });
    if (mark.seq > membership.mark.seq) {
      const { rev, memberCount } = membership.chat;
      const toAll = memberCount <= READERS_TOLD_MAX;
      this.#bus.publish({ type: 'chat.read', chatId, userId: actor.userId, seq: readSeq, unreadCount, rev, toAll });
    }
    return { readSeq, unreadCount };
  }

  /**
   * What has been stored since `afterRev`, oldest first, with the rows as they are now, and the head. What a deletion of the
   * chat put away is not told again: it begins with that `chat.deleted`.
   * @throws DomainError CHAT_NOT_FOUND
   */
  async changes(
    actor: Actor,
    chatId: ChatId,
    query: { afterRev: number; limit: number },
  ): Promise<{ items: ChangeView[]; chat: ChatView }> {
    const chat = await this.get(actor, chatId);
    return { items: await this.viewLog(chat.chat, query.afterRev, query.limit), chat };
  }

  /** The same for a reader whose right to see the chat is known. */
  async viewLog(chat: Chat, afterRev: number, limit: number): Promise<ChangeView[]> {
    const stored = await this.#log.changesAfter(chat.id, Math.max(afterRev, chat.floorRev - 1), limit);
    return this.viewChanges(stored.filter((change) => change.rev <= chat.rev).map((change) => ({ chat, change })));
  }

  /** Joins changes, of however many chats, with the messages and members that they speak of, as these are now. */
  async viewChanges(changes: readonly { readonly chat: Chat; readonly change: Change }[]): Promise<ChangeView[]> {
    const lines = changes.flatMap(({ chat, change: { messageId } }) =>
      messageId === null ? [] : [{ chatId: chat.id, messageId }],
    );
    const people = changes.flatMap(({ chat, change }) =>
      membersToldOf(change).map((userId) => ({ chatId: chat.id, userId })),
    );
    const [messages, members] = await Promise.all([
      lines.length > 0 ? this.#messages.findIn(lines) : [],
      people.length > 0 ? this.#chats.membersIn(people) : [],
    ]);
    const messageOf = new Map(messages.map((message) => [message.id, message]));
    const memberOf = new Map(members.map((marked) => [memberKey(marked.member), marked]));
    return changes.map(({ chat, change }) => ({
      change,
      message: change.messageId === null ? null : (messageOf.get(change.messageId) ?? null),
      members: membersToldOf(change).flatMap((userId) => memberOf.get(memberKey({ chatId: chat.id, userId })) ?? []),
      chat,
    }));
  }

  /** The chat's row, for whoever delivers its changes. Null where there is none. */
  find(chatId: ChatId): Promise<Chat | null> {
    return this.#chats.find(chatId);
  }

  /** The same for many. */
  findMany(chatIds: readonly ChatId[]): Promise<Chat[]> {
    return this.#chats.findMany(chatIds);
  }

  /** Those of these people who are not in the chat. */
  async outsiders(chatId: ChatId, userIds: readonly UserId[]): Promise<UserId[]> {
    const rows = await this.#chats.membersById(chatId, userIds);
    const members = new Set(rows.filter(({ member }) => member.active).map(({ member }) => member.userId));
    return userIds.filter((userId) => !members.has(userId));
  }

  async #view(userId: UserId, membership: Membership): Promise<ChatView> {
    const [view] = await this.viewMemberships(userId, [membership]);
    if (!view) throw new Error('a view for each membership');
    return view;
  }

  /**
   * What a chat list shows of these memberships of one person: last lines in one look-up and unread counts in two, for all
   * together.
   */
  async viewMemberships(userId: UserId, memberships: readonly Membership[]): Promise<ChatView[]> {
    const places = memberships.map(({ chat }) => ({ chatId: chat.id, seq: chat.seq }));
    const marks = memberships.map(({ chat, member, mark }) => effectiveMark(chat, member, mark));
    const queries = memberships.map(({ chat }, i) => ({ chatId: chat.id, above: marks[i]?.seq ?? 0, head: chat }));
    const [lines, excepted] = await Promise.all([
      this.#messages.at(places),
      this.#messages.countNotUnread(userId, queries),
    ]);
    const lineOf = new Map(lines.map((line) => [line.chatId, line]));
    return memberships.map((membership, i) => {
      const { chat } = membership;
      const line = lineOf.get(chat.id);
      const unread = chat.n - (marks[i]?.n ?? 0) - (excepted.get(chat.id) ?? 0);
      return {
        ...membership,
        mutedUntil: mutedUntilOf(membership, this.#clock.now()),
        lastMessage: line && line.seq > chat.floorSeq ? line : null,
        unreadCount: Math.max(0, unread),
      };
    });
  }

  async #requireUsers(userIds: readonly UserId[]): Promise<void> {
    const known = new Set((await this.#users.findMany(userIds)).map((user) => user.id));
    const missing = userIds.flatMap((userId, i) => (known.has(userId) ? [] : [{ userId, i }]));
    if (missing.length === 0) return;
    const problems = missing.map(({ userId, i }) => ({ path: `/${i}`, message: `${userId} is not a user` }));
    throw new DomainError('USERS_UNKNOWN', 'Some of these people do not exist.', { problems });
  }

  async #requireRoom(userIds: readonly UserId[]): Promise<void> {
    const counts = await Promise.all(userIds.map((userId) => this.#chats.countMemberships(userId)));
    if (counts.some((count) => count >= CHATS_MAX)) {
      throw new DomainError('TOO_MANY_CHATS', `A person is in at most ${CHATS_MAX} chats.`);
    }
  }
}

const memberKey = ({ chatId, userId }: { readonly chatId: ChatId; readonly userId: UserId }): string =>
  `${chatId}/${userId}`;

const membersToldOf = ({ type, userIds }: Change): readonly UserId[] => (type.startsWith('member.') ? userIds : []);

/** How far this member has read, as he is shown it. */
export const readSeqOf = ({ chat, member, mark }: Membership): number => effectiveMark(chat, member, mark).seq;

/** A message as it may be shown: one below the floor is gone, even while its row still waits to be emptied. */
export const shown = (chat: Chat, message: Message): Message =>
  message.seq > chat.floorSeq ? message : emptied(message, Math.max(chat.floorRev, message.rev), chat.updatedAt);

/** Until when it is muted, by now; null where it is not, or not any more. */
export const mutedUntilOf = ({ mutedUntil }: Pick<Membership, 'mutedUntil'>, now: Instant): Instant | null =>
  mutedUntil !== null && mutedUntil > now ? mutedUntil : null;

/** Latest activity first, then by id. */
export const byActivity = (a: Membership, b: Membership): number =>
  b.chat.activeAt - a.chat.activeAt || (a.chat.id < b.chat.id ? -1 : 1);

const isAfter = (activeAt: number, id: ChatId, [at, fromId]: readonly [number, string]): boolean =>
  activeAt < at || (activeAt === at && id > fromId);

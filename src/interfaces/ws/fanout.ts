import { type ChangeView, type ChatService, type ChatView, readSeqOf } from '../../application/chat-service.ts';
import type { BusEvent, EventBus } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { Change, Commit } from '../../domain/changes.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ChatId, UserId } from '../../domain/ids.ts';
import type { Message } from '../../domain/message.ts';
import { CLOSE } from '../contract/frames.ts';
import {
  peopleInChange,
  peopleInChat,
  peopleInMessage,
  presentMute,
  presentNewChat,
  presentPresence,
  presentRef,
  presentRefToAll,
  presentTime,
} from '../present.ts';
import type { Connection } from './connection.ts';
import { encodeSharedChange } from './encode.ts';
import { textFrames } from './outbox.ts';

const CHANGES_PER_READ = 500;
/** So many go into one buffer that all followers share. */
const FRAMES_PER_BUFFER = 64;

type ReadBell = Extract<BusEvent, { type: 'chat.read' }>;

/** One chat that sockets of this node follow. */
interface Channel {
  readonly chatId: ChatId;
  readonly followers: Set<Connection>;
  /** The last `rev` that was delivered; null until the first. */
  rev: number | null;
  readonly bells: (Commit | ReadBell)[];
  busy: boolean;
}

/**
 * Brings what happens to the sockets that may hear of it: each chat's changes in order and without a gap, whatever the bus
 * did. A commit is only a bell: what is next is delivered, what is older is dropped, and what skips is read from the log.
 */
export class Fanout {
  readonly #chats: ChatService;
  readonly #directory: UserDirectory;
  readonly #logger: Logger;
  readonly #channels = new Map<ChatId, Channel>();
  readonly #users = new Map<UserId, Set<Connection>>();
  /** One profile is told after the other, so that the last that is heard of somebody is how he is. */
  #usersTold: Promise<void> = Promise.resolve();

  constructor(deps: { chats: ChatService; directory: UserDirectory; bus: EventBus; logger: Logger }) {
    this.#chats = deps.chats;
    this.#directory = deps.directory;
    this.#logger = deps.logger;
    deps.bus.subscribe((event) => this.#hear(event));
  }

  /** The connections of a person, oldest first. */
  connectionsOf(userId: UserId): readonly Connection[] {
    return [...(this.#users.get(userId) ?? [])];
  }

  /** From now on the connection hears of memberships, sessions and its user; of chats once it follows them. */
  attach(connection: Connection, userId: UserId): void {
    const connections = this.#users.get(userId);
    if (connections) connections.add(connection);
    else this.#users.set(userId, new Set([connection]));
  }

  detach(connection: Connection): void {
    const userId = connection.identity?.userId;
    const connections = userId === undefined ? undefined : this.#users.get(userId);
    if (userId !== undefined && connections?.delete(connection) && connections.size === 0) this.#users.delete(userId);
    for (const chatId of connection.following) this.unfollow(connection, chatId);
  }

  /**
   * Follows those of the chats that `read` gives from which the user was not removed while it was read: such a right is worth
   * nothing. The user must be attached. Answers the chats that are followed now.
   */
  async followAll(connection: Connection, read: () => Promise<readonly ChatId[]>): Promise<ChatId[]> {
    const removed = new Set<ChatId>();
    connection.rightChecks.add(removed);
    try {
      const followed = (await read()).filter((chatId) => !removed.has(chatId) && !connection.closed);
      for (const chatId of followed) this.#follow(connection, this.#channel(chatId));
      return followed;
    } finally {
      connection.rightChecks.delete(removed);
    }
  }

  unfollow(connection: Connection, chatId: ChatId): void {
    connection.following.delete(chatId);
    const channel = this.#channels.get(chatId);
    channel?.followers.delete(connection);
    if (channel) this.#closeIfEmpty(channel);
  }

  #follow(connection: Connection, channel: Channel): void {
    if (connection.closed) return;
    channel.followers.add(connection);
    connection.following.add(channel.chatId);
  }

  #channel(chatId: ChatId): Channel {
    let channel = this.#channels.get(chatId);
    if (!channel) {
      channel = { chatId, followers: new Set(), rev: null, bells: [], busy: false };
      this.#channels.set(chatId, channel);
    }
    return channel;
  }

  /** A busy one stays: what it is delivering must come before what is next. */
  #closeIfEmpty(channel: Channel): void {
    if (channel.followers.size === 0 && !channel.busy) this.#channels.delete(channel.chatId);
  }

  #hear(event: BusEvent): void {
    switch (event.type) {
      case 'commit':
        this.#ring(event.commit);
        break;
      case 'chat.read':
        this.#ringRead(event);
        break;
      case 'chat.muted':
        this.#tellMuted(event);
        break;
      case 'chat.typing':
        this.#tellTyping(event);
        break;
      case 'presence.changed':
        void this.#tellPresence(event).catch((err) => this.#logger.warn({ err }, 'presence not told'));
        break;
      case 'broadcast':
        void this.#tellAll(event).catch((err) => this.#logger.warn({ err }, 'broadcast not told'));
        break;
      case 'user.updated':
        this.#usersTold = this.#usersTold
          .then(() => this.#tellUser(event.userId))
          .catch((err) => this.#logger.warn({ err }, 'user.updated not told'));
        break;
      case 'sessions.ended':
        for (const connection of this.connectionsOf(event.userId)) {
          const ended = event.sessionIds.includes(connection.identity?.sessionId ?? '');
          if (!ended) continue;
          if (event.suspended) connection.close(CLOSE.suspended, 'suspended');
          else connection.close(CLOSE.revoked, 'signed out');
        }
    }
  }

  #ring(commit: Commit): void {
    this.#voidRights(commit);
    const arrived = commit.changes.some((change) => newcomersOf(change).some((userId) => this.#users.has(userId)));
    const channel = arrived ? this.#channel(commit.chatId) : this.#channels.get(commit.chatId);
    if (!channel) return;
    channel.bells.push(commit);
    if (!channel.busy) this.#drain(channel);
  }

  /** Whoever is removed while one of his connections reads what it may follow. */
  #voidRights({ chatId, changes }: Commit): void {
    for (const change of changes) {
      if (change.type !== 'member.removed') continue;
      for (const userId of change.userIds) {
        for (const connection of this.#users.get(userId) ?? []) {
          for (const check of connection.rightChecks) check.add(chatId);
        }
      }
    }
  }

  /** Delivers bell after bell; at one that needs the store, goes on when that is done. */
  #drain(channel: Channel): void {
    for (let bell = channel.bells.shift(); bell; bell = channel.bells.shift()) {
      const waiting = 'changes' in bell ? this.#deliver(channel, bell) : this.#deliverRead(channel, bell);
      if (!waiting) continue;
      channel.busy = true;
      void waiting
        .catch((err) =>
          this.#logger.warn({ err, chatId: channel.chatId }, 'not delivered; the next bell reads the log'),
        )
        .finally(() => {
          channel.busy = false;
          this.#drain(channel);
        });
      return;
    }
    this.#closeIfEmpty(channel);
  }

  /** Delivers at once and answers undefined where all that is needed is in memory, as it is for almost every message. */
  #deliver(channel: Channel, commit: Commit): Promise<void> | undefined {
    const after = channel.rev ?? commit.firstRev - 1;
    if (commit.lastRev <= after) return undefined;
    const { images, changes } = commit;
    const onlyMessages = changes.every((change) => change.type.startsWith('message.'));
    const people = this.#directory.peek(peopleIn(images.messages));
    if (commit.firstRev > after + 1 || !onlyMessages || !people)
      return this.#deliverFromLog(channel, after, commit.lastRev);
    const messages = new Map(images.messages.map((message) => [message.id, message]));
    const texts: string[] = [];
    for (const change of changes) {
      const message = messages.get(change.messageId ?? '');
      if (change.rev <= after || !message) continue;
      texts.push(encodeSharedChange({ change, message, members: [], chat: images.chat }, people));
    }
    for (let i = 0; i < texts.length; i += FRAMES_PER_BUFFER)
      this.#sendAll(channel.followers, texts.slice(i, i + FRAMES_PER_BUFFER));
    channel.rev = commit.lastRev;
    return undefined;
  }

  async #deliverFromLog(channel: Channel, after: number, upTo: number): Promise<void> {
    for (let rev = after; rev < upTo; rev = channel.rev ?? upTo) {
      const chat = await this.#chats.find(channel.chatId);
      const stored = chat ? await this.#chats.viewLog(chat, rev, CHANGES_PER_READ) : [];
      const views = stored.filter(({ change }) => change.rev <= upTo);
      for (const view of views) await this.#deliverView(channel, view);
      channel.rev = Math.max(views.at(-1)?.change.rev ?? upTo, rev);
    }
  }

  async #deliverView(channel: Channel, view: ChangeView): Promise<void> {
    const { change, chat } = view;
    const newcomers = newcomersOf(change);
    const established = [...channel.followers].filter((c) => !newcomers.includes(c.identity?.userId ?? ''));
    for (const userId of newcomers) await this.#welcome(channel, userId, change);
    if (change.type === 'chat.created') return;
    const people = await this.#directory.lookUp(peopleInChange(view));
    const gone = change.type === 'member.removed' ? change.userIds : [];
    this.#send(established, encodeSharedChange(view, people));
    for (const connection of established) {
      if (change.type === 'chat.deleted' || gone.includes(connection.identity?.userId ?? '')) {
        this.unfollow(connection, chat.id);
      }
    }
  }

  /**
   * Shows somebody a chat that is new to him: whole, as he sees it now. He follows it before it is read, so that nothing falls
   * between; what happens meanwhile waits behind.
   */
  async #welcome(channel: Channel, userId: UserId, change: Change): Promise<void> {
    const connections = this.connectionsOf(userId);
    for (const connection of connections) this.#follow(connection, channel);
    const mine = await this.#viewOf(channel.chatId, userId);
    if (!mine) return;
    const people = await this.#directory.lookUp(peopleInChat(mine));
    this.#send(connections, JSON.stringify(presentNewChat(change, mine, people)));
  }

  /** Null when he has gone again since, from the chat or from this node. */
  async #viewOf(chatId: ChatId, userId: UserId): Promise<ChatView | null> {
    const sessionId = this.connectionsOf(userId)[0]?.identity?.sessionId;
    if (sessionId === undefined) return null;
    return this.#chats.get({ userId, sessionId }, chatId).catch((error: unknown) => {
      if (error instanceof DomainError && (error.code === 'CHAT_NOT_FOUND' || error.code === 'FORBIDDEN')) return null;
      throw error;
    });
  }

  #ringRead(read: ReadBell): void {
    const channel = this.#channels.get(read.chatId);
    if (!channel) return;
    channel.bells.push(read);
    if (!channel.busy) this.#drain(channel);
  }

  /** An unread count is that of one head: it is told after all changes up to there, and before the next. */
  #deliverRead(channel: Channel, read: ReadBell): Promise<void> | undefined {
    if (channel.rev !== null && channel.rev !== read.rev) return this.#deliverRecounted(channel, read);
    this.#sendRead(channel, read);
    return undefined;
  }

  async #deliverRecounted(channel: Channel, read: ReadBell): Promise<void> {
    const { chatId, userId } = read;
    let counted = read;
    while (channel.rev !== null && channel.rev !== counted.rev) {
      if (channel.rev < counted.rev) await this.#deliverFromLog(channel, channel.rev, counted.rev);
      else {
        const mine = await this.#viewOf(chatId, userId);
        if (!mine) return;
        counted = { ...read, seq: readSeqOf(mine), unreadCount: mine.unreadCount, rev: mine.chat.rev };
      }
    }
    this.#sendRead(channel, counted);
  }

  #sendRead({ chatId, followers }: Channel, { userId, seq, unreadCount, toAll }: ReadBell): void {
    const own = [...followers].filter((connection) => connection.identity?.userId === userId);
    const frame = (data: object) => JSON.stringify({ type: 'chat.read', chatId, data: { userId, seq, ...data } });
    this.#send(own, frame({ unreadCount }));
    if (toAll)
      this.#send(
        [...followers].filter((connection) => !own.includes(connection)),
        frame({}),
      );
  }

  #tellMuted({ chatId, userId, until }: Extract<BusEvent, { type: 'chat.muted' }>): void {
    const frame = { type: 'chat.muted', chatId, data: presentMute(until) };
    this.#send(this.connectionsOf(userId), JSON.stringify(frame));
  }

  #tellTyping({ chatId, userId }: Extract<BusEvent, { type: 'chat.typing' }>): void {
    const others = [...this.#followers([chatId])].filter((connection) => connection.identity?.userId !== userId);
    this.#send(others, JSON.stringify({ type: 'chat.typing', chatId, data: { userId } }));
  }

  /** Whoever hides his own presence hears of nobody's. */
  async #tellPresence(event: Extract<BusEvent, { type: 'presence.changed' }>): Promise<void> {
    const audience = [...this.#followers(event.chatIds)];
    const people = await this.#directory.lookUp(audience.flatMap((connection) => connection.identity?.userId ?? []));
    const open = audience.filter((connection) => people.get(connection.identity?.userId ?? '')?.showPresence);
    this.#send(open, JSON.stringify({ type: 'presence.changed', data: presentPresence(event) }));
  }

  async #tellAll({ userId, content, at }: Extract<BusEvent, { type: 'broadcast' }>): Promise<void> {
    const from = presentRefToAll(await this.#directory.lookUp([userId]), userId);
    const everybody = [...this.#users.values()].flatMap((connections) => [...connections]);
    this.#send(everybody, JSON.stringify({ type: 'broadcast', data: { content, from, at: presentTime(at) } }));
  }

  #followers(chatIds: readonly ChatId[]): Set<Connection> {
    return new Set(chatIds.flatMap((chatId) => [...(this.#channels.get(chatId)?.followers ?? [])]));
  }

  async #tellUser(userId: UserId): Promise<void> {
    const people = await this.#directory.lookUp([userId]);
    const chatIds = await this.#chats.idsOf(userId);
    const audience = new Set([...this.connectionsOf(userId), ...this.#followers(chatIds)]);
    this.#send(audience, JSON.stringify({ type: 'user.updated', data: { user: presentRef(people, userId) } }));
  }

  #send(connections: Iterable<Connection>, text: string): void {
    this.#sendAll(connections, [text]);
  }

  #sendAll(connections: Iterable<Connection>, texts: readonly string[]): void {
    let frames: Buffer | undefined;
    for (const connection of connections) {
      frames ??= textFrames(texts);
      connection.sendFrame(frames);
    }
  }
}

/** Everybody whom these messages name, each once. */
function peopleIn(messages: readonly Message[]): Set<UserId> {
  const people = new Set<UserId>();
  for (const message of messages) for (const userId of peopleInMessage(message)) people.add(userId);
  return people;
}

/** Those to whom this change makes the chat new. */
const newcomersOf = (change: Change): readonly UserId[] =>
  change.type === 'chat.created' || change.type === 'member.added' ? change.userIds : [];

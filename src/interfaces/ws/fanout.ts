import { setImmediate as nextTurn } from 'node:timers/promises';
import { isExit, isRewritten } from '../../application/catch-up.ts';
import { type ChangeView, type ChatService, type ChatView, readSeqOf } from '../../application/chat-service.ts';
import type { BusEvent, EventBus } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { Change, Commit } from '../../domain/changes.ts';
import type { Chat } from '../../domain/chat.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ChatId, Instant, SessionId, UserId } from '../../domain/ids.ts';
import { CLOSE } from '../contract/frames.ts';
import { peopleInChange, peopleInChat, peopleInMessages, presentNewChat } from '../present.ts';
import { Announcements } from './announcements.ts';
import {
  type Bell,
  type Channel,
  isCommit,
  isRead,
  isTyping,
  type Newcomer,
  newcomersOf,
  type ReadBell,
} from './channel.ts';
import { encodeSharedChange } from './encode.ts';
import { type Follower, userIdOf, voidRights, watchingRemovals } from './follower.ts';
import { Heads } from './heads.ts';
import { sendChanges } from './send-to.ts';

const CHANGES_PER_READ = 200;
/** When what could not be read is tried again. */
const RETRY_MS = 1_000;

/**
 * Brings what happens to the sockets that may hear of it: each chat's changes in order and without a gap, whatever the bus
 * did. A commit is only a bell: what is next is delivered, what is older is dropped, and what skips is read from the log.
 */
export class Fanout {
  readonly #chats: ChatService;
  readonly #directory: UserDirectory;
  readonly #bus: EventBus;
  readonly #logger: Logger;
  readonly #channels = new Map<ChatId, Channel>();
  /** Oldest first; another list at each change. */
  readonly #users = new Map<UserId, readonly Follower[]>();
  readonly #heads: Heads;
  readonly #announcements: Announcements;
  /** How many events the bus has brought: where it has not grown, nothing has passed by. */
  #heard = 0;

  constructor(deps: { chats: ChatService; directory: UserDirectory; bus: EventBus; logger: Logger }) {
    this.#chats = deps.chats;
    this.#directory = deps.directory;
    this.#bus = deps.bus;
    this.#logger = deps.logger;
    this.#heads = new Heads({ ...deps, reached: (chatId, rev) => this.#ringIn(chatId, rev) });
    this.#announcements = new Announcements({ ...deps, audience: this });
    deps.bus.subscribe((event) => this.#hear(event));
  }

  /** The connections of a person, oldest first. */
  connectionsOf(userId: UserId): readonly Follower[] {
    return this.#users.get(userId) ?? [];
  }

  /** Everybody who has a connection here. */
  get userIds(): readonly UserId[] {
    return [...this.#users.keys()];
  }

  /** How many chats are followed here. */
  get chatCount(): number {
    return this.#channels.size;
  }

  /** Once it resolves the connection hears of memberships, sessions and its user; of chats once it follows them. */
  async attach(connection: Follower, userId: UserId): Promise<void> {
    if (connection.closed) return;
    const connections = this.connectionsOf(userId);
    if (!connections.includes(connection)) this.#users.set(userId, [...connections, connection]);
    await this.#bus.follow([`user:${userId}`]);
  }

  detach(connection: Follower): void {
    const userId = connection.identity?.userId;
    if (userId !== undefined && this.connectionsOf(userId).includes(connection)) {
      const others = this.connectionsOf(userId).filter((other) => other !== connection);
      if (others.length > 0) this.#users.set(userId, others);
      else this.#users.delete(userId);
      this.#bus.unfollow([`user:${userId}`]);
    }
    for (const chatId of connection.following) this.unfollow(connection, chatId);
  }

  /**
   * Follows those of the chats that `read` gives from which the user was not removed while it was read: such a right is worth
   * nothing. The user must be attached. What came up to their revs, the client reads for itself. Answers the chats that are
   * followed now, if they stand as they were read; null if something has been heard meanwhile that may have passed by.
   */
  async followAll<Head extends Pick<Chat, 'id' | 'rev'>>(
    connection: Follower,
    read: () => Promise<readonly Head[]>,
  ): Promise<readonly Head[] | null> {
    return watchingRemovals(connection, async (removed) => {
      const before = this.#heard;
      const heads = (await read()).filter(({ id }) => !removed.has(id) && !connection.closed);
      for (const { id, rev } of heads) this.follow(connection, id, rev);
      const isCurrent = this.#heard === before && heads.every(({ id, rev }) => this.isBehind(id, rev + 1));
      return isCurrent ? heads : null;
    });
  }

  /** Follows one chat from this rev on, in which its user is. */
  follow(connection: Follower, chatId: ChatId, rev: number): void {
    const channel = this.#channel(chatId);
    this.#follow(connection, channel);
    if (!channel.busy) channel.rev ??= rev;
  }

  /** Whether changes of this chat up to this rev may still be on their way to those who follow it. */
  isBehind(chatId: ChatId, rev: number): boolean {
    return (this.#channels.get(chatId)?.rev ?? 0) < rev;
  }

  unfollow(connection: Follower, chatId: ChatId): void {
    connection.following.delete(chatId);
    const channel = this.#channels.get(chatId);
    channel?.followers.delete(connection);
    if (channel) this.#closeIfEmpty(channel);
  }

  #follow(connection: Follower, channel: Channel): void {
    if (connection.closed) return;
    channel.followers.add(connection);
    connection.following.add(channel.chatId);
  }

  #channel(chatId: ChatId): Channel {
    let channel = this.#channels.get(chatId);
    if (!channel) {
      channel = { chatId, followers: new Set(), rev: null, bells: [], busy: false };
      this.#channels.set(chatId, channel);
      // Until the bus knows that this node wants to hear of it, bells pass by.
      void this.#bus.follow([`chat:${chatId}`])?.then(() => this.#heads.read(chatId));
    }
    return channel;
  }

  /** Delivers all that has happened in the chats that are followed here, whatever the bus has told of it. */
  readHeads(): Promise<void> {
    return this.#heads.readAll([...this.#channels.keys()]);
  }

  #ringIn(chatId: ChatId, bell: Bell): void {
    const channel = this.#channels.get(chatId);
    if (channel) this.#enqueue(channel, bell);
  }

  /** By now the channel may have been closed, and opened anew. */
  #ringAgain(channel: Channel, bell: Bell): void {
    if (typeof bell === 'number') this.#heads.read(channel.chatId);
    else if (isCommit(bell)) this.#ring(bell);
    else if (isRead(bell) || isTyping(bell)) this.#ringIn(bell.chatId, bell);
    else this.bring(bell.userId, channel.chatId, bell.at);
  }

  /** Shows somebody a chat that he joined at that time, unless all of his connections follow it already. */
  bring(userId: UserId, chatId: ChatId, at: Instant): void {
    if (this.connectionsOf(userId).every(({ following }) => following.has(chatId))) return;
    this.#enqueue(this.#channel(chatId), { userId, at });
  }

  /** A busy one stays: what it is delivering must come before what is next. */
  #closeIfEmpty(channel: Channel): void {
    if (channel.followers.size > 0 || channel.busy || !this.#channels.delete(channel.chatId)) return;
    this.#bus.unfollow([`chat:${channel.chatId}`]);
  }

  #hear(event: BusEvent): void {
    this.#heard += 1;
    if (event.type === 'commit') this.#ring(event.commit);
    else if (event.type === 'chat.read' || event.type === 'chat.typing') this.#ringIn(event.chatId, event);
    else if (event.type === 'sessions.ended') this.endSessions(event.userId, event.sessionIds, event.suspended);
    else void this.#announcements.tell(event);
  }

  get everybody(): readonly Follower[] {
    return [...this.#users.values()].flat();
  }

  /** Those that follow any of these chats. */
  followersOf(chatIds: readonly ChatId[]): ReadonlySet<Follower> {
    const all = new Set<Follower>();
    for (const chatId of chatIds) for (const follower of this.#channels.get(chatId)?.followers ?? []) all.add(follower);
    return all;
  }

  /** Closes what these sessions of a person have open. */
  endSessions(userId: UserId, sessionIds: readonly SessionId[], isSuspended = false): void {
    for (const connection of this.connectionsOf(userId)) {
      if (!sessionIds.includes(connection.identity?.sessionId ?? '')) continue;
      if (isSuspended) connection.close(CLOSE.suspended, 'suspended');
      else connection.close(CLOSE.revoked, 'signed out');
    }
  }

  #ring(commit: Commit): void {
    voidRights(this, commit.chatId, commit.changes);
    const arrived = commit.changes.some((change) => newcomersOf(change).some((userId) => this.#users.has(userId)));
    const channel = arrived ? this.#channel(commit.chatId) : this.#channels.get(commit.chatId);
    if (channel) this.#enqueue(channel, commit);
  }

  #enqueue(channel: Channel, bell: Bell): void {
    channel.bells.push(bell);
    if (!channel.busy) this.#drain(channel);
  }

  /** Delivers bell after bell; at one that needs the store, goes on when that is done. */
  #drain(channel: Channel): void {
    for (let bell = channel.bells.shift(); bell; bell = channel.bells.shift()) {
      const waiting = this.#deliver(channel, bell);
      if (!waiting) continue;
      channel.busy = true;
      void waiting
        .catch((err) => {
          this.#logger.warn({ err, chatId: channel.chatId }, 'not delivered; soon again');
          if (isCommit(bell)) channel.rev ??= bell.firstRev - 1;
          setTimeout(() => this.#ringAgain(channel, bell), RETRY_MS).unref();
        })
        .finally(() => {
          channel.busy = false;
          this.#drain(channel);
        });
      return;
    }
    this.#closeIfEmpty(channel);
  }

  /** Delivers at once and answers undefined where all that is needed is in memory, as it is for almost every message. */
  #deliver(channel: Channel, bell: Bell): Promise<void> | undefined {
    if (typeof bell === 'number') return this.#deliverHead(channel, bell);
    if (isCommit(bell)) return this.#deliverCommit(channel, bell);
    if (isRead(bell)) return this.#deliverRead(channel, bell);
    if (isTyping(bell)) return this.#announcements.tellTyping(channel.followers, bell);
    return this.#deliverNewcomer(channel, bell);
  }

  async #deliverNewcomer(channel: Channel, { userId, at }: Newcomer): Promise<void> {
    const head = await this.#welcome(channel, userId, { at, actorId: null });
    channel.rev ??= head;
  }

  #deliverHead(channel: Channel, head: number): Promise<void> | undefined {
    const after = channel.rev ?? head;
    return head > after ? this.#deliverFromLog(channel, after, head) : undefined;
  }

  #deliverCommit(channel: Channel, commit: Commit): Promise<void> | undefined {
    const after = channel.rev ?? commit.firstRev - 1;
    if (commit.lastRev <= after) return this.#deliverLate(channel, commit);
    const { images, changes } = commit;
    const onlyMessages = changes.every((change) => change.type.startsWith('message.'));
    const people = this.#directory.peek(peopleInMessages(images.messages));
    if (commit.firstRev > after + 1 || !onlyMessages || !people)
      return this.#deliverFromLog(channel, after, commit.lastRev);
    const messages = new Map(images.messages.map((message) => [message.id, message]));
    const texts: string[] = [];
    for (const change of changes) {
      const message = messages.get(change.messageId ?? '');
      if (change.rev <= after || !message) continue;
      texts.push(encodeSharedChange({ change, message, members: [], chat: images.chat }, people));
    }
    sendChanges(channel.followers, { chatId: channel.chatId, rev: commit.lastRev, texts });
    channel.rev = commit.lastRev;
    return undefined;
  }

  /**
   * Who came here since has read it for himself; not so to whom it makes the chat new, nor perhaps whom it takes out: a store may
   * read him as he was before it, and the chat as it was after.
   */
  #deliverLate({ chatId, followers, bells }: Channel, { changes }: Commit): Promise<void> | undefined {
    for (const change of changes) {
      for (const userId of newcomersOf(change)) {
        const isNew = this.connectionsOf(userId).some(({ following }) => !following.has(chatId));
        if (isNew) bells.push({ userId, at: change.at });
      }
    }
    const follows = (userId: UserId) => this.connectionsOf(userId).some(({ following }) => following.has(chatId));
    const exits = changes.filter(({ type, userIds }) => type === 'member.removed' && userIds.some(follows));
    return exits.length > 0 ? this.#deliverExits(chatId, followers, exits) : undefined;
  }

  async #deliverExits(chatId: ChatId, followers: ReadonlySet<Follower>, exits: readonly Change[]): Promise<void> {
    const chat = await this.#chats.find(chatId);
    for (const view of chat ? await this.#chats.viewChanges(exits.map((change) => ({ chat, change }))) : []) {
      const gone = await this.#chats.outsiders(chatId, view.change.userIds);
      const told = [...followers].filter((c) => gone.includes(userIdOf(c)));
      await this.#tell(view, told);
    }
  }

  /** Rows are told as they are now: whoever is out of the chat by now is told of no more than that, if they were changed since. */
  async #deliverFromLog(channel: Channel, after: number, upTo: number): Promise<void> {
    let gone = new Set<UserId>();
    for (let rev = after; rev < upTo; rev = channel.rev ?? upTo) {
      const chat = await this.#chats.find(channel.chatId);
      const stored = chat ? await this.#chats.viewLog(chat, rev, CHANGES_PER_READ) : [];
      const views = stored.filter(({ change }) => change.rev <= upTo);
      const here = views.some(isRewritten) ? [...channel.followers].map(userIdOf) : [];
      if (here.length > 0) gone = new Set(await this.#chats.outsiders(channel.chatId, here));
      for (const view of views) {
        await this.#deliverView(channel, view, gone);
        channel.rev = view.change.rev;
      }
      if (views.length === 0) channel.rev = upTo;
      await nextTurn(); // in which the sockets take it
    }
  }

  async #deliverView(channel: Channel, view: ChangeView, gone: Set<UserId>): Promise<void> {
    const { change, chat } = view;
    voidRights(this, chat.id, [change]);
    const newcomers = newcomersOf(change);
    const established = [...channel.followers].filter((c) => !newcomers.includes(userIdOf(c)));
    for (const userId of newcomers) await this.#welcome(channel, userId, change);
    if (change.type === 'chat.created') return;
    for (const userId of [...gone]) if (isExit(change, userId)) gone.delete(userId);
    const told = established.filter((c) => !gone.has(userIdOf(c)));
    await this.#tell(view, told);
  }

  async #tell(view: ChangeView, followers: readonly Follower[]): Promise<void> {
    const { change, chat } = view;
    const people = await this.#directory.lookUp(peopleInChange(view));
    sendChanges(followers, { chatId: chat.id, rev: change.rev, texts: [encodeSharedChange(view, people)] });
    for (const connection of followers) if (isExit(change, userIdOf(connection))) this.unfollow(connection, chat.id);
  }

  /**
   * Shows somebody a chat that is new to him: whole, as he sees it now. He follows it before it is read, so that nothing falls
   * between; what happens meanwhile waits behind. Answers the chat's rev; null where he sees it no more.
   */
  async #welcome(
    channel: Channel,
    userId: UserId,
    how: { readonly at: Instant; readonly actorId: UserId | null },
  ): Promise<number | null> {
    const connections = this.connectionsOf(userId);
    const added = connections.filter(({ following }) => !following.has(channel.chatId));
    for (const connection of added) this.#follow(connection, channel);
    let mine: ChatView | null = null;
    try {
      mine = await this.#viewOf(channel.chatId, userId);
    } finally {
      if (!mine) for (const connection of added) this.unfollow(connection, channel.chatId);
    }
    if (!mine) return null;
    const people = await this.#directory.lookUpFor(userId, peopleInChat(mine));
    const { id: chatId, rev } = mine.chat;
    sendChanges(connections, {
      chatId,
      rev,
      texts: [JSON.stringify(presentNewChat(how, mine, people))],
      isWhole: true,
    });
    return rev;
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

  /** An unread count is for its reader alone, and that of one head: it is told after all changes up to there, before the next. */
  #deliverRead(channel: Channel, read: ReadBell): Promise<void> | undefined {
    if (channel.rev !== null && channel.rev !== read.rev) return this.#deliverRecounted(channel, read);
    this.#announcements.tellRead(channel.followers, read);
    return undefined;
  }

  async #deliverRecounted(channel: Channel, read: ReadBell): Promise<void> {
    let counted = read;
    while (channel.rev !== null && channel.rev !== counted.rev) {
      if (channel.rev < counted.rev) await this.#deliverFromLog(channel, channel.rev, counted.rev);
      else if (!this.#users.has(read.userId)) break;
      else {
        const mine = await this.#viewOf(read.chatId, read.userId);
        if (!mine) return;
        counted = { ...read, seq: readSeqOf(mine), unreadCount: mine.unreadCount, rev: mine.chat.rev };
      }
    }
    this.#announcements.tellRead(channel.followers, counted);
  }
}

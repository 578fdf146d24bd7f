import type { ChatService } from '../../application/chat-service.ts';
import type { BusEvent } from '../../application/ports/realtime.ts';
import type { Logger } from '../../application/ports/services.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { ChatId, UserId } from '../../domain/ids.ts';
import { presentMute, presentPresence, presentRefToAll, presentTime, presentUserUpdated } from '../present.ts';
import type { ReadBell, TypingBell } from './channel.ts';
import { type Follower, userIdOf } from './follower.ts';
import { sendTo } from './send-to.ts';

/** Those of this node who may hear something. */
interface Audience {
  readonly everybody: readonly Follower[];
  connectionsOf(userId: UserId): readonly Follower[];
  followersOf(chatIds: readonly ChatId[]): ReadonlySet<Follower>;
}

/** Tells the sockets what no chat's log holds. Where that fails it is logged, and not told. */
export class Announcements {
  readonly #chats: Pick<ChatService, 'idsOf'>;
  readonly #directory: UserDirectory;
  readonly #logger: Logger;
  readonly #audience: Audience;
  /** One profile is told after the other, so that the last that is heard of somebody is how he is. */
  #usersTold: Promise<void> = Promise.resolve();

  constructor(deps: {
    chats: Pick<ChatService, 'idsOf'>;
    directory: UserDirectory;
    logger: Logger;
    audience: Audience;
  }) {
    this.#chats = deps.chats;
    this.#directory = deps.directory;
    this.#logger = deps.logger;
    this.#audience = deps.audience;
  }

  async tell(event: BusEvent): Promise<void> {
    try {
      await this.#tell(event);
    } catch (err) {
      this.#logger.warn({ err, event: event.type }, 'not told');
    }
  }

  #tell(event: BusEvent): Promise<void> | void {
    switch (event.type) {
      case 'chat.muted':
        return this.#tellMuted(event);
      case 'presence.changed':
        return this.#tellPresence(event);
      case 'broadcast':
        return this.#tellAll(event);
      case 'user.updated':
        this.#usersTold = this.#usersTold.catch(() => undefined).then(() => this.#tellUser(event.userId));
        return this.#usersTold;
    }
  }

  /** To those who follow the chat; how many lines are unread, to the reader's own connections. */
  tellRead(followers: ReadonlySet<Follower>, { chatId, userId, seq, unreadCount, toAll }: ReadBell): void {
    const [own, others]: [Follower[], Follower[]] = [[], []];
    for (const connection of followers) (connection.identity?.userId === userId ? own : others).push(connection);
    const frame = (data: object) => JSON.stringify({ type: 'chat.read', chatId, data: { userId, seq, ...data } });
    const about = { mark: { chatId, userId }, heardIn: [chatId] };
    sendTo(own, [frame({ unreadCount })], about);
    if (toAll) sendTo(others, [frame({})], about);
  }

  /** To the others who follow the chat. */
  tellTyping(followers: ReadonlySet<Follower>, { chatId, userId }: TypingBell): undefined {
    const others = [...followers].filter((connection) => connection.identity?.userId !== userId);
    const frame = JSON.stringify({ type: 'chat.typing', chatId, data: { userId } });
    sendTo(others, [frame], { isFleeting: true, heardIn: [chatId] });
  }

  #tellMuted({ chatId, userId, until }: Extract<BusEvent, { type: 'chat.muted' }>): void {
    const frame = { type: 'chat.muted', chatId, data: presentMute(until) };
    sendTo(this.#audience.connectionsOf(userId), [JSON.stringify(frame)], { mark: { chatId, userId } });
  }

  /** Whoever hides his own presence hears of nobody's. */
  async #tellPresence(event: Extract<BusEvent, { type: 'presence.changed' }>): Promise<void> {
    const audience = [...this.#audience.followersOf(event.chatIds)];
    const userIds = audience.map(userIdOf);
    const people = this.#directory.peek(userIds) ?? (await this.#directory.lookUp(userIds));
    const open = audience.filter((_, i) => people.get(userIds[i] ?? '')?.showPresence);
    const frame = JSON.stringify({ type: 'presence.changed', data: presentPresence(event) });
    sendTo(open, [frame], { isFleeting: true, heardIn: event.chatIds });
  }

  async #tellAll({ userId, content, at }: Extract<BusEvent, { type: 'broadcast' }>): Promise<void> {
    const from = presentRefToAll(await this.#directory.lookUp([userId]), userId);
    this.#send(
      this.#audience.everybody,
      JSON.stringify({ type: 'broadcast', data: { content, from, at: presentTime(at) } }),
    );
  }

  async #tellUser(userId: UserId): Promise<void> {
    const people = await this.#directory.lookUp([userId]);
    const chatIds = await this.#chats.idsOf(userId);
    const audience = new Set([...this.#audience.connectionsOf(userId), ...this.#audience.followersOf(chatIds)]);
    this.#send(audience, JSON.stringify(presentUserUpdated(userId, people)));
  }

  #send(connections: Iterable<Follower>, text: string): void {
    sendTo(connections, [text]);
  }
}

import { DomainError } from '../domain/errors.ts';
import type { ChatId, UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import type { ChatWriter } from './chat-writer.ts';
import { endSessions } from './end-sessions.ts';
import type { Deletion, DeletionRepository } from './ports/deletions.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type {
  ChatRepository,
  FileRepository,
  MessageRepository,
  SessionRepository,
  UserRepository,
} from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, IdGenerator, Logger, PasswordHasher } from './ports/services.ts';
import { repeatUntil } from './repeat-until.ts';

const ROUND_MS = 2_000;
const ACCOUNTS_PER_ROUND = 50;
/** After this, nothing that began before the account was gone can still be on its way. */
const SETTLED_MS = 60_000;
/** A store may be busy with it for half a second. */
const SCRUB_EVERY_MS = 600_000;
const NAME_HELD_MS = 30 * 24 * 3_600_000;
const LINES_AT_ONCE = 500;
const MESSAGES_PER_COMMAND = 100;
/** Of a person's row: none comes after it. */
const LAST_VERSION = Number.MAX_SAFE_INTEGER;

/**
 * The end of an account: the person's row goes first, and with it his name from everything that he wrote; then, in rounds that any
 * node may take up again after a crash, his places in groups and, if he so chose, his messages. It is all looked over once more
 * when nothing that was under way can be left.
 */
export class AccountDeletion {
  readonly #users: UserRepository;
  readonly #deletions: DeletionRepository;
  readonly #sessions: SessionRepository;
  readonly #codes: OneTimeCodeRepository;
  readonly #chats: ChatRepository;
  readonly #messages: MessageRepository;
  readonly #files: FileRepository;
  readonly #writer: ChatWriter;
  readonly #hasher: PasswordHasher;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly #logger: Logger;
  /** Accounts that were cleared: false for once, true for once more when nothing was under way. */
  readonly #cleared = new Map<UserId, boolean>();
  #scrubbedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: {
    users: UserRepository;
    deletions: DeletionRepository;
    sessions: SessionRepository;
    codes: OneTimeCodeRepository;
    chats: ChatRepository;
    messages: MessageRepository;
    files: FileRepository;
    writer: ChatWriter;
    hasher: PasswordHasher;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
    logger: Logger;
  }) {
    this.#users = deps.users;
    this.#deletions = deps.deletions;
    this.#sessions = deps.sessions;
    this.#codes = deps.codes;
    this.#chats = deps.chats;
    this.#messages = deps.messages;
    this.#files = deps.files;
    this.#writer = deps.writer;
    this.#hasher = deps.hasher;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#logger = deps.logger;
  }

  /** Takes the actor's account away, now and for good. @throws DomainError BAD_CREDENTIALS */
  async delete(actor: Actor, input: { password: string; messages: Deletion['messages'] }): Promise<void> {
    const { userId } = actor;
    const credential = await this.#users.findCredential(userId);
    if (!credential || !(await this.#hasher.verify(credential.passwordHash, input.password))) {
      throw new DomainError('BAD_CREDENTIALS', 'The password is wrong.');
    }
    await this.#deletions.begin({ userId, messages: input.messages, at: this.#clock.now() });
    await endSessions(this.#sessions, this.#bus, userId);
    this.#bus.publish({ type: 'user.updated', userId, version: credential.user.version + 1 });
  }

  /** One round: clears what is left of deleted accounts, and frees the names that have been held for 30 days. */
  async sweep(): Promise<void> {
    const settled: UserId[] = [];
    const limit = this.#cleared.size + ACCOUNTS_PER_ROUND; // who only waits to be looked over keeps nobody waiting
    for (const deletion of await this.#deletions.unfinished(limit)) {
      try {
        if (await this.#clear(deletion)) settled.push(deletion.userId);
      } catch (error) {
        this.#logger.warn({ err: error, userId: deletion.userId }, 'a deleted account could not be cleared yet');
      }
    }
    if (settled.length > 0) await this.#finish(settled);
    await this.#deletions.releaseNames(this.#clock.now() - NAME_HELD_MS);
  }

  /** A round every 2 s until the signal. */
  run(signal: AbortSignal): Promise<void> {
    const [clock, logger] = [this.#clock, this.#logger];
    return repeatUntil(signal, () => this.sweep(), { name: 'clearing accounts', everyMs: ROUND_MS, clock, logger });
  }

  /** Answers whether it was looked over once more, so that nothing of it can come back. */
  async #clear({ userId, messages, at }: Deletion): Promise<boolean> {
    const isSettled = this.#clock.now() >= at + SETTLED_MS;
    if (this.#cleared.get(userId) === isSettled) return isSettled;
    this.#bus.publish({ type: 'user.updated', userId, version: LAST_VERSION }); // else a crash could leave his name in memory
    await endSessions(this.#sessions, this.#bus, userId);
    await this.#codes.revoke('password-reset', userId);
    if (messages === 'erase') {
      for (const chatId of await this.#chats.chatIdsEver(userId)) await this.#erase(userId, chatId);
    }
    for (const { chat } of await this.#chats.memberships(userId)) {
      if (chat.kind !== 'direct') await this.#leave(userId, chat.id);
    }
    await this.#files.scheduleChecks(userId, this.#clock.now());
    if (isSettled) await this.#sessions.forget(userId);
    this.#cleared.set(userId, isSettled);
    return isSettled;
  }

  /** All that wait together, since a store may have to write much for it. */
  async #finish(userIds: readonly UserId[]): Promise<void> {
    const now = this.#clock.elapsed();
    if (now < this.#scrubbedAt + SCRUB_EVERY_MS) return;
    this.#scrubbedAt = now;
    const isScrubbed = await this.#deletions.scrub();
    for (const userId of userIds) {
      await this.#deletions.finish(userId);
      this.#cleared.delete(userId);
      this.#logger.info({ userId }, 'a deleted account is cleared');
    }
    if (!isScrubbed)
      this.#logger.warn({}, 'the database is too large to be rewritten in use: see "compact" in docs/operations.md');
  }

  async #leave(userId: UserId, chatId: ChatId): Promise<void> {
    await this.#writer.submit(chatId, userId, { type: 'member.remove', userId, lineId: this.#ids.next() });
  }

  /** Leaves tombstones of what he wrote there. */
  async #erase(userId: UserId, chatId: ChatId): Promise<void> {
    const chat = await this.#chats.find(chatId);
    if (!chat) return;
    for (let above = chat.floorSeq; above < chat.seq; above += LINES_AT_ONCE) {
      const range = { above, upTo: above + LINES_AT_ONCE, limit: LINES_AT_ONCE };
      const lines = await this.#messages.search(chatId, { ...range, order: 'asc' }, { senderId: userId });
      const left = lines.filter(({ kind, deletedAt }) => kind === 'text' && deletedAt === null).map(({ id }) => id);
      for (let i = 0; i < left.length; i += MESSAGES_PER_COMMAND) {
        const messageIds = left.slice(i, i + MESSAGES_PER_COMMAND);
        await this.#writer.submit(chatId, userId, { type: 'message.erase', messageIds });
      }
    }
  }
}

import { type Change, type ChatState, type Commit, imagesOf, record } from '../domain/changes.ts';
import type { Chat, Member } from '../domain/chat.ts';
import { type Command, decide, type Needs, needsOf } from '../domain/decide.ts';
import { DomainError } from '../domain/errors.ts';
import type { ChatId, MessageId, UserId } from '../domain/ids.ts';
import { type Message, sendKey } from '../domain/message.ts';
import { type ChatLog, type KnownRows, StoreError } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock, IdGenerator, Logger } from './ports/services.ts';
import { RecentChats } from './recent-chats.ts';

export interface WriterLimits {
  /** A commit holds at most this many changes … */
  readonly changesPerCommit: number;
  /** … and about this many bytes of text. */
  readonly bytesPerCommit: number;
  /** Commands that may wait, over all chats; more are refused as BUSY. */
  readonly waiting: number;
  /** How long a chat's commands are decided again after conflicts, in milliseconds. */
  readonly conflictMs: number;
  /** How long a caller waits for a store that gives no definite answer, in milliseconds. */
  readonly unknownMs: number;
}

const DEFAULT_LIMITS: WriterLimits = {
  changesPerCommit: 500,
  bytesPerCommit: 4_000_000,
  waiting: 50_000,
  conflictMs: 5_000,
  unknownMs: 10_000,
};

const RETRY_AFTER_MS = 1_000;
const RETRY_PAUSE_MS = 50;
const RETRY_PAUSE_MAX_MS = 2_000;

/** What became of a command that was not refused. The rows are as they were right after it. */
export interface Outcome {
  readonly chat: Chat;
  /** What it stored; empty when there was nothing to do (a repeat, or a change to what already is). */
  readonly changes: readonly Change[];
  /** The messages it is about: for a send, one per draft and in their order, be they new or stored before. */
  readonly messages: readonly Message[];
  /** The memberships it touched. */
  readonly members: readonly Member[];
}

interface Waiting {
  readonly actorId: UserId;
  readonly command: Command;
  readonly needs: Needs;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** One chat's queue on this node. At most one batch of it is in flight. */
interface Lane {
  readonly chatId: ChatId;
  readonly waiting: Waiting[];
  running: boolean;
  /** Set while an append of this chat has had no definite answer for too long. */
  stuck: boolean;
}

type Verdict = { readonly outcome: Outcome } | { readonly refusal: unknown };

interface Decided {
  readonly verdicts: readonly Verdict[];
  readonly changes: readonly Change[];
  readonly state: ChatState;
}

/**
 * The one way in which a chat changes: decide → append → publish → answer (docs/adr/0002). Commands for one chat are decided
 * in the order in which they came; those that come while its batch is in flight form the next batch. The batches of all chats
 * that become ready in one turn of the event loop go to the store in one append: that is the group commit.
 *
 * A refused command refuses nobody else. A command's changes are all stored or none. An answer is given only after the changes
 * are durable and visible to every read; a decision that stores nothing is made only on rows that were read after its command came.
 */
export class ChatWriter {
  readonly #log: ChatLog;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly #logger: Logger;
  readonly #limits: WriterLimits;
  readonly #lanes = new Map<ChatId, Lane>();
  readonly #recent = new RecentChats();
  readonly #ready: Lane[] = [];
  readonly #appends: { commit: Commit; resolve: (answer: Promise<'stored' | 'conflict'>) => void }[] = [];
  #waiting = 0;
  #idle: (() => void)[] = [];

  constructor(deps: {
    log: ChatLog;
    bus: EventBus;
    clock: Clock;
    ids: IdGenerator;
    logger: Logger;
    limits?: Partial<WriterLimits>;
  }) {
    this.#log = deps.log;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#logger = deps.logger;
    this.#limits = { ...DEFAULT_LIMITS, ...deps.limits };
  }

  /**
   * Decides this command and stores what follows from it.
   * @throws DomainError its refusal; BUSY (too many wait, or too many conflicts) and UNAVAILABLE: nothing was stored;
   * OUTCOME_UNKNOWN: it may be stored, and a send may safely be repeated with the same clientId.
   */
  submit(chatId: ChatId, actorId: UserId, command: Command): Promise<Outcome> {
    if (this.#waiting >= this.#limits.waiting) return Promise.reject(busy('Too many changes are waiting.'));
    const lane = this.#lane(chatId);
    if (lane.stuck) return Promise.reject(unavailable('An earlier change of this chat has no answer yet.'));
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      lane.waiting.push({ actorId, command, needs: needsOf(actorId, command), resolve, reject });
      this.#start(lane);
    });
  }

  /** In how many chats something is under way. */
  get busyChats(): number {
    return this.#lanes.size;
  }

  /** Resolves when every command that was submitted has been answered. */
  drained(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #lane(chatId: ChatId): Lane {
    let lane = this.#lanes.get(chatId);
    if (!lane) {
      lane = { chatId, waiting: [], running: false, stuck: false };
      this.#lanes.set(chatId, lane);
    }
    return lane;
  }

  /** Marks a lane to run at the end of this turn, so that all that arrives in the turn is one batch. */
  #start(lane: Lane): void {
    if (lane.running) return;
    lane.running = true;
    if (this.#ready.push(lane) > 1) return;
    setImmediate(() => {
      for (const next of this.#ready.splice(0)) void this.#run(next);
    });
  }

  async #run(lane: Lane): Promise<void> {
    const batch = this.#nextBatch(lane);
    try {
      await this.#process(lane, batch);
    } catch (error) {
      this.#recent.forget(lane.chatId);
      for (const waiting of batch) waiting.reject(error);
    }
    this.#waiting -= batch.length;
    lane.running = false;
    if (lane.waiting.length > 0) return this.#start(lane);
    this.#lanes.delete(lane.chatId);
    if (this.#lanes.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The longest run of waiting commands that fits in a commit. One that needs the heir goes alone: others could change who that is. */
  #nextBatch(lane: Lane): Waiting[] {
    let changes = 0;
    let bytes = 0;
    let length = 0;
    for (const { command, needs } of lane.waiting) {
      const size = sizeOf(command);
      changes += size.changes;
      bytes += size.bytes;
      const full = changes > this.#limits.changesPerCommit || bytes > this.#limits.bytesPerCommit || needs.heir;
      if (full && length > 0) break;
      length += 1;
      if (needs.heir) break;
    }
    return lane.waiting.splice(0, length);
  }

  async #process(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    const deadline = this.#clock.elapsed() + this.#limits.conflictMs;
    const needs = union(batch.map((waiting) => waiting.needs));
    let known = this.#recent.get(lane.chatId);
    for (let attempt = 0; ; attempt += 1) {
      const decided = this.#decide(lane.chatId, await this.#load(lane.chatId, needs, known), batch);
      if (known && decided.verdicts.some(storesNothing)) {
        known = null;
        continue;
      }
      if (decided.changes.length === 0) return answer(batch, decided.verdicts);
      const commit = this.#commitOf(lane.chatId, decided);
      if ((await this.#append(lane, batch, commit)) === 'stored') {
        this.#recent.keep(decided.state, commit.firstRev);
        this.#bus.publish({ type: 'commit', commit });
        this.#log.settle([commit]);
        const { id: commitId, chatId, firstRev, lastRev } = commit;
        this.#logger.debug({ chatId, commitId, firstRev, lastRev, commands: batch.length }, 'appended');
        return answer(batch, decided.verdicts);
      }
      this.#recent.forget(lane.chatId);
      known = null;
      if (this.#clock.elapsed() >= deadline) throw busy('This chat changes too fast.');
      await this.#clock.sleep(this.#ids.random() * Math.min(2 ** attempt, 100));
    }
  }

  async #load(chatId: ChatId, needs: Needs, known: KnownRows | null): Promise<ChatState> {
    try {
      return await this.#log.load(chatId, needs, known);
    } catch (error) {
      throw error instanceof StoreError ? unavailable('The store cannot be reached.', error) : error;
    }
  }

  /** Decides each command on the state as those before it left it. */
  #decide(chatId: ChatId, state: ChatState, batch: readonly Waiting[]): Decided {
    const now = this.#clock.now();
    const changes: Change[] = [];
    const verdicts = batch.map(({ actorId, command }): Verdict => {
      try {
        const own = decide(state, actorId, command).map((fact) => record(state, chatId, actorId, now, fact));
        changes.push(...own);
        return { outcome: outcomeOf(state, actorId, command, own) };
      } catch (refusal) {
        if (!(refusal instanceof DomainError)) throw refusal;
        return { refusal };
      }
    });
    return { verdicts, changes, state };
  }

  #commitOf(chatId: ChatId, { state, changes }: Decided): Commit {
    const images = imagesOf(state, changes);
    const lastRev = images.chat.rev;
    const at = changes.at(-1)?.at ?? this.#clock.now();
    return { id: this.#ids.next(), chatId, firstRev: lastRev - changes.length + 1, lastRev, at, changes, images };
  }

  /**
   * Appends until the answer is definite. The callers are told OUTCOME_UNKNOWN after a while, and later ones of this chat
   * UNAVAILABLE, but the node goes on: nothing else may be appended to the chat before.
   */
  async #append(lane: Lane, batch: readonly Waiting[], commit: Commit): Promise<'stored' | 'conflict'> {
    const patience = this.#clock.elapsed() + this.#limits.unknownMs;
    for (let pause = RETRY_PAUSE_MS, uncertain = false; ; pause = Math.min(pause * 2, RETRY_PAUSE_MAX_MS)) {
      try {
        return await this.#enqueue(commit);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        uncertain ||= error.outcome === 'unknown';
        if (!uncertain) throw unavailable('The store cannot be written.', error);
        this.#logger.warn({ chatId: lane.chatId, commitId: commit.id, err: error }, 'append without a definite answer');
      }
      if (!lane.stuck && this.#clock.elapsed() >= patience) this.#giveUpWaiting(lane, batch);
      await this.#clock.sleep(pause);
    }
  }

  #giveUpWaiting(lane: Lane, batch: readonly Waiting[]): void {
    lane.stuck = true;
    const detail = 'The store gave no definite answer. It is safe to repeat a send with the same clientId.';
    for (const waiting of batch)
      waiting.reject(new DomainError('OUTCOME_UNKNOWN', detail, { retryAfterMs: RETRY_AFTER_MS }));
    this.#waiting -= lane.waiting.length;
    for (const waiting of lane.waiting.splice(0))
      waiting.reject(unavailable('An earlier change of this chat has no answer yet.'));
  }

  /** Hands the commits of all chats that became ready in this turn to the store in one call. */
  #enqueue(commit: Commit): Promise<'stored' | 'conflict'> {
    return new Promise((resolve) => {
      if (this.#appends.push({ commit, resolve }) > 1) return;
      setImmediate(() => {
        const group = this.#appends.splice(0);
        const answers = this.#log.append(group.map((entry) => entry.commit));
        for (const [i, answered] of answers.entries()) group[i]?.resolve(answered);
      });
    });
  }
}

const storesNothing = (verdict: Verdict): boolean => 'refusal' in verdict || verdict.outcome.changes.length === 0;

function answer(batch: readonly Waiting[], verdicts: readonly Verdict[]): void {
  for (const [i, verdict] of verdicts.entries()) {
    if ('refusal' in verdict) batch[i]?.reject(verdict.refusal);
    else batch[i]?.resolve(verdict.outcome);
  }
}

/** Everything is read off the state at once: later commands of the batch change it further. */
function outcomeOf(state: ChatState, actorId: UserId, command: Command, changes: readonly Change[]): Outcome {
  const { chat } = state;
  if (!chat) throw new Error(`nothing came of ${command.type} on a chat that is not there`);
  return { chat, changes, members: membersOf(state, changes), messages: messagesOf(state, actorId, command) };
}

function membersOf(state: ChatState, changes: readonly Change[]): Member[] {
  const userIds = new Set<UserId>();
  for (const change of changes) for (const userId of change.userIds) userIds.add(userId);
  return [...userIds].flatMap((userId) => state.members.get(userId) ?? []);
}

function messagesOf(state: ChatState, actorId: UserId, command: Command): Message[] {
  if (command.type === 'message.send') {
    return command.drafts.flatMap((draft) => state.sent.get(sendKey(actorId, draft.clientId)) ?? []);
  }
  return 'messageId' in command ? [state.messages.get(command.messageId) ?? []].flat() : [];
}

/** An upper bound of what a command appends. */
function sizeOf(command: Command): { changes: number; bytes: number } {
  if (command.type === 'message.send') {
    const units = command.drafts.reduce((sum, draft) => sum + draft.content.length, 0);
    return { changes: command.drafts.length + 1, bytes: units * 3 };
  }
  if (command.type === 'message.erase') return { changes: command.messageIds.length, bytes: 0 };
  return { changes: 2, bytes: command.type === 'message.edit' ? command.content.length * 3 : 0 };
}

function union(all: readonly Needs[]): Needs {
  const [only] = all;
  if (only && all.length === 1) return only;
  const [members, messages, sendKeys] = [new Set<UserId>(), new Set<MessageId>(), new Set<string>()];
  for (const needs of all) {
    for (const userId of needs.members) members.add(userId);
    for (const messageId of needs.messages) messages.add(messageId);
    for (const key of needs.sendKeys) sendKeys.add(key);
  }
  const heir = all.some((needs) => needs.heir);
  return { members: [...members], messages: [...messages], sendKeys: [...sendKeys], heir };
}

const busy = (detail: string): DomainError => new DomainError('BUSY', detail, { retryAfterMs: RETRY_AFTER_MS });
const unavailable = (detail: string, cause?: unknown): DomainError =>
  new DomainError('UNAVAILABLE', detail, { retryAfterMs: RETRY_AFTER_MS, cause });

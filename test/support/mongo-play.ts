import { expect } from '@jest/globals';
import { MongoNetworkError } from 'mongodb';
import { ChatWriter, type Outcome } from '../../src/application/chat-writer.ts';
import type { Commit } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import { DomainError, type ErrorCode } from '../../src/domain/errors.ts';
import { emptied, sendKey } from '../../src/domain/message.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { messageRow, toMessage } from '../../src/infrastructure/mongo/mongo-message-repository.ts';
import { aDraft, anId, NOON } from './builders.ts';
import type { Interceptor } from './mongo-interceptor.ts';
import type { Nodes } from './mongo-nodes.ts';
import { differences, folded, type Row, type Rows } from './mongo-rows.ts';
import { RecordingLogger } from './recording-logger.ts';
import { Steps } from './steps.ts';

/** What somebody asks for, in words that a counterexample can be read in. */
export type Wish =
  | { readonly do: 'send'; readonly by: string; readonly clientId: string }
  | { readonly do: 'edit' | 'erase' | 'rename' | 'delete' | 'open'; readonly by: string }
  | { readonly do: 'add' | 'remove'; readonly by: string; readonly who: string };

/** What becomes of one commit's insert: its answer comes, is lost, or the insert itself arrives late. */
export type Link = 'fine' | 'lost' | 'late';

export const ACTORS = ['node 0', 'node 1', 'sweep', 'purge', 'link'] as const;
export type Actor = (typeof ACTORS)[number];

export interface Scenario {
  /** For each node, its turns; what is wished for in one turn comes at once. */
  readonly nodes: readonly (readonly (readonly Wish[])[])[];
  /** What the link does to the commits of each node, in their order. */
  readonly links: readonly (readonly Link[])[];
  /** Which node dies, and after how many steps. */
  readonly death: { readonly node: number; readonly after: number } | null;
  /** Whether the sweep and the purge go on beside the nodes. */
  readonly isSwept: boolean;
  /** Who goes on, and for how many steps before the next one does; then whoever is left. */
  readonly order: readonly { readonly who: Actor; readonly steps: number }[];
}

/** A node answers with these only when it cannot reach the store, which it can throughout. */
const NEVER = new Set<ErrorCode>(['BUSY', 'UNAVAILABLE', 'OUTCOME_UNKNOWN', 'INTERNAL']);

/** Plays one scenario in one chat, step by step, and judges it: at every step, and at the end. */
export class Play {
  readonly #nodes: Nodes;
  readonly #chatId: string;
  readonly #isDirect: boolean;
  readonly #messageId: string;
  readonly #steps = new Steps();
  /** Every commit that was ever sent, stored or not. */
  readonly #commits = new Map<string, Commit>();
  readonly #answers: { readonly wish: Wish; readonly outcome: Outcome }[] = [];
  #seen = 0;
  #now = NOON;
  #defect: unknown = null;

  constructor(nodes: Nodes, chatId: string, past: readonly Commit[], isDirect: boolean) {
    this.#nodes = nodes;
    this.#chatId = chatId;
    this.#isDirect = isDirect;
    for (const commit of past) this.#commits.set(commit.id, commit);
    this.#messageId = past.at(-1)?.images.messages.at(-1)?.id ?? anId();
  }

  async run({ nodes, links, death, isSwept, order }: Scenario): Promise<void> {
    for (const [i, turns] of nodes.entries()) void this.#asNode(`node ${i}`, turns, links[i] ?? []);
    if (isSwept) {
      void this.#asSweeper();
      void this.#asPurger();
    }
    await this.#steps.run(inOrder(order), async (taken) => {
      if (taken === death?.after) this.#steps.kill(`node ${death.node}`);
      if (this.#mayBeSeen()) await this.#expectWhole();
    });
    await this.#finish();
    await this.#judge();
  }

  /** What was done, in order: to be read beside a failure. */
  get trace(): readonly string[] {
    return this.#steps.trace;
  }

  async #asNode(name: string, turns: readonly (readonly Wish[])[], links: readonly Link[]): Promise<void> {
    const { chatLog } = this.#nodes.node(this.#link(name, links));
    const writer = new ChatWriter({
      log: chatLog,
      bus: new LocalEventBus(new RecordingLogger()),
      clock: {
        now: () => ++this.#now,
        elapsed: () => this.#now,
        sleep: () => this.#steps.step(name, 'pauses', async () => undefined),
      },
      ids: { next: anId, directChat: () => this.#chatId, secret: () => '', random: () => 0 },
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    for (const wishes of turns) await Promise.all(wishes.map((wish) => this.#submit(writer, wish)));
  }

  async #submit(writer: ChatWriter, wish: Wish): Promise<void> {
    try {
      this.#answers.push({ wish, outcome: await writer.submit(this.#chatId, wish.by, this.#command(wish)) });
    } catch (error) {
      if (!(error instanceof DomainError) || NEVER.has(error.code)) this.#defect ??= error;
    }
  }

  #command(wish: Wish): Command {
    const lineId = anId();
    switch (wish.do) {
      case 'send': {
        const drafts = [aDraft(`${wish.by} ${wish.clientId}`, { clientId: wish.clientId })];
        return { type: 'message.send', drafts, ...(this.#isDirect && { peerId: peerOf(wish.by) }) };
      }
      case 'edit':
        return { type: 'message.edit', messageId: this.#messageId, content: lineId };
      case 'erase':
        return { type: 'message.delete', messageId: this.#messageId };
      case 'rename':
        return { type: 'chat.update', name: lineId, lineId };
      case 'delete':
        return { type: 'chat.delete' };
      case 'open':
        return { type: 'chat.open', peerId: peerOf(wish.by) };
      case 'add':
        return { type: 'member.add', userIds: [wish.who], lineId };
      case 'remove':
        return { type: 'member.remove', userId: wish.who, lineId };
    }
  }

  /** The node's link: every command is a step, and some inserts of commits go wrong. */
  #link(name: string, links: readonly Link[]): Interceptor {
    const left = [...links];
    return ({ collection, method, args }, proceed) => {
      const isCommit = collection === 'commits' && method === 'insertOne';
      if (!isCommit) return this.#steps.step(name, `${method} ${collection}`, proceed);
      this.#remember(args[0] as Commit & { readonly _id: string });
      const link = left.shift() ?? 'fine';
      return this.#steps.step(name, `insert commit, ${link}`, async () => {
        if (link === 'late') void this.#steps.step('link', 'the insert arrives', proceed).catch(() => undefined);
        else await proceed();
        if (link !== 'fine') throw new MongoNetworkError('the link broke');
      });
    };
  }

  #remember({ _id, chatId, firstRev, lastRev, at, changes, images }: Commit & { readonly _id: string }): void {
    this.#commits.set(_id, { id: _id, chatId, firstRev, lastRev, at, changes, images });
  }

  async #asSweeper(): Promise<void> {
    const { chatLog } = this.#nodes.node(this.#steps.interceptor('sweep'));
    for (let round = 0; round < 3; round += 1) {
      chatLog.settle(await chatLog.unsettled(-1, 100));
      await chatLog.settled();
    }
  }

  async #asPurger(): Promise<void> {
    const { chatLog } = this.#nodes.node(this.#steps.interceptor('purge'));
    for (let round = 0; round < 5; round += 1) await chatLog.purge();
  }

  /** What the sweep and the purge bring about in the end. */
  async #finish(): Promise<void> {
    const { chatLog } = this.#nodes.store;
    await this.#nodes.settleAll();
    while (!(await chatLog.purge()));
    expect(await chatLog.unsettled(-1, 100)).toEqual([]);
  }

  /** The commits that are in the log, in their order. */
  async #log(): Promise<Commit[]> {
    const rows = this.#nodes.db.collection<{ _id: string; chatId: string; firstRev: number }>('commits');
    const stored = await rows.find({ chatId: this.#chatId }).sort({ firstRev: 1 }).toArray();
    return stored.map(({ _id }) => {
      const commit = this.#commits.get(_id);
      if (!commit) throw new Error(`nobody sent commit ${_id}`);
      return commit;
    });
  }

  /** Whether the last step changed what a reader sees: the chat's row, what a purge empties, or an answer. */
  #mayBeSeen(): boolean {
    const isNew = this.#answers.length > this.#seen;
    this.#seen = this.#answers.length;
    return isNew || this.#defect !== null || /bulkWrite chats|^purge: update/.test(this.trace.at(-1) ?? '');
  }

  /** At every moment: up to the chat's row everything is in its rows, and what was answered is not beyond it. */
  async #expectWhole(): Promise<void> {
    if (this.#defect) throw this.#defect;
    const [rows, log] = await Promise.all([this.#nodes.rowsOf(this.#chatId), this.#log()]);
    const head = rows.get(`chats/${this.#chatId}`)?.rev ?? 0;
    for (const commit of log) {
      if (commit.lastRev > head) continue;
      for (const [key, image] of folded(new Map(), commit)) {
        const rev = rows.get(key)?.rev ?? 0;
        if (rev < image.rev)
          throw new Error(`the chat's row says ${head}, and ${key} has ${rev} instead of ${image.rev}`);
      }
    }
    for (const { wish, outcome } of this.#answers) {
      if (outcome.chat.rev > head)
        throw new Error(`${wish.do} was answered at ${outcome.chat.rev}, the head is ${head}`);
    }
  }

  /** In the end: the rows are what the log says, the log keeps the rules, and every answer is true. */
  async #judge(): Promise<void> {
    const log = await this.#log();
    expectDense(log);
    expectLawful(log);
    const rows = await this.#nodes.rowsOf(this.#chatId);
    expect(differences(rows, purged(log.reduce<Rows>(folded, new Map()), rows))).toEqual([]);
    const made = new Map(log.flatMap(({ changes }) => changes).map((change) => [change.rev, change]));
    for (const { wish, outcome } of this.#answers) {
      for (const change of outcome.changes) expect(made.get(change.rev)).toEqual(change);
      if (wish.do !== 'send') continue;
      const sent = [...rows.values()].filter(
        (row) => 'sendKey' in row && row.sendKey === sendKey(wish.by, wish.clientId),
      );
      expect(sent.map((row) => row._id)).toEqual(outcome.messages.map((message) => message.id));
    }
  }
}

/** Lets each in his turn go on for so many steps, as long as he has any. */
function inOrder(order: Scenario['order']): (actors: readonly string[]) => number {
  const turns = order.map((turn) => ({ ...turn }));
  return (actors) => {
    for (const turn of turns) {
      const place = turn.steps > 0 ? actors.indexOf(turn.who) : -1;
      if (place >= 0) {
        turn.steps -= 1;
        return place;
      }
      turn.steps = 0;
    }
    return 0;
  };
}

const peerOf = (userId: string): string => (userId === 'ann' ? 'bob' : 'ann');

function expectDense(log: readonly Commit[]): void {
  const changes = log.flatMap((commit) => commit.changes);
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  const seqs = changes.flatMap((change) => change.seq ?? []);
  expect(changes.map((change) => change.rev)).toEqual(upTo(changes.length));
  expect(seqs).toEqual(upTo(seqs.length));
}

/** Nothing was done by whom had gone or in a chat that was deleted, and nothing was sent twice. */
function expectLawful(log: readonly Commit[]): void {
  const active = new Set<string>();
  const keys = new Set<string>();
  let isLive = false;
  for (const { changes, images } of log) {
    for (const { type, actorId, userIds, messageId } of changes) {
      if (type === 'chat.created') isLive = true;
      if (type === 'chat.created' || type === 'member.added') for (const userId of userIds) active.add(userId);
      expect([type, actorId, isLive, active.has(actorId)]).toEqual([type, actorId, true, true]);
      if (type === 'member.removed') for (const userId of userIds) active.delete(userId);
      if (type === 'chat.deleted') isLive = false;
      if (type !== 'message.created') continue;
      const message = images.messages.find(({ id }) => id === messageId);
      const key = sendKey(actorId, message?.clientId ?? '');
      expect(keys).not.toContain(key);
      keys.add(key);
    }
  }
}

/** These rows after the purge. When it was done is all that is taken from the rows that are there. */
function purged(rows: Rows, actual: Rows): Rows {
  const chat = [...rows.values()].find((row) => 'floorSeq' in row);
  return new Map(
    [...rows].map(([key, row]): [string, Row] => {
      if ('floorSeq' in row) {
        const { purge: _, ...rest } = row;
        return [key, rest];
      }
      if (!chat || !('sendKey' in row) || row.seq > chat.floorSeq) return [key, row];
      const there = actual.get(key);
      const at = there && 'deletedAt' in there ? (there.deletedAt ?? 0) : 0;
      const { tombstone: __, ...rest } = messageRow(emptied(toMessage(row), chat.floorRev, at));
      return [key, rest];
    }),
  );
}

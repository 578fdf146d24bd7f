import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Outcome, WriterLimits } from '../../src/application/chat-writer.ts';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import type { Command } from '../../src/domain/decide.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { aDraft, anId, drafts } from '../support/builders.ts';
import { createGroup, only, perform, sending } from '../support/chat-actions.ts';
import { turn } from '../support/manual-clock.ts';
import type { WatchedLog } from '../support/watched-log.ts';
import { adding, aWriterNode, fate, removing, textsIn as textsOf } from '../support/writer-node.ts';

let store: Store;

beforeEach(async () => {
  store = await openSqliteStore({ dataDir: ':memory:' });
});

afterEach(() => store.close());

const aNode = (limits?: Partial<WriterLimits>) => aWriterNode(store, limits);

/** Ann's group with Bob and Dan, made by another writer. */
const aGroup = (): Promise<string> => createGroup(store.chatLog, 'ann', ['bob', 'dan']);

/** Another writer does this, behind the back of the one that is looked at. */
const meanwhile = (chatId: string, actorId: string, ...commands: Command[]) =>
  perform(store.chatLog, chatId, actorId, ...commands);

const renaming = (name: string): Command => ({ type: 'chat.update', name, lineId: anId() });
const promoting = (userId: string): Command => ({ type: 'member.update', userId, role: 'admin' });

const fates = (answers: Promise<Outcome>[]) => Promise.all(answers.map(fate));

/** What people have written in a chat, in its order. */
const textsIn = (chatId: string) => textsOf(store, chatId);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

const sizes = (log: WatchedLog) => log.appends.map((commits) => commits.map((commit) => commit.changes.length));

const UNKNOWN = new StoreError('unknown', new Error('time-out'));

describe('decide, append, publish, answer', () => {
  test('come in this order', async () => {
    const chatId = await aGroup();
    const { writer, log, published } = aNode();
    const trace: string[] = [];
    log.beforeLoad = async () => void trace.push('load');
    log.appending = async (_, store) => {
      trace.push('append');
      const answer = await store();
      trace.push(answer, `${published.length} published`);
      return answer;
    };
    await writer.submit(chatId, 'ann', sending('hello'));
    trace.push(`${published.length} published`, 'answer');
    expect(trace).toEqual(['load', 'append', 'stored', '0 published', '1 published', 'answer']);
  });

  test('while the append has not been answered, nobody hears of anything', async () => {
    const chatId = await aGroup();
    const { writer, log, published } = aNode();
    const answer = Promise.withResolvers<'stored'>();
    log.appending = async (_, store) => {
      await store();
      return answer.promise;
    };
    let isAnswered = false;
    const sent = writer.submit(chatId, 'ann', sending('hello')).finally(() => {
      isAnswered = true;
    });
    await until(() => log.appends.length === 1);
    for (let turns = 0; turns < 10; turns += 1) await turn();
    expect([isAnswered, published.length, log.settled.length]).toEqual([false, 0, 0]);
    answer.resolve('stored');
    await sent;
    expect([isAnswered, published.length, log.settled.length]).toEqual([true, 1, 1]);
  });

  test('the commit that was stored is the one that is published and settled', async () => {
    const chatId = await aGroup();
    const { writer, log, published } = aNode();
    await writer.submit(chatId, 'ann', sending('hello'));
    expect(published).toEqual(log.appends.flat());
    expect(log.settled).toEqual(published);
    expect(only(published)).toMatchObject({ chatId, firstRev: 2, lastRev: 2 });
    expect(await store.chatLog.changesAfter(chatId, 1, 10)).toEqual(only(published).changes);
  });

  test('each commit is a line of the log, by which it is found again', async () => {
    const chatId = await aGroup();
    const { writer, logger, published } = aNode();
    await Promise.all(['hello', 'again'].map((text) => writer.submit(chatId, 'ann', sending(text))));
    const facts = { chatId, commitId: only(published).id, firstRev: 2, lastRev: 3, commands: 2 };
    expect(logger.lines).toEqual([{ level: 'debug', facts, message: 'appended' }]);
  });

  test('the answer is what is stored then', async () => {
    const chatId = await aGroup();
    const { chat, messages } = await aNode().writer.submit(chatId, 'ann', sending('hello', 'again'));
    expect(await store.chats.find(chatId)).toEqual(chat);
    for (const message of messages) expect(await store.messages.find(chatId, message.id)).toEqual(message);
  });

  test('a refusal is neither appended nor published', async () => {
    const chatId = await aGroup();
    const { writer, log, published } = aNode();
    expect(await fate(writer.submit(chatId, 'sam', sending('hello')))).toBe('CHAT_NOT_FOUND');
    expect([log.appends, published]).toEqual([[], []]);
  });
});

describe('an outcome', () => {
  test('shows the rows right after its command, whatever comes later in the batch', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const { messages } = await writer.submit(chatId, 'ann', sending('hello'));
    const { id: messageId } = only(messages);
    const commands: Command[] = [
      { type: 'message.edit', messageId, content: 'first edit' },
      { type: 'message.edit', messageId, content: 'second edit' },
      { type: 'message.delete', messageId },
    ];
    const outcomes = await Promise.all(commands.map((command) => writer.submit(chatId, 'ann', command)));
    expect(outcomes.map((outcome) => [outcome.chat.rev, only(outcome.messages).content])).toEqual([
      [3, 'first edit'],
      [4, 'second edit'],
      [5, null],
    ]);
  });

  test('names the memberships that were touched', async () => {
    const chatId = await aGroup();
    const { members, messages } = await aNode().writer.submit(chatId, 'ann', promoting('bob'));
    expect(only([...members])).toMatchObject({ userId: 'bob', role: 'admin' });
    expect(messages).toEqual([]);
  });

  test('of a send has a message for each draft, also for those stored before', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const [one, two] = [aDraft('one'), aDraft('two')];
    await writer.submit(chatId, 'ann', { type: 'message.send', drafts: [two] });
    const { messages, changes } = await writer.submit(chatId, 'ann', { type: 'message.send', drafts: [one, two, one] });
    expect(messages.map((message) => message.content)).toEqual(['one', 'two', 'one']);
    expect(changes).toHaveLength(1);
  });
});

describe('the group commit', () => {
  test('takes the commands of one turn, over all chats, to the store in one append', async () => {
    const chatIds = await Promise.all(Array.from({ length: 20 }, aGroup));
    const { writer, log } = aNode();
    const commands = chatIds.flatMap((chatId) => ['ann', 'bob', 'dan'].map((me) => [chatId, me] as const));
    await Promise.all(commands.map(([chatId, me]) => writer.submit(chatId, me, sending('hello'))));
    expect(sizes(log)).toEqual([Array(20).fill(3)]);
  });

  test('keeps the order of the commands of a chat', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const texts = Array.from({ length: 50 }, (_, i) => `line ${i}`);
    const outcomes = await Promise.all(texts.map((text) => writer.submit(chatId, 'ann', sending(text))));
    expect(outcomes.map((outcome) => only(outcome.messages).seq)).toEqual(texts.map((_, i) => i + 2));
    expect(await textsIn(chatId)).toEqual(texts);
  });

  test('decides each command on what those before it in the batch have done', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const answers = [
      writer.submit(chatId, 'bob', sending('before')),
      writer.submit(chatId, 'ann', removing('bob')),
      writer.submit(chatId, 'bob', sending('after')),
      writer.submit(chatId, 'ann', adding('bob')),
      writer.submit(chatId, 'bob', sending('again')),
    ];
    expect(await fates(answers)).toEqual([1, 1, 'CHAT_NOT_FOUND', 1, 1]);
    expect(await textsIn(chatId)).toEqual(['before', 'again']);
  });

  test('refuses one command without refusing any other', async () => {
    const [here, there] = [await aGroup(), await aGroup()];
    const { writer, log } = aNode();
    const answers = [
      writer.submit(here, 'ann', sending('one')),
      writer.submit(here, 'sam', sending('let me in')),
      writer.submit(here, 'bob', { type: 'chat.delete' }),
      writer.submit(here, 'bob', sending('two')),
      writer.submit(there, 'sam', sending('let me in')),
      writer.submit(anId(), 'ann', sending('is anybody here?')),
    ];
    expect(await fates(answers)).toEqual([1, 'CHAT_NOT_FOUND', 'FORBIDDEN', 1, 'CHAT_NOT_FOUND', 'CHAT_NOT_FOUND']);
    expect(sizes(log)).toEqual([[2]]);
  });

  test('stores the messages of one command all or none', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const lost: Command = { type: 'message.send', drafts: [...drafts(3), aDraft('lost', { replyTo: anId() })] };
    const answers = [lost, sending('one', 'two')].map((command) => writer.submit(chatId, 'ann', command));
    expect(await fates(answers)).toEqual(['REPLY_TARGET_UNKNOWN', 2]);
    expect(await textsIn(chatId)).toEqual(['one', 'two']);
  });

  test('leaves what comes while a batch is in flight to the next batch', async () => {
    const [here, there] = [await aGroup(), await aGroup()];
    const { writer, log } = aNode();
    const door = Promise.withResolvers<void>();
    log.appending = async ({ chatId }, store) => {
      if (chatId === here) await door.promise;
      return store();
    };
    const first = writer.submit(here, 'ann', sending('one'));
    await until(() => log.appends.length === 1);
    const later = ['two', 'three', 'four'].map((text) => writer.submit(here, 'ann', sending(text)));
    expect(await fate(writer.submit(there, 'ann', sending('elsewhere nobody waits')))).toBe(1);
    door.resolve();
    await Promise.all([first, ...later]);
    expect(sizes(log)).toEqual([[1], [1], [3]]);
    expect(await textsIn(here)).toEqual(['one', 'two', 'three', 'four']);
  });
});

describe('the bounds of a commit', () => {
  test('are 500 changes', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    const answers = Array.from({ length: 12 }, () =>
      writer.submit(chatId, 'ann', { type: 'message.send', drafts: drafts(90) }),
    );
    await Promise.all(answers);
    expect(sizes(log)).toEqual([[450], [450], [180]]);
    expect((await textsIn(chatId)).length).toBe(1080);
  });

  test('are so many bytes of text, new and edited', async () => {
    const chatId = await aGroup();
    const { messages } = await aNode().writer.submit(chatId, 'ann', sending('hello'));
    const { writer, log } = aNode({ bytesPerCommit: 1000 });
    const text = (letter: string) => letter.repeat(150);
    const edit: Command = { type: 'message.edit', messageId: only(messages).id, content: text('e') };
    const commands = [sending(text('a')), edit, sending(text('b')), sending(text('c')), renaming('Band')];
    await Promise.all(commands.map((command) => writer.submit(chatId, 'ann', command)));
    expect(sizes(log)).toEqual([[2], [3]]);
  });

  test.each<[string, Partial<WriterLimits>]>([
    ['changes', { changesPerCommit: 4 }],
    ['bytes', { bytesPerCommit: 6 }],
  ])('let in what just fills them: %s', async (_, limits) => {
    const chatId = await aGroup();
    const { writer, log } = aNode(limits);
    await Promise.all(['a', 'b', 'c'].map((text) => writer.submit(chatId, 'ann', sending(text))));
    expect(sizes(log)).toEqual([[2], [1]]);
  });

  test('count each message of an erasure', async () => {
    const chatId = await aGroup();
    const sent = await aNode().writer.submit(chatId, 'ann', { type: 'message.send', drafts: drafts(6) });
    const messageIds = sent.messages.map(({ id }) => id);
    const { writer, log } = aNode({ changesPerCommit: 5 });
    const halves = [messageIds.slice(0, 3), messageIds.slice(3)];
    await Promise.all(halves.map((half) => writer.submit(chatId, 'ann', { type: 'message.erase', messageIds: half })));
    expect(sizes(log)).toEqual([[3], [3]]);
  });

  test('do not keep out a command that is beyond them alone', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode({ changesPerCommit: 10 });
    const commands: Command[] = [sending('one'), { type: 'message.send', drafts: drafts(20) }, sending('two')];
    await Promise.all(commands.map((command) => writer.submit(chatId, 'ann', command)));
    expect(sizes(log)).toEqual([[1], [20], [1]]);
  });

  test('leave an owner who goes a commit of his own: what comes before could change who the heir is', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    const commands = [promoting('dan'), removing('ann'), sending('is she gone?')];
    const [promoted, left, sent] = commands.map((command, i) => writer.submit(chatId, i < 2 ? 'ann' : 'dan', command));
    await Promise.all([promoted, left, sent]);
    expect(sizes(log)).toEqual([[1], [2], [1]]);
    expect((await store.chats.membership(chatId, 'dan'))?.member.role).toBe('owner');
  });
});

describe('what the writer remembers of a chat', () => {
  test('spares it a read', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    await writer.submit(chatId, 'ann', sending('one'));
    await writer.submit(chatId, 'bob', sending('two'));
    await writer.submit(chatId, 'ann', sending('three'));
    expect(log.loads).toEqual([null, { rev: 2, members: ['ann'] }, { rev: 3, members: ['ann', 'bob'] }]);
  });

  test('is not believed any more after a failure', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    await writer.submit(chatId, 'ann', sending('one'));
    log.appending = () => Promise.reject(new StoreError('not-done', new Error('disk full')));
    await fate(writer.submit(chatId, 'ann', sending('two')));
    log.appending = null;
    await writer.submit(chatId, 'ann', sending('three'));
    expect(log.loads.map((known) => known?.rev)).toEqual([undefined, 2, undefined]);
  });

  test('refuses nobody: who has been added again meanwhile may write', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    await writer.submit(chatId, 'ann', removing('bob'));
    await meanwhile(chatId, 'ann', adding('bob'));
    expect(await fate(writer.submit(chatId, 'bob', sending('I am back')))).toBe(1);
    expect(log.loads.map((known) => known?.rev)).toEqual([undefined, 2, undefined]);
  });

  test('lets nobody in: who has been removed meanwhile may not write', async () => {
    const chatId = await aGroup();
    const { writer, clock } = aNode();
    await writer.submit(chatId, 'bob', sending('I am here'));
    await meanwhile(chatId, 'ann', removing('bob'));
    expect(await clock.passUntil(fate(writer.submit(chatId, 'bob', sending('still'))))).toBe('CHAT_NOT_FOUND');
    expect(await textsIn(chatId)).toEqual(['I am here']);
  });

  test('takes nothing for done: what has been undone meanwhile is done again', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    await writer.submit(chatId, 'ann', renaming('Choir'));
    await meanwhile(chatId, 'bob', renaming('Band'));
    expect(await fate(writer.submit(chatId, 'ann', renaming('Choir')))).toBe(1);
    expect((await store.chats.find(chatId))?.name).toBe('Choir');
  });

  test('is not carried over to a head that another writer moved, when a refusal had it read afresh', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    await writer.submit(chatId, 'bob', sending('I am here'));
    await meanwhile(chatId, 'ann', removing('bob'));
    const answers = [writer.submit(chatId, 'dan', sending('he is gone')), writer.submit(chatId, 'sam', sending('hi'))];
    expect(await fates(answers)).toEqual([1, 'CHAT_NOT_FOUND']);
    expect(await fate(writer.submit(chatId, 'bob', sending('still')))).toBe('CHAT_NOT_FOUND');
  });

  test('is not carried over to a head that another writer moved, when a newer row had it read afresh', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    await writer.submit(chatId, 'bob', sending('I am here'));
    await meanwhile(chatId, 'ann', removing('bob'), promoting('dan'));
    expect(await fate(writer.submit(chatId, 'dan', sending('he is gone')))).toBe(1);
    expect(await fate(writer.submit(chatId, 'bob', sending('still')))).toBe('CHAT_NOT_FOUND');
  });
});

describe('after a conflict', () => {
  test('the commands are decided again, on what came in between', async () => {
    const chatId = await aGroup();
    const { writer, log, clock, published } = aNode();
    log.appending = async (_, store) => {
      if (log.appends.length === 1) await meanwhile(chatId, 'bob', sending('first'));
      return store();
    };
    const { messages } = await clock.passUntil(writer.submit(chatId, 'ann', sending('second')));
    expect(only(messages)).toMatchObject({ seq: 3, rev: 3 });
    expect(await textsIn(chatId)).toEqual(['first', 'second']);
    expect(published.map((commit) => commit.firstRev)).toEqual([3]);
  });

  test('a command may be refused after all, and the others of its batch not', async () => {
    const chatId = await aGroup();
    const { writer, log, clock } = aNode();
    log.appending = async (_, store) => {
      if (log.appends.length === 1) await meanwhile(chatId, 'ann', removing('bob'));
      return store();
    };
    const answers = ['bob', 'dan'].map((me) => writer.submit(chatId, me, sending(`from ${me}`)));
    expect(await clock.passUntil(fates(answers))).toEqual(['CHAT_NOT_FOUND', 1]);
    expect(await textsIn(chatId)).toEqual(['from dan']);
  });

  test('two writers who race store everything, once, in one order', async () => {
    const chatId = await aGroup();
    const [one, other] = [aNode(), aNode()];
    const answers = Array.from({ length: 100 }, (_, i) => {
      const { writer } = i % 2 === 0 ? one : other;
      return turnsFrom(i % 7).then(() => writer.submit(chatId, 'ann', sending(`line ${i}`)));
    });
    await Promise.all([one.clock.passUntil(Promise.all(answers)), other.clock.passUntil(Promise.all(answers))]);
    const seqs = (await Promise.all(answers)).map((outcome) => only(outcome.messages).seq);
    expect([...seqs].sort((a, b) => a - b)).toEqual(seqs.map((_, i) => i + 2));
    expect(new Set(await textsIn(chatId)).size).toBe(100);
    const changes = [...one.published, ...other.published].flatMap((commit) => commit.changes);
    const byRev = changes.sort((a, b) => a.rev - b.rev);
    expect(byRev).toEqual(await store.chatLog.changesAfter(chatId, 1, 1000));
  });

  test('the next try comes soon: after 1, 2, 4 … ms at most, up to 100', async () => {
    const chatId = await aGroup();
    const { writer, log, clock } = aNode();
    const times: number[] = [];
    log.appending = async (_, store) => {
      times.push(clock.now());
      if (times.length < 10) await meanwhile(chatId, 'bob', sending('faster'));
      return store();
    };
    await clock.passUntil(writer.submit(chatId, 'ann', sending('hello')));
    for (const [i, time] of times.slice(1).entries()) {
      expect(time - (times[i] ?? 0)).toBeLessThanOrEqual(Math.min(2 ** i, 100));
    }
  });

  test('that goes on for too long, BUSY is the answer, and nothing is stored', async () => {
    const chatId = await aGroup();
    const { writer, log, clock, published } = aNode({ conflictMs: 200 });
    const began = clock.elapsed();
    log.appending = async (_, store) => {
      if (log.appends.length === 2) clock.set(clock.now() - 86_400_000); // which makes it no longer
      await meanwhile(chatId, 'bob', sending('faster'));
      return store();
    };
    const sent = writer.submit(chatId, 'ann', sending('too slow'));
    await clock.passUntil(expect(sent).rejects.toMatchObject({ code: 'BUSY', retryAfterMs: 1000 }));
    expect(clock.elapsed() - began).toBeGreaterThanOrEqual(200);
    expect(new Set(await textsIn(chatId))).toEqual(new Set(['faster']));
    expect(published).toEqual([]);
    log.appending = null;
    expect(await fate(writer.submit(chatId, 'ann', sending('at last')))).toBe(1);
  });
});

/** Resolves after so many turns. */
async function turnsFrom(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

describe('a store that fails', () => {
  test('and has certainly stored nothing: UNAVAILABLE, without another try', async () => {
    const chatId = await aGroup();
    const { writer, log, published } = aNode();
    const failure = new StoreError('not-done', new Error('disk full'));
    log.appending = () => Promise.reject(failure);
    const sent = writer.submit(chatId, 'ann', sending('hello'));
    await expect(sent).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1000, cause: failure });
    expect([log.appends.length, published.length, await textsIn(chatId)]).toEqual([1, 0, []]);
    log.appending = null;
    expect(await fate(writer.submit(chatId, 'ann', sending('hello')))).toBe(1);
  });

  test('before anything was decided: UNAVAILABLE', async () => {
    const chatId = await aGroup();
    const { writer, log } = aNode();
    log.beforeLoad = () => Promise.reject(UNKNOWN);
    const sent = writer.submit(chatId, 'ann', sending('hello'));
    await expect(sent).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: UNKNOWN });
    log.beforeLoad = null;
    expect(await fate(writer.submit(chatId, 'ann', sending('hello')))).toBe(1);
  });

  test.each([
    ['before it stored', false],
    ['after it stored, so that only the answer was lost', true],
  ])('without a definite answer, %s, is asked with the same commit again', async (_, isStored) => {
    const chatId = await aGroup();
    const { writer, log, clock, published } = aNode();
    log.appending = async (_, store) => {
      if (log.appends.length > 3) return store();
      if (isStored) await store();
      throw UNKNOWN;
    };
    expect(await clock.passUntil(fate(writer.submit(chatId, 'ann', sending('hello'))))).toBe(1);
    const commitIds = log.appends.map((commits) => only([...commits]).id);
    expect(commitIds).toEqual(Array(4).fill(commitIds[0]));
    expect(published.map((commit) => commit.id)).toEqual([commitIds[0]]);
    expect(await textsIn(chatId)).toEqual(['hello']);
  });

  test('once without a definite answer, is not believed when it then says that it did nothing', async () => {
    const chatId = await aGroup();
    const { writer, log, clock } = aNode();
    log.appending = async (_, store) => {
      if (log.appends.length > 2) return store();
      if (log.appends.length === 2) throw new StoreError('not-done', new Error('no connection'));
      await store();
      throw UNKNOWN;
    };
    expect(await clock.passUntil(fate(writer.submit(chatId, 'ann', sending('hello'))))).toBe(1);
    expect(await textsIn(chatId)).toEqual(['hello']);
  });

  test('is asked again after 50 ms, then ever later, up to 2 s', async () => {
    const chatId = await aGroup();
    const { writer, log, clock } = aNode();
    const times: number[] = [];
    log.appending = async (_, store) => {
      times.push(clock.now());
      if (times.length < 10) throw UNKNOWN;
      return store();
    };
    await clock.passUntil(writer.submit(chatId, 'ann', sending('hello')));
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  });

  test('is logged, without a word of what was sent', async () => {
    const chatId = await aGroup();
    const { writer, log, clock, logger } = aNode();
    log.appending = async (_, store) => {
      if (log.appends.length === 1) throw UNKNOWN;
      return store();
    };
    await clock.passUntil(writer.submit(chatId, 'ann', sending('a secret')));
    const { level, facts } = only(logger.lines.filter((line) => line.message !== 'appended'));
    expect([level, facts]).toEqual(['warn', { chatId, commitId: only([...(log.appends[0] ?? [])]).id, err: UNKNOWN }]);
    expect(JSON.stringify(logger.lines)).not.toContain('a secret');
  });
});

describe('a store that gives no definite answer for too long', () => {
  /** A node whose appends to this chat go unanswered, stored or not, until the link is there again. */
  function aNodeWithABrokenLink(chatId: string, isStored: boolean, limits: Partial<WriterLimits> = {}) {
    const node = aNode({ unknownMs: 1000, ...limits });
    const link = { isUp: false };
    node.log.appending = async (commit, store) => {
      if (link.isUp || commit.chatId !== chatId) return store();
      if (isStored) await store();
      throw UNKNOWN;
    };
    return { ...node, link };
  }

  test('leaves the callers with OUTCOME_UNKNOWN, the waiting and the later ones of that chat with UNAVAILABLE', async () => {
    const [chatId, elsewhere] = [await aGroup(), await aGroup()];
    const { writer, log, clock } = aNodeWithABrokenLink(chatId, true);
    const began = clock.elapsed();
    const inFlight = ['ann', 'sam'].map((me) => writer.submit(chatId, me, sending('hello')));
    await until(() => log.appends.length === 1);
    clock.set(clock.now() - 86_400_000); // which makes nobody wait longer
    const waiting = writer.submit(chatId, 'bob', sending('me too'));
    expect(await clock.passUntil(fates(inFlight))).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
    expect(clock.elapsed() - began).toBeGreaterThanOrEqual(1000);
    expect(await fates([waiting, writer.submit(chatId, 'bob', sending('and now?'))])).toEqual([
      'UNAVAILABLE',
      'UNAVAILABLE',
    ]);
    expect(await fate(writer.submit(elsewhere, 'ann', sending('all is well here')))).toBe(1);
  });

  test('has its commit published once when it answers, and the chat goes on', async () => {
    const chatId = await aGroup();
    const { writer, log, clock, published, link } = aNodeWithABrokenLink(chatId, true);
    const draft = aDraft('hello');
    const send = () => writer.submit(chatId, 'ann', { type: 'message.send', drafts: [draft] });
    expect(await clock.passUntil(fate(send()))).toBe('OUTCOME_UNKNOWN');
    link.isUp = true;
    await clock.passUntil(writer.drained());
    expect(new Set(log.appends.flat().map((commit) => commit.id))).toEqual(new Set([only(published).id]));
    expect(await fate(send())).toBe(0);
    expect(await fate(writer.submit(chatId, 'bob', sending('good to see you')))).toBe(1);
    expect(await textsIn(chatId)).toEqual(['hello', 'good to see you']);
  });

  test('and turns out to have stored nothing, while somebody else was quicker: nothing is published', async () => {
    const chatId = await aGroup();
    const { writer, clock, published, link } = aNodeWithABrokenLink(chatId, false, { conflictMs: 500 });
    expect(await clock.passUntil(fate(writer.submit(chatId, 'ann', sending('hello'))))).toBe('OUTCOME_UNKNOWN');
    await meanwhile(chatId, 'bob', sending('quicker'));
    link.isUp = true;
    await clock.passUntil(writer.drained());
    expect([published, await textsIn(chatId)]).toEqual([[], ['quicker']]);
    expect(await fate(writer.submit(chatId, 'ann', sending('again')))).toBe(1);
  });

  test('says when to ask again', async () => {
    const chatId = await aGroup();
    const { writer, clock } = aNodeWithABrokenLink(chatId, false);
    const sent = writer.submit(chatId, 'ann', sending('hello'));
    await clock.passUntil(expect(sent).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retryAfterMs: 1000 }));
  });

  test('keeps no place among those who wait, but for what it has in flight', async () => {
    const [chatId, elsewhere] = [await aGroup(), await aGroup()];
    const { writer, log, clock } = aNodeWithABrokenLink(chatId, false, { waiting: 3 });
    const inFlight = writer.submit(chatId, 'ann', sending('hello'));
    await until(() => log.appends.length === 1);
    const waiting = ['bob', 'dan'].map((me) => writer.submit(chatId, me, sending('me too')));
    await clock.passUntil(fates([inFlight, ...waiting]));
    const answers = ['ann', 'bob', 'dan'].map((me) => writer.submit(elsewhere, me, sending('hello')));
    expect(await fates(answers)).toEqual([1, 1, 'BUSY']);
  });
});

describe('when too many commands wait', () => {
  test('more are refused as BUSY, whatever their chat, until some have been answered', async () => {
    const [here, there] = [await aGroup(), await aGroup()];
    const { writer } = aNode({ waiting: 3 });
    const answers = [here, here, there].map((chatId) => writer.submit(chatId, 'ann', sending('hello')));
    await expect(writer.submit(there, 'ann', sending('one more'))).rejects.toMatchObject({
      code: 'BUSY',
      retryAfterMs: 1000,
    });
    expect(await fates(answers)).toEqual([1, 1, 1]);
    expect(await fate(writer.submit(there, 'ann', sending('one more')))).toBe(1);
  });
});

describe('drained', () => {
  test('resolves at once where nothing waits', async () => {
    await expect(aNode().writer.drained()).resolves.toBeUndefined();
  });

  test('resolves when all have been answered, those that came meanwhile too', async () => {
    const chatIds = [await aGroup(), await aGroup(), await aGroup()];
    const { writer, log } = aNode();
    const trace: string[] = [];
    const send = async (chatId: string, text: string) => {
      await writer.submit(chatId, 'ann', sending(text));
      trace.push(text);
    };
    const door = Promise.withResolvers<void>();
    log.appending = async (_, store) => {
      await door.promise;
      return store();
    };
    const first = chatIds.map((chatId) => send(chatId, 'answered'));
    const drained = writer.drained().then(() => trace.push('drained'));
    await until(() => log.appends.length === 1);
    const later = chatIds.map((chatId) => send(chatId, 'answered'));
    door.resolve();
    await Promise.all([...first, ...later, drained]);
    expect(trace).toEqual([...Array(6).fill('answered'), 'drained']);
  });

  test('waits for the slowest chat', async () => {
    const [quick, slow] = [await aGroup(), await aGroup()];
    const { writer, log } = aNode();
    const door = Promise.withResolvers<void>();
    log.appending = async ({ chatId }, store) => {
      if (chatId === slow) await door.promise;
      return store();
    };
    const last = writer.submit(slow, 'ann', sending('hello'));
    let isDrained = false;
    const drained = writer.drained().then(() => {
      isDrained = true;
    });
    await writer.submit(quick, 'ann', sending('hello'));
    await turn();
    expect(isDrained).toBe(false);
    door.resolve();
    await Promise.all([last, drained]);
  });
});

describe('a bug', () => {
  const bugs: [string, string, (log: WatchedLog) => Command][] = [
    [
      'of a decision',
      'a new chat has a new id',
      () => ({ type: 'chat.create', kind: 'group', name: 'x', memberIds: [], lineId: 'l' }),
    ],
    [
      'of a read',
      'no such column',
      (log) => {
        log.beforeLoad = () => Promise.reject(new TypeError('no such column'));
        return sending('hello');
      },
    ],
    [
      'of an append',
      'no such column',
      (log) => {
        log.appending = () => Promise.reject(new TypeError('no such column'));
        return sending('hello');
      },
    ],
  ];

  test.each(bugs)('%s rejects its batch, and the chat goes on', async (_, message, plant) => {
    const [chatId, elsewhere] = [await aGroup(), await aGroup()];
    const { writer, log, published } = aNode();
    const command = plant(log);
    const batch = [command, sending('hello')].map((one) => writer.submit(chatId, 'ann', one));
    const answers = await Promise.allSettled(batch);
    const failure = expect.objectContaining({ message });
    expect(answers).toEqual(Array(2).fill({ status: 'rejected', reason: failure }));
    expect([published.length, await textsIn(chatId)]).toEqual([0, []]);
    Object.assign(log, { beforeLoad: null, appending: null });
    const later = [chatId, elsewhere].map((id) => writer.submit(id, 'ann', sending('later')));
    expect(await fates(later)).toEqual([1, 1]);
  });

  test('is what it is to send nothing to a chat that is not open', async () => {
    const nothing: Command = { type: 'message.send', drafts: [], peerId: 'bob' };
    await expect(aNode().writer.submit(anId(), 'ann', nothing)).rejects.toThrow('nothing came of message.send');
  });
});

describe('the same clientId fifty times at once', () => {
  const sendings = () =>
    Array.from(
      { length: 50 },
      (): Command => ({ type: 'message.send', drafts: [aDraft('hello', { clientId: 'my own' })] }),
    );

  test('is one message, and fifty equal answers', async () => {
    const chatId = await aGroup();
    const { writer } = aNode();
    const outcomes = await Promise.all(sendings().map((command) => writer.submit(chatId, 'ann', command)));
    expect(await textsIn(chatId)).toEqual(['hello']);
    const [message] = outcomes[0]?.messages ?? [];
    for (const outcome of outcomes) expect(outcome.messages).toEqual([message]);
    expect(outcomes.map((outcome) => outcome.changes.length)).toEqual([1, ...Array(49).fill(0)]);
  });

  test('is one message also by way of two writers', async () => {
    const chatId = await aGroup();
    const nodes = [aNode(), aNode()];
    const answers = sendings().map((command, i) => nodes[i % 2]?.writer.submit(chatId, 'ann', command));
    const outcomes = await Promise.all(nodes.map(({ clock }) => clock.passUntil(Promise.all(answers))));
    const ids = outcomes.flat().flatMap((outcome) => outcome?.messages.map((message) => message.id));
    expect(new Set(ids).size).toBe(1);
    expect(await textsIn(chatId)).toEqual(['hello']);
  });
});

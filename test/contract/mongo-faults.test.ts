import { describe, expect, test } from '@jest/globals';
import {
  type Document,
  MongoClient,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb';
import { StoreError } from '../../src/application/ports/persistence.ts';
import type { Commit } from '../../src/domain/changes.ts';
import { NO_MARK } from '../../src/domain/chat.ts';
import type { Command } from '../../src/domain/decide.ts';
import type { Message } from '../../src/domain/message.ts';
import { type MongoStore, openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { aDraft, anId, aSession, aUser, drafts } from '../support/builders.ts';
import {
  appendOne,
  createGroup,
  creation,
  NEEDS_NOTHING,
  only,
  perform,
  propose,
  say,
  sending,
} from '../support/chat-actions.ts';
import { withMongo } from '../support/mongo.ts';
import { type Call, dyingAfter, type Interceptor, pausingAt } from '../support/mongo-interceptor.ts';
import { nodesForEachTest } from '../support/mongo-nodes.ts';
import { differences, folded } from '../support/mongo-rows.ts';

const [ann, bob, cem, dan] = ['ann', 'bob', 'cem', 'dan'] as const;
/** What must not be found anywhere once it was purged. */
const SECRET = 'canary';

const removing = (userId: string): Command => ({ type: 'member.remove', userId, lineId: anId() });
const adding = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: anId() });

/** The link breaks: the node cannot know whether the command was carried out. */
const brokenLink = () => new MongoNetworkError('connection 1 to 127.0.0.1:27017 closed');

const isCommit = ({ collection, method }: Call): boolean => collection === 'commits' && method === 'insertOne';

/** Does something else with the first command of this kind. */
function firstTime(matches: (call: Call) => boolean, instead: Interceptor): Interceptor {
  let isFirst = true;
  return (call, proceed) => {
    if (!isFirst || !matches(call)) return proceed();
    isFirst = false;
    return instead(call, proceed);
  };
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => {
      throw new Error(`it did not fail but answered ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const expectStoreError = async (work: Promise<unknown>, outcome: StoreError['outcome']): Promise<void> => {
  const error = await failure(work);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ outcome });
};

await withMongo('MongoDB, at fault', (mongo) => {
  const nodes = nodesForEachTest(mongo);
  const history = (chatId: string): Promise<Message[]> =>
    nodes.store.messages.page(chatId, { above: 0, upTo: 10_000, order: 'asc', limit: 10_000 });
  const texts = async (chatId: string) => (await history(chatId)).map((line) => line.content);

  /** Every word that the database holds of a chat. */
  async function everythingStored(chatId: string): Promise<string> {
    const ofChat = { $or: [{ chatId }, { _id: chatId }] };
    const collections = ['commits', 'chats', 'members', 'messages'];
    const rows = collections.map((name) => nodes.db.collection<{ _id: string; chatId?: string }>(name).find(ofChat));
    return JSON.stringify(await Promise.all(rows.map((found) => found.toArray())));
  }

  async function purgeAll(): Promise<void> {
    while (!(await nodes.store.chatLog.purge()));
  }

  describe('a slow node', () => {
    interface Slow {
      /** Everything that one commit can do, in a group with a past. */
      readonly commit: Commit;
      /** A message that it makes, one that it edits, and one that it leaves alone. */
      readonly made: Message;
      readonly edited: Message;
      readonly old: Message;
    }

    async function slowCommit(): Promise<Slow> {
      const { chatLog } = nodes.store;
      const chatId = await createGroup(chatLog, ann, [bob, cem]);
      const [old, edited] = await say(chatLog, chatId, ann, `${SECRET} old`, `${SECRET} to edit`);
      if (!old || !edited) throw new Error('two were sent');
      const edit: Command = { type: 'message.edit', messageId: edited.id, content: `${SECRET} edited` };
      const commands = [sending(`${SECRET} made`), edit, adding(dan), removing(cem)];
      const commit = await propose(chatLog, chatId, ann, ...commands);
      const made = only(commit.images.messages.filter((message) => message.content === `${SECRET} made`));
      await nodes.settleAll();
      return { commit, made, edited, old };
    }

    /** Lets one thing happen before each step of a slow append that comes after the commit point, in turn. */
    async function atEveryStep<T>(
      happens: (slow: Slow, step: number) => Promise<T>,
      holds: (slow: Slow, happened: T) => Promise<void>,
    ): Promise<void> {
      for (let step = 1; ; step += 1) {
        const slow = await slowCommit();
        const pause = pausingAt(step);
        const answer = appendOne(nodes.node(pause).chatLog, slow.commit);
        if ((await Promise.race([answer, pause.paused])) === 'stored') {
          expect(step).toBe(5); // it sends the commit, new messages, changed messages, members and the chat
          return;
        }
        const happened = await happens(slow, step);
        pause.goOn();
        expect(await answer).toBe('stored');
        await holds(slow, happened);
      }
    }

    const performAll = async (chatId: string, ...commands: Command[]): Promise<Commit[]> => {
      const commits: Commit[] = [];
      for (const command of commands) {
        const commit = await perform(nodes.store.chatLog, chatId, ann, command);
        if (commit) commits.push(commit);
      }
      return commits;
    };

    test('that comes after its successors takes nothing back', async () => {
      await atEveryStep(
        async ({ commit, made, edited, old }) => {
          const commits = await performAll(
            commit.chatId,
            sending('next'), // conflicts, and finishes what is pending
            { type: 'message.edit', messageId: made.id, content: 'newer' },
            { type: 'message.delete', messageId: edited.id },
            removing(dan),
            adding(cem),
            { type: 'message.delete', messageId: old.id },
          );
          expect(commits).toHaveLength(6);
          return nodes.rowsOf(commit.chatId);
        },
        async ({ commit }, rows) => {
          expect(differences(await nodes.rowsOf(commit.chatId), rows)).toEqual([]);
          expect(await texts(commit.chatId)).toEqual([null, null, null, 'newer', null, null, 'next', null, null]);
        },
      );
    });

    test('puts back no word of a chat that was deleted and purged', async () => {
      await atEveryStep(
        async ({ commit: { chatId } }) => {
          expect(await performAll(chatId, { type: 'chat.delete' })).toHaveLength(1);
          await purgeAll();
          expect(await everythingStored(chatId)).not.toContain(SECRET);
        },
        async ({ commit: { chatId } }) => {
          expect(await everythingStored(chatId)).not.toContain(SECRET);
          expect(await nodes.store.chats.find(chatId)).toMatchObject({ live: false, floorRev: 8, floorSeq: 6 });
          expect(await texts(chatId)).toEqual(Array<null>(6).fill(null));
        },
      );
    });

    test('is finished by a load that sees a part of its commit', async () => {
      await atEveryStep(
        async ({ commit, made, edited }, step) => {
          const needs = { ...NEEDS_NOTHING, members: [dan, cem], messages: [made.id, edited.id] };
          const state = await nodes.store.chatLog.load(commit.chatId, needs, null);
          const isSeen = step > 1; // before, no row tells of it
          expect(state.chat?.rev).toBe(isSeen ? commit.lastRev : commit.firstRev - 1);
          expect(state.messages.get(made.id)).toEqual(isSeen ? made : undefined);
          expect(state.members.get(dan)?.active).toBe(isSeen ? true : undefined);
          expect(state.members.get(cem)?.active).toBe(!isSeen);
        },
        async ({ made }) => expect(await nodes.store.messages.find(made.chatId, made.id)).toEqual(made),
      );
    });

    test('shows no reader of the log more than the chat’s row has', async () => {
      await atEveryStep(
        async ({ commit: { chatId, firstRev, lastRev } }, step) => {
          const head = step > 4 ? lastRev : firstRev - 1;
          const changes = await nodes.store.chatLog.changesAfter(chatId, firstRev - 2, 100);
          expect(changes.at(-1)?.rev).toBe(head);
        },
        async ({ commit }) => {
          const changes = await nodes.store.chatLog.changesAfter(commit.chatId, commit.firstRev - 1, 100);
          expect(changes).toEqual(commit.changes);
        },
      );
    });

    test('loses no read mark that was set meanwhile', async () => {
      await atEveryStep(
        async ({ commit: { chatId } }, step) => {
          expect(await nodes.store.chats.raiseMark(chatId, cem, { seq: 3, n: 2 })).toEqual({ seq: 3, n: 2 });
          const isThere = step > 3;
          expect(await nodes.store.chats.raiseMark(chatId, dan, { seq: 2, n: 1 })).toEqual(
            isThere ? { seq: 2, n: 1 } : null,
          );
          return isThere;
        },
        async ({ commit: { chatId } }, danWasThere) => {
          const [removed, added] = [
            await nodes.store.chats.membership(chatId, cem),
            await nodes.store.chats.membership(chatId, dan),
          ];
          expect(removed).toMatchObject({ member: { active: false }, mark: { seq: 3, n: 2 } });
          expect(added).toMatchObject({ member: { active: true }, mark: danWasThere ? { seq: 2, n: 1 } : NO_MARK });
        },
      );
    });
  });

  test('a load gives the rows of one head, whatever happens between its reads', async () => {
    for (let step = 0; ; step += 1) {
      const chatId = await createGroup(nodes.store.chatLog, ann, [bob, cem]);
      const message = only(await say(nodes.store.chatLog, chatId, ann, 'old'));
      const pause = pausingAt(step);
      const needs = { members: [ann, bob], messages: [message.id], sendKeys: [], heir: true };
      const loaded = nodes.node(pause).chatLog.load(chatId, needs, null);
      const isOver = (await Promise.race([loaded, pause.paused])) !== undefined;
      if (!isOver) {
        const edit: Command = { type: 'message.edit', messageId: message.id, content: 'new' };
        await perform(nodes.store.chatLog, chatId, ann, removing(bob), edit);
        pause.goOn();
      }
      const { chat, members, messages, heir } = await loaded;
      const isNew = chat?.rev === 4;
      expect(chat?.rev).toBe(isNew ? 4 : 2);
      expect(members.get(bob)?.active).toBe(!isNew);
      expect(messages.get(message.id)?.content).toBe(isNew ? 'new' : 'old');
      // At the old head he may be of the new one already: whoever decides on that finds his place taken.
      expect(isNew ? [cem] : [bob, cem]).toContain(heir?.userId);
      if (isOver) break;
    }
  });

  describe('an append without an answer', () => {
    /** A group, and a message in it that is about to be appended. */
    async function aMessage(): Promise<Commit> {
      const chatId = await createGroup(nodes.store.chatLog, ann, [bob]);
      return propose(nodes.store.chatLog, chatId, ann, sending('mine'));
    }

    /** The append was sent and does not arrive before `arrive` is called, if ever. */
    function delayed(): { interceptor: Interceptor; arrive: () => Promise<unknown> } {
      let arrive = (): Promise<unknown> => Promise.reject(new Error('nothing is on its way'));
      const interceptor = firstTime(isCommit, async (_, proceed) => {
        arrive = proceed;
        throw brokenLink();
      });
      return { interceptor, arrive: () => arrive() };
    }

    test('that was stored is stored when it is repeated', async () => {
      const commit = await aMessage();
      const { chatLog } = nodes.node(
        firstTime(isCommit, async (_, proceed) => {
          await proceed();
          throw brokenLink();
        }),
      );
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await texts(commit.chatId)).toEqual([null, 'mine']);
    });

    test('that was stored and overtaken is stored when it is repeated', async () => {
      const commit = await aMessage();
      const { chatLog } = nodes.node(
        firstTime(isCommit, async (_, proceed) => {
          await proceed();
          throw brokenLink();
        }),
      );
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      await say(nodes.store.chatLog, commit.chatId, bob, 'overtakes');
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await texts(commit.chatId)).toEqual([null, 'mine', 'overtakes']);
    });

    test('that arrives after its repetition is stored once', async () => {
      const commit = await aMessage();
      const { interceptor, arrive } = delayed();
      const { chatLog } = nodes.node(interceptor);
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await failure(arrive())).toMatchObject({ code: 11_000 });
      expect(await texts(commit.chatId)).toEqual([null, 'mine']);
    });

    test('that arrives before its repetition is stored once', async () => {
      const commit = await aMessage();
      const { interceptor, arrive } = delayed();
      const { chatLog } = nodes.node(interceptor);
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      await arrive();
      expect(await texts(commit.chatId)).toEqual([null]);
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await texts(commit.chatId)).toEqual([null, 'mine']);
    });

    test('whose place was taken is a conflict, and nothing when it arrives after all', async () => {
      const commit = await aMessage();
      const { interceptor, arrive } = delayed();
      const { chatLog } = nodes.node(interceptor);
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      await say(nodes.store.chatLog, commit.chatId, bob, 'taken');
      expect(await appendOne(chatLog, commit)).toBe('conflict');
      expect(await failure(arrive())).toMatchObject({ code: 11_000 });
      expect(await texts(commit.chatId)).toEqual([null, 'taken']);
      expect(await nodes.store.chatLog.unsettled(-1, 100)).toHaveLength(2);
    });

    test('finds no free number in a chat that was deleted and purged before it arrives', async () => {
      const commit = await aMessage();
      const { interceptor, arrive } = delayed();
      await expectStoreError(appendOne(nodes.node(interceptor).chatLog, commit), 'unknown');
      await say(nodes.store.chatLog, commit.chatId, bob, 'taken');
      await perform(nodes.store.chatLog, commit.chatId, ann, { type: 'chat.delete' });
      await purgeAll();
      expect(await failure(arrive())).toMatchObject({ code: 11_000 });
      expect(await everythingStored(commit.chatId)).not.toMatch(/mine|taken/);
    });

    test('that broke off while its rows were written is whole when it is repeated', async () => {
      const chatId = await createGroup(nodes.store.chatLog, ann, [bob]);
      const hundred: Command = { type: 'message.send', drafts: drafts(100) };
      const commit = await propose(nodes.store.chatLog, chatId, ann, hundred);
      const { chatLog } = nodes.node(
        firstTime(
          ({ collection, method }) => collection === 'messages' && method === 'insertMany',
          async ({ args }) => {
            // mongod may keep the beginning of a batch
            await nodes.db.collection('messages').insertMany((args[0] as Document[]).slice(0, 37));
            throw brokenLink();
          },
        ),
      );
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect((await nodes.store.chats.find(chatId))?.seq).toBe(1);
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect((await history(chatId)).slice(1)).toEqual(commit.images.messages);
      expect(await nodes.store.chats.find(chatId)).toEqual(commit.images.chat);
    });

    test.each(['messages', 'members', 'chats'])('is unknown where the %s cannot be written', async (collection) => {
      const chatId = anId();
      const commit = await propose(nodes.store.chatLog, chatId, ann, creation([bob]));
      const { chatLog } = nodes.node(
        firstTime(
          (call) => call.collection === collection,
          () => Promise.reject(brokenLink()),
        ),
      );
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await nodes.store.chats.find(chatId)).toEqual(commit.images.chat);
      expect(await history(chatId)).toEqual(commit.images.messages);
    });

    test('is not done where no server could be had, nor where the server refused it', async () => {
      const commit = await aMessage();
      const nobody = new MongoClient('mongodb://127.0.0.1:1', { serverSelectionTimeoutMS: 20 });
      const unreachable = await failure(nobody.connect());
      expect(unreachable).toBeInstanceOf(MongoServerSelectionError);
      const refused = new MongoServerError({ index: 0, code: 14_031, errmsg: 'the disk is full' });
      for (const error of [unreachable, refused]) {
        const { chatLog } = nodes.node(firstTime(isCommit, () => Promise.reject(error)));
        await expectStoreError(appendOne(chatLog, commit), 'not-done');
      }
      expect(await nodes.isStored(commit)).toBe(false);
      expect(await texts(commit.chatId)).toEqual([null]);
    });

    test('is unknown where the majority did not confirm it in time', async () => {
      const commit = await aMessage();
      const late = new MongoWriteConcernError({ ok: 1, writeConcernError: { code: 64, errmsg: 'waiting timed out' } });
      const { chatLog } = nodes.node(
        firstTime(isCommit, async (_, proceed) => {
          await proceed();
          throw late;
        }),
      );
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect(await appendOne(chatLog, commit)).toBe('stored');
    });

    test('that found its place taken is unknown until it is known by whom', async () => {
      const commit = await aMessage();
      await appendOne(nodes.store.chatLog, commit);
      const isLook = ({ collection, method }: Call) => collection === 'commits' && method === 'findOne';
      const { chatLog } = nodes.node(firstTime(isLook, () => Promise.reject(brokenLink())));
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
      expect(await appendOne(chatLog, commit)).toBe('stored');
    });

    test('leaves the other chats of its call alone', async () => {
      const { chatLog: healthy } = nodes.store;
      const [one, two] = [await aMessage(), await aMessage()];
      const { chatLog } = nodes.node(firstTime(isCommit, () => Promise.reject(brokenLink())));
      const [first, second] = await Promise.allSettled(chatLog.append([one, two]));
      expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
      expect(await Promise.all(healthy.append([one, two]))).toEqual(['stored', 'stored']);
      expect([await texts(one.chatId), await texts(two.chatId)]).toEqual([
        [null, 'mine'],
        [null, 'mine'],
      ]);
    });
  });

  describe('an insert that lost a race', () => {
    /** What the server answers when another insert was there first, though here nothing was. */
    async function refusal(write: () => Promise<unknown>): Promise<unknown> {
      const row = { _id: 'taken' };
      await nodes.db.collection<{ _id: string }>('scratch').updateOne(row, { $set: row }, { upsert: true });
      return failure(write());
    }
    const scratch = () => nodes.db.collection<{ _id: string; rev: number }>('scratch');
    const upsert = { updateOne: { filter: { _id: 'taken', rev: 1 }, update: { $set: { rev: 1 } }, upsert: true } };
    const bulkRefusal = () => refusal(() => scratch().bulkWrite([upsert], { ordered: false }));
    const insertRefusal = () => refusal(() => scratch().insertOne({ _id: 'taken', rev: 1 }));
    const upsertRefusal = () =>
      refusal(() => scratch().findOneAndUpdate({ _id: 'taken', rev: 1 }, { $set: { rev: 1 } }, { upsert: true }));

    test.each(['messages', 'members', 'chats'])('into %s is looked at again', async (collection) => {
      const { chatLog: healthy } = nodes.store;
      const chatId = await createGroup(healthy, ann, [bob]);
      const [message] = await say(healthy, chatId, ann, 'before');
      const commands: Command[] = [
        { type: 'message.edit', messageId: message?.id ?? '', content: 'after' },
        removing(bob),
        sending('more'),
      ];
      const commit = await propose(healthy, chatId, ann, ...commands);
      const before = await nodes.rowsOf(chatId);
      const error = await bulkRefusal();
      const { chatLog } = nodes.node(
        firstTime(
          (call) => call.collection === collection && call.method === 'bulkWrite',
          () => Promise.reject(error),
        ),
      );
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(differences(await nodes.rowsOf(chatId), folded(before, commit))).toEqual([]);
    });

    test('into the commits, where nothing is, is tried again', async () => {
      const chatId = await createGroup(nodes.store.chatLog, ann, []);
      const commit = await propose(nodes.store.chatLog, chatId, ann, sending('mine'));
      const error = await insertRefusal();
      const { chatLog } = nodes.node(firstTime(isCommit, () => Promise.reject(error)));
      expect(await appendOne(chatLog, commit)).toBe('stored');
      expect(await texts(chatId)).toEqual([null, 'mine']);
    });

    test('into the commits again and again has no definite answer', async () => {
      const chatId = await createGroup(nodes.store.chatLog, ann, []);
      const commit = await propose(nodes.store.chatLog, chatId, ann, sending('mine'));
      const error = await insertRefusal();
      const { chatLog } = nodes.node((call, proceed) => (isCommit(call) ? Promise.reject(error) : proceed()));
      await expectStoreError(appendOne(chatLog, commit), 'unknown');
    });

    test('is a defect that is not passed over where another row has the place', async () => {
      const { chatLog } = nodes.store;
      const chatId = await createGroup(chatLog, ann, []);
      const commit = await propose(chatLog, chatId, ann, sending('mine'));
      const row = { _id: 'foreign', chatId, seq: 2, sendKey: 'nobody:nothing', rev: 2 };
      await nodes.db.collection<{ _id: string }>('messages').insertOne(row);
      const error = await failure(appendOne(chatLog, commit));
      expect(error).not.toBeInstanceOf(StoreError);
      expect(String(error)).toContain(commit.images.messages[0]?.id);
      expect((await nodes.store.chats.find(chatId))?.rev).toBe(1);
    });

    test('for a setting gives what the winner kept', async () => {
      const error = await upsertRefusal();
      const racing = nodes.node(
        firstTime(
          (call) => call.collection === 'settings',
          async () => {
            await nodes.store.settings.keep('name', 'of the winner');
            throw error;
          },
        ),
      );
      expect(await racing.settings.keep('name', 'of the loser')).toBe('of the winner');
    });

    test('of a check says that the store is well', async () => {
      const error = await upsertRefusal();
      const racing = nodes.node(
        firstTime(
          (call) => call.collection === 'health',
          () => Promise.reject(error),
        ),
      );
      await expect(racing.check()).resolves.toBeUndefined();
    });
  });

  describe('a settle', () => {
    test('that never happened leaves a commit that the sweep finds, and that takes nothing back', async () => {
      const { chatLog } = nodes.store;
      const chatId = await createGroup(chatLog, ann, [bob]);
      const [message] = await say(chatLog, chatId, ann, 'old');
      await nodes.settleAll();
      const commands: Command[] = [
        { type: 'message.edit', messageId: message?.id ?? '', content: 'newer' },
        removing(bob),
      ];
      const pending = await perform(chatLog, chatId, ann, commands[0] as Command);
      const settled = await perform(chatLog, chatId, ann, commands[1] as Command);
      await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: message?.id ?? '', content: 'newest' });
      chatLog.settle(settled ? [settled] : []);
      await chatLog.settled();
      const before = await nodes.rowsOf(chatId);
      expect((await chatLog.unsettled(-1, 100)).map((commit) => commit.id)).toContain(pending?.id);
      expect(differences(await nodes.rowsOf(chatId), before)).toEqual([]);
      await nodes.settleAll();
      expect(await chatLog.unsettled(-1, 100)).toEqual([]);
      expect(await nodes.db.collection('commits').countDocuments({ images: { $exists: true } })).toBe(0);
    });

    test('that fails is lost without a word', async () => {
      const chatId = await createGroup(nodes.store.chatLog, ann, []);
      await nodes.settleAll();
      const { chatLog } = nodes.node(
        firstTime(
          ({ method }) => method === 'updateMany',
          () => Promise.reject(brokenLink()),
        ),
      );
      const commit = await perform(chatLog, chatId, ann, sending('one'));
      chatLog.settle(commit ? [commit] : []);
      await chatLog.settled();
      expect(await nodes.store.chatLog.unsettled(-1, 100)).toEqual([commit]);
    });

    test('of many commits takes two commands: one at once, one for all that came meanwhile', async () => {
      const sent: Call[] = [];
      const { chatLog } = nodes.node((call, proceed) => {
        if (call.method === 'updateMany') sent.push(call);
        return proceed();
      });
      const commits = await Promise.all(
        Array.from({ length: 20 }, () => propose(chatLog, anId(), ann, creation([bob]))),
      );
      await Promise.all(chatLog.append(commits));
      for (const commit of commits) chatLog.settle([commit]);
      await chatLog.settled();
      expect(sent).toHaveLength(2);
      expect(await chatLog.unsettled(-1, 100)).toEqual([]);
    });

    test('is waited for by the end of the store', async () => {
      const other = await openMongoStore({ uri: nodes.uri });
      const commit = await perform(other.chatLog, anId(), ann, creation([]));
      other.chatLog.settle(commit ? [commit] : []);
      await other.close();
      expect(await nodes.store.chatLog.unsettled(-1, 100)).toEqual([]);
    });
  });

  test('a commit that was dated by a clock far ahead is found by the sweep', async () => {
    const { chatLog } = nodes.store;
    const commits = await Promise.all([1, 2].map(() => propose(chatLog, anId(), ann, creation([]))));
    await Promise.all(chatLog.append(commits));
    const [ahead] = commits;
    const rows = nodes.db.collection<{ _id: string; pendingSince: number }>('commits');
    await rows.updateOne({ _id: ahead?.id ?? '' }, { $inc: { pendingSince: 3_600_000 } });
    expect(await chatLog.unsettled(2_000, 100)).toEqual([ahead]);
  });

  describe('a purge', () => {
    /** A deleted direct chat of 600 lines. */
    async function deletedChat(): Promise<string> {
      const chatId = anId();
      const lines = (): Command => ({ type: 'message.send', drafts: drafts(100, SECRET), peerId: bob });
      const hundreds = [lines(), lines(), lines()];
      for (const commands of [hundreds, hundreds.map(lines)]) {
        await perform(nodes.store.chatLog, chatId, ann, ...commands);
      }
      await perform(nodes.store.chatLog, chatId, ann, { type: 'chat.delete' });
      return chatId;
    }

    test('that dies after any step is finished by another', async () => {
      for (let steps = 0; ; steps += 1) {
        const chatId = await deletedChat();
        const death = dyingAfter(steps);
        const { chatLog } = nodes.node(death);
        const purged = (async () => {
          while (!(await chatLog.purge()));
          return 'purged';
        })();
        const end = await Promise.race([purged, death.died]);
        await purgeAll();
        expect(await everythingStored(chatId)).not.toContain(SECRET);
        expect(await history(chatId)).toHaveLength(600);
        expect(await nodes.store.chats.find(chatId)).toMatchObject({
          live: false,
          floorRev: 602,
          floorSeq: 600,
          seq: 600,
        });
        if (end === 'purged') break;
      }
    });

    test('leaves alone what is said while it goes on, in the chat that was opened again', async () => {
      const again = (): Command => ({ type: 'message.send', drafts: [aDraft('again')], peerId: bob });
      const chatId = await deletedChat();
      while (!(await nodes.store.chatLog.purge())) await perform(nodes.store.chatLog, chatId, ann, again());
      const lines = await texts(chatId);
      expect(lines).toEqual([...Array<null>(600).fill(null), ...Array<string>(lines.length - 600).fill('again')]);
      expect(lines.length).toBeGreaterThan(601);
      expect(await everythingStored(chatId)).not.toContain(SECRET);
    });

    test('by three nodes at once is one purge', async () => {
      const chatId = await deletedChat();
      const others = [1, 2].map(() => nodes.node((_, proceed) => proceed()));
      await Promise.all(
        [nodes.store, ...others].map(async ({ chatLog }) => {
          while (!(await chatLog.purge()));
        }),
      );
      expect(await everythingStored(chatId)).not.toContain(SECRET);
      expect(await history(chatId)).toHaveLength(600);
    });

    test('begins again when the chat is deleted again, at whatever step of it', async () => {
      const { chatLog } = nodes.store;
      for (let step = 0; ; step += 1) {
        const chatId = anId();
        const say = (): Command => ({ type: 'message.send', drafts: [aDraft(SECRET)], peerId: bob });
        await perform(chatLog, chatId, ann, say());
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        const pause = pausingAt(step);
        const purged = nodes.node(pause).chatLog.purge();
        const isOver = (await Promise.race([purged, pause.paused])) !== undefined;
        await perform(chatLog, chatId, ann, say());
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        pause.goOn();
        await purged;
        await purgeAll();
        expect(await everythingStored(chatId)).not.toContain(SECRET);
        expect((await history(chatId)).map((line) => line.rev)).toEqual([6, 6]);
        if (isOver) break;
      }
    });
  });

  describe('a link that breaks', () => {
    const reads: readonly (readonly [string, (store: MongoStore) => Promise<unknown>])[] = [
      ['load', ({ chatLog }) => chatLog.load('chat', { ...NEEDS_NOTHING, members: [ann] }, null)],
      ['changesAfter', ({ chatLog }) => chatLog.changesAfter('chat', 0, 10)],
      ['changesIn', ({ chatLog }) => chatLog.changesIn([{ chatId: 'chat', afterRev: 0, upTo: 1 }])],
      ['unsettled', ({ chatLog }) => chatLog.unsettled(0, 10)],
      ['purge', ({ chatLog }) => chatLog.purge()],
      ['find a chat', ({ chats }) => chats.find('chat')],
      ['membership', ({ chats }) => chats.membership('chat', ann)],
      ['memberships', ({ chats }) => chats.memberships(ann)],
      ['heads', ({ chats }) => chats.heads(ann)],
      ['countMemberships', ({ chats }) => chats.countMemberships(ann)],
      ['members', ({ chats }) => chats.members('chat', null, 10)],
      ['membersById', ({ chats }) => chats.membersById('chat', [ann])],
      ['membersIn', ({ chats }) => chats.membersIn([{ chatId: 'chat', userId: ann }])],
      ['shareChat', ({ chats }) => chats.shareChat(ann, bob)],
      ['find a message', ({ messages }) => messages.find('chat', 'message')],
      ['findMany', ({ messages }) => messages.findMany('chat', ['message'])],
      ['findIn', ({ messages }) => messages.findIn([{ chatId: 'chat', messageId: 'message' }])],
      ['page', ({ messages }) => messages.page('chat', { above: 0, upTo: 9, order: 'asc', limit: 5 })],
      ['at', ({ messages }) => messages.at([{ chatId: 'chat', seq: 1 }])],
      ['countUpTo', ({ messages }) => messages.countUpTo('chat', 1)],
      [
        'countNotUnread',
        ({ messages }) => messages.countNotUnread(ann, [{ chatId: 'chat', above: 0, head: { rev: 1, seq: 1 } }]),
      ],
      ['find a user', ({ users }) => users.find(ann)],
      ['findByLogin', ({ users }) => users.findByLogin(ann)],
      ['findCredential', ({ users }) => users.findCredential(ann)],
      ['find a session', ({ sessions }) => sessions.find('session', 0)],
      ['list sessions', ({ sessions }) => sessions.list(ann, 0)],
    ];
    test.each(reads)('leaves nothing done by a read: %s', async (_, read) => {
      await expectStoreError(read(nodes.node(() => Promise.reject(brokenLink()))), 'not-done');
    });

    const writes: readonly (readonly [string, (store: MongoStore) => Promise<unknown>])[] = [
      ['raiseMark', ({ chats }) => chats.raiseMark('chat', ann, { seq: 1, n: 1 })],
      ['create a user', ({ users }) => users.create(aUser(), 'hash')],
      ['update', ({ users }) => users.update(aUser({ version: 2 }))],
      ['setPasswordHash', ({ users }) => users.setPasswordHash(ann, 'hash', 'other')],
      ['create a session', ({ sessions }) => sessions.create(aSession(), { family: 'family', token: 'token' })],
      ['rotate', ({ sessions }) => sessions.rotate({ family: 'family', token: 'token' }, 'next', 0, 1)],
      ['end', ({ sessions }) => sessions.end(ann, 'session')],
      ['sweep', ({ sessions }) => sessions.sweep(0)],
      ['createTicket', ({ sessions }) => sessions.createTicket('digest', 'session', 1)],
      ['redeemTicket', ({ sessions }) => sessions.redeemTicket('digest', 0)],
      ['epoch', ({ settings }) => settings.epoch()],
      ['check', (store) => store.check()],
    ];
    test.each(writes)('leaves open what a write did: %s', async (_, write) => {
      await expectStoreError(write(nodes.node(() => Promise.reject(brokenLink()))), 'unknown');
    });
  });

  test('a load of a chat that changes faster than it can be read gives up', async () => {
    const chatId = await createGroup(nodes.store.chatLog, ann, []);
    const members = nodes.db.collection<{ _id: string; rev: number }>('members');
    await members.updateOne({ _id: `${chatId}/${ann}` }, { $set: { rev: 99 } });
    await expectStoreError(nodes.store.chatLog.load(chatId, { ...NEEDS_NOTHING, members: [ann] }, null), 'not-done');
  });
});

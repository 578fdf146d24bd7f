import { describe, expect, test } from '@jest/globals';
import type { Commit } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import type { MongoChatLog } from '../../src/infrastructure/mongo/mongo-chat-log.ts';
import { aDraft, anId, drafts } from '../support/builders.ts';
import { appendOne, createGroup, creation, propose, say, sending } from '../support/chat-actions.ts';
import { withMongo } from '../support/mongo.ts';
import { dyingAfter } from '../support/mongo-interceptor.ts';
import { nodesForEachTest } from '../support/mongo-nodes.ts';
import { differences, folded, type Rows } from '../support/mongo-rows.ts';

const EVERYTHING = 1_000;

await withMongo('MongoDB, crashed', (mongo) => {
  const nodes = nodesForEachTest(mongo);

  /** A commit that is about to be appended, and another one that wants the same place. */
  interface Rivals {
    readonly commit: Commit;
    readonly rival: Commit;
  }

  const [ann, bob, cem, dan] = ['ann', 'bob', 'cem', 'dan'] as const;

  /** A group with a past: three members and three messages. */
  async function group(log: MongoChatLog): Promise<{ chatId: string; first: string; second: string; third: string }> {
    const chatId = await createGroup(log, ann, [bob, cem]);
    const [first, second, third] = await say(log, chatId, ann, 'first', 'second', 'third');
    if (!first || !second || !third) throw new Error('three were sent');
    await nodes.store.chats.raiseMark(chatId, bob, { seq: 2, n: 1 });
    return { chatId, first: first.id, second: second.id, third: third.id };
  }

  const inGroup =
    (commands: (group: { first: string; second: string; third: string }) => Command[]) =>
    async (log: MongoChatLog): Promise<Rivals> => {
      const { chatId, ...messages } = await group(log);
      const rival = await propose(log, chatId, bob, sending('rival'));
      return { commit: await propose(log, chatId, ann, ...commands(messages)), rival };
    };

  const inNewChat =
    (command: (peerId: string) => Command) =>
    async (log: MongoChatLog): Promise<Rivals> => {
      const chatId = anId();
      const rival = await propose(log, chatId, bob, command(ann));
      return { commit: await propose(log, chatId, ann, command(bob)), rival };
    };

  const adding = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: anId() });
  const removing = (userId: string): Command => ({ type: 'member.remove', userId, lineId: anId() });
  const editing = (messageId: string): Command => ({ type: 'message.edit', messageId, content: 'edited' });
  const deleting = (messageId: string): Command => ({ type: 'message.delete', messageId });

  const KINDS: readonly (readonly [string, (log: MongoChatLog) => Promise<Rivals>])[] = [
    ['a message', inGroup(() => [sending('hello')])],
    ['100 messages', inGroup(() => [{ type: 'message.send', drafts: drafts(100) }])],
    ['an edit and a deletion', inGroup(({ first, second }) => [editing(first), deleting(second)])],
    ['a member who is added', inGroup(() => [adding(dan)])],
    ['a member who is removed', inGroup(() => [removing(bob)])],
    ['an owner who leaves', inGroup(() => [removing(ann)])],
    ['the deletion of the chat', inGroup(() => [{ type: 'chat.delete' }])],
    [
      'something of everything',
      inGroup(({ first, third }) => [sending('new'), editing(first), adding(dan), deleting(third), removing(cem)]),
    ],
    ['a new group', inNewChat((peerId) => creation([peerId, cem]))],
    [
      'a message that opens a direct chat',
      inNewChat((peerId) => ({ type: 'message.send', drafts: [aDraft('hi')], peerId })),
    ],
  ];

  /** Whoever reads no further than the chat's row sees the chat as it was before the commit, or as it is after it. */
  async function expectWholeToReaders(commit: Commit, before: Rows, after: Rows): Promise<void> {
    const chat = await nodes.store.chats.find(commit.chatId);
    const [rev, seq] = [chat?.rev ?? 0, chat?.seq ?? 0];
    expect([commit.firstRev - 1, commit.lastRev]).toContain(rev);
    const lines = await nodes.store.messages.page(commit.chatId, { above: 0, upTo: seq, order: 'asc', limit: 1_000 });
    expect(lines.map((line) => line.seq)).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
    const changes = await nodes.store.chatLog.changesAfter(commit.chatId, 0, 1_000);
    expect(changes.map((change) => change.rev)).toEqual(Array.from({ length: rev }, (_, i) => i + 1));
    const expected = rev === commit.lastRev ? after : before;
    const seen = [...(await nodes.rowsOf(commit.chatId))].filter(([, row]) => row.rev <= rev);
    expect(seen.filter(([key]) => !expected.has(key))).toEqual([]);
    for (const [key, row] of seen) expect(row).toEqual(expected.get(key));
  }

  /** What finds a dead node's commit, and what is stored then. `isIn`: it died after the commit point. */
  type Repair = (rivals: Rivals, isIn: boolean) => Promise<Commit | null>;

  const REPAIRS: readonly (readonly [string, Repair])[] = [
    [
      'by the sweep',
      async ({ commit }, isIn) => {
        const found = await nodes.store.chatLog.unsettled(-1, EVERYTHING);
        expect(found).toEqual(isIn ? [commit] : []);
        return isIn ? commit : null;
      },
    ],
    [
      'by another writer that wants its place',
      async ({ commit, rival }, isIn) => {
        expect(await appendOne(nodes.store.chatLog, rival)).toBe(isIn ? 'conflict' : 'stored');
        return isIn ? commit : rival;
      },
    ],
    [
      'by its own writer, which had no answer',
      async ({ commit }) => {
        expect(await appendOne(nodes.store.chatLog, commit)).toBe('stored');
        return commit;
      },
    ],
    [
      'by a load, which sees all or nothing of it, and the sweep',
      async ({ commit }, isIn) => {
        const { chat, members, messages } = commit.images;
        const needs = {
          members: [...new Set([ann, bob, cem, ...members.map((member) => member.userId)])],
          messages: messages.map((message) => message.id),
          sendKeys: [],
          heir: true,
        };
        const state = await nodes.store.chatLog.load(commit.chatId, needs, null);
        const rows = [...state.members.values(), ...state.messages.values()];
        if (state.chat?.rev === commit.lastRev) {
          expect(state.chat).toEqual(chat);
          expect(rows).toEqual(expect.arrayContaining([...members, ...messages]));
        } else {
          expect(state.chat?.rev ?? 0).toBe(commit.firstRev - 1);
          expect(rows.filter((row) => row.rev >= commit.firstRev)).toEqual([]);
        }
        await nodes.store.chatLog.unsettled(-1, EVERYTHING);
        return isIn ? commit : null;
      },
    ],
    [
      'by everybody at once',
      async ({ commit, rival }, isIn) => {
        const others = [1, 2].map(() => nodes.node((_, proceed) => proceed()).chatLog);
        const [answer] = await Promise.all([
          appendOne(nodes.store.chatLog, rival),
          ...others.map((log) => log.unsettled(-1, EVERYTHING)),
          ...others.map((log) =>
            log.load(commit.chatId, { members: [ann], messages: [], sendKeys: [], heir: true }, null),
          ),
          ...(isIn ? others.map((log) => appendOne(log, commit)) : []),
        ]);
        expect(answer).toBe(isIn ? 'conflict' : 'stored');
        return isIn ? commit : rival;
      },
    ],
  ];

  describe.each(KINDS)('in the middle of %s', (_, prepare) => {
    test.each(REPAIRS)('after any step, it is repaired %s', async (_, repair) => {
      for (let steps = 0; ; steps += 1) {
        const rivals = await prepare(nodes.store.chatLog);
        const { commit } = rivals;
        await nodes.settleAll();
        const before = await nodes.rowsOf(commit.chatId);
        const death = dyingAfter(steps);
        const answer = await Promise.race([appendOne(nodes.node(death).chatLog, commit), death.died]);
        const isIn = await nodes.isStored(commit);
        expect(isIn).toBe(steps > 0);
        await expectWholeToReaders(commit, before, folded(before, commit));
        const stored = await repair(rivals, isIn);
        const after = stored ? folded(before, stored) : before;
        expect(differences(await nodes.rowsOf(commit.chatId), after)).toEqual([]);
        await expectWholeToReaders(stored ?? commit, before, after);
        if (answer === 'stored') break;
      }
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import type { ChatLog, KnownRows, Store } from '../../src/application/ports/persistence.ts';
import type { Change, Commit } from '../../src/domain/changes.ts';
import type { Member } from '../../src/domain/chat.ts';
import type { Command, Needs } from '../../src/domain/decide.ts';
import { emptied, type Message, sendKey } from '../../src/domain/message.ts';
import { aDraft, anId, drafts, ids } from '../support/builders.ts';
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
import { aWriter } from '../support/node.ts';
import { TEXTS } from '../support/texts.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const EVERYTHING = Number.MAX_SAFE_INTEGER;

const load = (log: ChatLog, chatId: string, needs: Partial<Needs> = {}, known: KnownRows | null = null) =>
  log.load(chatId, { ...NEEDS_NOTHING, ...needs }, known);

/** Every line of a chat, oldest first. */
const history = (store: Store, chatId: string): Promise<Message[]> =>
  store.messages.page(chatId, { above: 0, upTo: EVERYTHING, order: 'asc', limit: 10_000 });

const changesOf = (store: Store, chatId: string): Promise<Change[]> => store.chatLog.changesAfter(chatId, 0, 10_000);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

const textsOf = (messages: readonly Message[]): (string | null)[] => messages.map((message) => message.content);

const adding = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: anId() });

/** So that what comes next is dated later. */
const later = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Asks again until the answer is as expected: for what a store may do late. */
async function eventually<T>(ask: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (isExpected(answer)) return answer;
    if (tries === 20_000) throw new Error(`still ${JSON.stringify(answer)}`);
    await later();
  }
}

/** Takes every step of the purge. */
async function purgeAll(log: ChatLog): Promise<void> {
  for (let steps = 1; !(await log.purge()); steps += 1) {
    if (steps === 100) throw new Error('the purge does not end');
  }
}

/** Both numbers are dense from 1, no line is there twice, and everybody's count of people's lines is right. */
async function expectDense(store: Store, chatId: string): Promise<Message[]> {
  const [chat, changes, lines] = [
    await store.chats.find(chatId),
    await changesOf(store, chatId),
    await history(store, chatId),
  ];
  expect(changes.map((change) => change.rev)).toEqual(upTo(chat?.rev ?? 0));
  expect(changes.flatMap((change) => change.seq ?? [])).toEqual(upTo(chat?.seq ?? 0));
  expect(lines.map((line) => line.seq)).toEqual(upTo(chat?.seq ?? 0));
  expect(new Set(lines.map((line) => line.id)).size).toBe(lines.length);
  let n = 0;
  expect(lines.map((line) => line.n)).toEqual(lines.map((line) => (line.kind === 'text' ? ++n : n)));
  expect(chat?.n).toBe(n);
  return lines;
}

/** Proves the promises of ChatLog. */
export function chatLogSuite(harness: StoreHarness): void {
  describe(`ChatLog on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    describe('load', () => {
      test('finds nothing where nothing was', async () => {
        const needs = { members: ids(2), messages: ids(2), sendKeys: [sendKey(anId(), anId())], heir: true };
        const state = await load(subject.store.chatLog, anId(), needs);
        expect(state).toEqual({
          chat: null,
          members: new Map(),
          messages: new Map(),
          sent: new Map(),
          heir: null,
        });
      });

      test('gives the rows that were asked for and that are there', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const hello = only(await say(chatLog, chatId, ann, 'hello'));
        const named = only(
          (
            await perform(chatLog, chatId, bob, {
              type: 'message.send',
              drafts: [aDraft('hi', { clientId: 'my own' })],
            })
          )?.images.messages ?? [],
        );
        const key = sendKey(bob, 'my own');
        const state = await load(chatLog, chatId, {
          members: [ann, bob, anId()],
          messages: [hello.id, anId()],
          sendKeys: [key, sendKey(ann, 'my own'), sendKey(bob, 'another')],
        });
        expect(state.chat).toMatchObject({ id: chatId, rev: 3, seq: 3, n: 2, memberCount: 2 });
        expect([...state.members.keys()].sort()).toEqual([ann, bob].sort());
        expect(state.members.get(bob)).toMatchObject({ chatId, userId: bob, role: 'member', active: true });
        expect(state.messages.get(hello.id)).toEqual(hello);
        expect([...state.sent]).toEqual([[key, named]]);
      });

      test('brings the senders of the messages that were asked for, by whom rights are judged', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const message = only(await say(chatLog, chatId, ann, 'mine'));
        const state = await load(chatLog, chatId, { members: [bob], messages: [message.id] });
        expect(state.members.get(ann)).toMatchObject({ userId: ann, role: 'owner' });
      });

      test('does not find the rows of another chat', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const [here, there] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann, [bob])];
        const message = only(await say(chatLog, there, ann, 'over there'));
        const needs = { members: [bob], messages: [message.id], sendKeys: [sendKey(ann, message.clientId)] };
        const state = await load(chatLog, here, needs);
        expect([state.members.size, state.messages.size, state.sent.size]).toEqual([0, 0, 0]);
      });

      describe('heir', () => {
        const heirOf = async (chatId: string) =>
          (await load(subject.store.chatLog, chatId, { heir: true })).heir?.userId;

        test('is the oldest member, and not the owner', async () => {
          const { chatLog } = subject.store;
          const [owner, first, second] = [anId(), anId(), anId()];
          const chatId = await createGroup(chatLog, owner);
          expect(await heirOf(chatId)).toBeUndefined();
          for (const userId of [first, second]) {
            await later();
            await perform(chatLog, chatId, owner, adding(userId));
          }
          expect(await heirOf(chatId)).toBe(first);
        });

        test('is the oldest admin before any member', async () => {
          const { chatLog } = subject.store;
          const [owner, plain, older, younger] = [anId(), anId(), anId(), anId()];
          const chatId = await createGroup(chatLog, owner, [plain]);
          for (const userId of [older, younger]) {
            await later();
            await perform(chatLog, chatId, owner, adding(userId));
          }
          for (const userId of [younger, older]) {
            await perform(chatLog, chatId, owner, { type: 'member.update', userId, role: 'admin' });
          }
          expect(await heirOf(chatId)).toBe(older);
        });

        test('is nobody who has gone', async () => {
          const { chatLog } = subject.store;
          const [owner, gone] = [anId(), anId()];
          const chatId = await createGroup(chatLog, owner, [gone]);
          await perform(chatLog, chatId, gone, { type: 'member.remove', userId: gone, lineId: anId() });
          expect(await heirOf(chatId)).toBeUndefined();
        });
      });

      describe('with known rows', () => {
        /** A group of two and what a writer knows of it. */
        async function knownGroup() {
          const { chatLog } = subject.store;
          const [ann, bob] = [anId(), anId()];
          const chatId = await createGroup(chatLog, ann, [bob]);
          const { chat, members } = await load(chatLog, chatId, { members: [ann] });
          if (!chat) throw new Error('the chat was created');
          return { chatLog, chatId, ann, bob, known: { chat, members } };
        }

        test('takes them as they are, and reads the rest', async () => {
          const { chatLog, chatId, ann, bob, known } = await knownGroup();
          const mine = { ...(known.members.get(ann) as Member), role: 'admin' as const };
          const chat = { ...known.chat, name: 'only in memory' };
          const state = await load(chatLog, chatId, { members: [ann, bob] }, { chat, members: new Map([[ann, mine]]) });
          expect(state.chat).toEqual(chat);
          expect(state.members.get(ann)).toEqual(mine);
          expect(state.members.get(bob)).toMatchObject({ role: 'member' });
        });

        test('leaves what the writer holds alone', async () => {
          const { chatLog, chatId, ann, bob, known } = await knownGroup();
          const before = structuredClone(known);
          const state = await load(chatLog, chatId, { members: [ann, bob] }, known);
          state.members.delete(ann);
          expect(known).toEqual(before);
        });

        test.each<[string, (a: { ann: string; bob: string; message: Message }) => [Command, Partial<Needs>]]>([
          [
            'a message',
            ({ message }) => [
              { type: 'message.edit', messageId: message.id, content: 'edited' },
              { messages: [message.id] },
            ],
          ],
          [
            'a sent message',
            ({ ann, message }) => [
              { type: 'message.edit', messageId: message.id, content: 'edited' },
              { sendKeys: [sendKey(ann, message.clientId)] },
            ],
          ],
          ['a member', ({ bob }) => [{ type: 'member.update', userId: bob, role: 'admin' }, { members: [bob] }]],
          ['the heir', ({ bob }) => [{ type: 'member.update', userId: bob, role: 'admin' }, { heir: true }]],
        ])('reads everything afresh when %s is newer than the known head', async (_, change) => {
          const { chatLog, chatId, ann, bob } = await knownGroup();
          const message = only(await say(chatLog, chatId, ann, 'first'));
          const { chat, members } = await load(chatLog, chatId, { members: [ann] });
          if (!chat) throw new Error('the chat was created');
          const [command, needs] = change({ ann, bob, message });
          await perform(chatLog, chatId, ann, command);
          const state = await load(
            chatLog,
            chatId,
            { ...needs, members: [ann, ...(needs.members ?? [])] },
            { chat, members },
          );
          expect(state.chat?.rev).toBe(chat.rev + 1);
          expect(state.members.get(ann)).toEqual((await load(chatLog, chatId, { members: [ann] })).members.get(ann));
        });
      });
    });

    describe('append', () => {
      test('of nothing answers nothing', () => {
        expect(subject.store.chatLog.append([])).toEqual([]);
      });

      test('stores the images and the changes as they were given', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        const commit = await propose(chatLog, chatId, ann, creation([bob], 'the group'), sending('one', 'two'), {
          type: 'chat.update',
          description: 'what it is for',
          lineId: anId(),
        });
        expect(await appendOne(chatLog, commit)).toBe('stored');
        const state = await load(chatLog, chatId, {
          members: [ann, bob],
          messages: commit.images.messages.map((message) => message.id),
        });
        expect(state.chat).toEqual(commit.images.chat);
        expect([...state.members.values()]).toEqual(expect.arrayContaining([...commit.images.members]));
        expect(await history(subject.store, chatId)).toEqual(commit.images.messages);
        expect(await changesOf(subject.store, chatId)).toEqual(commit.changes);
      });

      test('replaces the rows that a later commit touched', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const [kept, edited, deleted] = await say(chatLog, chatId, ann, 'kept', 'to edit', 'to delete');
        if (!kept || !edited || !deleted) throw new Error('three were sent');
        const commit = await perform(
          chatLog,
          chatId,
          ann,
          { type: 'message.edit', messageId: edited.id, content: 'edited' },
          { type: 'message.delete', messageId: deleted.id },
          { type: 'member.update', userId: bob, role: 'admin' },
        );
        const lines = await history(subject.store, chatId);
        expect(textsOf(lines)).toEqual([null, 'kept', 'edited', null]);
        expect(lines.slice(1)).toEqual([kept, ...(commit?.images.messages ?? [])]);
        expect(lines.at(-1)?.deletedAt).toBe(commit?.at);
        const { members } = await load(chatLog, chatId, { members: [bob] });
        expect(members.get(bob)).toMatchObject({ role: 'admin', rev: 7 });
      });

      test.each(TEXTS.map((text) => [text.slice(0, 12), text]))(
        'gives back exactly what was written: %j',
        async (_, text) => {
          const { chatLog } = subject.store;
          const ann = anId();
          const chatId = anId();
          const draft = aDraft(text, { clientId: [...text].slice(0, 64).join('') });
          await perform(chatLog, chatId, ann, creation([], text.slice(0, 100)), {
            type: 'message.send',
            drafts: [draft],
          });
          const [line, message] = await history(subject.store, chatId);
          expect(line?.system?.name).toBe(text.slice(0, 100));
          expect(message?.content).toBe(text);
          expect(message?.clientId).toBe(draft.clientId);
          expect((await subject.store.chats.find(chatId))?.name).toBe(text.slice(0, 100));
          const sent = (await load(chatLog, chatId, { sendKeys: [sendKey(ann, draft.clientId)] })).sent;
          expect([...sent.values()]).toEqual([message]);
        },
      );

      test('keeps clientIds apart that differ in case or Unicode form alone', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const clientIds = ['a', 'A', 'é', 'e\u0301', 'ß', 'ss', 'ａ', ' a', 'a:a'];
        const all = clientIds.map((clientId) => aDraft(clientId, { clientId }));
        await perform(chatLog, chatId, ann, { type: 'message.send', drafts: all });
        const state = await load(chatLog, chatId, { sendKeys: clientIds.map((clientId) => sendKey(ann, clientId)) });
        expect([...state.sent.values()].map((message) => message.clientId).sort()).toEqual([...clientIds].sort());
        expect([...state.sent].every(([key, message]) => key === sendKey(ann, message.content ?? ''))).toBe(true);
      });

      test('keeps what a reply answers and what a system line says', async () => {
        const { chatLog } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const question = only(await say(chatLog, chatId, ann, 'question'));
        await perform(chatLog, chatId, bob, {
          type: 'message.send',
          drafts: [aDraft('answer', { replyTo: question.id })],
        });
        await perform(chatLog, chatId, ann, adding(cem));
        const lines = await history(subject.store, chatId);
        expect(lines[2]?.replyTo).toEqual({ id: question.id, seq: question.seq });
        expect(lines[3]).toMatchObject({ kind: 'system', content: null, digest: null, senderId: ann });
        expect(lines[3]?.system).toEqual({ type: 'member.added', userIds: [cem], name: null });
      });

      test('of a commit below the head is a conflict that leaves nothing', async () => {
        const { chatLog } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const loser = await propose(chatLog, chatId, ann, sending(...upTo(100).map(String)), adding(cem));
        await say(chatLog, chatId, bob, 'first');
        const before = [await load(chatLog, chatId), await history(subject.store, chatId)];
        expect(await appendOne(chatLog, loser)).toBe('conflict');
        expect([await load(chatLog, chatId), await history(subject.store, chatId)]).toEqual(before);
        expect((await changesOf(subject.store, chatId)).map((change) => change.rev)).toEqual([1, 2]);
        expect(await subject.store.chats.membership(chatId, cem)).toBeNull();
        const [some] = loser.images.messages;
        expect(await subject.store.messages.find(chatId, some?.id ?? '')).toBeNull();
      });

      test('creates a chat once, of two that try', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        const opened = await Promise.all([
          propose(chatLog, chatId, ann, { type: 'chat.open', peerId: bob }),
          propose(chatLog, chatId, bob, { type: 'chat.open', peerId: ann }),
        ]);
        const answers = await Promise.all(opened.map((commit) => appendOne(chatLog, commit)));
        expect([...answers].sort()).toEqual(['conflict', 'stored']);
        expect(only(await changesOf(subject.store, chatId)).actorId).toBe(answers[0] === 'stored' ? ann : bob);
      });

      test('after a conflict a load sees what came in between', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const loser = await propose(chatLog, chatId, ann, sending('late'));
        await perform(chatLog, chatId, ann, { type: 'member.remove', userId: bob, lineId: anId() });
        await appendOne(chatLog, loser);
        const { chat, members } = await load(chatLog, chatId, { members: [bob] });
        expect(chat?.rev).toBe(2);
        expect(members.get(bob)?.active).toBe(false);
      });

      test('answers for each chat on its own', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatIds = ids(5);
        for (const chatId of chatIds) await perform(chatLog, chatId, ann, creation([]));
        const commits = await Promise.all(chatIds.map((chatId) => propose(chatLog, chatId, ann, sending('x', 'y'))));
        await say(chatLog, chatIds[1] as string, ann, 'faster');
        await say(chatLog, chatIds[3] as string, ann, 'faster');
        expect(await Promise.all(chatLog.append(commits))).toEqual([
          'stored',
          'conflict',
          'stored',
          'conflict',
          'stored',
        ]);
        const texts = await Promise.all(
          chatIds.map(async (chatId) => textsOf(await history(subject.store, chatId)).slice(1)),
        );
        expect(texts).toEqual([['x', 'y'], ['faster'], ['x', 'y'], ['faster'], ['x', 'y']]);
      });

      test('of 500 changes stores them all', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const batches = upTo(5).map((): Command => ({ type: 'message.send', drafts: drafts(100) }));
        const commit = await propose(chatLog, chatId, ann, ...batches);
        expect(await appendOne(chatLog, commit)).toBe('stored');
        expect((await expectDense(subject.store, chatId)).slice(1)).toEqual(commit.images.messages);
      });

      test('may be repeated, and stores nothing twice', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const commit = await propose(chatLog, chatId, ann, sending('once', 'and once'));
        const answers = [await appendOne(chatLog, commit), await appendOne(chatLog, commit)];
        answers.push(...(await Promise.all(upTo(5).map(() => appendOne(chatLog, commit)))));
        expect(new Set(answers)).toEqual(new Set(['stored']));
        expect(textsOf(await expectDense(subject.store, chatId))).toEqual([null, 'once', 'and once']);
      });

      test('may be repeated at once, and stores nothing twice', async () => {
        const { chatLog } = subject.store;
        const other = (await subject.second()).chatLog;
        const chatId = anId();
        const commit = await propose(chatLog, chatId, anId(), creation([]), sending('once'));
        const answers = await Promise.all(upTo(10).map((i) => appendOne(i % 2 === 0 ? chatLog : other, commit)));
        expect(new Set(answers)).toEqual(new Set(['stored']));
        await expectDense(subject.store, chatId);
      });

      test('repeated late is still stored, and takes nothing back', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        const commit = await propose(chatLog, chatId, ann, creation([bob], 'old name'), sending('old text'));
        await appendOne(chatLog, commit);
        const message = commit.images.messages[1] as Message;
        await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: message.id, content: 'new text' });
        await perform(chatLog, chatId, ann, { type: 'chat.update', name: 'new name', lineId: anId() });
        await perform(chatLog, chatId, ann, { type: 'member.update', userId: bob, role: 'admin' });
        const needs = { members: [ann, bob], messages: [message.id] };
        const before = [await load(chatLog, chatId, needs), await history(subject.store, chatId)];
        expect(await appendOne(chatLog, commit)).toBe('stored');
        expect([await load(chatLog, chatId, needs), await history(subject.store, chatId)]).toEqual(before);
        await expectDense(subject.store, chatId);
      });

      test('repeated after a restart is still stored', async () => {
        const { chatLog } = subject.store;
        const chatId = anId();
        const commit = await propose(chatLog, chatId, anId(), creation([]), sending('once'));
        await appendOne(chatLog, commit);
        const again = await subject.restart();
        expect(await appendOne(again.chatLog, commit)).toBe('stored');
        await expectDense(again, chatId);
      });

      test('with an image that is older than its row leaves the row as it is', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const message = only(await say(chatLog, chatId, ann, 'before'));
        const member = (await load(chatLog, chatId, { members: [bob] })).members.get(bob) as Member;
        await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: message.id, content: 'after' });
        await perform(chatLog, chatId, ann, { type: 'member.update', userId: bob, role: 'admin' });
        const next = await propose(chatLog, chatId, ann, sending('next'));
        const images = { ...next.images, members: [member], messages: [...next.images.messages, message] };
        expect(await appendOne(chatLog, { ...next, images })).toBe('stored');
        expect(textsOf(await history(subject.store, chatId))).toEqual([null, 'after', 'next']);
        expect((await load(chatLog, chatId, { members: [bob] })).members.get(bob)?.role).toBe('admin');
      });

      test('is there after a restart', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        await say(chatLog, chatId, ann, 'one', 'two');
        const needs = { members: [ann, bob] };
        const seen = async (store: Store) => [
          await load(store.chatLog, chatId, needs),
          await history(store, chatId),
          await changesOf(store, chatId),
        ];
        const before = await seen(subject.store);
        expect(await seen(await subject.restart())).toEqual(before);
      });
    });

    describe('raced', () => {
      const WORKERS = 20;

      /** Logs of two nodes, taken in turn. */
      async function nodes(): Promise<(i: number) => ChatLog> {
        const logs = [subject.store.chatLog, (await subject.second()).chatLog];
        return (i) => logs[i % 2] as ChatLog;
      }

      test('by 20 bare loops loses nothing and doubles nothing', async () => {
        const log = await nodes();
        const workers = ids(WORKERS);
        const chatId = await createGroup(log(0), anId(), workers);
        await Promise.all(
          workers.map(async (worker, i) => {
            for (const k of [1, 2]) await say(log(i), chatId, worker, `${i}.${k} a`, `${i}.${k} b`);
          }),
        );
        const texts = textsOf((await expectDense(subject.store, chatId)).slice(1));
        expect([...texts].sort()).toEqual(
          workers.flatMap((_, i) => [`${i}.1 a`, `${i}.1 b`, `${i}.2 a`, `${i}.2 b`]).sort(),
        );
        for (const [i] of workers.entries()) {
          const own = texts.filter((text) => text?.startsWith(`${i}.`));
          expect(own).toEqual([`${i}.1 a`, `${i}.1 b`, `${i}.2 a`, `${i}.2 b`]);
          expect(texts[texts.indexOf(`${i}.1 a`) + 1]).toBe(`${i}.1 b`);
        }
      });

      test('by 20 writers loses nothing and doubles nothing', async () => {
        const log = await nodes();
        const workers = ids(WORKERS);
        const chatId = await createGroup(log(0), anId(), workers);
        const outcomes = await Promise.all(
          workers.flatMap((worker, i) => {
            const writer = aWriter(log(i));
            return [1, 2, 3].map((k) => writer.submit(chatId, worker, sending(`${i}.${k} a`, `${i}.${k} b`)));
          }),
        );
        const lines = await expectDense(subject.store, chatId);
        const sent = outcomes.flatMap((outcome) => outcome.messages);
        expect(lines.slice(1)).toEqual([...sent].sort((a, b) => a.seq - b.seq));
        expect(sent).toHaveLength(WORKERS * 6);
        for (const { messages } of outcomes) expect((messages[1]?.seq ?? 0) - (messages[0]?.seq ?? 0)).toBe(1);
      });

      test('with one clientId stores one message: 50 submits to one writer', async () => {
        const ann = anId();
        const { chatLog } = subject.store;
        const chatId = await createGroup(chatLog, ann);
        const writer = aWriter(chatLog);
        const outcomes = await Promise.all(
          upTo(50).map(() =>
            writer.submit(chatId, ann, { type: 'message.send', drafts: [aDraft('once', { clientId: 'same' })] }),
          ),
        );
        expect(new Set(outcomes.map((outcome) => only(outcome.messages).id)).size).toBe(1);
        expect(await expectDense(subject.store, chatId)).toHaveLength(2);
      });

      test('with one clientId stores one message: 50 nodes at once', async () => {
        const log = await nodes();
        const ann = anId();
        const chatId = await createGroup(log(0), ann);
        const outcomes = await Promise.all(
          upTo(50).map((i) =>
            aWriter(log(i)).submit(chatId, ann, {
              type: 'message.send',
              drafts: [aDraft('once', { clientId: 'same' })],
            }),
          ),
        );
        expect(new Set(outcomes.map((outcome) => only(outcome.messages).id)).size).toBe(1);
        expect(await expectDense(subject.store, chatId)).toHaveLength(2);
      });

      test('opens a direct chat once, whoever writes first', async () => {
        const log = await nodes();
        const people = [anId(), anId()] as const;
        const chatId = anId();
        await Promise.all(
          upTo(10).map((i) => {
            const [me, peerId] = i % 2 === 0 ? people : [people[1], people[0]];
            return perform(log(i), chatId, me, { type: 'message.send', drafts: [aDraft(`${i}`)], peerId });
          }),
        );
        expect(await expectDense(subject.store, chatId)).toHaveLength(10);
        const changes = await changesOf(subject.store, chatId);
        expect(changes.filter((change) => change.type === 'chat.created')).toHaveLength(1);
      });

      test('keeps the rules: one owner, and as many members as are counted', async () => {
        const log = await nodes();
        const [owner, ...others] = ids(10) as [string, ...string[]];
        const chatId = await createGroup(log(0), owner, others.slice(0, 5));
        const commands: Command[] = others.map((userId, i) =>
          i < 5 ? { type: 'member.update', userId, role: 'owner' } : adding(userId),
        );
        await Promise.allSettled(commands.map((command, i) => perform(log(i), chatId, owner, command)));
        const members = await subject.store.chats.members(chatId, null, 100);
        expect(members.filter(({ member }) => member.role === 'owner')).toHaveLength(1);
        expect(members).toHaveLength(10);
        expect((await subject.store.chats.find(chatId))?.memberCount).toBe(10);
        await expectDense(subject.store, chatId);
      });

      test('several chats at once in shared appends stay whole', async () => {
        const log = await nodes();
        const ann = anId();
        const chatIds = ids(3);
        for (const chatId of chatIds) await perform(log(0), chatId, ann, creation([]));
        await Promise.all(
          upTo(6).map(async (worker) => {
            let left = chatIds;
            while (left.length > 0) {
              const commits = await Promise.all(
                left.map((chatId) => propose(log(worker), chatId, ann, sending(`${worker} a`, `${worker} b`))),
              );
              const answers = await Promise.all(log(worker).append(commits));
              left = left.filter((_, i) => answers[i] === 'conflict');
            }
          }),
        );
        for (const chatId of chatIds) {
          const texts = textsOf((await expectDense(subject.store, chatId)).slice(1));
          expect(texts.filter((_, i) => i % 2 === 0).sort()).toEqual(upTo(6).map((worker) => `${worker} a`));
          expect(texts.filter((_, i) => i % 2 === 1)).toEqual(
            texts.filter((_, i) => i % 2 === 0).map((text) => text?.replace('a', 'b')),
          );
        }
      });
    });

    describe('changesAfter', () => {
      test('gives what came after, in order, and no more than asked for', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const commit = await propose(chatLog, chatId, ann, sending('2', '3', '4'), sending('5'));
        await appendOne(chatLog, commit);
        await say(chatLog, chatId, ann, '6', '7');
        const revs = async (after: number, limit: number) =>
          (await chatLog.changesAfter(chatId, after, limit)).map((change) => change.rev);
        expect(await revs(0, 100)).toEqual([1, 2, 3, 4, 5, 6, 7]);
        expect(await revs(2, 100)).toEqual([3, 4, 5, 6, 7]);
        expect(await revs(2, 2)).toEqual([3, 4]);
        expect(await revs(4, 2)).toEqual([5, 6]);
        expect(await revs(7, 100)).toEqual([]);
        expect(await revs(EVERYTHING, 100)).toEqual([]);
        expect(await chatLog.changesAfter(chatId, 1, 4)).toEqual(commit.changes);
      });

      test('has nothing of a chat that never was, or of another', async () => {
        const { chatLog } = subject.store;
        await createGroup(chatLog, anId());
        expect(await chatLog.changesAfter(anId(), 0, 100)).toEqual([]);
      });
    });

    describe('changesIn', () => {
      test('gives what lies in each range, whichever commits it came in', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const [one, two] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann)];
        await say(chatLog, one, ann, '2', '3', '4');
        await say(chatLog, one, ann, '5');
        await say(chatLog, two, ann, '2', '3');
        const ranges = [
          { chatId: two, afterRev: 1, upTo: 3 },
          { chatId: one, afterRev: 2, upTo: 4 },
          { chatId: anId(), afterRev: 0, upTo: 9 },
          { chatId: one, afterRev: 5, upTo: 5 },
          { chatId: one, afterRev: 0, upTo: 5 },
        ];
        const found = await chatLog.changesIn(ranges);
        expect(found.map((changes) => changes.map(({ rev }) => rev))).toEqual([
          [2, 3],
          [3, 4],
          [],
          [],
          [1, 2, 3, 4, 5],
        ]);
        expect(found[4]).toEqual(await chatLog.changesAfter(one, 0, 9));
        expect(await chatLog.changesIn([])).toEqual([]);
      });

      test('begins with the deletion of a chat that was emptied', async () => {
        const { chatLog } = subject.store;
        const [ann, bob, chatId] = [anId(), anId(), anId()];
        await perform(chatLog, chatId, ann, { type: 'chat.open', peerId: bob });
        await say(chatLog, chatId, ann, '2');
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        await perform(chatLog, chatId, bob, { type: 'chat.open', peerId: ann });
        await purgeAll(chatLog);
        const [changes] = await chatLog.changesIn([{ chatId, afterRev: 0, upTo: 4 }]);
        expect(changes?.map(({ rev, type }) => [rev, type])).toEqual([
          [3, 'chat.deleted'],
          [4, 'chat.created'],
        ]);
      });
    });

    describe('unsettled', () => {
      const idsOf = (commits: readonly Commit[]) => commits.map((commit) => commit.id);
      const pending = (store: Store = subject.store) => store.chatLog.unsettled(-1, 100);

      test('tells of what was stored until it is settled', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const first = await propose(chatLog, anId(), ann, creation([bob]), sending('one', 'two'));
        await appendOne(chatLog, first);
        expect(await pending()).toEqual([first]);
        await later();
        const second = await propose(chatLog, first.chatId, ann, sending('three'));
        await appendOne(chatLog, second);
        expect(idsOf(await pending())).toEqual([first.id, second.id]);
        expect((await pending())[0]).toMatchObject({ ...first, images: {} });
        chatLog.settle([first]);
        expect(await eventually(pending, (commits) => commits.length === 1)).toEqual([second]);
        chatLog.settle([second]);
        await eventually(pending, (commits) => commits.length === 0);
      });

      test('is oldest first, and no more than asked for', async () => {
        const { chatLog } = subject.store;
        const all: string[] = [];
        for (const chatId of ids(4)) {
          all.push((await perform(chatLog, chatId, anId(), creation([])))?.id ?? '');
          await later();
        }
        expect(idsOf(await chatLog.unsettled(-1, 3))).toEqual(all.slice(0, 3));
        expect(idsOf(await pending())).toEqual(all);
      });

      test('leaves out what is younger', async () => {
        await createGroup(subject.store.chatLog, anId());
        expect(await subject.store.chatLog.unsettled(60_000, 100)).toEqual([]);
        expect(await pending()).toHaveLength(1);
      });

      test('knows nothing of a commit that was refused', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const loser = await propose(chatLog, chatId, ann, sending('late'));
        await say(chatLog, chatId, ann, 'first');
        await appendOne(chatLog, loser);
        expect(idsOf(await pending())).not.toContain(loser.id);
      });

      test('remembers over a restart, both what is settled and what is not', async () => {
        const { chatLog } = subject.store;
        const [settled, open] = [
          await propose(chatLog, anId(), anId(), creation([])),
          await propose(chatLog, anId(), anId(), creation([])),
        ];
        await Promise.all(chatLog.append([settled, open]));
        chatLog.settle([settled]);
        await eventually(pending, (commits) => commits.length === 1);
        expect(await pending(await subject.restart())).toEqual([open]);
      });

      test('bears a settle of what is settled, and of what was never stored', async () => {
        const { chatLog } = subject.store;
        const commit = await propose(chatLog, anId(), anId(), creation([]));
        chatLog.settle([commit]);
        expect(await pending()).toEqual([]);
        await appendOne(chatLog, commit);
        chatLog.settle([commit]);
        chatLog.settle([commit]);
        await eventually(pending, (commits) => commits.length === 0);
      });
    });

    describe('purge', () => {
      /** A direct chat of two with some lines, deleted; and what its lines were. */
      async function deletedChat(lines = ['one', 'two', 'three']) {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        await perform(chatLog, chatId, ann, { type: 'chat.open', peerId: bob });
        const all = lines.map((line, i) => aDraft(line, { clientId: `mine ${i}` }));
        const sent = await perform(chatLog, chatId, ann, { type: 'message.send', drafts: all });
        const said = sent?.images.messages ?? [];
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        return { chatLog, chatId, ann, bob, said, floorRev: lines.length + 2 };
      }

      test('has nothing to do where nothing was deleted', async () => {
        const { chatLog } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const message = only(await say(chatLog, chatId, ann, 'stays'));
        await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: message.id, content: 'stays, edited' });
        expect(await chatLog.purge()).toBe(true);
        expect(textsOf(await history(subject.store, chatId))).toEqual([null, 'stays, edited']);
        expect(await changesOf(subject.store, chatId)).toHaveLength(3);
      });

      test('leaves of a message its numbers, its sender and its clientId', async () => {
        const { chatLog, chatId, said, floorRev } = await deletedChat();
        await purgeAll(chatLog);
        const lines = await history(subject.store, chatId);
        expect(lines.map((line) => typeof line.deletedAt)).toEqual(['number', 'number', 'number']);
        expect(lines).toEqual(said.map((message, i) => emptied(message, floorRev, lines[i]?.deletedAt ?? 0)));
      });

      test('leaves of a group no name and no text', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        await perform(chatLog, chatId, ann, creation([bob], 'a telling name'));
        const question = only(await say(chatLog, chatId, ann, 'question'));
        await perform(chatLog, chatId, bob, {
          type: 'message.send',
          drafts: [aDraft('answer', { replyTo: question.id })],
        });
        await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: question.id, content: 'edited' });
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        await purgeAll(chatLog);
        const lines = await history(subject.store, chatId);
        expect(lines.map((line) => line.kind)).toEqual(['system', 'text', 'text']);
        for (const line of lines) {
          expect(line).toMatchObject({
            rev: 5,
            content: null,
            digest: null,
            replyTo: null,
            system: null,
            editedAt: null,
          });
        }
      });

      test('drops the changes below the floor', async () => {
        const { chatLog, chatId, floorRev } = await deletedChat();
        await purgeAll(chatLog);
        const changes = await changesOf(subject.store, chatId);
        expect(changes.map(({ rev, type }) => [rev, type])).toEqual([[floorRev, 'chat.deleted']]);
        expect(await chatLog.purge()).toBe(true);
      });

      test('touches neither another chat nor what was written after the chat was opened again', async () => {
        const { chatLog, chatId, ann, bob } = await deletedChat();
        const elsewhere = await createGroup(chatLog, ann);
        await say(chatLog, elsewhere, ann, 'elsewhere');
        await perform(chatLog, chatId, bob, { type: 'message.send', drafts: [aDraft('again')], peerId: ann });
        await purgeAll(chatLog);
        expect(textsOf(await history(subject.store, chatId))).toEqual([null, null, null, 'again']);
        expect(textsOf(await history(subject.store, elsewhere))).toEqual([null, 'elsewhere']);
        expect((await changesOf(subject.store, chatId)).map((change) => change.rev)).toEqual([5, 6, 7]);
        expect(await subject.store.chats.find(chatId)).toMatchObject({ live: true, rev: 7, seq: 4, n: 4, floorSeq: 3 });
      });

      test('goes on from the last floor when the chat is deleted again', async () => {
        const { chatLog, chatId, ann, bob } = await deletedChat();
        await purgeAll(chatLog);
        await perform(chatLog, chatId, bob, { type: 'message.send', drafts: [aDraft('again')], peerId: ann });
        await perform(chatLog, chatId, bob, { type: 'chat.delete' });
        await purgeAll(chatLog);
        const lines = await history(subject.store, chatId);
        expect(textsOf(lines)).toEqual([null, null, null, null]);
        expect(lines.at(-1)?.rev).toBe(8);
        expect((await changesOf(subject.store, chatId)).map((change) => change.rev)).toEqual([8]);
      });

      test('leaves a repeated clientId known for ever', async () => {
        const { chatLog, chatId, ann, bob, said } = await deletedChat();
        await purgeAll(chatLog);
        const [first] = said as [Message, ...Message[]];
        const again = aDraft('anything', { clientId: first.clientId });
        const writer = aWriter(chatLog);
        await writer.submit(chatId, ann, { type: 'message.send', drafts: [aDraft('new')], peerId: bob });
        const { changes, messages } = await writer.submit(chatId, ann, { type: 'message.send', drafts: [again] });
        expect(changes).toEqual([]);
        expect(only(messages)).toMatchObject({ id: first.id, seq: first.seq, content: null });
        expect(textsOf(await history(subject.store, chatId))).toEqual([null, null, null, 'new']);
      });

      test('is not undone by a commit that is appended once more', async () => {
        const { chatLog } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = anId();
        const commit = await propose(chatLog, chatId, ann, { type: 'chat.open', peerId: bob }, sending('gone'));
        await appendOne(chatLog, commit);
        await perform(chatLog, chatId, ann, { type: 'chat.delete' });
        await purgeAll(chatLog);
        expect(await appendOne(chatLog, commit)).toBe('stored');
        expect(textsOf(await history(subject.store, chatId))).toEqual([null]);
        expect((await subject.store.chats.find(chatId))?.live).toBe(false);
      });

      test('empties a long chat whole', async () => {
        const many = upTo(499).map((i) => `line ${i}`);
        const { chatLog, chatId, ann, bob } = await deletedChat(many);
        await perform(chatLog, chatId, bob, { type: 'message.send', drafts: drafts(100), peerId: ann });
        await perform(chatLog, chatId, bob, { type: 'chat.delete' });
        await purgeAll(chatLog);
        const lines = await history(subject.store, chatId);
        expect(lines).toHaveLength(599);
        expect(lines.every((line) => line.content === null && line.digest === null)).toBe(true);
        expect(await changesOf(subject.store, chatId)).toHaveLength(1);
      });
    });
  });
}

import { describe, expect, test } from '@jest/globals';
import type { MessagePage } from '../../src/application/ports/persistence.ts';
import { effectiveMark } from '../../src/domain/chat.ts';
import type { Command } from '../../src/domain/decide.ts';
import type { Message } from '../../src/domain/message.ts';
import { anId, ids } from '../support/builders.ts';
import { createGroup, only, perform, say, sending } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

const EVERYTHING = { rev: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Proves the promises of MessageRepository. */
export function messageRepositorySuite(harness: StoreHarness): void {
  describe(`MessageRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const rename = (name: string): Command => ({ type: 'chat.update', name, lineId: anId() });
    const erase = (message: Message): Command => ({ type: 'message.delete', messageId: message.id });

    test('finds a message by its id, in its own chat alone', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const [here, there] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann)];
      const message = only(await say(chatLog, here, ann, 'here'));
      expect(await messages.find(here, message.id)).toEqual(message);
      expect(await messages.find(there, message.id)).toBeNull();
      expect(await messages.find(anId(), message.id)).toBeNull();
      expect(await messages.find(here, anId())).toBeNull();
    });

    test('finds many by their ids, and leaves out what is not there', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const [here, there] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann)];
      const mine = await say(chatLog, here, ann, 'one', 'two', 'three');
      const other = only(await say(chatLog, there, ann, 'there'));
      const found = await messages.findMany(
        here,
        [...mine.slice(1), other].map((message) => message.id).concat(anId()),
      );
      expect([...found].sort((a, b) => a.seq - b.seq)).toEqual(mine.slice(1));
      expect(await messages.findMany(here, [])).toEqual([]);
      expect(await messages.findMany(anId(), [other.id])).toEqual([]);
    });

    test('finds many by their ids over many chats, each in its own alone', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const [here, there] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann)];
      const [one, two] = [only(await say(chatLog, here, ann, 'one')), only(await say(chatLog, there, ann, 'two'))];
      const found = await messages.findIn([
        { chatId: here, messageId: one.id },
        { chatId: there, messageId: two.id },
        { chatId: there, messageId: anId() },
        { chatId: anId(), messageId: two.id },
      ]);
      expect(found.map(({ content }) => content).sort()).toEqual(['one', 'two']);
      expect(found).toContainEqual(one);
      expect(await messages.findIn([{ chatId: there, messageId: one.id }])).toEqual([]);
      expect(await messages.findIn([])).toEqual([]);
    });

    describe('page', () => {
      /** A group with lines 1 to 10, and beside it others with lines of their own. */
      async function tenLines() {
        const { chatLog, messages } = subject.store;
        const ann = anId();
        const [before, chatId, after] = [
          await createGroup(chatLog, ann),
          await createGroup(chatLog, ann),
          await createGroup(chatLog, ann),
        ];
        for (const chat of [before, chatId, after])
          await say(chatLog, chat, ann, '2', '3', '4', '5', '6', '7', '8', '9', '10');
        const page = async (with_: Partial<MessagePage>) =>
          (await messages.page(chatId, { above: 0, upTo: 10, order: 'asc', limit: 100, ...with_ })).map(
            ({ seq }) => seq,
          );
        return { chatLog, messages, ann, chatId, page };
      }

      test('goes both ways', async () => {
        const { page } = await tenLines();
        expect(await page({ order: 'asc' })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(await page({ order: 'desc' })).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      });

      test('keeps to its bounds: above the one, up to and with the other', async () => {
        const { page } = await tenLines();
        expect(await page({ above: 3, upTo: 6 })).toEqual([4, 5, 6]);
        expect(await page({ above: 3, upTo: 6, order: 'desc' })).toEqual([6, 5, 4]);
        expect(await page({ above: 9 })).toEqual([10]);
        expect(await page({ above: 10 })).toEqual([]);
        expect(await page({ above: 6, upTo: 6 })).toEqual([]);
        expect(await page({ above: 7, upTo: 3 })).toEqual([]);
        expect(await page({ upTo: 0 })).toEqual([]);
      });

      test('bears bounds beyond every line', async () => {
        const { page } = await tenLines();
        const far = Number.MAX_SAFE_INTEGER;
        expect(await page({ upTo: far })).toHaveLength(10);
        expect(await page({ upTo: far, order: 'desc', limit: 1 })).toEqual([10]);
        expect(await page({ above: far - 1, upTo: far })).toEqual([]);
        expect(await page({ above: 2 ** 32, upTo: far })).toEqual([]);
        expect(await page({ above: 2 ** 31, upTo: far })).toEqual([]);
        expect(await page({ above: -1, upTo: -1 })).toEqual([]);
        expect(await page({ above: -5 })).toHaveLength(10);
      });

      test('keeps to its limit, from the end where it begins', async () => {
        const { page } = await tenLines();
        expect(await page({ limit: 3 })).toEqual([1, 2, 3]);
        expect(await page({ limit: 3, order: 'desc' })).toEqual([10, 9, 8]);
        expect(await page({ above: 4, limit: 2 })).toEqual([5, 6]);
        expect(await page({ upTo: 4, limit: 2, order: 'desc' })).toEqual([4, 3]);
        expect(await page({ limit: 0 })).toEqual([]);
      });

      test('of a chat that never was is empty', async () => {
        const { messages } = await tenLines();
        expect(await messages.page(anId(), { above: 0, upTo: 10, order: 'asc', limit: 100 })).toEqual([]);
      });

      test('has system lines and tombstones in their places, and edits as they are now', async () => {
        const { chatLog, messages, ann, chatId } = await tenLines();
        const lines = await messages.page(chatId, { above: 0, upTo: 10, order: 'asc', limit: 100 });
        const commit = await perform(
          chatLog,
          chatId,
          ann,
          erase(lines[4] as Message),
          { type: 'message.edit', messageId: lines[6]?.id ?? '', content: 'edited' },
          rename('renamed'),
        );
        const now = await messages.page(chatId, { above: 0, upTo: 11, order: 'asc', limit: 100 });
        const [erased, edited, line] = commit?.images.messages ?? [];
        expect(now).toEqual([...lines.slice(0, 4), erased, lines[5], edited, ...lines.slice(7), line]);
        expect(erased).toMatchObject({ content: null, seq: 5, deletedAt: commit?.at });
        expect(edited).toMatchObject({ content: 'edited', seq: 7, editedAt: commit?.at });
      });
    });

    test('finds lines by their places, over many chats', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const chatIds: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        chatIds.push(await createGroup(chatLog, ann));
        await say(chatLog, chatIds[i] as string, ann, `a ${i}`, `b ${i}`);
      }
      const places = chatIds.map((chatId, i) => ({ chatId, seq: i === 0 ? 4 : i === 1 ? 2 : 3 }));
      const found = await messages.at([
        ...places,
        { chatId: anId(), seq: 1 },
        { chatId: chatIds[0] as string, seq: 0 },
      ]);
      expect(found.map((message) => message.content).sort()).toEqual(['a 1', 'b 2', 'b 3', 'b 4']);
      expect(found.every((message) => places.some((p) => p.chatId === message.chatId && p.seq === message.seq))).toBe(
        true,
      );
      expect(await messages.at([])).toEqual([]);
    });

    test('counts the lines of people up to a place', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const chatId = await createGroup(chatLog, ann);
      await perform(chatLog, chatId, ann, sending('2', '3'), rename('4'), rename('5'), sending('6'));
      const counts = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7, Number.MAX_SAFE_INTEGER].map((seq) => messages.countUpTo(chatId, seq)),
      );
      expect(counts).toEqual([0, 0, 1, 2, 2, 2, 3, 3, 3]);
      expect(await messages.countUpTo(chatId, -1)).toBe(0);
      expect(await messages.countUpTo(anId(), 5)).toBe(0);
    });

    describe('what is not unread', () => {
      test('is one’s own lines and others’ deleted ones, above the mark', async () => {
        const { chatLog, messages } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        await say(chatLog, chatId, ann, '2');
        const [early, late] = [
          only(await say(chatLog, chatId, bob, '3')),
          (await say(chatLog, chatId, bob, '4', '5'))[1] as Message,
        ];
        const own = only(await say(chatLog, chatId, ann, '6'));
        await say(chatLog, chatId, ann, '7');
        await perform(chatLog, chatId, bob, erase(early), erase(late));
        await perform(chatLog, chatId, ann, erase(own));
        const counted = async (userId: string, above: number) =>
          (await messages.countNotUnread(userId, [{ chatId, above, head: EVERYTHING }])).get(chatId) ?? 0;
        expect(await Promise.all([0, 2, 3, 5, 6, 7].map((above) => counted(ann, above)))).toEqual([5, 4, 3, 2, 1, 0]);
        expect(await Promise.all([0, 2, 3, 5, 6, 7].map((above) => counted(bob, above)))).toEqual([4, 4, 3, 1, 0, 0]);
        expect(await counted(anId(), 0)).toBe(3);
      });

      test('is counted as of a head: what was written or deleted after it is not there yet', async () => {
        const { chatLog, messages } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const [early] = (await say(chatLog, chatId, bob, '2', '3')) as [Message, Message];
        await say(chatLog, chatId, ann, '4');
        await perform(chatLog, chatId, bob, erase(early)); // rev 5
        await say(chatLog, chatId, ann, '5'); // rev 6
        const asOf = async (rev: number, seq: number) =>
          (await messages.countNotUnread(ann, [{ chatId, above: 0, head: { rev, seq } }])).get(chatId) ?? 0;
        expect(await Promise.all([asOf(3, 3), asOf(4, 4), asOf(5, 4), asOf(6, 5)])).toEqual([0, 1, 2, 3]);
      });

      test('is no system line, whoever caused it', async () => {
        const { chatLog, messages } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        await perform(chatLog, chatId, ann, rename('new name'));
        expect((await messages.countNotUnread(ann, [{ chatId, above: 0, head: EVERYTHING }])).get(chatId) ?? 0).toBe(0);
      });

      test('is counted for many chats at once, each from its own mark', async () => {
        const { chatLog, messages } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatIds = ids(6);
        for (const chatId of chatIds) {
          await perform(chatLog, chatId, ann, { type: 'chat.open', peerId: bob });
          await say(chatLog, chatId, ann, '1', '2', '3');
          await say(chatLog, chatId, bob, '4');
        }
        const queries = [...chatIds.entries()].map(([i, chatId]) => ({ chatId, above: i, head: EVERYTHING }));
        const counts = await messages.countNotUnread(ann, [...queries, { chatId: anId(), above: 0, head: EVERYTHING }]);
        expect(chatIds.map((chatId) => counts.get(chatId) ?? 0)).toEqual([3, 2, 1, 0, 0, 0]);
        expect(await messages.countNotUnread(ann, [])).toEqual(new Map());
      });

      test('is counted over hundreds of lines, from any mark', async () => {
        const { chatLog, messages } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const [chatId, beside] = [
          await createGroup(chatLog, ann, [bob, cem]),
          await createGroup(chatLog, bob, [ann, cem]),
        ];
        const texts = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
        for (const [sender, count] of [
          [ann, 70],
          [bob, 60],
          [ann, 1],
          [cem, 100],
          [bob, 100],
          [ann, 99],
        ] as const) {
          await say(chatLog, chatId, sender, ...texts(count));
          await say(chatLog, beside, sender, ...texts(count));
        }
        const lines = await messages.page(chatId, { above: 0, upTo: 1_000, order: 'asc', limit: 1_000 });
        expect(lines).toHaveLength(431);
        const own = (userId: string, above: number) =>
          lines.filter((line) => line.seq > above && line.kind === 'text' && line.senderId === userId).length;
        for (const userId of [ann, bob, cem, anId()]) {
          for (const above of [0, 1, 63, 71, 100, 127, 128, 129, 200, 255, 256, 257, 383, 384, 385, 430, 431, 500]) {
            const counts = await messages.countNotUnread(userId, [{ chatId, above, head: EVERYTHING }]);
            expect([above, counts.get(chatId) ?? 0]).toEqual([above, own(userId, above)]);
          }
        }
      });

      test('taken off makes the unread count exact, from any mark', async () => {
        const { chatLog, chats, messages } = subject.store;
        const people = ids(3);
        const chatId = await createGroup(chatLog, people[0] as string, people.slice(1));
        for (let i = 0; i < 12; i += 1) {
          const sender = people[(i * 5) % 3] as string;
          const [message] = await say(chatLog, chatId, sender, `${i}`);
          if (i % 4 === 1 && message) await perform(chatLog, chatId, sender, erase(message));
          if (i % 5 === 2) await perform(chatLog, chatId, sender, rename(`${i}`));
        }
        const { chat } = await chatLog.load(chatId, { members: [], messages: [], sendKeys: [], heir: false }, null);
        if (!chat) throw new Error('the chat was created');
        const lines = await messages.page(chatId, { above: 0, upTo: chat.seq, order: 'asc', limit: 100 });
        for (const userId of people) {
          for (let seq = 0; seq <= chat.seq; seq += 3) {
            const n = await messages.countUpTo(chatId, seq);
            const member = (await chats.membership(chatId, userId))?.member;
            const mark = member && effectiveMark(chat, member, { seq, n });
            if (!mark) throw new Error('he is a member');
            const excepted = await messages.countNotUnread(userId, [{ chatId, above: mark.seq, head: chat }]);
            const unread = lines.filter(
              (line) =>
                line.seq > mark.seq && line.kind === 'text' && line.senderId !== userId && line.deletedAt === null,
            );
            expect(chat.n - mark.n - (excepted.get(chatId) ?? 0)).toBe(unread.length);
          }
        }
      });
    });

    test('gives back the same after a restart', async () => {
      const { chatLog } = subject.store;
      const ann = anId();
      const chatId = await createGroup(chatLog, ann);
      const sent = await say(chatLog, chatId, ann, 'one', 'two');
      const { messages } = await subject.restart();
      expect(await messages.page(chatId, { above: 1, upTo: 3, order: 'asc', limit: 10 })).toEqual(sent);
    });
  });
}

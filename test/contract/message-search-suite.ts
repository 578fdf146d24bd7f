import { describe, expect, test } from '@jest/globals';
import type { MessagePage } from '../../src/application/ports/persistence.ts';
import type { MessageFilter } from '../../src/domain/message.ts';
import { aDraft, anId } from '../support/builders.ts';
import { createGroup, only, perform, say } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Proves what MessageRepository promises of searching and of earlier texts. */
export function messageSearchSuite(harness: StoreHarness): void {
  describe(`Searching messages on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    /** A group whose line 1 tells of its creation, with these messages of Ann's and Bob's in turn after it. */
    async function aChat(...texts: string[]) {
      const { chatLog, messages } = subject.store;
      const people = [anId(), anId()] as const;
      const [chatId, beside] = [
        await createGroup(chatLog, people[0], [people[1]]),
        await createGroup(chatLog, people[0], [people[1]]),
      ];
      for (const [i, text] of texts.entries()) {
        for (const chat of [chatId, beside]) await say(chatLog, chat, people[i % 2] as string, text);
      }
      const search = async (filter: MessageFilter, page: Partial<MessagePage> = {}) => {
        const asked = { above: 0, upTo: Number.MAX_SAFE_INTEGER, order: 'asc', limit: 100, ...page } as const;
        return (await messages.search(chatId, asked, filter)).map(({ seq }) => seq);
      };
      return { chatId, people, search };
    }

    test('finds the whole text exactly', async () => {
      const { search } = await aChat('Hello', 'hello', 'Hello!', 'Hello');
      expect(await search({ content: 'Hello' })).toEqual([2, 5]);
      expect(await search({ content: 'HELLO' })).toEqual([]);
      expect(await search({ content: '' })).toEqual([]);
    });

    test('finds a part of the text whatever the case, in any script', async () => {
      const { search } = await aChat(
        'Straße',
        'STRASSE',
        'ΟΔΥΣΣΕΥΣ',
        'οδυσσευς',
        'Прага',
        'пРАГА',
        'ﬁne',
        'cafe\u0301',
      );
      expect(await search({ contentLike: 'strass' })).toEqual([2, 3]);
      expect(await search({ contentLike: 'σσευς' })).toEqual([4, 5]);
      expect(await search({ contentLike: 'РАГ' })).toEqual([6, 7]);
      expect(await search({ contentLike: 'FINE' })).toEqual([8]);
      expect(await search({ contentLike: 'CAFÉ' })).toEqual([9]);
      expect(await search({ contentLike: '' })).toHaveLength(8);
    });

    test('lets others have their turn, however long it takes to fold the texts', async () => {
      const { search } = await aChat(...Array<string>(12).fill('\ufdfa'.repeat(4_000)));
      const spent = () => process.cpuUsage().user;
      const [began, turns] = [spent(), [spent()]];
      const watch = () => turns.push(spent());
      const watching = setInterval(watch);
      expect(await search({ contentLike: 'not there' })).toEqual([]);
      clearInterval(watching);
      watch();
      const longest = Math.max(...turns.map((at, i) => at - (turns[i - 1] ?? at)));
      expect(longest).toBeLessThan((spent() - began) / 2);
    });

    test('finds a sigma wherever it stands', async () => {
      const { search } = await aChat('οδός', 'οδοσα', 'ΟΔΟΣ', 'Η ΟΔΟΣ μου');
      expect(await search({ contentLike: 'ΟΔΟΣ' })).toEqual([3, 4, 5]);
      expect(await search({ contentLike: 'οδος' })).toEqual([3, 4, 5]);
    });

    test.each(['%', '_', '.', '.*', '\\', '[a-z]', '$', '^', '(', "'", '"', '*'])('%s has no power', async (sign) => {
      const { search } = await aChat('plain', `with ${sign} in it`);
      expect(await search({ contentLike: sign })).toEqual([3]);
      expect(await search({ content: sign })).toEqual([]);
    });

    test('finds what one person wrote, and each condition narrows the other', async () => {
      const { people, search } = await aChat('one', 'one', 'two', 'two', 'one');
      expect(await search({ senderId: people[1] })).toEqual([3, 5]);
      expect(await search({ senderId: people[0], contentLike: 'ON' })).toEqual([2, 6]);
      expect(await search({ senderId: people[0], content: 'two', contentLike: 'w' })).toEqual([4]);
      expect(await search({ senderId: anId() })).toEqual([]);
    });

    test('keeps to the bounds, the order and the limit of the page', async () => {
      const { search } = await aChat('a', 'a', 'b', 'a', 'a');
      expect(await search({ content: 'a' }, { order: 'desc' })).toEqual([6, 5, 3, 2]);
      expect(await search({ content: 'a' }, { order: 'desc', limit: 2 })).toEqual([6, 5]);
      expect(await search({ content: 'a' }, { above: 2, upTo: 5 })).toEqual([3, 5]);
      expect(await search({ content: 'a' }, { limit: 1 })).toEqual([2]);
      expect(await search({ content: 'a' }, { limit: 0 })).toEqual([]);
      expect(await search({ content: 'a' }, { above: 6 })).toEqual([]);
    });

    test('finds an edited text as it is now, and no word of a tombstone', async () => {
      const { chatLog, messages } = subject.store;
      const { chatId, people, search } = await aChat('first', 'first');
      const [edited, erased] = await messages.page(chatId, { above: 1, upTo: 3, order: 'asc', limit: 2 });
      await perform(chatLog, chatId, people[0], {
        type: 'message.edit',
        messageId: edited?.id ?? '',
        content: 'second',
      });
      await perform(chatLog, chatId, people[1], { type: 'message.delete', messageId: erased?.id ?? '' });
      expect(await search({ contentLike: 'first' })).toEqual([]);
      expect(await search({ contentLike: 'SECOND' })).toEqual([2]);
      expect(await search({ senderId: people[1] })).toEqual([3]);
    });

    test('finds the few among many, both ways', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const chatId = await createGroup(chatLog, ann);
      const texts = Array.from({ length: 1_200 }, (_, i) => (i % 400 === 7 ? `needle ${i}` : `straw ${i}`));
      for (let i = 0; i < texts.length; i += 300) {
        const drafts = texts.slice(i, i + 300).map((text) => aDraft(text));
        await perform(chatLog, chatId, ann, { type: 'message.send', drafts });
      }
      const page = { above: 0, upTo: 1_201, limit: 10 };
      const found = await messages.search(chatId, { ...page, order: 'asc' }, { contentLike: 'Needle' });
      expect(found.map(({ content }) => content)).toEqual(['needle 7', 'needle 407', 'needle 807']);
      const back = await messages.search(chatId, { ...page, order: 'desc', limit: 2 }, { contentLike: 'Needle' });
      expect(back.map(({ content }) => content)).toEqual(['needle 807', 'needle 407']);
    });
  });

  describe(`Earlier texts on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    test('are kept with the message, and go with it', async () => {
      const { chatLog, messages } = subject.store;
      const ann = anId();
      const chatId = await createGroup(chatLog, ann);
      const { id, createdAt } = only(await say(chatLog, chatId, ann, 'first'));
      const edited = await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: id, content: 'second' });
      const at = edited?.at ?? 0;
      await perform(chatLog, chatId, ann, { type: 'message.edit', messageId: id, content: 'third' });
      const earlier = [
        { content: 'first', at: createdAt },
        { content: 'second', at },
      ];
      expect(await messages.find(chatId, id)).toMatchObject({ content: 'third', earlier });
      const restarted = await subject.restart();
      expect(await restarted.messages.find(chatId, id)).toMatchObject({ earlier });
      await perform(restarted.chatLog, chatId, ann, { type: 'message.delete', messageId: id });
      expect(await restarted.messages.find(chatId, id)).toMatchObject({ content: null, earlier: [] });
    });
  });
}

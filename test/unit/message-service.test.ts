import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { HistoryQuery } from '../../src/application/message-service.ts';
import type { Actor } from '../../src/domain/session.ts';
import { anId } from '../support/builders.ts';
import { only, say } from '../support/chat-actions.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

let app: UseCases;
let ann: Actor;
let bob: Actor;
/** Nobody knows him. */
let sam: Actor;
/** Ann's group with Bob. Its first line tells of its creation. */
let chatId: string;

beforeEach(async () => {
  app = await openUseCases();
  [ann, bob, sam] = await Promise.all([app.newActor(), app.newActor(), app.newActor()]);
  chatId = (await app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId] })).chat.id;
});

afterEach(() => app.store.close());

const send = async (who: Actor, content: string, with_: { clientId?: string; replyTo?: string | null } = {}) => {
  const { messages, stored } = await app.messages.send(who, chatId, [{ content, ...with_ }]);
  return { message: only([...messages]), stored };
};

const seqsOf = async (query: HistoryQuery) =>
  (await app.messages.page(ann, chatId, query)).items.map((message) => message.seq);

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('sending', () => {
  test('stores the text without the blanks around it, under its own id where no clientId was given', async () => {
    const { message, stored } = await send(ann, '  hello\n ');
    expect(stored).toBe(true);
    expect(message).toMatchObject({ senderId: ann.userId, content: 'hello', seq: 2, n: 1, replyTo: null });
    expect(message.clientId).toBe(message.id);
    expect(await app.messages.get(bob, chatId, message.id)).toEqual(message);
  });

  test('the same again under one clientId is answered with what was stored', async () => {
    const first = await send(ann, 'hello', { clientId: 'mine' });
    expect(await send(ann, ' hello ', { clientId: 'mine', replyTo: null })).toEqual({ ...first, stored: false });
  });

  test('the same again is answered with the message as it is now', async () => {
    const { message } = await send(ann, 'hello', { clientId: 'mine' });
    await app.messages.edit(ann, chatId, message.id, 'hello, all');
    expect((await send(ann, 'hello', { clientId: 'mine' })).message.content).toBe('hello, all');
  });

  test('other content or another reply under one clientId is refused', async () => {
    const { message } = await send(ann, 'hello', { clientId: 'mine' });
    for (const [content, replyTo] of [
      ['Hello', null],
      ['hello', message.id],
    ] as const) {
      await expect(send(ann, content, { clientId: 'mine', replyTo })).rejects.toMatchObject({
        code: 'CLIENT_ID_REUSED',
      });
    }
  });

  test('several at once keeps their order, and is stored if any of them is new', async () => {
    const [one, two] = [
      { content: 'one', clientId: '1' },
      { content: 'two', clientId: '2' },
    ];
    await app.messages.send(ann, chatId, [two]);
    const { messages, stored } = await app.messages.send(ann, chatId, [one, two]);
    expect([messages.map((message) => message.content), stored]).toEqual([['one', 'two'], true]);
    expect((await app.messages.send(ann, chatId, [one, two])).stored).toBe(false);
  });

  test('to a stranger’s chat is sending to none', async () => {
    await expect(send(sam, 'hello')).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' });
  });

  test('to no message of the chat is no reply', async () => {
    await expect(send(ann, 'indeed', { replyTo: anId() })).rejects.toMatchObject({ code: 'REPLY_TARGET_UNKNOWN' });
  });

  test('names everything that is wrong with a message', async () => {
    await expect(send(ann, ' ', { clientId: 'a'.repeat(65) })).rejects.toMatchObject({
      problems: [
        { path: '/content', message: 'must not be blank' },
        { path: '/clientId', message: 'must have at most 64 characters' },
      ],
    });
  });

  test('names everything that is wrong with several, and stores none of them', async () => {
    const batch = [{ content: 'fine' }, { content: 'a'.repeat(4001) }, { content: 'fine', clientId: ' ' }];
    await expect(app.messages.send(ann, chatId, batch)).rejects.toMatchObject({
      problems: [
        { path: '/messages/1/content', message: 'must have at most 4000 characters' },
        { path: '/messages/2/clientId', message: 'must not be blank' },
      ],
    });
    expect(await seqsOf({ limit: 10 })).toEqual([1]);
  });
});

describe('sending to a person', () => {
  const sendTo = async (peer: Actor, content: string, clientId: string) => {
    const { messages, stored } = await app.messages.sendTo(ann, peer.userId, [{ content, clientId }]);
    return { message: only([...messages]), stored };
  };

  test('opens the direct chat with him, once', async () => {
    const first = await sendTo(bob, 'hello', '1');
    const second = await sendTo(bob, 'are you there?', '2');
    expect([first.message.seq, second.message.seq]).toEqual([1, 2]);
    expect(second.message.chatId).toBe(first.message.chatId);
    expect((await app.chats.openDirect(bob, ann.userId)).chat).toMatchObject({
      chat: { id: first.message.chatId },
      unreadCount: 2,
    });
  });

  test('again after he deleted the chat opens it again', async () => {
    const { message } = await sendTo(bob, 'hello', '1');
    await app.chats.delete(bob, message.chatId);
    const again = await sendTo(bob, 'are you there?', '2');
    expect(again.message).toMatchObject({ chatId: message.chatId, seq: 2 });
    const { items } = await app.messages.page(bob, message.chatId, { limit: 10 });
    expect(items.map((line) => line.content)).toEqual(['are you there?']);
  });

  test('the same again after he deleted the chat sends nothing, and shows no word of what is gone', async () => {
    const { message } = await sendTo(bob, 'hello', '1');
    await app.chats.delete(bob, message.chatId);
    const again = await sendTo(bob, 'hello', '1');
    expect(again.stored).toBe(false);
    expect(again.message).toMatchObject({ id: message.id, seq: 1, content: null, deletedAt: expect.any(Number) });
    const chat = await app.store.chats.find(message.chatId);
    expect(chat).toMatchObject({ live: false, floorRev: again.message.rev, updatedAt: again.message.deletedAt });
  });

  test.each([
    ['oneself', 'CHAT_WITH_ONESELF', () => ann.userId],
    ['nobody', 'USERS_UNKNOWN', anId],
  ])('who is %s is refused', async (_, code, peerId) => {
    await expect(app.messages.sendTo(ann, peerId(), [{ content: 'hello' }])).rejects.toMatchObject({ code });
  });

  test('checks the text before it looks for him', async () => {
    await expect(app.messages.sendTo(ann, anId(), [{ content: '' }])).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
  });
});

describe('history', () => {
  beforeEach(async () => {
    const texts = numbers(2, 10).map((seq) => ({ content: `line ${seq}` }));
    await app.messages.send(ann, chatId, texts);
  });

  test.each<[string, HistoryQuery, number[]]>([
    ['is newest first', { limit: 3 }, [10, 9, 8]],
    ['is oldest first on request', { limit: 3, order: 'asc' }, [1, 2, 3]],
    ['before a line', { limit: 3, before: 5 }, [4, 3, 2]],
    ['before a line, oldest first', { limit: 3, before: 5, order: 'asc' }, [1, 2, 3]],
    ['before the first line', { limit: 3, before: 1 }, []],
    ['before what is far ahead', { limit: 3, before: 999 }, [10, 9, 8]],
    ['after a line, oldest first unless asked otherwise', { limit: 3, after: 5 }, [6, 7, 8]],
    ['after a line, newest first', { limit: 3, after: 5, order: 'desc' }, [10, 9, 8]],
    ['after the last line', { limit: 3, after: 10 }, []],
    ['after nothing', { limit: 3, after: 0 }, [1, 2, 3]],
    ['around a line', { limit: 5, around: 5 }, [7, 6, 5, 4, 3]],
    ['around a line, oldest first', { limit: 4, around: 5, order: 'asc' }, [3, 4, 5, 6]],
    ['around the first line', { limit: 4, around: 1, order: 'asc' }, [1, 2]],
    ['around the last line', { limit: 4, around: 10, order: 'asc' }, [8, 9, 10]],
    ['around what is far ahead', { limit: 4, around: 999, order: 'asc' }, [9, 10]],
    ['around a line and nothing else', { limit: 1, around: 5 }, [5]],
  ])('%s', async (_, query, seqs) => {
    expect(await seqsOf(query)).toEqual(seqs);
  });

  test.each<[string, Omit<HistoryQuery, 'limit'>, number[]]>([
    ['oldest first', { order: 'asc' }, numbers(1, 10)],
    ['newest first', { order: 'desc' }, numbers(1, 10).reverse()],
    ['oldest first, before a line', { order: 'asc', before: 7 }, numbers(1, 6)],
    ['newest first, before a line', { order: 'desc', before: 7 }, numbers(1, 6).reverse()],
    ['oldest first, after a line', { order: 'asc', after: 3 }, numbers(4, 10)],
    ['newest first, after a line', { order: 'desc', after: 3 }, numbers(4, 10).reverse()],
  ])('goes page by page, each line once, within what was asked for: %s', async (_, first, all) => {
    for (let limit = 1; limit <= 11; limit += 1) {
      const seen: number[] = [];
      for (let query: HistoryQuery | null = { limit, ...first }; query; ) {
        const { items, nextCursor } = await app.messages.page(ann, chatId, query);
        seen.push(...items.map((message) => message.seq));
        query = nextCursor === null ? null : { limit, cursor: nextCursor };
      }
      expect(seen).toEqual(all);
    }
  });

  test.each<[string, HistoryQuery, number[][]]>([
    ['all of it', { limit: 5 }, [numbers(6, 10).reverse(), numbers(1, 5).reverse()]],
    ['a filter', { limit: 5, filter: { contentLike: 'line' } }, [numbers(6, 10).reverse(), numbers(2, 5).reverse()]],
    [
      'a filter, oldest first',
      { limit: 3, order: 'asc', filter: { contentLike: 'line' } },
      [numbers(2, 4), numbers(5, 7), numbers(8, 10)],
    ],
  ])('has no page after one that is just full: %s', async (_, first, pages) => {
    const seen: number[][] = [];
    for (let query: HistoryQuery | null = first; query; ) {
      const { items, nextCursor } = await app.messages.page(ann, chatId, query);
      seen.push(items.map(({ seq }) => seq));
      query = nextCursor === null ? null : { limit: first.limit, filter: first.filter, cursor: nextCursor };
    }
    expect(seen).toEqual(pages);
  });

  test.each(['asc', 'desc'] as const)('looks at 10,000 lines for one page, %s, and goes on below', async (order) => {
    const membership = await app.chats.membership(ann, chatId);
    jest
      .spyOn(app.store.chats, 'membership')
      .mockResolvedValue({ ...membership, chat: { ...membership.chat, seq: 25_000 } });
    const example = (await send(ann, 'needle')).message;
    const matching = [1, 10_000, 10_001, 15_000, 15_001, 25_000].map((seq) => ({ ...example, seq }));
    const search = jest
      .spyOn(app.store.messages, 'search')
      .mockImplementation(async (_, { above, upTo, order, limit }) => {
        const found = matching.filter(({ seq }) => seq > above && seq <= upTo);
        return (order === 'asc' ? found : found.reverse()).slice(0, limit);
      });
    const pages = async (limit: number, offset: number) => {
      const seen: number[][] = [];
      const first: HistoryQuery = { limit, order, filter: { contentLike: 'needle' }, offset };
      for (let query: HistoryQuery | null = first; query; ) {
        const { items, nextCursor } = await app.messages.page(ann, chatId, query);
        seen.push(items.map(({ seq }) => seq));
        query = nextCursor === null ? null : { limit, filter: { contentLike: 'needle' }, cursor: nextCursor };
      }
      return seen;
    };
    const up = order === 'asc';
    expect(await pages(3, 0)).toEqual(
      up ? [[1, 10_000], [10_001, 15_000, 15_001], [25_000]] : [[25_000, 15_001], [15_000, 10_001, 10_000], [1]],
    );
    expect(await pages(3, 3)).toEqual(up ? [[], [15_000, 15_001], [25_000]] : [[], [10_001, 10_000], [1]]);
    expect(search.mock.calls.every(([, { above, upTo }]) => upTo - above <= 10_000)).toBe(true);
  });

  test('oldest first goes on with what has come meanwhile', async () => {
    const { nextCursor } = await app.messages.page(ann, chatId, { limit: 9, order: 'asc' });
    await send(bob, 'line 11');
    expect(await seqsOf({ limit: 9, cursor: nextCursor ?? '' })).toEqual([10, 11]);
  });

  test('takes one place to begin at, and no cursor of another list', async () => {
    await expect(seqsOf({ limit: 3, before: 5, after: 3 })).rejects.toMatchObject({
      problems: [expect.objectContaining({ path: '/before' }), expect.objectContaining({ path: '/after' })],
    });
    const cursor = (await app.chats.members(ann, chatId, { limit: 1 })).nextCursor ?? '';
    await expect(seqsOf({ limit: 3, cursor })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test('is nobody’s who is not a member', async () => {
    await expect(app.messages.page(sam, chatId, { limit: 3 })).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' });
  });
});

describe('what a deletion of the chat put away', () => {
  test('is not read any more, in whatever way it is asked for', async () => {
    const { messages } = await app.messages.sendTo(ann, bob.userId, [{ content: 'one' }, { content: 'two' }]);
    const direct = messages[0]?.chatId ?? '';
    await app.chats.delete(bob, direct);
    await app.messages.sendTo(ann, bob.userId, [{ content: 'three' }]);
    const queries = [{}, { order: 'asc' }, { before: 4 }, { after: 0 }, { around: 1 }, { around: 3 }] as const;
    for (const query of queries) {
      const { items } = await app.messages.page(ann, direct, { limit: 10, ...query });
      expect(items.map((message) => message.content)).toEqual(['three']);
    }
    for (const { id } of messages) {
      await expect(app.messages.get(ann, direct, id)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
    }
  });
});

describe('one message', () => {
  test('is read by members only, and where it is', async () => {
    const { message } = await send(ann, 'hello');
    expect(await app.messages.get(bob, chatId, message.id)).toEqual(message);
    await expect(app.messages.get(sam, chatId, message.id)).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' });
    const { chat } = await app.chats.createGroup(ann, { name: 'Band', memberIds: [] });
    await expect(app.messages.get(ann, chat.id, message.id)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  });

  test('is edited by its author', async () => {
    const { message } = await send(ann, 'hello');
    app.clock.advance(1000);
    const edited = await app.messages.edit(ann, chatId, message.id, ' hello, all ');
    const earlier = [{ content: message.content, at: message.createdAt }];
    const now = { content: 'hello, all', earlier, editedAt: app.clock.now(), rev: message.rev + 1 };
    expect(edited).toEqual({ ...message, ...now });
    expect(await app.messages.get(bob, chatId, message.id)).toEqual(edited);
    expect(await app.messages.edit(ann, chatId, message.id, 'hello, all')).toEqual(edited);
  });

  test('is not edited to nothing, nor by anybody else', async () => {
    const { message } = await send(ann, 'hello');
    await expect(app.messages.edit(ann, chatId, message.id, ' ')).rejects.toMatchObject({
      problems: [{ path: '/content', message: 'must not be blank' }],
    });
    await expect(app.messages.edit(bob, chatId, message.id, 'mine')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(app.messages.edit(ann, chatId, anId(), 'x')).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
    expect(await app.messages.get(ann, chatId, message.id)).toEqual(message);
  });

  test('leaves a tombstone when it is deleted, however often', async () => {
    const { message } = await send(ann, 'hello');
    await app.messages.delete(ann, chatId, message.id);
    const tombstone = await app.messages.get(bob, chatId, message.id);
    expect(tombstone).toMatchObject({ seq: message.seq, content: null, deletedAt: app.clock.now() });
    await app.messages.delete(ann, chatId, message.id);
    expect(await app.messages.get(bob, chatId, message.id)).toEqual(tombstone);
    await expect(app.messages.edit(ann, chatId, message.id, 'x')).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  });
});

describe('all that somebody may read, as one history', () => {
  const everything = async (query: { limit: number; sentOnly?: boolean }) => {
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await app.feed.list(ann, { ...query, cursor });
      expect(page.items.length).toBeLessThanOrEqual(query.limit);
      seen.push(
        ...page.items.map(({ content, senderId }) => `${content} by ${senderId === ann.userId ? 'ann' : 'bob'}`),
      );
      cursor = page.nextCursor;
    }
    return seen;
  };

  /** Lines of several chats, many of them in one millisecond; newest first, and then by chat. */
  async function aHistory(): Promise<string[]> {
    const others = await Promise.all(
      ['a', 'b', 'c'].map((name) => app.chats.createGroup(ann, { name, memberIds: [bob.userId] })),
    );
    const chatIds = [chatId, ...others.map(({ chat }) => chat.id)].sort();
    const written: { at: number; chat: number; text: string }[] = [];
    for (const [i, turn] of [0, 1, 2, 1, 0, 3, 3, 2, 1, 3, 0, 0, 2, 3, 1, 2].entries()) {
      const who = i % 3 === 0 ? 'bob' : 'ann';
      await app.messages.send(who === 'bob' ? bob : ann, chatIds[turn] ?? '', [{ content: `${i}` }]);
      written.push({ at: app.clock.now(), chat: turn, text: `${i} by ${who}` });
      if (i % 4 === 3) app.clock.advance(1);
    }
    return written
      .reverse()
      .sort((a, b) => b.at - a.at || a.chat - b.chat)
      .map(({ text }) => text);
  }

  test('is newest first, and within a millisecond by chat; page by page, each once', async () => {
    const all = await aHistory();
    for (let limit = 1; limit <= all.length + 1; limit += 1) {
      expect(await everything({ limit })).toEqual(all);
      expect(await everything({ limit, sentOnly: true })).toEqual(all.filter((line) => line.endsWith('ann')));
    }
  });

  test('is the same in whatever order a store gives the lines', async () => {
    const all = await aHistory();
    const at = app.store.messages.at.bind(app.store.messages);
    jest
      .spyOn(app.store.messages, 'at')
      .mockImplementation(async (places) => (await at(places)).sort((a, b) => a.seq - b.seq));
    expect(await everything({ limit: 3 })).toEqual(all);
  });

  test('reads ahead in 32 chats at once, and in one twice as far each time', async () => {
    await Promise.all(
      numbers(1, 40).map(async (i) => {
        const { chat } = await app.chats.createGroup(ann, { name: `group ${i}`, memberIds: [] });
        await app.messages.send(ann, chat.id, [{ content: 'hello' }]);
      }),
    );
    const looks = jest.spyOn(app.store.messages, 'at');
    await app.feed.list(ann, { limit: 1 });
    expect(looks.mock.calls.map(([places]) => new Set(places.map((place) => place.chatId)).size)).toEqual([33]);

    app.clock.advance(1_000);
    for (let i = 0; i < 3; i += 1) {
      await app.messages.send(
        bob,
        chatId,
        numbers(1, 100).map((line) => ({ content: `${line}` })),
      );
    }
    looks.mockClear();
    await app.feed.list(ann, { limit: 250 });
    const read = looks.mock.calls.map(([places]) => places.filter((place) => place.chatId === chatId).length);
    expect(read).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
  });

  test('looks at 2,000 lines for a page, which may be short, and goes on below', async () => {
    await send(ann, 'first');
    await say(app.store.chatLog, chatId, bob.userId, ...numbers(1, 1_999).map(String));
    await app.clock.passUntil(send(ann, 'last')); // the writer finds that somebody else was faster
    const looks = jest.spyOn(app.store.messages, 'at');
    const { items, nextCursor } = await app.feed.list(ann, { limit: 5, sentOnly: true });
    expect(items.map(({ content }) => content)).toEqual(['last']);
    const next = await app.feed.list(ann, { limit: 5, sentOnly: true, cursor: nextCursor ?? '' });
    expect([next.items.map(({ content }) => content), next.nextCursor]).toEqual([['first'], null]);
    expect(looks.mock.calls.filter(([places]) => places.length === 0)).toEqual([]);
  });
});

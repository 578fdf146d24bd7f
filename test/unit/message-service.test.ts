import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { NewFile } from '../../src/application/file-storage.ts';
import type { HistoryQuery } from '../../src/application/message-service.ts';
import { DomainError } from '../../src/domain/errors.ts';
import type { Actor } from '../../src/domain/session.ts';
import type { FileUse } from '../../src/domain/stored-file.ts';
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
    for (const i of numbers(1, 40)) {
      app.clock.advance(1);
      const { chat } = await app.chats.createGroup(ann, { name: `group ${i}`, memberIds: [] });
      await app.messages.send(ann, chat.id, [{ content: `${i}` }]);
    }
    const looks = jest.spyOn(app.store.messages, 'at');
    const first = await app.feed.list(ann, { limit: 1 });
    expect(looks.mock.calls.map(([places]) => new Set(places.map((place) => place.chatId)).size)).toEqual([33]);
    const rest = await app.feed.list(ann, { limit: 50, cursor: first.nextCursor ?? '' });
    expect([first, rest].flatMap(({ items }) => items.map(({ content }) => Number(content)))).toEqual(
      numbers(1, 40).reverse(),
    );

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

describe('files', () => {
  const DAY = 24 * 3_600_000;
  async function* streamOf(...chunks: (string | Uint8Array)[]) {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  const upload = async (who: Actor, content = 'text') =>
    (await app.attachments.upload(who, 'a.txt', streamOf(content))).id;
  const store = (with_: Partial<NewFile> = {}, content = 'text') =>
    app.storage.store({ ownerId: ann.userId, name: 'a.txt', uses: [], maxBytes: 10, ...with_ }, streamOf(content));
  const sendWith = async (attachmentId: string, clientId = anId(), to = chatId) =>
    only([...(await app.messages.send(ann, to, [{ content: '', clientId, attachmentIds: [attachmentId] }])).messages]);
  const mayRead = (who: Actor, id: string) =>
    app.attachments.find(who, id).then(
      (file) => file.id === id,
      (error) => error.code !== 'ATTACHMENT_NOT_FOUND',
    );
  const left = () => [...app.blobs.blobs.keys()].sort();

  test('are read by their owner, and by who may read a message that has them', async () => {
    const [sent, other] = [await upload(ann), await upload(ann)];
    expect([await mayRead(ann, sent), await mayRead(bob, sent)]).toEqual([true, false]);
    const message = await sendWith(sent, 'mine');
    await app.store.files.use([other], { of: 'message', chatId, clientId: 'mine' }, app.clock.now() + DAY); // which is not so
    expect([await mayRead(bob, sent), await mayRead(sam, sent), await mayRead(bob, other)]).toEqual([
      true,
      false,
      false,
    ]);
    await app.messages.delete(ann, chatId, message.id);
    expect([await mayRead(ann, sent), await mayRead(bob, sent)]).toEqual([true, false]);
    const room = (await app.chats.createRoom(ann, { name: 'Hall' })).chat.id;
    await sendWith(sent, anId(), room);
    expect(await mayRead(bob, sent)).toBe(false);
    await app.chats.join(bob, room);
    expect(await mayRead(bob, sent)).toBe(true);
    await app.chats.removeMember(bob, room, bob.userId);
    expect(await mayRead(bob, sent)).toBe(false);
  });

  test('are put away with the chat, of which there may be another under its id', async () => {
    const direct = (await app.chats.openDirect(ann, bob.userId)).chat.chat.id;
    const id = await upload(ann);
    await sendWith(id, 'mine', direct);
    expect(await mayRead(bob, id)).toBe(true);
    await app.chats.delete(bob, direct);
    expect(await mayRead(bob, id)).toBe(false);
    await app.messages.sendTo(ann, bob.userId, [{ content: 'again' }]);
    expect(await mayRead(bob, id)).toBe(false);
  });

  test('that are pictures are neither read nor sent as attachments', async () => {
    const { id } = await store({ uses: [{ of: 'user', userId: ann.userId }] });
    expect(await mayRead(ann, id)).toBe(false);
    await expect(sendWith(id)).rejects.toMatchObject({ code: 'ATTACHMENT_UNKNOWN' });
  });

  test('go with messages of their owner, each named once, and with a hundred at most', async () => {
    const [id, foreign] = [await upload(ann), await upload(bob)];
    const attach = (ids: string[], clientId = anId()) => app.attachments.attach(ann, { chatId, clientId }, ids);
    expect((await attach([id, id])).map((file) => file.id)).toEqual([id]);
    for (const ids of [[foreign], [id, anId()]]) {
      await expect(attach(ids)).rejects.toMatchObject({ code: 'ATTACHMENT_UNKNOWN' });
    }
    for (let i = 1; i < 99; i += 1) {
      await app.store.files.use([id], { of: 'message', chatId, clientId: `${i}` }, app.clock.now());
    }
    await attach([id], 'the last');
    await expect(attach([id], 'one more')).rejects.toMatchObject({ code: 'UPLOAD_LIMIT' });
  });

  test('of a message that was sent already are not asked for again', async () => {
    await send(ann, 'hello', { clientId: 'mine' });
    const attach = (who: Actor, clientId: string) => app.attachments.attach(who, { chatId, clientId }, [anId()]);
    expect(await attach(ann, 'mine')).toEqual([]);
    for (const [who, clientId] of [
      [ann, 'another'],
      [bob, 'mine'],
    ] as const) {
      await expect(attach(who, clientId)).rejects.toMatchObject({ code: 'ATTACHMENT_UNKNOWN' });
    }
  });

  test('wait to be sent, so many and so large; pictures do not wait', async () => {
    for (let i = 0; i < 50; i += 1) await store({}, '');
    await expect(store({}, '')).rejects.toMatchObject({ code: 'UPLOAD_LIMIT' });
    await store({ uses: [{ of: 'user', userId: ann.userId }] });
    await store({ ownerId: bob.userId });
    for (let i = 0; i < 9; i += 1) await store({ ownerId: sam.userId }, '0123456789');
    await store({ ownerId: sam.userId }, '0');
    await store({ ownerId: sam.userId, uses: [{ of: 'user', userId: sam.userId }], maxBytes: 4 });
    await expect(store({ ownerId: sam.userId })).rejects.toMatchObject({ code: 'UPLOAD_LIMIT' });
    expect(left()).toHaveLength(63);
  });

  test('that did not come whole leave nothing', async () => {
    await expect(store({}, '0123456789x')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    const failure = new Error('the line was cut');
    const cut = (fail: () => Promise<void>) =>
      app.storage.store(
        { ownerId: ann.userId, name: 'a.txt', uses: [], maxBytes: 10 },
        (async function* () {
          yield Buffer.from('text');
          await fail();
        })(),
      );
    await expect(cut(() => Promise.reject(failure))).rejects.toBe(failure);
    const removed = async () => {
      for (const { id } of await app.store.files.due(Number.MAX_SAFE_INTEGER, 10)) await app.store.files.remove(id);
    };
    await expect(cut(removed)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([left(), await app.store.files.due(Number.MAX_SAFE_INTEGER, 10)]).toEqual([[], []]);
    jest.spyOn(app.blobs, 'delete').mockRejectedValueOnce(new Error('busy'));
    await expect(cut(() => Promise.reject(failure))).rejects.toBe(failure);
  });

  test('are known by how they begin, in whatever parts that comes', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d494844520000000700000005080600000000', 'hex');
    const bytes = Array.from(png, (_, i) => png.subarray(i, i + 1));
    for (const chunks of [[png], bytes, [png, Buffer.alloc(300_000)], [...bytes, Buffer.alloc(300_000)]]) {
      const picture = await app.attachments.upload(ann, 'a.png', streamOf(...chunks));
      const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      expect(picture).toMatchObject({ mediaType: 'image/png', width: 7, height: 5, bytes: size });
    }
  });

  test('that nobody can see any more go after a day, a hundred at a time', async () => {
    const [waiting, sent, deleted, own, ofChat] = [
      await upload(ann),
      await upload(ann),
      await upload(ann),
      (await store({ uses: [{ of: 'user', userId: ann.userId }] })).id,
      (await store({ uses: [{ of: 'chat', chatId }] })).id,
    ];
    await sendWith(sent);
    await app.messages.delete(ann, chatId, (await sendWith(deleted)).id);
    await app.store.files.use([sent], { of: 'message', chatId, clientId: 'never sent' }, app.clock.now() + DAY);
    const user = await app.profiles.me(ann);
    await app.store.users.update({ ...user, avatarId: own, version: user.version + 1 });
    await app.writer.submit(chatId, ann.userId, { type: 'chat.update', avatarId: ofChat, lineId: anId() });
    app.clock.advance(1); // the others are looked at after these
    const others: string[] = [];
    const unused: FileUse[] = [
      { of: 'user', userId: ann.userId },
      { of: 'user', userId: anId() },
      { of: 'chat', chatId },
      { of: 'chat', chatId: anId() },
      { of: 'message', chatId, clientId: 'never sent' },
      { of: 'message', chatId: anId(), clientId: 'never sent' },
    ];
    for (let i = 0; i < 98; i += 1) others.push((await store({ uses: unused.slice(i % 6, (i % 6) + 1) })).id);
    app.clock.advance(DAY - 2);
    await app.storage.sweep();
    expect(left()).toHaveLength(103);
    app.clock.advance(2);
    await app.storage.sweep();
    expect(left()).toHaveLength(6); // those in use, and of the others what is left for the next time
    await app.storage.sweep();
    expect(left()).toEqual([sent, own, ofChat].sort());
    expect(await app.store.files.findMany([waiting, deleted, ...others])).toEqual([]);
    const [file] = await app.store.files.findMany([sent]);
    expect(file).toMatchObject({ uses: [{ of: 'message', chatId }], checkAt: app.clock.now() + DAY });
    expect(file?.uses).toHaveLength(1);
    await app.storage.release(own);
    await app.store.users.update({ ...user, avatarId: null, version: user.version + 2 });
    await app.storage.sweep();
    expect(left()).toEqual([sent, ofChat].sort());
  });

  test('that are pictures stay while they are that', async () => {
    await app.avatars.setOwn(ann, Buffer.from('ann'));
    await app.avatars.setOfChat(ann, chatId, Buffer.from('choir'));
    for (let day = 0; day < 2; day += 1) {
      app.clock.advance(DAY);
      await app.storage.sweep();
      expect(left()).toHaveLength(2);
    }
    await app.avatars.setOwn(ann, Buffer.from('ann again'));
    await app.storage.sweep();
    expect(left()).toHaveLength(2);
    for (let i = 0; i < 2; i += 1) await app.avatars.removeOwn(ann);
    await app.avatars.removeOfChat(ann, chatId);
    await app.storage.sweep();
    expect(left()).toEqual([]);
    const told = app.events.flatMap((event) => (event.type === 'user.updated' ? [event.version] : []));
    expect(told).toEqual([2, 3, 4]);
  });

  test('that are pictures have 5 MiB at most, and are of people who are there', async () => {
    const most = Buffer.alloc(5 * 1024 * 1024);
    await app.avatars.setOwn(ann, most);
    const larger = app.avatars.setOwn(ann, Buffer.concat([most, most.subarray(0, 1)]));
    await expect(larger).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    const nobody = { userId: anId(), sessionId: anId() };
    await expect(app.avatars.setOwn(nobody, Buffer.from('x'))).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  test.each<[string, Error, number]>([
    ['goes where the chat refuses it', new DomainError('FORBIDDEN', 'no'), 0],
    ['stays where it may be the chat’s yet', new DomainError('UNAVAILABLE', 'not now'), 1],
    ['stays where nobody knows', new Error('cut off'), 1],
  ])('a picture %s', async (_, refusal, count) => {
    jest.spyOn(app.writer, 'submit').mockRejectedValueOnce(refusal);
    await expect(app.avatars.setOfChat(ann, chatId, Buffer.from('choir'))).rejects.toBe(refusal);
    await app.storage.sweep();
    expect(left()).toHaveLength(count);
  });

  test('that were sent while they were looked at stay', async () => {
    const id = await upload(ann);
    app.clock.advance(DAY);
    const due = app.store.files.due.bind(app.store.files);
    jest.spyOn(app.store.files, 'due').mockImplementationOnce(async (now, limit) => {
      const found = await due(now, limit);
      await sendWith(id);
      return found;
    });
    await app.storage.sweep();
    expect([left(), await mayRead(bob, id)]).toEqual([[id], true]);
  });
});

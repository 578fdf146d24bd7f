import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { answered, type Person, TestApp } from '../support/app.ts';

let app: TestApp;
let ann: Person;
let bob: Person;
let chatId: string;
beforeAll(async () => {
  app = await TestApp.start();
  [ann, bob] = [await app.register(), await app.register()];
});
beforeEach(async () => {
  chatId = await app.group(ann, bob);
});
afterAll(() => app.stop());

const send = (body: object, as = ann) => app.post(`chats/${chatId}/messages`, body, as);
const history = async (query = '', as = ann) => answered(await app.get(`chats/${chatId}/messages?${query}`, as), 200);
const seqs = ({ items }: { items: { seq: number }[] }) => items.map(({ seq }) => seq);

describe('sending', () => {
  test('answers with the message as it is stored', async () => {
    const { status, body } = await send({ content: '  hello\nthere ', clientId: 'c-1' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ chatId, seq: 2, rev: 2, kind: 'text', senderId: ann.id, clientId: 'c-1', content: 'hello\nthere' },
      ...{ replyTo: null, attachments: [], system: null, editedAt: null, deletedAt: null },
    });
    expect(body.sender).toMatchObject({ username: ann.username, deleted: false });
    expect((await app.get(`chats/${chatId}/messages/${body.id}`, bob)).body).toEqual(body);
  });

  test('once more with the same clientId answers 200 and stores nothing', async () => {
    const { body: first } = await send({ content: 'hello', clientId: 'c-1' });
    const again = await send({ content: ' hello ', clientId: 'c-1' });
    expect([again.status, again.body]).toEqual([200, first]);
    const other = await send({ content: 'something else', clientId: 'c-1' });
    expect([other.status, other.body.code]).toEqual([409, 'CLIENT_ID_REUSED']);
    expect((await send({ content: 'hello', clientId: 'c-1' }, bob)).status).toBe(201);
  });

  test('several is all or none, and answers with a list', async () => {
    const messages = ['one', 'two', 'three'].map((content) => ({ content, clientId: content }));
    const { status, body } = await send({ messages });
    expect([status, seqs(body)]).toEqual([201, [2, 3, 4]]);
    const mixed = await send({ messages: [...messages, { content: 'four' }] });
    expect([mixed.status, seqs(mixed.body)]).toEqual([201, [2, 3, 4, 5]]);
    expect((await send({ messages })).status).toBe(200);
    const bad = await send({ messages: [{ content: 'five' }, { content: ' ' }, { content: 'six', clientId: '' }] });
    expect(bad.status).toBe(400);
    expect(bad.body.errors).toEqual([
      { path: '/messages/1/content', message: 'must not be blank' },
      { path: '/messages/2/clientId', message: 'must not be blank' },
    ]);
    expect((await history()).items[0].seq).toBe(5);
  });

  test('a list of one is answered and refused as a list', async () => {
    expect(seqs((await send({ messages: [{ content: 'one' }] })).body)).toEqual([2]);
    const { body } = await send({ messages: [{ content: ' ' }] });
    expect(body.errors).toEqual([{ path: '/messages/0/content', message: 'must not be blank' }]);
  });

  test('a hundred messages of full length fit into one request', async () => {
    const content = '\u{1F600}'.repeat(4_000);
    const { status, body } = await send({ messages: Array.from({ length: 100 }, () => ({ content })) });
    expect([status, body.items.length, body.items[99].content]).toEqual([201, 100, content]);
  });

  test('a reply refers to a message of the same chat', async () => {
    const first = await app.say(chatId, bob);
    expect((await send({ content: 'yes', replyTo: first.id })).body.replyTo).toEqual({ id: first.id, seq: first.seq });
    const elsewhere = await app.say(await app.group(ann), ann);
    const { status, body } = await send({ content: 'yes', replyTo: elsewhere.id });
    expect([status, body.code]).toEqual([422, 'REPLY_TARGET_UNKNOWN']);
  });

  test.each([
    ['blank', ' \n '],
    ['too long', 'x'.repeat(4_001)],
    ['with NUL', 'a\0b'],
    ['with a lone surrogate', 'a\ud800b'],
  ])('refuses a text that is %s', async (_what, content) => {
    const { status, body } = await send({ content });
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'VALIDATION_FAILED', '/content']);
  });
});

describe('to a person', () => {
  const sendTo = (userId: string, body: object, as: Person) => app.post(`users/${userId}/messages`, body, as);

  test('the first message opens the direct chat, the next is in the same', async () => {
    const [dan, eve] = [await app.register(), await app.register()];
    const first = await sendTo(eve.id, { content: 'hello', clientId: 'c' }, dan);
    expect([first.status, first.body.seq]).toEqual([201, 1]);
    const answer = await sendTo(dan.id, { content: 'hello back' }, eve);
    expect([answer.body.chatId, answer.body.seq]).toEqual([first.body.chatId, 2]);
    expect((await sendTo(eve.id, { content: 'hello', clientId: 'c' }, dan)).status).toBe(200);
    expect((await app.get('chats', eve)).body.items[0]).toMatchObject({ kind: 'direct', unreadCount: 1, seq: 2 });
  });

  test('it is somebody else who exists', async () => {
    const nobody = await sendTo('nobody', { content: 'hello' }, ann);
    expect([nobody.status, nobody.body.code]).toEqual([404, 'USER_NOT_FOUND']);
    const self = await sendTo(ann.id, { content: 'hello' }, ann);
    expect([self.status, self.body.code]).toEqual([422, 'CHAT_WITH_ONESELF']);
    const blank = await sendTo(bob.id, { messages: [{ content: '' }] }, ann);
    expect([blank.status, blank.body.errors[0].path]).toEqual([400, '/messages/0/content']);
  });
});

describe('the history', () => {
  beforeEach(async () => {
    const messages = Array.from({ length: 9 }, (_, i) => ({ content: `line ${i + 2}` }));
    answered(await send({ messages }), 201); // seq 2 to 10; 1 is the group's own
  });

  test.each([
    ['', [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['limit=3', [10, 9, 8]],
    ['limit=3&order=asc', [1, 2, 3]],
    ['limit=3&before=5', [4, 3, 2]],
    ['limit=3&after=5', [6, 7, 8]],
    ['limit=4&around=5', [6, 5, 4, 3]],
    ['limit=4&around=5&order=asc', [3, 4, 5, 6]],
    ['after=10', []],
    ['before=1', []],
  ])('by %j', async (query, expected) => {
    expect(seqs(await history(query))).toEqual(expected);
  });

  test.each(['asc', 'desc'])('comes whole, page by page, %s', async (order) => {
    const seen: number[] = [];
    for (let query = `limit=4&order=${order}`; query; ) {
      const page = await history(query);
      seen.push(...seqs(page));
      query = page.nextCursor === null ? '' : `limit=4&cursor=${page.nextCursor}`;
    }
    const all = Array.from({ length: 10 }, (_, i) => i + 1);
    expect(seen).toEqual(order === 'asc' ? all : all.toReversed());
  });

  test.each(['before=3&after=1', 'around=2&cursor=x', 'cursor=x', 'cursor=W10', 'order=up', 'limit=0', 'limit=101'])(
    'refuses %j',
    async (query) => {
      const { status, body } = await app.get(`chats/${chatId}/messages?${query}`, ann);
      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );
});

describe('a message', () => {
  test('is edited by its author alone', async () => {
    const { id } = await app.say(chatId, bob, 'helo');
    const edit = (content: string, as: Person) => app.patch(`chats/${chatId}/messages/${id}`, { content }, as);
    const { status, body } = await edit(' hello ', bob);
    expect([status, body.content, body.rev]).toEqual([200, 'hello', 3]);
    expect(body.editedAt).not.toBeNull();
    expect((await edit('hello', bob)).body).toEqual(body);
    expect((await edit('hullo', ann)).body.code).toBe('FORBIDDEN');
    expect((await edit(' ', bob)).body.errors).toEqual([{ path: '/content', message: 'must not be blank' }]);
  });

  test('leaves a tombstone when it is deleted, and may be deleted again but not edited', async () => {
    const path = `chats/${chatId}/messages/${(await app.say(chatId, bob)).id}`;
    for (let i = 0; i < 2; i += 1) expect((await app.delete(path, ann)).status).toBe(204);
    const { body } = await app.get(path, bob);
    expect(body).toMatchObject({ content: null, seq: 2, deletedAt: expect.any(String) });
    expect((await app.patch(path, { content: 'x' }, bob)).body.code).toBe('MESSAGE_NOT_FOUND');
  });

  test('of another chat is not found in this one', async () => {
    const { id } = await app.say(await app.group(ann), ann);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const options = { as: ann, ...(method === 'PATCH' && { body: { content: 'x' } }) };
      const { status, body } = await app.call(method, `chats/${chatId}/messages/${id}`, options);
      expect([status, body.code]).toEqual([404, 'MESSAGE_NOT_FOUND']);
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, answered, type Person, TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

type Line = { id: string; content: string; seq: number; chatId: string; createdAt: string; senderId: string };
const texts = ({ body }: Answer): string[] => body.items.map(({ content }: Line) => content);

/** Every page of a list, one after the other. */
async function allPages(path: string, person: Person): Promise<Line[]> {
  const lines: Line[] = [];
  for (let cursor = ''; ; ) {
    const { items, nextCursor } = answered(await app.get(`${path}${cursor}`, person), 200);
    lines.push(...items);
    if (nextCursor === null) return lines;
    cursor = `${path.includes('?') ? '&' : '?'}cursor=${nextCursor}`;
  }
}

/** Two people and what they wrote in turn, in a group. */
async function aChat(...contents: string[]) {
  const [ann, bob] = [await app.register(), await app.register()];
  const chatId = await app.group(ann, bob);
  const lines: Line[] = [];
  for (const [i, content] of contents.entries()) lines.push(await app.say(chatId, i % 2 === 0 ? ann : bob, content));
  const list = (query: string) => app.get(`chats/${chatId}/messages?${query}`, ann);
  return { ann, bob, chatId, lines, list };
}

describe('filters of a history', () => {
  test('narrow it by sender, by the text, by a part of it and by time, together', async () => {
    const { bob, lines, list } = await aChat('One', 'two', 'one hundred', 'ONE');
    expect(texts(await list(`senderId=${bob.id}`))).toEqual(['ONE', 'two']);
    expect(texts(await list('content=One'))).toEqual(['One']);
    expect(texts(await list('content-like=one'))).toEqual(['ONE', 'one hundred', 'One']);
    expect(texts(await list(`content-like=one&senderId=${bob.id}`))).toEqual(['ONE']);
    expect(texts(await list('content-like=%25'))).toEqual([]);
    const [first, , third] = lines as [Line, Line, Line];
    const range = `from=${first.createdAt}&to=${third.createdAt}`;
    const within = lines.filter(({ createdAt }) => createdAt <= third.createdAt).map(({ content }) => content);
    expect(texts(await list(`${range}&senderId=${bob.id}&order=asc`))).toEqual(
      within.filter((content) => content === 'two' || content === 'ONE'),
    );
    expect(texts(await list('from=2099-01-01T00:00:00Z'))).toEqual([]);
    expect(texts(await list('to=2000-01-01T00:00:00Z'))).toEqual([]);
    expect(texts(await list('from=2000-01-01T00:00:00Z&content=two'))).toEqual(['two']);
  });

  test('go both ways, with offset and in pages', async () => {
    const { ann, chatId, list } = await aChat('a1', 'b', 'a2', 'b', 'a3', 'b', 'a4', 'b', 'a5');
    expect(texts(await list('content-like=A&sort=createdAt'))).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(texts(await list('content-like=A&sort=-createdAt'))).toEqual(['a5', 'a4', 'a3', 'a2', 'a1']);
    expect(texts(await list('content-like=a&offset=1&limit=2&order=asc'))).toEqual(['a2', 'a3']);
    expect(texts(await list('content-like=a&offset=9'))).toEqual([]);
    for (const order of ['asc', 'desc']) {
      const whole = texts(await list(`content-like=a&order=${order}`));
      const path = `chats/${chatId}/messages?content-like=a&order=${order}&limit=2`;
      expect((await allPages(path, ann)).map(({ content }) => content)).toEqual(whole);
      const fromSecond = await app.get(`chats/${chatId}/messages?content-like=a&order=${order}&limit=2&offset=1`, ann);
      expect(texts(fromSecond)).toEqual(whole.slice(1, 3));
      expect(texts(await list(`content-like=a&limit=2&cursor=${fromSecond.body.nextCursor}`))).toEqual(whole.slice(3));
    }
  });

  test('are not needed for an offset', async () => {
    const { list } = await aChat('1', '2', '3', '4');
    expect(texts(await list('offset=1&limit=2'))).toEqual(['3', '2']);
    expect(texts(await list('offset=2&order=asc&limit=2'))).toEqual(['2', '3']);
    expect(texts(await list('offset=10000'))).toEqual([]);
    expect(texts(await list('before=5&offset=1&limit=1'))).toEqual(['2']);
  });

  test.each([
    ['offset=10001', '/offset'],
    ['offset=-1', '/offset'],
    ['from=yesterday', '/from'],
    ['to=2026-13-01T00:00:00Z', '/to'],
    ['sort=content', '/sort'],
    ['sort=createdAt&order=asc', '/sort'],
    ['around=1&content=x', '/around'],
    ['around=1&offset=1', '/around'],
    ['around=1&from=2026-01-01T00:00:00Z', '/around'],
    ['cursor=WyJkZXNjIiwxLDBd&offset=1', '/cursor'],
    ['cursor=nonsense', '/cursor'],
    ['content_like=x', '/content_like'],
  ])('?%s is refused', async (query, path) => {
    const { list } = await aChat();
    const { status, body } = await list(query);
    expect([status, body.errors?.[0]?.path]).toEqual([400, path]);
  });

  test('look at no more than 10,000 lines for a page, and go on from there', async () => {
    const { ann, chatId } = await aChat('the needle');
    const straw = Array.from({ length: 100 }, (_, i) => ({ content: `straw ${i}` }));
    for (let i = 0; i < 101; i += 1)
      answered(await app.post(`chats/${chatId}/messages`, { messages: straw }, ann), 201);
    const first = answered(await app.get(`chats/${chatId}/messages?content-like=NEEDLE`, ann), 200);
    expect(first.items).toEqual([]);
    expect(first.nextCursor).not.toBeNull();
    const path = `chats/${chatId}/messages?content-like=NEEDLE`;
    expect((await allPages(path, ann)).map(({ content }) => content)).toEqual(['the needle']);
    const skipping = answered(await app.get(`${path}&offset=1`, ann), 200);
    expect((await app.get(`${path}&cursor=${skipping.nextCursor}`, ann)).body).toEqual({ items: [], nextCursor: null });
  });
});

describe('earlier texts', () => {
  test('are had by members, oldest first; a tombstone has none', async () => {
    const { ann, bob, chatId, lines } = await aChat('first');
    const path = `chats/${chatId}/messages/${lines[0]?.id}`;
    expect((await app.get(`${path}/history`, bob)).body).toEqual({ items: [] });
    for (const content of ['second', 'third']) answered(await app.patch(path, { content }, ann), 200);
    const { body } = await app.get(`${path}/history`, bob);
    expect(texts({ body } as Answer)).toEqual(['first', 'second']);
    expect(body.items[0].at).toBe(lines[0]?.createdAt);
    expect((await app.get(`${path}/history`, await app.register())).status).toBe(404);
    answered(await app.delete(path, ann), 204);
    expect((await app.get(`${path}/history`, bob)).body).toEqual({ items: [] });
    expect((await app.get(`chats/${chatId}/messages/nothing/history`, bob)).status).toBe(404);
  });
});

describe('all my messages', () => {
  test('are those of all my chats, newest first, in pages, each once', async () => {
    const [ann, bob, cyd] = [await app.register(), await app.register(), await app.register()];
    const chatIds = [await app.group(ann, bob), await app.group(bob, ann), await app.group(ann, cyd)];
    await app.say(await app.group(bob, cyd), bob, 'not for Ann');
    const said: string[] = [];
    for (let i = 0; i < 40; i += 1) {
      const chatId = chatIds[(i * i) % 3] as string;
      const sender = i % 4 === 0 || chatId === chatIds[2] ? ann : bob;
      said.unshift((await app.say(chatId, sender, `${i}`)).id);
    }
    const byId = (lines: Line[]) => lines.map(({ id }) => id);
    const all = await allPages('messages?limit=100', ann);
    expect(byId(all).toSorted()).toEqual(said.toSorted());
    const times = all.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().reverse());
    for (const limit of [1, 3, 7]) expect(byId(await allPages(`messages?limit=${limit}`, ann))).toEqual(byId(all));
    const mine = all.filter(({ senderId }) => senderId === ann.id);
    expect(byId(await allPages('messages?sender=me&limit=5', ann))).toEqual(byId(mine));
    expect(await allPages('messages', await app.register())).toEqual([]);
  });

  test('end where one is no longer a member, and above what a deletion put away', async () => {
    const { ann, bob, chatId } = await aChat('one', 'two');
    expect(texts(await app.get('messages', bob))).toEqual(['two', 'one']);
    const direct = answered(await app.post(`users/${ann.id}/messages`, { content: 'gone' }, bob), 201).chatId;
    answered(await app.delete(`chats/${direct}`, ann), 204);
    answered(await app.post(`users/${ann.id}/messages`, { content: 'new' }, bob), 201);
    expect(texts(await app.get('messages', ann))).toEqual(['new', 'two', 'one']);
    answered(await app.delete(`chats/${chatId}/members/me`, bob), 204);
    expect(texts(await app.get('messages', bob))).toEqual(['new']);
  });

  test.each(['sender=you', 'cursor=x', 'limit=101', 'q=x'])('?%s is refused', async (query) => {
    expect((await app.get(`messages?${query}`, await app.register())).status).toBe(400);
  });
});

describe('the conversation with one person', () => {
  test('is empty before there is one, then the history of the direct chat', async () => {
    const [ann, bob] = [await app.register(), await app.register()];
    expect((await app.get(`users/${bob.id}/messages`, ann)).body).toEqual({ items: [], nextCursor: null });
    answered(await app.post(`users/${bob.id}/messages`, { content: 'hello' }, ann), 201);
    answered(await app.post(`users/${ann.id}/messages`, { content: 'hi' }, bob), 201);
    await app.say(await app.group(ann, bob), ann, 'elsewhere');
    expect(texts(await app.get(`users/${bob.id}/messages`, ann))).toEqual(['hi', 'hello']);
    expect(texts(await app.get(`users/${ann.id}/messages?order=asc`, bob))).toEqual(['hello', 'hi']);
    expect(texts(await app.get(`users/${bob.id}/messages?content-like=HELL`, ann))).toEqual(['hello']);
  });

  test('is with somebody else who exists', async () => {
    const ann = await app.register();
    expect((await app.get('users/nobody/messages', ann)).body.code).toBe('USER_NOT_FOUND');
    expect((await app.get(`users/${ann.id}/messages`, ann)).body.code).toBe('CHAT_WITH_ONESELF');
  });
});

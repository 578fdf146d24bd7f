import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, type Person, TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

const room = async (owner: Person, name: string): Promise<string> =>
  answered(await app.post('chats', { kind: 'public', name }, owner), 201).id;
const join = (chatId: string, person: Person) => app.post(`chats/${chatId}/join`, undefined, person);

/** Somebody's room with a name that no other test uses. */
async function aRoom() {
  const [owner, visitor, stranger] = [await app.register(), await app.register(), await app.register()];
  const chatId = await room(owner, `Room of ${owner.username}`);
  answered(await join(chatId, visitor), 200);
  return { chatId, owner, visitor, stranger };
}

describe('a public room', () => {
  test('is a chat with its owner in it, whose first line tells of its creation', async () => {
    const owner = await app.register();
    const { body } = await app.post('chats', { kind: 'public', name: ' Square ' }, owner);
    expect(body).toMatchObject({ kind: 'public', name: 'Square', role: 'owner', memberCount: 1, peer: null, seq: 1 });
    expect(body.lastMessage.system).toMatchObject({ type: 'chat.created', name: 'Square' });
  });

  test.each([
    ['without a name', { kind: 'public' }, '/name'],
    ['with a blank one', { kind: 'public', name: ' ' }, '/name'],
    ['with members', { kind: 'public', name: 'x', memberIds: [] }, '/memberIds'],
    ['of no kind', { kind: 'secret', name: 'x' }, '/kind'],
  ])('%s is refused', async (_, body, path) => {
    const answer = await app.post('chats', body, await app.register());
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  test('from outside looks the same to everybody; from within it is a chat', async () => {
    const { chatId, owner, visitor, stranger } = await aRoom();
    const { body } = await app.get(`chats/${chatId}`, stranger);
    expect(body).toEqual({
      ...{ id: chatId, kind: 'public', name: `Room of ${owner.username}`, description: null, avatarUrl: null },
      ...{ memberCount: 2, createdAt: expect.any(String), joined: false },
    });
    expect((await app.get(`chats/${chatId}`, visitor)).body).toMatchObject({ role: 'member', unreadCount: 0 });
  });

  test('is joined, once more too, and left without a line', async () => {
    const { chatId, owner, visitor, stranger } = await aRoom();
    const { body: first } = await join(chatId, stranger);
    expect(first).toMatchObject({ id: chatId, role: 'member', memberCount: 3, seq: 1, joinedSeq: 1 });
    expect((await join(chatId, stranger)).body).toEqual(first);
    answered(await app.delete(`chats/${chatId}/members/me`, visitor), 204);
    expect((await app.get(`chats/${chatId}`, owner)).body).toMatchObject({ memberCount: 2, seq: 1 });
    expect((await app.get('chats', visitor)).body.items).toEqual([]);
    expect((await join(chatId, visitor)).status).toBe(200);
  });

  test('is read and written by its members; whoever is not is told to join', async () => {
    const { chatId, owner, visitor, stranger } = await aRoom();
    const { id } = await app.say(chatId, visitor);
    expect((await app.get(`chats/${chatId}`, owner)).body.unreadCount).toBe(1);
    for (const answer of [
      await app.get(`chats/${chatId}/messages`, stranger),
      await app.get(`chats/${chatId}/messages/${id}`, stranger),
      await app.get(`chats/${chatId}/messages/${id}/history`, stranger),
      await app.get(`chats/${chatId}/members`, stranger),
      await app.get(`chats/${chatId}/changes?afterRev=0`, stranger),
      await app.post(`chats/${chatId}/messages`, { content: 'hello' }, stranger),
      await app.post(`chats/${chatId}/members`, { userIds: [stranger.id] }, stranger),
      await app.patch(`chats/${chatId}`, { name: 'mine' }, stranger),
      await app.put(`chats/${chatId}/read`, { seq: 1 }, stranger),
      await app.put(`chats/${chatId}/mute`, {}, stranger),
      await app.delete(`chats/${chatId}/mute`, stranger),
      await app.delete(`chats/${chatId}/members/me`, stranger),
      await app.delete(`chats/${chatId}`, stranger),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    }
  });

  test('is closed to whoever was removed, until an admin adds him', async () => {
    const { chatId, owner, visitor } = await aRoom();
    answered(await app.delete(`chats/${chatId}/members/${visitor.id}`, owner), 204);
    expect(await join(chatId, visitor)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    answered(await app.post(`chats/${chatId}/members`, { userIds: [visitor.id] }, owner), 200);
    answered(await app.delete(`chats/${chatId}/members/me`, visitor), 204);
    expect((await join(chatId, visitor)).status).toBe(200);
  });

  test('is renamed by its admins alone', async () => {
    const { chatId, owner, visitor } = await aRoom();
    expect((await app.patch(`chats/${chatId}`, { name: 'Ours' }, visitor)).status).toBe(403);
    answered(await app.patch(`chats/${chatId}/members/${visitor.id}`, { role: 'admin' }, owner), 200);
    expect((await app.patch(`chats/${chatId}`, { name: 'Ours' }, visitor)).body.name).toBe('Ours');
  });

  test.each(['a group', 'a direct chat', 'nothing'])('is what can be joined: %s cannot', async (what) => {
    const [owner, member, stranger] = [await app.register(), await app.register(), await app.register()];
    const direct = answered(await app.post('chats', { kind: 'direct', userId: member.id }, owner), 201).id;
    const chatId = what === 'nothing' ? 'nothing' : what === 'a group' ? await app.group(owner, member) : direct;
    expect(await join(chatId, stranger)).toMatchObject({ status: 404, body: { code: 'CHAT_NOT_FOUND' } });
  });
});

describe('the list of public rooms', () => {
  const list = async (person: Person, query: string) => answered(await app.get(`chats/public?${query}`, person), 200);
  const names = async (person: Person, q: string): Promise<string[]> =>
    (await list(person, `q=${encodeURIComponent(q)}`)).items.map(({ name }: { name: string }) => name);

  test('is by name, in pages, and says which one is in', async () => {
    const { owner, visitor, stranger } = await aRoom();
    const mark = owner.username;
    for (const name of [`delta ${mark}`, `Beta ${mark}`, `alpha ${mark}`, `ЮГ ${mark}`]) await room(owner, name);
    const all = await names(stranger, mark);
    expect(all).toEqual([`alpha ${mark}`, `Beta ${mark}`, `delta ${mark}`, `Room of ${mark}`, `ЮГ ${mark}`]);
    const paged: string[] = [];
    for (let cursor = ''; ; ) {
      const { items, nextCursor } = await list(stranger, `q=${mark}&limit=2${cursor}`);
      paged.push(...items.map(({ name }: { name: string }) => name));
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor}`;
    }
    expect(paged).toEqual(all);
    const joined = (await list(visitor, `q=${mark}`)).items.filter((item: { joined: boolean }) => item.joined);
    expect(joined).toMatchObject([{ name: `Room of ${mark}`, memberCount: 2 }]);
  });

  test('goes on without q to the end, each room once', async () => {
    const person = await app.register();
    for (let i = 0; i < 5; i += 1) await room(person, `one of ${i}`);
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { items, nextCursor } = await list(person, `limit=3${cursor}`);
      seen.push(...items.map(({ id }: { id: string }) => id));
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength((await list(person, 'limit=100')).items.length);
  });

  test('is searched by a part of the name, whatever the case; nothing has power', async () => {
    const person = await app.register();
    for (const name of ['100% Straße', 'a_b.c*d', 'ПРАГА', 'ΟΔΟΣΗΜΑ']) await room(person, name);
    expect(await names(person, 'STRASSE')).toEqual(['100% Straße']);
    expect(await names(person, '%')).toEqual(['100% Straße']);
    expect(await names(person, '_')).toEqual(['a_b.c*d']);
    expect(await names(person, '.c*')).toEqual(['a_b.c*d']);
    expect(await names(person, 'рага')).toEqual(['ПРАГА']);
    expect(await names(person, 'οδος')).toEqual(['ΟΔΟΣΗΜΑ']);
    expect(await names(person, '.*')).toEqual([]);
  });

  test('has neither groups nor deleted rooms, and says no more than the form', async () => {
    const { chatId, owner, stranger } = await aRoom();
    await app.group(owner);
    answered(await app.delete(`chats/${chatId}`, owner), 204);
    expect(await names(stranger, owner.username)).toEqual([]);
    expect((await app.get(`chats/${chatId}`, stranger)).status).toBe(404);
  });

  test.each(['cursor=x', 'limit=0', 'name=x', `q=${'x'.repeat(201)}`])('?%s is refused', async (query) => {
    expect((await app.get(`chats/public?${query}`, await app.register())).status).toBe(400);
  });
});

describe('muting', () => {
  test('is for ever, until then, or no more', async () => {
    const { chatId, visitor, owner } = await aRoom();
    const muted = async (person: Person) => {
      const { body } = await app.get(`chats/${chatId}`, person);
      const [listed] = (await app.get('chats', person)).body.items;
      expect(listed).toMatchObject({ muted: body.muted, mutedUntil: body.mutedUntil });
      return [body.muted, body.mutedUntil];
    };
    expect(await muted(visitor)).toEqual([false, null]);
    for (const body of [{}, { until: null }]) {
      answered(await app.put(`chats/${chatId}/mute`, body, visitor), 204);
      expect(await muted(visitor)).toEqual([true, null]);
    }
    answered(await app.put(`chats/${chatId}/mute`, { until: '2099-01-01T12:00:00+01:00' }, visitor), 204);
    expect(await muted(visitor)).toEqual([true, '2099-01-01T11:00:00.000Z']);
    expect(await muted(owner)).toEqual([false, null]);
    for (let i = 0; i < 2; i += 1) answered(await app.delete(`chats/${chatId}/mute`, visitor), 204);
    expect(await muted(visitor)).toEqual([false, null]);
  });

  test.each([
    ['in the past', '2020-01-01T00:00:00Z'],
    ['that is no time', 'tomorrow'],
    ['that never was', '2099-02-30T00:00:00Z'],
    ['that UTC cannot tell in four digits of a year', '9999-12-31T23:59:59-05:00'],
    ['of a number', 5],
  ])('until a time %s is refused', async (_, until) => {
    const { chatId, visitor } = await aRoom();
    const answer = await app.put(`chats/${chatId}/mute`, { until }, visitor);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: '/until' }] } });
  });
});

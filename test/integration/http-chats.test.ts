import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, type Person, TestApp } from '../support/app.ts';

let app: TestApp;
let ann: Person;
let bob: Person;
let cat: Person;
beforeAll(async () => {
  app = await TestApp.start();
  [ann, bob, cat] = [await app.register(), await app.register(), await app.register()];
});
afterAll(() => app.stop());

const direct = (as: Person, userId: string) => app.post('chats', { kind: 'direct', userId }, as);
const group = (as: Person, memberIds: string[], name = 'a group') =>
  app.post('chats', { kind: 'group', name, memberIds }, as);

describe('a group', () => {
  test('is made with its members, its owner and a first line', async () => {
    const { status, body } = await group(ann, [bob.id, bob.id, ann.id], ' Garden ');
    expect(status).toBe(201);
    expect(body).toMatchObject({
      kind: 'group',
      name: 'Garden',
      peer: null,
      memberCount: 2,
      role: 'owner',
      seq: 1,
      rev: 1,
    });
    const { system, content, sender } = body.lastMessage;
    expect([system.type, system.name, content, sender.username]).toEqual([
      'chat.created',
      'Garden',
      null,
      ann.username,
    ]);
    expect(system.users).toEqual([expect.objectContaining({ id: bob.id, username: bob.username })]);
  });

  test('refuses members who do not exist, and names them', async () => {
    const { status, body } = await group(ann, [bob.id, 'nobody']);
    expect([status, body.code]).toEqual([422, 'USERS_UNKNOWN']);
    expect(body.errors).toEqual([{ path: '/memberIds', message: 'nobody is not a user' }]);
  });

  test('is renamed and described by any member', async () => {
    const chatId = await app.group(ann, bob);
    const { body } = await app.patch(`chats/${chatId}`, { name: 'New name', description: 'What for' }, bob);
    expect(body).toMatchObject({ name: 'New name', description: 'What for', rev: 2, seq: 2 });
    expect((await app.patch(`chats/${chatId}`, { name: 'New name' }, bob)).body.rev).toBe(2);
    expect((await app.patch(`chats/${chatId}`, { description: null }, ann)).body.description).toBeNull();
    const blank = await app.patch(`chats/${chatId}`, { name: '  ' }, ann);
    expect([blank.status, blank.body.errors[0].path]).toEqual([400, '/name']);
  });

  test('is deleted by its owner, for everybody', async () => {
    const chatId = await app.group(ann, bob);
    expect((await app.delete(`chats/${chatId}`, bob)).status).toBe(403);
    expect((await app.delete(`chats/${chatId}`, ann)).status).toBe(204);
    for (const person of [ann, bob]) {
      expect((await app.get(`chats/${chatId}`, person)).body.code).toBe('CHAT_NOT_FOUND');
    }
  });
});

describe('a direct chat', () => {
  test('is one for each pair, whoever opens it', async () => {
    const [dan, eve] = [await app.register(), await app.register()];
    const opened = await direct(dan, eve.id);
    expect(opened.status).toBe(201);
    expect(opened.body).toMatchObject({ kind: 'direct', name: null, lastMessage: null, memberCount: 2 });
    expect(opened.body.peer.username).toBe(eve.username);
    const again = await direct(eve, dan.id);
    expect([again.status, again.body.id, again.body.peer.id]).toEqual([200, opened.body.id, dan.id]);
  });

  test('is with somebody else who exists', async () => {
    const self = await direct(ann, ann.id);
    expect([self.status, self.body.code]).toEqual([422, 'CHAT_WITH_ONESELF']);
    const nobody = await direct(ann, 'nobody');
    expect([nobody.status, nobody.body.code]).toEqual([422, 'USERS_UNKNOWN']);
    expect(nobody.body.errors).toEqual([{ path: '/userId', message: 'nobody is not a user' }]);
  });

  test('has neither name nor roles nor other members, and is not left', async () => {
    const { id } = (await direct(ann, bob.id)).body;
    const answers = [
      await app.patch(`chats/${id}`, { name: 'x' }, ann),
      await app.post(`chats/${id}/members`, { userIds: [cat.id] }, ann),
      await app.patch(`chats/${id}/members/${bob.id}`, { role: 'admin' }, ann),
      await app.delete(`chats/${id}/members/me`, ann),
    ];
    for (const { status, body } of answers) expect([status, body.code]).toEqual([422, 'DIRECT_CHAT_FIXED']);
  });
});

describe('the list of chats', () => {
  test('has the latest activity first, page by page, each once', async () => {
    const person = await app.register();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push(await app.group(person));
    await app.say(ids[1] ?? '', person, 'later');
    const seen: string[] = [];
    for (let query = 'limit=2'; query; ) {
      const { items, nextCursor } = (await app.get(`chats?${query}`, person)).body;
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map(({ id }: { id: string }) => id));
      query = nextCursor === null ? '' : `limit=2&cursor=${nextCursor}`;
    }
    expect(seen[0]).toBe(ids[1]);
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  test('counts what others wrote and I have not read', async () => {
    const [writer, reader] = [await app.register(), await app.register()];
    const chatId = await app.group(writer, reader);
    for (const content of ['one', 'two', 'three']) await app.say(chatId, writer, content);
    const mine = async (person: Person) => (await app.get('chats', person)).body.items[0];
    expect((await mine(reader)).unreadCount).toBe(3);
    expect((await mine(writer)).unreadCount).toBe(0);
    const read = await app.put(`chats/${chatId}/read`, { seq: 3 }, reader);
    expect([read.status, read.body]).toEqual([200, { readSeq: 3, unreadCount: 1 }]);
    expect((await app.put(`chats/${chatId}/read`, { seq: 1 }, reader)).body).toEqual({ readSeq: 3, unreadCount: 1 });
    expect((await app.put(`chats/${chatId}/read`, { seq: 999 }, reader)).body).toEqual({ readSeq: 4, unreadCount: 0 });
    expect((await mine(reader)).unreadCount).toBe(0);
  });
});

describe('members', () => {
  test('are listed page by page', async () => {
    const chatId = await app.group(ann, bob, cat);
    const first = (await app.get(`chats/${chatId}/members?limit=2`, bob)).body;
    const second = (await app.get(`chats/${chatId}/members?limit=2&cursor=${first.nextCursor}`, bob)).body;
    const all = [...first.items, ...second.items];
    expect(all.map(({ userId }) => userId).toSorted()).toEqual([ann.id, bob.id, cat.id].toSorted());
    expect(all.find(({ userId }) => userId === ann.id)).toMatchObject({
      role: 'owner',
      user: { username: ann.username },
    });
    expect(second.nextCursor).toBeNull();
  });

  test('are added by any member; who is one already stays as he is', async () => {
    const chatId = await app.group(ann, bob);
    const { status, body } = await app.post(`chats/${chatId}/members`, { userIds: [cat.id, ann.id] }, bob);
    expect(status).toBe(200);
    const roles = Object.fromEntries(body.items.map(({ userId, role }: Record<string, string>) => [userId, role]));
    expect(roles).toEqual({ [cat.id]: 'member', [ann.id]: 'owner' });
    expect((await app.get(`chats/${chatId}`, cat)).body.memberCount).toBe(3);
    const unknown = await app.post(`chats/${chatId}/members`, { userIds: ['nobody'] }, bob);
    expect([unknown.status, unknown.body.errors]).toEqual([
      422,
      [{ path: '/userIds', message: 'nobody is not a user' }],
    ]);
  });

  test('have roles, which the owner gives', async () => {
    const chatId = await app.group(ann, bob, cat);
    const change = (userId: string, role: string, as: Person) =>
      app.patch(`chats/${chatId}/members/${userId}`, { role }, as);
    expect((await change(cat.id, 'admin', bob)).body.code).toBe('FORBIDDEN');
    expect((await change(bob.id, 'admin', ann)).body).toMatchObject({ userId: bob.id, role: 'admin' });
    expect((await change('me', 'member', ann)).body.code).toBe('OWNER_MUST_HAND_OVER');
    expect((await change('nobody', 'member', ann)).body.code).toBe('MEMBER_NOT_FOUND');
    expect((await change(bob.id, 'owner', ann)).body.role).toBe('owner');
    expect((await app.get(`chats/${chatId}`, ann)).body.role).toBe('admin');
  });

  test('are removed by a higher rank, or leave', async () => {
    const chatId = await app.group(ann, bob, cat);
    expect((await app.delete(`chats/${chatId}/members/${cat.id}`, bob)).body.code).toBe('FORBIDDEN');
    expect((await app.delete(`chats/${chatId}/members/${cat.id}`, ann)).status).toBe(204);
    expect((await app.get(`chats/${chatId}`, cat)).body.code).toBe('CHAT_NOT_FOUND');
    expect((await app.delete(`chats/${chatId}/members/${cat.id}`, ann)).body.code).toBe('MEMBER_NOT_FOUND');
    expect((await app.delete(`chats/${chatId}/members/me`, ann)).status).toBe(204);
    expect((await app.get(`chats/${chatId}`, bob)).body).toMatchObject({ role: 'owner', memberCount: 1 });
  });
});

describe('changes', () => {
  test('tell everything that was stored, in order and without a gap', async () => {
    const chatId = await app.group(ann, bob);
    const message = await app.say(chatId, ann);
    const path = `chats/${chatId}/messages/${message.id}`;
    answered(await app.patch(path, { content: 'hello again' }, ann), 200);
    answered(await app.delete(path, ann), 204);
    answered(await app.patch(`chats/${chatId}`, { name: 'Other' }, bob), 200);
    answered(await app.patch(`chats/${chatId}/members/${bob.id}`, { role: 'admin' }, ann), 200);
    answered(await app.post(`chats/${chatId}/members`, { userIds: [cat.id] }, ann), 200);
    answered(await app.delete(`chats/${chatId}/members/${cat.id}`, ann), 204);

    const { items, rev } = answered(await app.get(`chats/${chatId}/changes?afterRev=0`, bob), 200);
    expect(rev).toBe(8);
    expect(items.map(({ type }: { type: string }) => type)).toEqual([
      ...['chat.created', 'message.created', 'message.updated', 'message.deleted', 'chat.updated'],
      ...['member.updated', 'member.added', 'member.removed'],
    ]);
    expect(items.slice(1).map((change: { rev: number }) => change.rev)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(items[0]).toMatchObject({ rev: 8, data: { chat: { id: chatId, role: 'admin' } } });
    expect(items[1].data.message).toMatchObject({ id: message.id, content: null, deletedAt: expect.any(String) });
  });

  test('begin after the rev that is given, and are as many as asked for', async () => {
    const chatId = await app.group(ann);
    for (const content of ['one', 'two', 'three']) await app.say(chatId, ann, content);
    const { items, rev } = (await app.get(`chats/${chatId}/changes?afterRev=2&limit=1`, ann)).body;
    expect([items.length, items[0].rev, rev]).toEqual([1, 3, 4]);
    expect((await app.get(`chats/${chatId}/changes?afterRev=99`, ann)).body).toEqual({ items: [], rev: 4 });
    const missing = await app.get(`chats/${chatId}/changes`, ann);
    expect(missing.body.errors).toEqual([{ path: '/afterRev', message: 'is required' }]);
  });
});

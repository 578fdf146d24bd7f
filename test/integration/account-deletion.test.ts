import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StoreError } from '../../src/application/ports/persistence.ts';
import { answered, PASSWORD, type Person, TestApp } from '../support/app.ts';
import { aUser } from '../support/builders.ts';
import { ShiftedClock } from '../support/clocks.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let clock: ShiftedClock;
let app: TestApp;
let ann: Person;
let bob: Person;
beforeEach(async () => {
  clock = new ShiftedClock();
  app = await TestApp.start({ clock });
  [ann, bob] = [await app.register('ann'), await app.register('bob')];
});
afterEach(() => app.stop());

const remove = (as: Person, messages: string, password = PASSWORD) =>
  app.call('DELETE', 'users/me', { as, body: { password, messages } });
const sweep = () => app.application.deletion.sweep();
const history = async (chatId: string, viewer: Person) =>
  answered(await app.get(`chats/${chatId}/messages?order=asc`, viewer), 200).items;
const direct = async (from: Person, to: Person): Promise<string> =>
  answered(await app.post('chats', { kind: 'direct', userId: to.id }, from), 201).id;
const DELETED = { username: null, displayName: null, avatarUrl: null, deleted: true };

describe('DELETE /users/me', () => {
  test('signs out everywhere, for good', async () => {
    const phone = await app.login(ann);
    expect((await remove(ann, 'keep')).status).toBe(204);
    for (const device of [ann, phone]) expect((await app.get('users/me', device)).status).toBe(401);
    const login = await app.post('auth/login', { login: 'ann', password: PASSWORD });
    expect([login.status, login.body.code]).toEqual([401, 'BAD_CREDENTIALS']);
    expect((await app.post('auth/refresh', { refreshToken: phone.refreshToken })).status).toBe(401);
    expect((await app.get(`users/${ann.id}`, bob)).status).toBe(404);
    expect((await app.get('users?q=ann', bob)).body.items).toEqual([]);
  });

  test('takes the name from what stays', async () => {
    const chatId = await app.group(bob, ann);
    const message = await app.say(chatId, ann, 'I was here');
    await remove(ann, 'keep');
    const [, before] = await history(chatId, bob);
    expect(before).toMatchObject({ id: message.id, content: 'I was here', sender: { id: ann.id, ...DELETED } });
    expect((await app.get(`chats/${chatId}/members`, bob)).body.items).toHaveLength(2);
    await sweep();
    expect((await app.get(`chats/${chatId}/members`, bob)).body.items).toMatchObject([{ userId: bob.id }]);
    const left = (await history(chatId, bob)).at(-1);
    expect(left).toMatchObject({ system: { type: 'member.removed', users: [{ id: ann.id, ...DELETED }] } });
  });

  test('takes it also where what follows fails at first, or the process ends', async () => {
    const chatId = await app.group(bob, ann);
    await app.say(chatId, ann, 'I was here');
    await history(chatId, bob); // from now on her name is remembered
    const endAll = jest.spyOn(app.store.sessions, 'endAll').mockRejectedValueOnce(new StoreError('not-done', 'away'));
    expect((await remove(ann, 'keep')).status).toBe(503);
    endAll.mockRestore();
    await sweep();
    expect((await history(chatId, bob))[1].sender).toEqual({ id: ann.id, ...DELETED });
  });

  test('is not held up by many before him, who wait to be looked over once more', async () => {
    const message = await app.say(await app.group(ann, bob), ann, 'to be erased');
    const others = Array.from({ length: 50 }, () => aUser());
    await Promise.all(others.map((user) => app.store.users.create(user, 'hash')));
    const deletions = others.map(({ id: userId }) => ({ userId, messages: 'erase', at: clock.now() }) as const);
    for (const deletion of deletions) await app.store.deletions.begin(deletion);
    await remove(ann, 'erase');
    await sweep();
    await sweep();
    expect(await app.store.messages.find(message.chatId, message.id)).toMatchObject({ content: null });
  });

  test('hands groups over, and takes those with him where nobody is left', async () => {
    const [shared, alone] = [await app.group(ann, bob), await app.group(ann)];
    await remove(ann, 'keep');
    await sweep();
    expect((await app.get(`chats/${shared}`, bob)).body).toMatchObject({ role: 'owner', memberCount: 1 });
    expect(await app.store.chats.find(alone)).toMatchObject({ live: false });
  });

  test('keeps direct chats, with a deleted person', async () => {
    const chatId = await direct(ann, bob);
    await app.say(chatId, ann, 'stays');
    await remove(ann, 'keep');
    await sweep();
    const { body: chat } = await app.get(`chats/${chatId}`, bob);
    expect(chat).toMatchObject({ peer: { id: ann.id, ...DELETED }, lastMessage: { content: 'stays' } });
    const stranger = await app.register();
    expect((await app.post('chats', { kind: 'direct', userId: ann.id }, stranger)).body.code).toBe('USERS_UNKNOWN');
    expect((await app.post(`chats/${await app.group(bob)}/members`, { userIds: [ann.id] }, bob)).status).toBe(422);
  });

  test('erases what he wrote, also where he had left, and nothing else', async () => {
    const [group, left] = [await app.group(bob, ann), await app.group(bob, ann)];
    const pair = await direct(ann, bob);
    for (const chatId of [group, left, pair]) {
      for (let i = 0; i < 3; i += 1) {
        await app.say(chatId, ann, `ann ${i}`);
        await app.say(chatId, bob, `bob ${i}`);
      }
    }
    answered(await app.delete(`chats/${left}/members/me`, ann), 204);
    await remove(ann, 'erase');
    await sweep();
    for (const chatId of [group, left, pair]) {
      const lines: Record<string, unknown>[] = await history(chatId, bob);
      const texts = lines.filter(({ kind }) => kind === 'text');
      const [hers, his] = [texts.filter((m) => m.senderId === ann.id), texts.filter((m) => m.senderId === bob.id)];
      expect(hers.map((m) => [m.content, m.deletedAt !== null])).toEqual(Array(3).fill([null, true]));
      expect(his.map((m) => m.content)).toEqual(['bob 0', 'bob 1', 'bob 2']);
      expect((await app.get(`chats/${chatId}`, bob)).body.unreadCount).toBe(0);
    }
  });

  test('is looked over once more, and only then finished', async () => {
    const chatId = await app.group(bob);
    await remove(ann, 'erase');
    await sweep();
    // Somebody's command that was under way while the account went.
    const command = { type: 'member.add', userIds: [ann.id], lineId: 'late' } as const;
    await app.application.writer.submit(chatId, bob.id, command);
    await sweep();
    expect(await app.store.deletions.unfinished(9)).toHaveLength(1);
    expect((await app.get(`chats/${chatId}`, bob)).body.memberCount).toBe(2);
    clock.shiftMs = MINUTE;
    await sweep();
    expect(await app.store.deletions.unfinished(9)).toEqual([]);
    expect((await app.get(`chats/${chatId}`, bob)).body.memberCount).toBe(1);
  });

  test('frees the address at once and the name after 30 days', async () => {
    const register = (username: string, email: string) =>
      app.post('auth/register', { username, email, password: PASSWORD });
    await remove(ann, 'keep');
    expect((await register('ann-2', ann.email)).status).toBe(201);
    clock.shiftMs = 29 * DAY;
    await sweep();
    expect((await register('ANN', 'other@example.org')).body.code).toBe('USERNAME_TAKEN');
    clock.shiftMs = 30 * DAY + MINUTE;
    await sweep();
    expect((await register('ANN', 'other@example.org')).status).toBe(201);
  });

  test('wants the password, and changes nothing without it', async () => {
    const wrong = await remove(ann, 'keep', 'a guess');
    expect([wrong.status, wrong.body.code]).toEqual([401, 'BAD_CREDENTIALS']);
    expect((await app.get('users/me', ann)).status).toBe(200);
    expect((await app.call('DELETE', 'users/me', { body: { password: PASSWORD, messages: 'keep' } })).status).toBe(401);
  });

  test.each([
    [undefined, ''],
    [{}, '/password'],
    [{ password: PASSWORD }, '/messages'],
    [{ password: 1, messages: 'keep' }, '/password'],
    [{ password: PASSWORD, messages: 'burn' }, '/messages'],
    [{ password: PASSWORD, messages: 'keep', sure: true }, '/sure'],
  ])('refuses %j', async (body, path) => {
    const answer = await app.call('DELETE', 'users/me', { as: ann, ...(body && { body }) });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, path]);
    expect((await app.get('users/me', ann)).status).toBe(200);
  });
});

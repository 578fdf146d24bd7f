import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, PASSWORD, TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

describe('my profile', () => {
  test('is all of it, and never the password', async () => {
    const person = await app.register();
    const { status, body } = await app.get('users/me', person);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ id: person.id, username: person.username, email: person.email, displayName: null, avatarUrl: null },
      ...{ bio: null, location: null, birthDate: null, isPrivate: false, publicFields: [], showPresence: true },
      ...{ deleted: false, role: 'user', version: 1, createdAt: expect.any(String), updatedAt: body.createdAt },
    });
  });

  test('changes in what is named only, and once', async () => {
    const person = await app.register();
    const patch = { bio: ' I read. ', birthDate: '1990-02-28', publicFields: ['email'], isPrivate: true };
    const { body: changed } = await app.patch('users/me', patch, person);
    expect(changed).toMatchObject({ ...patch, bio: 'I read.', username: person.username, version: 2 });
    expect((await app.patch('users/me', { bio: 'I read.' }, person)).body.version).toBe(2);
    expect((await app.patch('users/me', {}, person)).body).toEqual(changed);
    expect((await app.patch('users/me', { bio: null }, person)).body).toMatchObject({ bio: null, version: 3 });
  });

  test('refuses names that are taken and dates that are none', async () => {
    const [person, other] = [await app.register(), await app.register()];
    const name = await app.patch('users/me', { username: other.username }, person);
    expect([name.status, name.body.code]).toEqual([409, 'USERNAME_TAKEN']);
    const email = await app.patch('users/me', { email: other.email.toUpperCase() }, person);
    expect([email.status, email.body.code]).toEqual([409, 'EMAIL_TAKEN']);
    for (const birthDate of ['2001-02-29', '29.2.2000', '', '9999-01-01']) {
      const { status, body } = await app.patch('users/me', { birthDate }, person);
      expect([status, body.errors[0].path]).toEqual([400, '/birthDate']);
    }
    expect((await app.get('users/me', person)).body.version).toBe(1);
  });
});

describe('changing the password', () => {
  const newPassword = 'another good password';

  test('ends all other sessions', async () => {
    const person = await app.register();
    const phone = await app.login(person);
    const change = await app.put('users/me/password', { currentPassword: PASSWORD, newPassword }, phone);
    expect(change.status).toBe(204);
    expect((await app.get('users/me', phone)).status).toBe(200);
    expect((await app.get('users/me', person)).status).toBe(401);
    const login = (password: string) => app.post('auth/login', { login: person.username, password });
    expect((await login(PASSWORD)).status).toBe(401);
    expect((await login(newPassword)).status).toBe(200);
  });

  test('needs the present one and a good new one', async () => {
    const person = await app.register();
    const wrong = await app.put('users/me/password', { currentPassword: 'guess', newPassword }, person);
    expect([wrong.status, wrong.body.code]).toEqual([401, 'BAD_CREDENTIALS']);
    const weak = await app.put('users/me/password', { currentPassword: PASSWORD, newPassword: 'short' }, person);
    expect([weak.status, weak.body.errors[0].path]).toEqual([400, '/newPassword']);
  });
});

describe('somebody else', () => {
  test('shows a stranger less of a private profile than one who shares a chat', async () => {
    const [private_, friend, stranger] = [await app.register(), await app.register(), await app.register()];
    const patch = { displayName: 'Pat', bio: 'A bio', location: 'Ulm', isPrivate: true, publicFields: ['email'] };
    answered(await app.patch('users/me', patch, private_), 200);
    await app.group(private_, friend);
    const { username, email } = private_;
    const seen = async (viewer: typeof friend) => (await app.get(`users/${private_.id}`, viewer)).body;
    expect(await seen(stranger)).toMatchObject({
      username,
      bio: 'A bio',
      displayName: null,
      location: null,
      email: null,
    });
    expect(await seen(friend)).toMatchObject({ username, displayName: 'Pat', location: 'Ulm', email });
    expect(await seen(private_)).toMatchObject({ displayName: 'Pat', email });
  });

  test('who is private shows strangers no name in what he has left behind either', async () => {
    const [pat, friend, stranger, ann] = [app.register(), app.register(), app.register(), app.register()];
    const [left, owner] = [await pat, await ann];
    const { body: room } = await app.post('chats', { kind: 'public', name: 'a room' }, owner);
    answered(await app.post(`chats/${room.id}/join`, undefined, left), 200);
    await app.say(room.id, left);
    answered(await app.delete(`chats/${room.id}/members/me`, left), 204);
    answered(await app.patch('users/me', { isPrivate: true, displayName: 'Pat' }, left), 200);
    await app.group(left, await friend);
    const namesFor = async (reader: typeof left) => {
      answered(await app.post(`chats/${room.id}/join`, undefined, reader), 200);
      const answers = await Promise.all([
        app.get('chats', reader),
        app.get(`chats/${room.id}`, reader),
        app.get(`chats/${room.id}/messages`, reader),
        app.get(`chats/${room.id}/changes?afterRev=0`, reader),
        app.get('messages', reader),
        app.post('sync', {}, reader),
      ]);
      return answers.map(({ body }) => JSON.stringify(body).includes('"Pat"'));
    };
    expect(await namesFor(await stranger)).toEqual(Array(6).fill(false));
    expect(await namesFor(await friend)).toEqual(Array(6).fill(true));
  });

  test('is not found where there is nobody', async () => {
    const { status, body } = await app.get('users/nobody', await app.register());
    expect([status, body.code]).toEqual([404, 'USER_NOT_FOUND']);
  });
});

test('a name that changed is seen in the next answer, everywhere', async () => {
  const [ann, bob] = [await app.register(), await app.register()];
  const chatId = await app.group(ann, bob);
  const message = await app.say(chatId, ann);
  expect(message.sender.displayName).toBeNull();
  answered(await app.patch('users/me', { displayName: 'Ann' }, ann), 200);
  const { body: chats } = await app.get('chats', bob);
  expect(chats.items[0].lastMessage.sender.displayName).toBe('Ann');
});

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Parley, ParleyError, presenceOf } from '../../client/src/index.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, idOf, until } from './support/people.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let app: RunningApp;
let clients: Clients;
let ann: Parley;
let bob: Parley;
beforeAll(async () => {
  app = await startApp();
  clients = new Clients(app.url);
  [ann, bob] = [await clients.register(), await clients.register()];
});
afterAll(async () => {
  await clients.closeAll();
  await app.stop();
});

const nameOf = (parley: Parley): string => parley.store.getState().me?.username ?? '';
const chatIn = (parley: Parley, chatId: string) => parley.store.getState().chats[chatId];

describe('accounts', () => {
  it('the own profile is read, changed and shown', async () => {
    const me = await ann.me.update({ displayName: 'Ann', bio: 'Hello.' });
    expect(me).toMatchObject({ displayName: 'Ann', bio: 'Hello.' });
    expect(ann.store.getState()).toMatchObject({
      me: { displayName: 'Ann' },
      users: { [me.id]: { displayName: 'Ann' } },
    });
    expect(await ann.me.read()).toEqual(me);
  });

  it('a change on another device is seen', async () => {
    const other = await clients.anotherOf(ann);
    await other.me.update({ displayName: 'Ann of the other device' });
    await until(ann, ({ me }) => me?.displayName === 'Ann of the other device');
    await other.close();
  });

  it('sessions are listed and ended, passwords changed, accounts deleted', async () => {
    const cem = await clients.register();
    const other = await clients.anotherOf(cem);
    expect((await cem.auth.sessions()).items.map(({ current }) => current).sort()).toEqual([false, true]);
    await cem.me.changePassword(PASSWORD, 'another correct horse');
    await until(other, ({ account }) => account === 'signed-out');
    await expect(cem.me.delete({ password: PASSWORD, messages: 'keep' })).rejects.toMatchObject({ status: 401 });
    await cem.me.delete({ password: 'another correct horse', messages: 'erase' });
    expect(cem.store.getState().account).toBe('signed-out');
  });

  it('signs out everywhere', async () => {
    const cem = await clients.register();
    const other = await clients.anotherOf(cem);
    await cem.auth.logoutAll();
    expect(cem.store.getState().account).toBe('signed-out');
    await until(other, ({ account }) => account === 'signed-out');
  });

  it('a forgotten password is asked for without telling whether there is such an account', async () => {
    await expect(clients.make().auth.forgotPassword('nobody@example.org')).resolves.toBeUndefined();
    await expect(clients.make().auth.resetPassword('nonsense', 'a new password')).rejects.toMatchObject({
      code: 'RESET_TOKEN_INVALID',
    });
  });
});

describe('people', () => {
  it('are found, read, and known to be there', async () => {
    const { items } = await ann.people.find({ username: nameOf(bob) });
    expect(items.map(({ id }) => id)).toEqual([idOf(bob)]);
    expect((await ann.people.get(idOf(bob))).username).toBe(nameOf(bob));
    await ann.chats.openDirect(idOf(bob));
    await ann.presence.load([idOf(bob)]);
    expect(presenceOf(ann.store.getState(), idOf(bob))).toBe('online');
    bob.presence.set('away');
    await until(ann, (state) => presenceOf(state, idOf(bob)) === 'away');
    bob.presence.set('online');
    await until(ann, (state) => presenceOf(state, idOf(bob)) === 'online');
  });
});

describe('chats', () => {
  it('a group is made, changed, muted, left and deleted; everybody’s store follows', async () => {
    const { id } = await ann.chats.createGroup({ name: 'a group', memberIds: [idOf(bob)] });
    expect(chatIn(ann, id)).toMatchObject({ name: 'a group', role: 'owner', memberCount: 2 });
    await until(bob, ({ chats }) => chats[id]);
    await ann.chats.update(id, { name: 'renamed' });
    await until(bob, ({ chats }) => chats[id]?.name === 'renamed');
    await bob.chats.mute(id);
    expect(chatIn(bob, id)?.muted).toBe(true);
    await bob.chats.unmute(id);
    expect(chatIn(bob, id)?.muted).toBe(false);

    const cem = await clients.register();
    await ann.members.load(id);
    await ann.members.add(id, [idOf(cem)]);
    await until(ann, ({ members }) => members[id]?.items.length === 3);
    await ann.members.setRole(id, idOf(bob), 'admin');
    await until(bob, ({ chats }) => chats[id]?.role === 'admin');
    await bob.members.remove(id, idOf(cem));
    await until(cem, ({ chats, chatsLoaded }) => chatsLoaded && !chats[id]);
    await until(ann, ({ members, chats }) => members[id]?.items.length === 2 && chats[id]?.memberCount === 2);
    await bob.chats.leave(id);
    await until(bob, ({ chats }) => !chats[id]);
    await ann.chats.delete(id);
    await until(ann, ({ chats }) => !chats[id]);
    await expect(ann.chats.get(id)).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' });
  });

  it('a public room is found and joined', async () => {
    const { id } = await ann.chats.createRoom({ name: `the room of ${nameOf(ann)}` });
    const { items } = await bob.chats.rooms({ q: nameOf(ann) });
    expect(items).toMatchObject([{ id, joined: false }]);
    expect(await bob.chats.get(id)).toMatchObject({ joined: false });
    await bob.chats.join(id);
    expect(chatIn(bob, id)).toMatchObject({ kind: 'public', role: 'member' });
    await bob.messages.send(id, 'hello');
    await until(ann, ({ chats }) => chats[id]?.unreadCount === 1);
  });

  it('a direct chat is one, whoever opens it', async () => {
    const [one, other] = await Promise.all([ann.chats.openDirect(idOf(bob)), bob.chats.openDirect(idOf(ann))]);
    expect(one.id).toBe(other.id);
    await expect(ann.chats.openDirect(idOf(ann))).rejects.toMatchObject({ code: 'CHAT_WITH_ONESELF', status: 422 });
  });
});

describe('messages', () => {
  it('are answered, edited, searched and deleted', async () => {
    const { id } = await ann.chats.createGroup({ name: 'texts', memberIds: [] });
    await ann.messages.loadNewest(id);
    const first = await ann.messages.send(id, 'the first');
    const reply = await ann.messages.send(id, { content: 'an answer', replyTo: first.id });
    expect(reply.replyTo).toEqual({ id: first.id, seq: first.seq });
    await ann.messages.edit(id, first.id, 'the very first');
    expect((await ann.messages.earlierTexts(id, first.id)).map(({ content }) => content)).toEqual(['the first']);
    expect((await ann.messages.find(id, { 'content-like': 'VERY' })).items.map((line) => line.id)).toEqual([first.id]);
    expect((await ann.messages.feed({ sender: 'me', limit: 1 })).items.map((line) => line.id)).toEqual([reply.id]);
    await ann.messages.delete(id, reply.id);
    await until(ann, ({ timelines }) => timelines[id]?.messages.at(-1)?.deletedAt);
    await expect(ann.messages.edit(id, reply.id, 'too late')).rejects.toBeInstanceOf(ParleyError);
  });

  it('carry files', async () => {
    const { id } = await ann.chats.openDirect(idOf(bob));
    const attachment = await ann.files.upload(new Blob(['what is in it']), 'notes.txt');
    expect(attachment).toMatchObject({ name: 'notes.txt', bytes: 13 });
    const told = bob.events('message.created', { chatId: id });
    await ann.messages.send(id, { content: '', attachments: [attachment] });
    const { value } = await told.next();
    expect(await (await bob.files.read(value.data.message.attachments[0].url)).text()).toBe('what is in it');
    await told.return?.();
  });

  it('an address of elsewhere is never asked with the token', async () => {
    await expect(ann.files.read('https://elsewhere.example/api/v1/attachments/1')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('pictures are set and read', async () => {
    const me = await ann.me.setAvatar(new Blob([PNG], { type: 'image/png' }));
    expect((await bob.files.read(me.avatarUrl ?? '')).size).toBeGreaterThan(0);
    await ann.me.removeAvatar();
    expect(ann.store.getState().me?.avatarUrl).toBeNull();
  });
});

it('an iteration ends when the client is closed', async () => {
  const cem = await clients.register();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { data } of cem.events('message.created')) seen.push(data.message.content ?? '');
  })();
  const { id } = await cem.chats.createGroup({ name: 'alone', memberIds: [] });
  await cem.messages.send(id, 'one');
  await cem.close();
  await reading;
  expect(seen).toEqual(['one']);
});

it('a listener that throws stops nobody else', async () => {
  const uncaught = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
  const cem = await clients.register();
  const fail = () => {
    throw new Error('of the page');
  };
  const told: string[] = [];
  const unsubscribe = cem.store.subscribe(fail);
  cem.on('message.created', fail);
  cem.on('message.created', ({ data }) => told.push(data.message.content ?? ''));
  const { id } = await cem.chats.createGroup({ name: 'alone', memberIds: [] });
  await cem.messages.send(id, 'one');
  expect(told).toEqual(['one']);
  expect(uncaught).toHaveBeenCalled();
  unsubscribe();
  uncaught.mockRestore();
});

it('the server tells what it is', async () => {
  expect(await clients.make().server()).toMatchObject({ name: 'parley', registration: 'open' });
});

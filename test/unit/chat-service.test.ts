import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ChatView } from '../../src/application/chat-service.ts';
import { MuteService } from '../../src/application/mute-service.ts';
import { onlyOneOf } from '../../src/application/page.ts';
import type { BusEvent } from '../../src/application/ports/realtime.ts';
import type { RoomQuery } from '../../src/application/public-rooms.ts';
import { CHATS_MAX, FOR_EVER } from '../../src/domain/chat.ts';
import type { Actor } from '../../src/domain/session.ts';
import { anId, ids } from '../support/builders.ts';
import { creation, only, propose } from '../support/chat-actions.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

let app: UseCases;
let ann: Actor;
let bob: Actor;
let dan: Actor;
/** Nobody knows him. */
let sam: Actor;

beforeEach(async () => {
  app = await openUseCases();
  [ann, bob, dan, sam] = await Promise.all([app.newActor(), app.newActor(), app.newActor(), app.newActor()]);
});

afterEach(() => app.store.close());

const NOT_FOUND = { code: 'CHAT_NOT_FOUND' };

/** Ann's group with Bob and Dan. */
async function aGroup(name = 'Choir'): Promise<string> {
  const { chat } = await app.chats.createGroup(ann, { name, memberIds: [bob.userId, dan.userId] });
  return chat.id;
}

const say = async (who: Actor, chatId: string, ...texts: string[]) =>
  (
    await app.messages.send(
      who,
      chatId,
      texts.map((content) => ({ content })),
    )
  ).messages;

/** Puts a person into as many chats as anybody may be in, but for `room`. */
async function fillUp({ userId }: Actor, room = 0): Promise<void> {
  const log = app.store.chatLog;
  const commits = await Promise.all(ids(CHATS_MAX - room).map((chatId) => propose(log, chatId, userId, creation([]))));
  await Promise.all(log.append(commits));
}

describe('creating a group', () => {
  test('gives it as its owner sees it', async () => {
    const view = await app.chats.createGroup(ann, { name: ' Choir ', memberIds: [bob.userId] });
    expect(view).toMatchObject({
      chat: { kind: 'group', name: 'Choir', memberCount: 2 },
      member: { userId: ann.userId, role: 'owner' },
      lastMessage: { kind: 'system', system: { type: 'chat.created' } },
      unreadCount: 0,
    });
  });

  test('takes everybody once, and the creator without his asking', async () => {
    const memberIds = [bob.userId, ann.userId, bob.userId];
    const { chat } = await app.chats.createGroup(ann, { name: 'Choir', memberIds });
    expect(chat.memberCount).toBe(2);
  });

  test('is possible alone', async () => {
    expect((await app.chats.createGroup(ann, { name: 'Diary', memberIds: [] })).chat.memberCount).toBe(1);
  });

  test('with people who do not exist is refused, and names them', async () => {
    const nobody = anId();
    const created = app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId, nobody] });
    await expect(created).rejects.toMatchObject({
      code: 'USERS_UNKNOWN',
      problems: [expect.objectContaining({ message: `${nobody} is not a user` })],
    });
    expect(await app.chats.idsOf(bob.userId)).toEqual([]);
  });

  test('without a name is refused', async () => {
    await expect(app.chats.createGroup(ann, { name: ' ', memberIds: [] })).rejects.toMatchObject({
      problems: [{ path: '/name', message: 'must not be blank' }],
    });
  });

  test('is refused where one of them is in too many chats, and is not where there is room for this one', async () => {
    await Promise.all([fillUp(bob), fillUp(dan, 1)]);
    const create = (...members: Actor[]) =>
      app.chats.createGroup(ann, { name: 'Choir', memberIds: members.map((member) => member.userId) });
    await expect(create(bob)).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
    await create(dan);
    await expect(create(dan)).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
  });
});

describe('opening a direct chat', () => {
  test('makes it once, and is then the same one for both', async () => {
    const first = await app.chats.openDirect(ann, bob.userId);
    expect(first).toMatchObject({ created: true, chat: { chat: { kind: 'direct' }, lastMessage: null } });
    const second = await app.chats.openDirect(bob, ann.userId);
    expect(second).toMatchObject({ created: false, chat: { chat: { id: first.chat.chat.id } } });
  });

  test('by both at once makes one', async () => {
    const opened = [app.chats.openDirect(ann, bob.userId), app.chats.openDirect(bob, ann.userId)];
    expect((await Promise.all(opened)).map(({ created }) => created).sort()).toEqual([false, true]);
    expect(await app.chats.idsOf(ann.userId)).toEqual(await app.chats.idsOf(bob.userId));
  });

  test('after it was deleted opens it again, empty', async () => {
    const { chat } = await app.chats.openDirect(ann, bob.userId);
    await say(ann, chat.chat.id, 'hello');
    await app.chats.delete(bob, chat.chat.id);
    const again = await app.chats.openDirect(ann, bob.userId);
    expect(again).toMatchObject({
      created: true,
      chat: { chat: { id: chat.chat.id }, lastMessage: null, unreadCount: 0 },
    });
  });

  test('with oneself or with nobody is refused', async () => {
    await expect(app.chats.openDirect(ann, ann.userId)).rejects.toMatchObject({ code: 'CHAT_WITH_ONESELF' });
    await expect(app.chats.openDirect(ann, anId())).rejects.toMatchObject({ code: 'USERS_UNKNOWN' });
  });

  test('is refused where either is in too many chats, unless it is open already', async () => {
    await app.chats.openDirect(ann, bob.userId);
    await fillUp(bob, 1);
    await expect(app.chats.openDirect(dan, bob.userId)).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
    await expect(app.chats.openDirect(bob, dan.userId)).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
    expect((await app.chats.openDirect(ann, bob.userId)).created).toBe(false);
  });
});

test('a room is neither made nor joined by who is in too many chats, unless he is in it already', async () => {
  const { chat } = await app.chats.createRoom(ann, { name: 'Hall' });
  await app.chats.join(bob, chat.id);
  await Promise.all([fillUp(bob, 1), fillUp(dan)]);
  const refused = { code: 'TOO_MANY_CHATS' };
  await expect(app.chats.createRoom(dan, { name: 'Yard' })).rejects.toMatchObject(refused);
  await expect(app.chats.join(dan, chat.id)).rejects.toMatchObject(refused);
  expect(await app.chats.join(bob, chat.id)).toMatchObject({ chat: { id: chat.id, memberCount: 2 } });
});

describe('the list of public rooms', () => {
  const room = async (name: string) => (await app.chats.createRoom(ann, { name })).chat.id;
  const namesOf = async (query: Partial<RoomQuery> = {}) => {
    const { items, nextCursor } = await app.rooms.list(ann, { limit: 3, ...query });
    return { names: items.map(({ chat }) => chat.name), cursor: nextCursor ?? undefined };
  };

  test('begins with the first name, and ends without a cursor where the page is just full', async () => {
    for (const name of ['three', '1, 2', '!']) await room(name);
    expect(await namesOf()).toEqual({ names: ['!', '1, 2', 'three'], cursor: undefined });
    expect(await namesOf({ q: '!', limit: 1 })).toEqual({ names: ['!'], cursor: undefined });
  });

  test('goes on after the last name that was shown', async () => {
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b']) await room(name);
    for (const [q, last] of [
      ['', ['a4', 'b']],
      ['a', ['a4']],
    ] as const) {
      const { names, cursor } = await namesOf({ q });
      expect(names).toEqual(['a1', 'a2', 'a3']);
      expect(await namesOf({ q, cursor })).toEqual({ names: last, cursor: undefined });
    }
  });

  test('has no room that was deleted while it was read', async () => {
    const [kept, deleted] = [await room('kept'), await room('deleted')];
    const keys = [`deleted\n${deleted}`, `gone\n${anId()}`, `kept\n${kept}`];
    await app.chats.delete(ann, deleted);
    jest.spyOn(app.store.chats, 'listPublic').mockResolvedValue(keys);
    expect((await namesOf()).names).toEqual(['kept']);
  });

  describe('where there are very many', () => {
    const keys = Array.from({ length: 12_500 }, (_, i) => `${String(i).padStart(5, '0')}\n${anId()}`);
    const listing = () =>
      jest
        .spyOn(app.store.chats, 'listPublic')
        .mockImplementation(async (after, limit) => keys.filter((key) => key > after).slice(0, limit));

    test('costs no more than a page of it', async () => {
      const listed = listing();
      await namesOf();
      expect(listed.mock.calls).toEqual([['', 4]]);
    });

    test('is searched a thousand at a time, and ten thousand for one page at most', async () => {
      const listed = listing();
      const { cursor } = await namesOf({ q: 'none' });
      expect(listed.mock.calls.map(([, limit]) => limit)).toEqual(Array(10).fill(1_000));
      expect(await namesOf({ q: 'none', cursor })).toEqual({ names: [], cursor: undefined });
      expect(listed).toHaveBeenCalledTimes(13);
    });

    test('is not searched on once a page is full', async () => {
      const listed = listing();
      await namesOf({ q: '0' });
      expect(listed).toHaveBeenCalledTimes(1);
    });
  });
});

describe('the list of chats', () => {
  const names = (views: readonly ChatView[]) => views.map((view) => view.chat.name);

  /** Groups whose last lines were written a second apart, in this order. */
  async function groups(...wanted: string[]): Promise<string[]> {
    const chatIds: string[] = [];
    for (const name of wanted) {
      chatIds.push(await aGroup(name));
      app.clock.advance(1000);
    }
    return chatIds;
  }

  test('has the latest activity first, with the last line and what is unread', async () => {
    const [first] = await groups('first', 'second', 'third');
    await say(bob, first ?? '', 'one', 'two');
    const { items, nextCursor } = await app.chats.list(ann, { limit: 10 });
    expect(names(items)).toEqual(['first', 'third', 'second']);
    expect(items[0]).toMatchObject({ lastMessage: { content: 'two' }, unreadCount: 2, member: { role: 'owner' } });
    expect(items[1]).toMatchObject({ lastMessage: { kind: 'system' }, unreadCount: 0 });
    expect(nextCursor).toBeNull();
  });

  test('goes page by page, each chat once, also where many are as old', async () => {
    const chatIds = await Promise.all(Array.from({ length: 7 }, () => aGroup()));
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await app.chats.list(ann, { limit: 3, ...(cursor !== undefined && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((view) => view.chat.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([...chatIds].sort());
  });

  test('goes on below the last chat of a page, whatever their ids', async () => {
    await groups('first', 'second', 'third', 'fourth', 'fifth');
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await app.chats.list(ann, { limit: 1, ...(cursor !== undefined && { cursor }) });
      seen.push(...names(page.items).map(String));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(['fifth', 'fourth', 'third', 'second', 'first']);
  });

  test('ends without a cursor where the page is just full', async () => {
    await groups('first', 'second');
    expect((await app.chats.list(ann, { limit: 2 })).nextCursor).toBeNull();
    expect((await app.chats.list(ann, { limit: 1 })).nextCursor).not.toBeNull();
  });

  test('has no chat that was left or deleted, and none of other people', async () => {
    const [left, deleted] = await groups('left', 'deleted', 'stays');
    await app.chats.removeMember(bob, left ?? '', bob.userId);
    await app.chats.delete(ann, deleted ?? '');
    expect(names((await app.chats.list(bob, { limit: 10 })).items)).toEqual(['stays']);
    expect((await app.chats.list(sam, { limit: 10 })).items).toEqual([]);
  });

  test('refuses a cursor that is none of its own', async () => {
    await expect(app.chats.list(ann, { limit: 10, cursor: 'forged' })).rejects.toMatchObject({
      problems: [{ path: '/cursor', message: 'is not a cursor of this list' }],
    });
  });
});

describe('whoever is not a member is told that there is no such chat', () => {
  const asking: [string, (who: Actor, chatId: string) => Promise<unknown>][] = [
    ['reading it', (who, chatId) => app.chats.get(who, chatId)],
    ['changing it', (who, chatId) => app.chats.update(who, chatId, { name: 'Band' })],
    ['deleting it', (who, chatId) => app.chats.delete(who, chatId)],
    ['listing its members', (who, chatId) => app.chats.members(who, chatId, { limit: 10 })],
    ['adding somebody', (who, chatId) => app.chats.addMembers(who, chatId, [anId()])],
    ['changing a role', (who, chatId) => app.chats.changeRole(who, chatId, bob.userId, 'admin')],
    ['removing somebody', (who, chatId) => app.chats.removeMember(who, chatId, bob.userId)],
    ['marking it as read', (who, chatId) => app.chats.markRead(who, chatId, 1)],
    ['reading its changes', (who, chatId) => app.chats.changes(who, chatId, { afterRev: 0, limit: 10 })],
  ];

  test.each(asking)('%s', async (_, ask) => {
    const chatId = await aGroup();
    await app.chats.removeMember(dan, chatId, dan.userId);
    const before = await app.chats.find(chatId);
    await expect(ask(sam, chatId)).rejects.toMatchObject(NOT_FOUND);
    await expect(ask(dan, chatId)).rejects.toMatchObject(NOT_FOUND);
    await expect(ask(ann, anId())).rejects.toMatchObject(NOT_FOUND);
    expect(await app.chats.find(chatId)).toEqual(before);
    await app.chats.delete(ann, chatId);
    await expect(ask(ann, chatId)).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('changing a chat', () => {
  test('gives it as it is then, and leaves alone what was not named', async () => {
    const chatId = await aGroup();
    expect((await app.chats.update(bob, chatId, { description: ' Mondays ' })).chat).toMatchObject({
      ...{ name: 'Choir', description: 'Mondays' },
    });
    expect((await app.chats.update(bob, chatId, { name: 'Band' })).chat).toMatchObject({
      ...{ name: 'Band', description: 'Mondays' },
    });
    expect((await app.chats.update(bob, chatId, { description: null })).chat.description).toBeNull();
  });

  test('to what it is already stores nothing', async () => {
    const chatId = await aGroup();
    const before = await app.chats.find(chatId);
    await app.chats.update(bob, chatId, {});
    await app.chats.update(bob, chatId, { name: 'Choir ', description: ' ' });
    expect(await app.chats.find(chatId)).toEqual(before);
  });

  test('names everything that is wrong', async () => {
    const patch = { name: ' ', description: 'a'.repeat(501) };
    await expect(app.chats.update(bob, await aGroup(), patch)).rejects.toMatchObject({
      problems: [expect.objectContaining({ path: '/name' }), expect.objectContaining({ path: '/description' })],
    });
  });
});

describe('members', () => {
  test('are listed in the order of their ids, page by page', async () => {
    const chatId = await aGroup();
    const all = [ann, bob, dan].map((actor) => actor.userId).sort();
    const first = await app.chats.members(bob, chatId, { limit: 2 });
    expect(first.items.map(({ member }) => member.userId)).toEqual(all.slice(0, 2));
    const rest = await app.chats.members(bob, chatId, { limit: 2, cursor: first.nextCursor ?? '' });
    expect(rest).toMatchObject({ items: [{ member: { userId: all[2] } }], nextCursor: null });
  });

  test('are added, and answered with those who were there', async () => {
    const chatId = await aGroup();
    const added = await app.chats.addMembers(bob, chatId, [sam.userId, dan.userId, sam.userId]);
    expect(added.map(({ member }) => member.userId).sort()).toEqual([sam.userId, dan.userId].sort());
    expect((await app.chats.get(sam, chatId)).chat.memberCount).toBe(4);
  });

  test('who do not exist are refused, and nobody is added', async () => {
    const chatId = await aGroup();
    await expect(app.chats.addMembers(bob, chatId, [sam.userId, anId()])).rejects.toMatchObject({
      code: 'USERS_UNKNOWN',
    });
    await expect(app.chats.get(sam, chatId)).rejects.toMatchObject(NOT_FOUND);
  });

  test('in too many chats are refused, but not who is a member already', async () => {
    const chatId = await aGroup();
    await Promise.all([fillUp(sam), fillUp(dan)]);
    await expect(app.chats.addMembers(bob, chatId, [sam.userId])).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
    expect(await app.chats.addMembers(bob, chatId, [dan.userId])).toHaveLength(1);
    await app.chats.removeMember(dan, chatId, dan.userId);
    await expect(app.chats.addMembers(bob, chatId, [dan.userId])).rejects.toMatchObject({ code: 'TOO_MANY_CHATS' });
  });

  test('are given roles', async () => {
    const chatId = await aGroup();
    expect((await app.chats.changeRole(ann, chatId, bob.userId, 'admin')).member).toMatchObject({
      ...{ userId: bob.userId, role: 'admin' },
    });
    await expect(app.chats.changeRole(bob, chatId, dan.userId, 'admin')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await app.chats.changeRole(ann, chatId, bob.userId, 'owner')).member.role).toBe('owner');
    expect((await app.chats.get(ann, chatId)).member.role).toBe('admin');
  });

  test('leave, the owner to the oldest of the highest rank, and the last one takes the chat along', async () => {
    const chatId = await aGroup();
    await app.chats.changeRole(ann, chatId, dan.userId, 'admin');
    await app.chats.removeMember(ann, chatId, ann.userId);
    expect((await app.chats.get(dan, chatId)).member.role).toBe('owner');
    await app.chats.removeMember(dan, chatId, bob.userId);
    await app.chats.removeMember(dan, chatId, dan.userId);
    expect(await app.chats.find(chatId)).toMatchObject({ live: false, memberCount: 0 });
  });
});

describe('marking a chat as read', () => {
  const reads = () => app.events.flatMap((event) => (event.type === 'chat.read' ? [event] : []));

  test('counts down to what others wrote after the mark', async () => {
    const chatId = await aGroup();
    await say(bob, chatId, 'one', 'two');
    await say(ann, chatId, 'my own');
    await say(bob, chatId, 'three');
    await app.chats.addMembers(bob, chatId, [sam.userId]);
    expect((await app.chats.get(ann, chatId)).unreadCount).toBe(3);
    expect(await app.chats.markRead(ann, chatId, 2)).toEqual({ readSeq: 2, unreadCount: 2 });
    expect(await app.chats.markRead(ann, chatId, 5)).toEqual({ readSeq: 5, unreadCount: 0 });
  });

  test('counts no message that was deleted, whether above the mark or below', async () => {
    const chatId = await aGroup();
    const [one, , three] = await say(bob, chatId, 'one', 'two', 'three');
    await app.messages.delete(bob, chatId, three?.id ?? '');
    expect((await app.chats.get(ann, chatId)).unreadCount).toBe(2);
    await app.chats.markRead(ann, chatId, 2);
    await app.messages.delete(bob, chatId, one?.id ?? '');
    expect((await app.chats.get(ann, chatId)).unreadCount).toBe(1);
  });

  test('tells the readers once, and says to his own devices what is left', async () => {
    const chatId = await aGroup();
    await say(bob, chatId, 'one', 'two');
    await app.chats.markRead(ann, chatId, 2);
    await app.chats.markRead(ann, chatId, 2);
    const event = { type: 'chat.read', chatId, userId: ann.userId, seq: 2, unreadCount: 1, rev: 3, toAll: true };
    expect(reads()).toEqual([event]);
  });

  test('never goes back, and never beyond the head', async () => {
    const chatId = await aGroup();
    await say(bob, chatId, 'one', 'two');
    expect(await app.chats.markRead(ann, chatId, 99)).toEqual({ readSeq: 3, unreadCount: 0 });
    expect(await app.chats.markRead(ann, chatId, 1)).toEqual({ readSeq: 3, unreadCount: 0 });
    await say(bob, chatId, 'three');
    expect((await app.chats.get(ann, chatId)).unreadCount).toBe(1);
    expect(reads()).toHaveLength(1);
  });

  test('begins at what one found when one joined', async () => {
    const chatId = await aGroup();
    await say(bob, chatId, 'one', 'two');
    await app.chats.addMembers(bob, chatId, [sam.userId]);
    expect((await app.chats.get(sam, chatId)).unreadCount).toBe(0);
    expect(await app.chats.markRead(sam, chatId, 0)).toEqual({ readSeq: 4, unreadCount: 0 });
  });

  test('in a large chat is told to nobody but the reader', async () => {
    const chatId = await aGroup();
    const crowd = await Promise.all(Array.from({ length: 98 }, () => app.newActor()));
    const [last, ...most] = crowd.map((actor) => actor.userId);
    await app.chats.addMembers(ann, chatId, most);
    await app.chats.markRead(ann, chatId, 2);
    await app.chats.addMembers(ann, chatId, [last ?? '']);
    await app.chats.markRead(ann, chatId, 3);
    expect(reads().map((event) => event.toAll)).toEqual([true, false]);
  });
});

describe('muting a chat', () => {
  test('is until a time ahead, or for ever, or no more; and is told to oneself', async () => {
    const chatId = await aGroup();
    const mutes = new MuteService({ access: app.chats, chats: app.store.chats, bus: app.bus, clock: app.clock });
    const now = app.clock.now();
    await expect(mutes.mute(ann, chatId, now)).rejects.toMatchObject({
      problems: [{ path: '/until', message: expect.any(String) }],
    });
    await mutes.mute(ann, chatId, now + 1);
    expect((await app.chats.get(ann, chatId)).mutedUntil).toBe(now + 1);
    await mutes.mute(ann, chatId, null);
    await mutes.unmute(ann, chatId);
    const told = app.events.flatMap((event) => (event.type === 'chat.muted' ? [[event.userId, event.until]] : []));
    expect(told).toEqual([now + 1, FOR_EVER, null].map((until) => [ann.userId, until]));
    for (const change of [mutes.mute(sam, chatId, null), mutes.unmute(sam, chatId)]) {
      await expect(change).rejects.toMatchObject(NOT_FOUND);
    }
  });
});

describe('the changes of a chat', () => {
  test('come oldest first, with the rows that they speak of as these are now', async () => {
    const chatId = await aGroup();
    const message = only([...(await say(bob, chatId, 'hello'))]);
    await app.messages.edit(bob, chatId, message.id, 'hello, all');
    await app.chats.changeRole(ann, chatId, dan.userId, 'admin');
    const { items, chat } = await app.chats.changes(ann, chatId, { afterRev: 1, limit: 10 });
    expect(items.map(({ change }) => [change.type, change.rev])).toEqual([
      ['message.created', 2],
      ['message.updated', 3],
      ['member.updated', 4],
    ]);
    expect(items.map((item) => item.message?.content)).toEqual(['hello, all', 'hello, all', undefined]);
    expect(items[2]?.members).toMatchObject([{ member: { userId: dan.userId, role: 'admin' } }]);
    expect(chat.chat.rev).toBe(4);
  });

  test('show each member that they speak of, and no other', async () => {
    const chatId = await aGroup();
    for (const { userId } of [bob, dan]) await app.chats.changeRole(ann, chatId, userId, 'admin');
    const { items } = await app.chats.changes(ann, chatId, { afterRev: 1, limit: 10 });
    expect(items.map(({ members }) => members.map(({ member }) => member.userId))).toEqual([
      [bob.userId],
      [dan.userId],
    ]);
  });

  test('come so many at a time', async () => {
    const chatId = await aGroup();
    await say(bob, chatId, 'one', 'two', 'three');
    const { items } = await app.chats.changes(ann, chatId, { afterRev: 2, limit: 1 });
    expect(items.map((item) => item.change.rev)).toEqual([3]);
  });

  test('name the members of a creation nowhere: there may be thousands', async () => {
    const { items } = await app.chats.changes(ann, await aGroup(), { afterRev: 0, limit: 10 });
    expect(items).toMatchObject([{ change: { type: 'chat.created' }, members: [] }]);
  });

  test('begin, after a direct chat was deleted and opened again, with its deletion', async () => {
    const { chat } = await app.chats.openDirect(ann, bob.userId);
    const chatId = chat.chat.id;
    await say(ann, chatId, 'hello');
    await app.chats.delete(ann, chatId);
    await app.chats.openDirect(ann, bob.userId);
    for (const afterRev of [0, 2]) {
      const { items } = await app.chats.changes(ann, chatId, { afterRev, limit: 10 });
      expect(items.map(({ change }) => change.type)).toEqual(['chat.deleted', 'chat.created']);
    }
  });

  test('end at the head that the reader was shown', async () => {
    const chatId = await aGroup();
    const { chat } = await app.chats.get(ann, chatId);
    await say(bob, chatId, 'later');
    expect(await app.chats.viewLog(chat, 1, 10)).toEqual([]);
  });

  test('are shown without the rows that are not there', async () => {
    const { chat } = await app.chats.get(ann, await aGroup());
    const numbers = { rev: 1, seq: 1, at: 0 };
    const change = {
      type: 'member.added',
      ...numbers,
      actorId: ann.userId,
      messageId: anId(),
      userIds: [anId()],
    } as const;
    expect(await app.chats.viewChanges([{ chat, change }])).toEqual([{ change, message: null, members: [], chat }]);
  });
});

describe('every change of a chat is published', () => {
  test('as the commit that stored it', async () => {
    const chatId = await aGroup();
    await app.chats.update(bob, chatId, { name: 'Band' });
    const commits = (events: readonly BusEvent[]) => events.flatMap((e) => (e.type === 'commit' ? [e.commit] : []));
    expect(commits(app.events).flatMap((commit) => commit.changes)).toEqual(
      await app.store.chatLog.changesAfter(chatId, 0, 10),
    );
  });
});

describe('onlyOneOf', () => {
  test('takes one, or none', () => {
    expect(() => onlyOneOf({ before: 1, after: undefined })).not.toThrow();
    expect(() => onlyOneOf({})).not.toThrow();
  });

  test('names all that do not go together', () => {
    expect(() => onlyOneOf({ before: 0, after: 2, cursor: 'x' })).toThrow(
      expect.objectContaining({
        problems: [
          { path: '/before', message: 'goes alone, not with after, cursor' },
          { path: '/after', message: 'goes alone, not with before, cursor' },
          { path: '/cursor', message: 'goes alone, not with before, after' },
        ],
      }),
    );
  });
});

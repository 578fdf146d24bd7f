import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { chatList, type Line, lineKey, linesOf, type Parley, readersOf, typingIn } from '../../client/src/index.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

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

/** A direct chat of Ann and Bob would be one for all tests. */
async function aGroup(): Promise<string> {
  const { id } = await ann.chats.createGroup({ name: 'a group', memberIds: [idOf(bob)] });
  await until(bob, ({ chats }) => chats[id]);
  return id;
}

/** So many lines, by a script that sends a hundred at a time; the first line of a group tells of its creation. */
async function fill(chatId: string, count: number): Promise<void> {
  const { body } = await app.api.post('/auth/login', {
    login: ann.store.getState().me?.username,
    password: 'correct horse battery',
  });
  for (let from = 2; from <= count; from += 100) {
    const messages = Array.from({ length: Math.min(100, count - from + 1) }, (_, n) => ({
      content: `line ${from + n}`,
    }));
    const answer = await fetch(`${app.url}/api/v1/chats/${chatId}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages }),
    });
    expect(answer.status).toBe(201);
  }
}

const windowOf = (parley: Parley, chatId: string) => {
  const timeline = parley.store.getState().timelines[chatId];
  if (!timeline) throw new Error('no window');
  const seqs = timeline.messages.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
  return { first: seqs[0], last: seqs.at(-1), hasOlder: timeline.hasOlder, hasNewer: timeline.hasNewer };
};

describe('the window into a history', () => {
  it('scrolls to the top and back, keeps at most 500 lines, and never has a hole', async () => {
    const id = await aGroup();
    await fill(id, 1_200);
    await until(ann, ({ chats }) => chats[id]?.seq === 1_200);
    await ann.messages.loadNewest(id);
    expect(windowOf(ann, id)).toEqual({ first: 1_151, last: 1_200, hasOlder: true, hasNewer: false });
    const changes: { readonly first: boolean; readonly last: boolean }[] = [];
    const stop = ann.store.subscribe((now, before) => {
      const ends = ({ timelines }: typeof now, at: 0 | -1) => timelines[id]?.messages.at(at)?.seq;
      changes.push({ first: ends(now, 0) !== ends(before, 0), last: ends(now, -1) !== ends(before, -1) });
    });
    while (windowOf(ann, id).hasOlder) await ann.messages.loadOlder(id);
    stop();
    expect(changes).toContainEqual({ first: false, last: true });
    expect(changes).not.toContainEqual({ first: true, last: true });
    expect(windowOf(ann, id)).toEqual({ first: 1, last: 500, hasOlder: false, hasNewer: true });
    await ann.messages.loadOlder(id);
    while (windowOf(ann, id).hasNewer) await ann.messages.loadNewer(id);
    expect(windowOf(ann, id)).toEqual({ first: 701, last: 1_200, hasOlder: true, hasNewer: false });
  });

  it('jumps to a line, grows from there, and back to the newest', async () => {
    const id = await aGroup();
    await fill(id, 300);
    await until(bob, ({ chats }) => chats[id]?.seq === 300);
    await bob.messages.loadAround(id, 100);
    const { first = 0, last = 0, ...ends } = windowOf(bob, id);
    expect(ends).toEqual({ hasOlder: true, hasNewer: true });
    expect(first).toBeLessThan(100);
    expect(last).toBeGreaterThan(100);
    const line = await ann.messages.send(id, 'beyond the window');
    await until(bob, ({ chats }) => chats[id]?.seq === line.seq);
    expect(windowOf(bob, id).last).toBe(last);
    await bob.messages.loadNewest(id);
    expect(windowOf(bob, id)).toMatchObject({ last: line.seq, hasNewer: false });
    await bob.messages.loadAround(id, 1);
    expect(windowOf(bob, id)).toMatchObject({ first: 1, hasOlder: false });
    bob.messages.drop(id);
    expect(bob.store.getState().timelines[id]).toBeUndefined();
  });

  it('shows what was asked for last, whatever comes first', async () => {
    const id = await aGroup();
    await fill(id, 120);
    const { fetch } = globalThis;
    const go = Promise.withResolvers<void>();
    const fetched = jest.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
      if (String(url).endsWith('/messages?limit=50')) await go.promise;
      return fetch(url, init);
    });
    const newest = bob.messages.loadNewest(id);
    await bob.messages.loadAround(id, 3);
    go.resolve();
    await newest;
    fetched.mockRestore();
    expect(bob.store.getState().timelines[id]?.messages[0]?.seq).toBe(1);
  });

  it('has what is sent, edited and deleted while it is being read', async () => {
    const id = await aGroup();
    await fill(id, 60);
    for (let round = 0; round < 10; round++) {
      bob.messages.drop(id);
      const [edited, deleted] = [await ann.messages.send(id, 'a'), await ann.messages.send(id, 'b')];
      const [, , , last] = await Promise.all([
        bob.messages.loadNewest(id),
        ann.messages.edit(id, edited.id, `edited ${round}`),
        ann.messages.delete(id, deleted.id),
        ann.messages.send(id, `last ${round}`),
      ]);
      await until(bob, ({ chats }) => (chats[id]?.rev ?? 0) >= last.rev + 2 || (chats[id]?.seq ?? 0) >= last.seq);
      await until(
        bob,
        () => textsIn(bob, id).at(-1) === `last ${round}` && textsIn(bob, id).includes(`edited ${round}`),
      );
      await until(bob, ({ timelines }) => timelines[id]?.messages.find(({ seq }) => seq === deleted.seq)?.deletedAt);
      windowOf(bob, id);
    }
  });
});

describe('lines on their way', () => {
  it('are shown at once, and the stored line takes the place of each without a change of key or a double', async () => {
    const id = await aGroup();
    await ann.messages.loadNewest(id);
    const shown: (readonly Line[])[] = [];
    const unsubscribe = ann.store.subscribe((state) => shown.push(linesOf(state, id)));
    const sent = ['one', 'two'].map((text) => ann.messages.send(id, text));
    expect(linesOf(ann.store.getState(), id).map((line) => ('status' in line ? line.status : 'stored'))).toEqual([
      'stored',
      'waiting',
      'waiting',
    ]);
    const keys = linesOf(ann.store.getState(), id).map(lineKey);
    await Promise.all(sent);
    await until(ann, ({ outbox }) => !outbox[id]);
    unsubscribe();
    expect(shown.at(-1)?.map(lineKey)).toEqual(keys);
    for (const lines of shown) expect(new Set(lines.map(lineKey)).size).toBe(lines.length);
    for (const lines of shown.slice(2)) expect(lines).toHaveLength(3);
  });
});

describe('selectors', () => {
  it('give the same object while nothing that they show has changed', async () => {
    const [one, other] = [await aGroup(), await aGroup()];
    await Promise.all([ann.messages.loadNewest(one), ann.messages.loadNewest(other)]);
    const before = ann.store.getState();
    expect(chatList(before)).toBe(chatList(before));
    await ann.messages.send(other, 'elsewhere');
    await until(ann, ({ outbox }) => !outbox[other]);
    const after = ann.store.getState();
    expect(linesOf(after, one)).toBe(linesOf(before, one));
    expect(after.chats[one]).toBe(before.chats[one]);
    expect(after.users).toBe(before.users);
    expect(linesOf(after, other)).not.toBe(linesOf(before, other));
    expect(chatList(after)[0]?.id).toBe(other);
    expect(typingIn(after, one)).toBe(typingIn(before, one));
  });

  it('who has read a line, and who is typing and no longer', async () => {
    const id = await aGroup();
    await ann.members.load(id);
    const message = await ann.messages.send(id, 'read me');
    expect(readersOf(ann.store.getState(), message)).toEqual([]);
    await until(bob, ({ chats }) => chats[id]?.seq === message.seq);
    bob.typing.tell(id);
    await until(ann, (state) => typingIn(state, id).includes(idOf(bob)));
    bob.chats.markRead(id);
    await until(ann, (state) => readersOf(state, message).length === 1);
    await bob.messages.send(id, 'done');
    await until(ann, (state) => typingIn(state, id).length === 0);
  });

  it('a client that is closed knows of nobody who types, and waits for nothing', async () => {
    const id = await aGroup();
    const other = await clients.anotherOf(ann);
    bob.typing.tell(id);
    await until(other, (state) => typingIn(state, id).includes(idOf(bob)));
    await other.close();
    expect(typingIn(other.store.getState(), id)).toEqual([]);
  });
});

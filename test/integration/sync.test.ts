import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Account, Answer } from '../support/api-client.ts';
import { LocalCopy } from '../support/local-copy.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';

let app: RunningApp;
let epoch: string;
beforeAll(async () => {
  app = await startApp();
  epoch = await app.store.settings.epoch();
});
afterAll(() => app.stop());

const two = (): Promise<[Account, Account]> => Promise.all([app.api.register(), app.api.register()]);

async function aGroup(owner: Account, ...members: Account[]): Promise<string> {
  const memberIds = members.map((member) => member.id);
  return (await owner.api.post('/chats', { kind: 'group', name: 'a group', memberIds })).body.id;
}

const say = (sender: Account, chatId: string, content: string) =>
  sender.api.post(`/chats/${chatId}/messages`, { content });

const sync = async ({ api }: Account, body: object = {}): Promise<Answer['body']> => {
  const answer = await api.post('/sync', body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

/** What the last answer says that one has. */
const has = ({ epoch, me, chats }: Answer['body']) => ({
  epoch,
  me,
  chats: Object.fromEntries(
    Object.entries(chats as Record<string, { seq: number }>).map(([id, { seq: _, ...chat }]) => [id, chat]),
  ),
});

describe('sync', () => {
  test('tells all at first, and then what is new', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    await say(ann, chatId, 'one');
    const first = await sync(bob);
    expect(first).toEqual({
      ...{
        epoch,
        me: 1,
        more: false,
        chats: { [chatId]: { rev: 2, seq: 2, readSeq: 1, muted: false, mutedUntil: null } },
      },
      events: [expect.objectContaining({ type: 'chat.created', rev: 2 })],
    });
    expect(first.events[0].data.chat).toEqual((await bob.api.get(`/chats/${chatId}`)).body);
    const nothing = await sync(bob, has(first));
    expect(nothing).toEqual({ ...first, events: [] });
    await say(ann, chatId, 'two');
    const next = await sync(bob, has(nothing));
    expect(next.events).toEqual((await bob.api.get(`/chats/${chatId}/changes?afterRev=2`)).body.items);
    expect(next.chats).toMatchObject({ [chatId]: { rev: 3, seq: 3, readSeq: 1 } });
  });

  test('waits for parts of a second too, and as often as it is asked', async () => {
    const bob = await app.api.register();
    const waits = Array.from({ length: 6 }, (_, i) => 0.011 + i / 10_000);
    for (const wait of waits) expect((await sync(bob, { wait })).events).toEqual([]);
  });

  test('in several answers where there is much, each with what one has by then', async () => {
    const [ann, bob] = await two();
    const [one, other, lost] = [await aGroup(ann, bob), await aGroup(ann, bob), await aGroup(ann, bob)];
    const copy = new LocalCopy(bob);
    let state = await sync(bob);
    for (const event of state.events) copy.apply(event);
    for (let i = 0; i < 4; i += 1) {
      const messages = Array.from({ length: 100 }, (_, line) => ({ content: `${i}.${line}` }));
      for (const chatId of [one, other]) await ann.api.post(`/chats/${chatId}/messages`, { messages });
    }
    await ann.api.delete(`/chats/${other}/members/${bob.id}`);
    await ann.api.post(`/chats/${other}/members`, { userIds: [bob.id] });
    await bob.api.put(`/chats/${one}/read`, { seq: 9 });
    await ann.api.delete(`/chats/${lost}`);
    const counts: number[] = [];
    do {
      state = await sync(bob, has(state));
      for (const event of state.events) copy.apply(event);
      counts.push(state.events.length);
      expect(copy.known()).toEqual(has(state).chats);
    } while (state.more);
    expect(counts).toEqual([250, 250, 250, 54]);
    expect(Object.keys(state.chats).sort()).toEqual([one, other].sort());
  });

  test('of another epoch counts as nothing', async () => {
    const [ann] = await two();
    const chatId = await aGroup(ann);
    const { events } = await sync(ann, { epoch: 'another', me: 0, chats: { [chatId]: { rev: 1, readSeq: 1 } } });
    expect(events).toMatchObject([{ type: 'chat.created', chatId }]);
    expect((await sync(ann, { chats: { [chatId]: { rev: 1, readSeq: 1 } } })).events).toHaveLength(1);
  });

  test.each([
    [{ wait: 31 }, '/wait'],
    [{ wait: -1 }, '/wait'],
    [{ wait: '5' }, '/wait'],
    [{ chats: { c: { rev: 0.5, readSeq: 0 } } }, '/chats/c/rev'],
    [{ since: 1 }, '/since'],
  ])('refuses %j', async (body, path) => {
    const [ann] = await two();
    const answer = await ann.api.post('/sync', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((problem: { path: string }) => problem.path)).toContain(path);
  });
});

describe('a wait', () => {
  /** Begins a request that waits, and resolves once it has looked and found nothing. */
  async function begun<T>({ services }: RunningApp, request: () => Promise<T>): Promise<{ answer: Promise<T> }> {
    const looks = jest.spyOn(services.catchUp, 'plan');
    const answer = request();
    while (looks.mock.results.length === 0) await setImmediate();
    await looks.mock.results[0]?.value;
    looks.mockRestore();
    return { answer };
  }

  test('ends at once where there is something', async () => {
    const [ann, bob] = await two();
    await aGroup(ann, bob);
    expect((await sync(bob, { wait: 30 })).events).toHaveLength(1);
  });

  test('ends with what happens: a message, a mark of one’s own, what is muted, a profile, a new chat, a removal', async () => {
    const [ann, bob] = await two();
    const chatId = await aGroup(ann, bob);
    const happenings: [() => Promise<unknown>, string][] = [
      [() => say(ann, chatId, 'hello'), 'message.created'],
      [() => bob.api.put(`/chats/${chatId}/read`, { seq: 2 }), 'chat.read'],
      [() => bob.api.put(`/chats/${chatId}/mute`, {}), 'chat.muted'],
      [() => bob.api.patch('/users/me', { displayName: 'Bob' }), 'user.updated'],
      [() => aGroup(ann, bob), 'chat.created'],
      [() => ann.api.delete(`/chats/${chatId}/members/${bob.id}`), 'member.removed'],
    ];
    for (const [happen, type] of happenings) {
      const state = has(await sync(bob));
      const { answer } = await begun(app, () => sync(bob, { ...state, wait: 30 }));
      const beganAt = performance.now();
      await happen();
      expect((await answer).events).toMatchObject([{ type }]);
      expect(performance.now() - beganAt).toBeLessThan(29_000); // else it was the end of its time
    }
  });

  test('ends with nothing when its time is over', async () => {
    const [ann] = await two();
    const chatId = await aGroup(ann);
    const state = has(await sync(ann));
    expect(await sync(ann, { ...state, wait: 0.05 })).toMatchObject({ events: [], chats: { [chatId]: { rev: 1 } } });
  });

  test('ends with 401 when its session does', async () => {
    const [ann] = await two();
    const state = has(await sync(ann));
    const { answer } = await begun(app, () => ann.api.post('/sync', { ...state, wait: 30 }));
    await ann.api.post('/auth/logout');
    expect((await answer).status).toBe(401);
  });

  test('is of at most 5 at a time, and frees its place when the client goes away', async () => {
    const [ann] = await two();
    const state = has(await sync(ann));
    const going = new AbortController();
    const poll = () =>
      fetch(`${app.url}/api/v1/sync`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...state, wait: 30 }),
        signal: going.signal,
      });
    const polls = Array.from({ length: 6 }, poll).map((answer) => answer.catch(() => null));
    const refused = await Promise.race(polls);
    expect(refused?.status).toBe(429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    going.abort();
    await Promise.all(polls);
    const again = () => ann.api.post('/sync', { ...state, wait: 0.01 });
    while ((await again()).status === 429);
  });

  test('ends when the server stops', async () => {
    const other = await startApp();
    const ann = await other.api.register();
    const state = has(await sync(ann));
    const { answer } = await begun(other, () => sync(ann, { ...state, wait: 30 }));
    const stopped = other.stop();
    expect((await answer).events).toEqual([]);
    await stopped;
  });
});

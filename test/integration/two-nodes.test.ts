import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../src/application/ports/persistence.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { type Account, ApiClient } from '../support/api-client.ts';
import { cleanUpAfterEach } from '../support/clean-ups.ts';
import { ShiftedClock } from '../support/clocks.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { type Frame, SocketClient } from '../support/socket-client.ts';
import { type Faults, UnreliableBus } from '../support/unreliable-bus.ts';

const RELIABLE: Faults = { lost: 0, doubled: 0, late: 0 };
const afterwards = cleanUpAfterEach();

/** Two nodes on one store. What is asked of one may be about what the other has done. */
async function twoNodes(bus: UnreliableBus) {
  const store: Store = await openSqliteStore({ dataDir: ':memory:' });
  afterwards(() => store.close());
  const clocks = [new ShiftedClock(), new ShiftedClock()] as const;
  const start = async (clock: ShiftedClock): Promise<RunningApp> => {
    // Each is told that its store is shared; who closes it is none of theirs.
    const settings = { mongodbUri: 'mongodb://shared' };
    const own = { ...store, check: () => store.check(), close: async () => undefined };
    const app = await startApp({ store: own, settings, clock, redis: bus.node() });
    afterwards(app.stop);
    return app;
  };
  const nodes = [await start(clocks[0]), await start(clocks[1])] as const;
  const people = await Promise.all([0, 1, 0, 1].map((i) => (nodes[i] as RunningApp).api.register()));
  const connect = async (node: RunningApp, account: Account | undefined): Promise<SocketClient> => {
    const socket = await SocketClient.signedIn(node.url, account?.accessToken ?? '');
    afterwards(() => socket.close());
    return socket;
  };
  const on = (node: RunningApp, account: Account) => new ApiClient(node.url, account.accessToken);
  const passes = (ms: number) => {
    for (const clock of clocks) clock.shiftMs += ms;
  };
  return { nodes, people, clocks, passes, connect, on };
}

const revsOf = (socket: SocketClient, chatId: string): number[] =>
  socket.eventsOf(chatId).flatMap(({ rev }) => (typeof rev === 'number' ? rev : []));
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('sockets on two nodes, over a bus that loses, doubles and reorders', () => {
  test.each([1, 2, 3, 4])('see each change of each chat once and in order (seed %d)', async (seed) => {
    const bus = new UnreliableBus(seed, { lost: 0.1, doubled: 0.1, late: 0.5 });
    const { nodes, people, passes, connect, on } = await twoNodes(bus);
    const [ann, ...others] = people as [Account, ...Account[]];
    const made = await Promise.all(
      upTo(1, 3).map((i) =>
        ann.api.post('/chats', { kind: 'group', name: `g${i}`, memberIds: others.map(({ id }) => id) }),
      ),
    );
    const chatIds = made.map(({ body }): string => body.id);
    const sockets = await Promise.all(nodes.flatMap((node) => people.map((account) => connect(node, account))));
    const starts = await Promise.all(chatIds.map(async (id) => (await ann.api.get(`/chats/${id}`)).body.rev as number));

    await Promise.all(
      people.flatMap((account, i) =>
        chatIds.map(async (chatId, j) => {
          const api = on(nodes[(i + j) % 2] as RunningApp, account);
          for (let k = 0; k < 25; k += 1) {
            const { body } = await api.post(`/chats/${chatId}/messages`, { content: `${k}` });
            if (k % 5 === 0) await api.patch(`/chats/${chatId}/messages/${body.id}`, { content: `${k}!` });
            if (k % 10 === 0) await api.patch(`/chats/${chatId}`, { name: `g${k}` });
          }
        }),
      ),
    );
    const heads = await Promise.all(chatIds.map(async (id) => (await ann.api.get(`/chats/${id}`)).body.rev as number));
    await bus.settled();
    passes(60_000); // the slow comparison finds what no later bell has told
    for (const socket of sockets) {
      for (const [i, chatId] of chatIds.entries()) {
        await socket.find((frame) => frame.chatId === chatId && frame.rev === heads[i]);
      }
      await socket.settled();
      for (const [i, chatId] of chatIds.entries()) {
        expect(revsOf(socket, chatId)).toEqual(upTo((starts[i] ?? 0) + 1, heads[i] ?? 0));
      }
    }
    for (const count of Object.values(bus.counts)) expect(count).toBeGreaterThan(5);
  });
});

describe('sockets on two nodes', () => {
  test('hear of new chats, lost chats, read marks, typing, profiles and announcements of the other', async () => {
    const { nodes, people, connect, on } = await twoNodes(new UnreliableBus(1, RELIABLE));
    const [ann, bob] = people as [Account, Account];
    const [a, b] = [await connect(nodes[0], ann), await connect(nodes[1], bob)];
    const { body: chat } = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [bob.id] });
    expect((await b.next('chat.created')).chatId).toBe(chat.id);
    await on(nodes[1], bob).post(`/chats/${chat.id}/messages`, { content: 'hello' });
    await a.next('message.created');
    await a.command('chat.read', { chatId: chat.id, seq: 2 });
    expect((await b.next('chat.read')).data).toMatchObject({ userId: ann.id, seq: 2 });
    await a.command('chat.typing', { chatId: chat.id });
    expect((await b.next('chat.typing')).data).toEqual({ userId: ann.id });
    await ann.api.patch('/users/me', { displayName: 'Ann I.' });
    const updated = await b.find(({ type, data }) => type === 'user.updated' && (data as Frame).user !== undefined);
    expect(updated.data).toMatchObject({ user: { id: ann.id, displayName: 'Ann I.' } });
    await ann.api.delete(`/chats/${chat.id}/members/${bob.id}`);
    await b.next('member.removed');
    await ann.api.post(`/chats/${chat.id}/messages`, { content: 'without Bob' });
    await a.find((frame) => frame.type === 'message.created' && frame.seq === 4);
    await b.settled();
    expect(b.eventsOf(chat.id).at(-1)?.type).toBe('member.removed');
  });

  test('whose clocks differ, and jump, keep every chat in order, and no line is dated before an earlier one', async () => {
    const { nodes, people, clocks, connect, on } = await twoNodes(new UnreliableBus(1, RELIABLE));
    const [ann, bob] = people as [Account, Account];
    const chatId = (await ann.api.post('/chats', { kind: 'direct', userId: bob.id })).body.id;
    const sockets = [await connect(nodes[0], ann), await connect(nodes[1], bob)];
    const jumps = [0, 240_000, -240_000, 5, -1_000, 200_000, -3_600_000, 0];
    for (const [i, jump] of jumps.entries()) {
      (clocks[i % 2] as ShiftedClock).setMs = jump;
      for (const node of nodes) await on(node, ann).post(`/chats/${chatId}/messages`, { content: `${i}` });
    }
    for (const socket of sockets) {
      await socket.find((frame) => frame.chatId === chatId && frame.rev === 1 + 2 * jumps.length);
      expect(revsOf(socket, chatId)).toEqual(upTo(2, 1 + 2 * jumps.length));
    }
    const { items } = (await ann.api.get(`/chats/${chatId}/messages?order=asc&limit=100`)).body;
    const dates = items.map(({ createdAt }: { createdAt: string }) => createdAt);
    expect(dates).toEqual(dates.toSorted());
  });

  test('a session that ends on one node has no socket on the other', async () => {
    const { nodes, people, connect } = await twoNodes(new UnreliableBus(1, RELIABLE));
    const [ann] = people as [Account];
    const socket = await connect(nodes[1], ann);
    await ann.api.post('/auth/logout');
    expect((await socket.closed).code).toBe(4401);
  });

  test('a session that ends unheard has no socket once it is looked over, also where the clock is set back', async () => {
    const { nodes, people, clocks, passes, connect } = await twoNodes(new UnreliableBus(1, { ...RELIABLE, lost: 1 }));
    const [ann] = people as [Account];
    const socket = await connect(nodes[1], ann);
    await ann.api.post('/auth/logout');
    for (const clock of clocks) clock.setMs = -3_600_000;
    passes(60_000);
    expect((await socket.closed).code).toBe(4401);
  });

  test('what a bus that knows of its loss has not told is made up for: messages, new chats, chats lost', async () => {
    const began = Date.now();
    const bus = new UnreliableBus(1, { ...RELIABLE, lost: 1 });
    const { nodes, people, connect } = await twoNodes(bus);
    const [ann, bob] = people as [Account, Account];
    const kept = (await ann.api.post('/chats', { kind: 'direct', userId: bob.id })).body.id;
    const lost = (await ann.api.post('/chats', { kind: 'group', name: 'l', memberIds: [bob.id] })).body.id;
    const b = await connect(nodes[1], bob);
    await ann.api.post(`/chats/${kept}/messages`, { content: 'unheard' });
    await ann.api.delete(`/chats/${lost}/members/${bob.id}`);
    await ann.api.post(`/chats/${lost}/messages`, { content: 'not for Bob' });
    const fresh = (await ann.api.post('/chats', { kind: 'group', name: 'n', memberIds: [bob.id] })).body.id;
    await ann.api.post(`/chats/${fresh}/messages`, { content: 'first' });
    await b.settled();
    expect(b.eventsOf(fresh)).toEqual([]);
    nodes[1].services.bus.publish({ type: 'missed', since: began });
    const told = await b.find((frame) => frame.type === 'chat.created');
    expect(told).toMatchObject({ chatId: fresh, rev: 2, data: { chat: { lastMessage: { content: 'first' } } } });
    await b.find((frame) => frame.chatId === kept && frame.type === 'message.created');
    await b.find((frame) => frame.chatId === lost && frame.type === 'member.removed');
    nodes[1].services.bus.publish({ type: 'missed', since: began });
    await ann.api.post(`/chats/${fresh}/messages`, { content: 'second' });
    nodes[1].services.bus.publish({ type: 'missed', since: began });
    await b.find((frame) => frame.chatId === fresh && frame.rev === 3);
    await b.settled();
    expect(revsOf(b, fresh)).toEqual([2, 3]);
    expect(b.eventsOf(lost).at(-1)?.type).toBe('member.removed');
  });

  test('a chat that was missed is made up for on each socket that lacks it, also where another has found it since', async () => {
    const began = Date.now();
    const { nodes, people, connect } = await twoNodes(new UnreliableBus(1, { ...RELIABLE, lost: 1 }));
    const [ann, bob] = people as [Account, Account];
    const before = await connect(nodes[1], bob);
    const { body: chat } = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [bob.id] });
    await connect(nodes[1], bob);
    nodes[1].services.bus.publish({ type: 'missed', since: began });
    expect((await before.next('chat.created')).chatId).toBe(chat.id);
  });
});

/** For random histories and random moments of disconnection: what a client had + what it is told = what is read afresh. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import type { Account } from '../support/api-client.ts';
import { LocalCopy } from '../support/local-copy.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

const SLOW = new Set(['memberships', 'changesIn', 'findIn', 'findMany', 'membersIn', 'countNotUnread']);

/** Takes its time before each of those reads, so that much happens between them. */
const slowed = <T extends object>(part: T): T =>
  new Proxy(part, {
    get(_, name) {
      const member: unknown = Reflect.get(part, name);
      if (typeof member !== 'function') return member;
      const call = member.bind(part);
      if (!SLOW.has(String(name))) return call;
      return (...args: unknown[]) => setTimeout(Math.random() * 8).then(() => call(...args));
    },
  });

let app: RunningApp;
let epoch: string;
beforeAll(async () => {
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const { chats, messages, chatLog } = store;
  app = await startApp({
    store: { ...store, chats: slowed(chats), messages: slowed(messages), chatLog: slowed(chatLog) },
  });
  epoch = await app.store.settings.epoch();
});
afterAll(() => app.stop());

/** Ann and Cem do things, Bob looks on; numbers choose among what there is when it comes to it. */
interface World {
  readonly ann: Account;
  readonly bob: Account;
  readonly cem: Account;
  readonly chatIds: string[];
  readonly messages: { readonly chatId: string; readonly id: string; readonly sender: Account }[];
}

type Action = (world: World, pick: number) => Promise<unknown>;

const at = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];

const say =
  (who: 'ann' | 'bob' | 'cem'): Action =>
  async (world, pick) => {
    const chatId = at(world.chatIds, pick);
    const sender = world[who];
    const messages = Array.from({ length: (pick % 3) + 1 }, (_, i) => ({ content: `${pick}.${i}` }));
    const { status, body } = await sender.api.post(`/chats/${chatId}/messages`, { messages });
    if (status === 201) for (const { id } of body.items) world.messages.push({ chatId: chatId ?? '', id, sender });
  };

const onChat =
  (act: (path: string, world: World, pick: number) => Promise<unknown>): Action =>
  async (world, pick) => {
    const chatId = at(world.chatIds, pick);
    if (chatId !== undefined) await act(`/chats/${chatId}`, world, pick);
  };

const onMessage =
  (act: (api: Account['api'], path: string, pick: number) => Promise<unknown>): Action =>
  async (world, pick) => {
    const message = at(world.messages, pick);
    if (message) await act(message.sender.api, `/chats/${message.chatId}/messages/${message.id}`, pick);
  };

const actions: Record<string, Action> = {
  'ann says': say('ann'),
  'cem says': say('cem'),
  'bob says': say('bob'),
  edit: onMessage((api, path, pick) => api.patch(path, { content: `edited ${pick}` })),
  erase: onMessage((api, path) => api.delete(path)),
  rename: onChat((path, { ann }, pick) => ann.api.patch(path, { name: `name ${pick}` })),
  'add bob': onChat((path, { ann, bob }) => ann.api.post(`${path}/members`, { userIds: [bob.id] })),
  'add cem': onChat((path, { ann, cem }) => ann.api.post(`${path}/members`, { userIds: [cem.id] })),
  'remove bob': onChat((path, { ann, bob }) => ann.api.delete(`${path}/members/${bob.id}`)),
  'remove cem': onChat((path, { ann, cem }) => ann.api.delete(`${path}/members/${cem.id}`)),
  'bob leaves': onChat((path, { bob }) => bob.api.delete(`${path}/members/me`)),
  promote: onChat((path, { ann, bob }) => ann.api.patch(`${path}/members/${bob.id}`, { role: 'admin' })),
  'bob reads': onChat((path, { bob }, pick) => bob.api.put(`${path}/read`, { seq: pick % 12 })),
  delete: onChat((path, { ann }) => ann.api.delete(path)),
  purge: async () => app.store.chatLog.purge(),
  'new group': async ({ ann, bob, chatIds }) => {
    const { body } = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [bob.id] });
    chatIds.push(body.id);
  },
  'write directly': async ({ ann, bob, chatIds }) => {
    const { body } = await ann.api.post(`/users/${bob.id}/messages`, { content: 'hello' });
    if (!chatIds.includes(body.chatId)) chatIds.push(body.chatId);
  },
};

async function aWorld(): Promise<World> {
  const [ann, bob, cem] = await Promise.all([app.api.register(), app.api.register(), app.api.register()]);
  const world: World = { ann, bob, cem, chatIds: [], messages: [] };
  for (let i = 0; i < 2; i += 1) await actions['new group']?.(world, i);
  return world;
}

const doing = fc.record({
  do: fc.constantFrom(...Object.keys(actions)),
  pick: fc.nat(60),
  /** Whether the next thing waits until this is done. */
  waits: fc.boolean(),
});

/** One life of Bob's connection: what happens while it is away, and what while it comes back and after. */
const lives = fc.array(
  fc.record({ away: fc.array(doing, { maxLength: 12 }), back: fc.array(doing, { maxLength: 12 }) }),
  { minLength: 1, maxLength: 4 },
);

async function perform(world: World, things: readonly (typeof doing extends fc.Arbitrary<infer T> ? T : never)[]) {
  const started: Promise<unknown>[] = [];
  for (const thing of things) {
    const done = actions[thing.do]?.(world, thing.pick);
    if (done) started.push(done);
    if (thing.waits) await done;
  }
  await Promise.all(started);
}

/** Resolves once the copy is what the server has; what is different is given where that does not come to pass. */
async function converged(copy: LocalCopy, goOn: () => Promise<void>): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    await goOn();
    const differences = await copy.differences();
    if (differences.length === 0 || tries === 20) return differences;
  }
}

test('over the socket: what was missed, then what comes, without a hole and without a double', async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const world = await aWorld();
      const copy = new LocalCopy(world.bob);
      for (const { away, back } of all) {
        await perform(world, away);
        const coming = SocketClient.signedIn(app.url, world.bob.accessToken, {}, { epoch, chats: copy.known() });
        const meanwhile = perform(world, back);
        const socket = await coming;
        await meanwhile;
        let applied = 0;
        const differences = await converged(copy, async () => {
          await socket.settled();
          while (applied < socket.frames.length) {
            const frame = socket.frames[applied];
            applied += 1;
            if (frame) copy.apply(frame);
          }
        });
        expect(differences).toEqual([]);
        socket.terminate();
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

test('over HTTP: one answer after the other, without a hole and without a double', async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const world = await aWorld();
      const copy = new LocalCopy(world.bob);
      const sync = async () => {
        const { body } = await world.bob.api.post('/sync', { epoch, chats: copy.known(), wait: 0.01 });
        for (const event of body.events) copy.apply(event);
      };
      for (const { away, back } of all) {
        await perform(world, away);
        const meanwhile = perform(world, back);
        await sync();
        await sync();
        await meanwhile;
        expect(await converged(copy, sync)).toEqual([]);
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

/**
 * The state test: for any sequence of actions by several people on several devices, the old state plus the events received
 * equals the state fetched afresh.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { Account, Answer } from '../support/api-client.ts';
import { ClientModel } from '../support/client-model.ts';
import { delayedStore } from '../support/delayed-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';
import { openTestStore } from '../support/test-store.ts';

const PEOPLE = 3;

let app: RunningApp;

/** A device: its socket, how many of its frames are applied, and what it keeps. */
interface Device {
  readonly socket: SocketClient;
  readonly model: ClientModel;
  folded: number;
}

/** Some people, their devices, and every chat and message that there ever was among them. */
interface World {
  readonly people: readonly Account[];
  readonly devices: { readonly owner: Account; device: Device }[];
  readonly chatIds: string[];
  readonly messages: { readonly chatId: string; readonly id: string }[];
}

/** Something that somebody does. Numbers are places among what there is when it comes to it. */
interface Action {
  readonly what: keyof typeof ACTIONS;
  readonly who: number;
  readonly whom: number;
  readonly where: number;
  readonly at: number;
}

interface Doing extends Omit<Action, 'what' | 'who' | 'whom' | 'where'> {
  readonly world: World;
  readonly me: Account;
  readonly peer: Account;
  readonly chatId: string;
  readonly message: { readonly chatId: string; readonly id: string };
}

const NOWHERE = { chatId: 'nowhere', id: 'nothing' };
const path = ({ message }: Doing): string => `/chats/${message.chatId}/messages/${message.id}`;

const ACTIONS = {
  openDirect: ({ me, peer }: Doing) => me.api.post('/chats', { kind: 'direct', userId: peer.id }),
  createGroup: ({ me, peer, at }: Doing) =>
    me.api.post('/chats', { kind: 'group', name: `group ${at}`, memberIds: [peer.id] }),
  createRoom: ({ me, at }: Doing) => me.api.post('/chats', { kind: 'public', name: `room ${at}` }),
  send: ({ me, chatId, at }: Doing) => me.api.post(`/chats/${chatId}/messages`, { content: `line ${at}` }),
  sendDirect: ({ me, peer, at }: Doing) => me.api.post(`/users/${peer.id}/messages`, { content: `direct ${at}` }),
  sendBatch: ({ me, chatId, at }: Doing) =>
    me.api.post(`/chats/${chatId}/messages`, {
      messages: [{ content: `one ${at}` }, { content: 'two', clientId: `${at}` }],
    }),
  reply: ({ me, message, at }: Doing) =>
    me.api.post(`/chats/${message.chatId}/messages`, { content: `reply ${at}`, replyTo: message.id }),
  edit: (doing: Doing) => doing.me.api.patch(path(doing), { content: `edit ${doing.at}` }),
  deleteMessage: (doing: Doing) => doing.me.api.delete(path(doing)),
  renameChat: ({ me, chatId, at }: Doing) => me.api.patch(`/chats/${chatId}`, { name: `name ${at}` }),
  describe: ({ me, chatId, at }: Doing) =>
    me.api.patch(`/chats/${chatId}`, { description: at % 2 ? `about ${at}` : null }),
  deleteChat: ({ me, chatId }: Doing) => me.api.delete(`/chats/${chatId}`),
  add: ({ me, peer, chatId }: Doing) => me.api.post(`/chats/${chatId}/members`, { userIds: [peer.id] }),
  remove: ({ me, peer, chatId }: Doing) => me.api.delete(`/chats/${chatId}/members/${peer.id}`),
  leave: ({ me, chatId }: Doing) => me.api.delete(`/chats/${chatId}/members/me`),
  changeRole: ({ me, peer, chatId, at }: Doing) =>
    me.api.patch(`/chats/${chatId}/members/${peer.id}`, { role: ['member', 'admin', 'owner'][at % 3] }),
  join: ({ me, chatId }: Doing) => me.api.post(`/chats/${chatId}/join`),
  read: ({ me, chatId, at }: Doing) => me.api.put(`/chats/${chatId}/read`, { seq: at }),
  readAll: ({ me, chatId }: Doing) => me.api.put(`/chats/${chatId}/read`, { seq: 1_000_000 }),
  renameMyself: ({ me, at }: Doing) => me.api.patch('/users/me', { displayName: `name ${at}` }),
  reconnect: async ({ me, world }: Doing): Promise<undefined> => {
    const mine = world.devices.find(({ owner }) => owner === me);
    mine?.device.socket.close();
    if (mine) mine.device = await connect(me);
  },
};

/** What is done often, in the share in which it is: most of a chat is talk. */
const WEIGHTS: Partial<Record<Action['what'], number>> = {
  send: 6,
  read: 3,
  readAll: 3,
  edit: 2,
  deleteMessage: 3,
  add: 4,
  join: 3,
};

const action: fc.Arbitrary<Action> = fc.record({
  what: fc.oneof(
    ...(Object.keys(ACTIONS) as Action['what'][]).map((what) => ({
      arbitrary: fc.constant(what),
      weight: WEIGHTS[what] ?? 1,
    })),
  ),
  who: fc.nat(PEOPLE - 1),
  whom: fc.nat(PEOPLE - 1),
  where: fc.nat(5),
  at: fc.nat(12),
});

async function connect(owner: Account): Promise<Device> {
  const socket = await SocketClient.signedIn(app.url, owner.accessToken);
  return { socket, model: await ClientModel.read(owner), folded: 0 };
}

/** A group of all, a room of two, and a device for each, of the first two. */
async function makeWorld(): Promise<World> {
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => app.api.register()));
  const [ann, bob] = people as [Account, Account];
  const owners = [...people, ann];
  const devices = await Promise.all(owners.map(async (owner) => ({ owner, device: await connect(owner) })));
  const world: World = { people, devices, chatIds: [], messages: [] };
  remember(world, await ann.api.post('/chats', { kind: 'group', name: 'all', memberIds: people.map(({ id }) => id) }));
  remember(world, await bob.api.post('/chats', { kind: 'public', name: 'room' }));
  remember(world, await ann.api.post('/chats', { kind: 'direct', userId: bob.id }));
  return world;
}

const among = <T>(list: readonly T[], place: number): T | undefined => list[place % Math.max(1, list.length)];

async function take(world: World, { what, who, whom, where, at }: Action): Promise<void> {
  const [me, peer] = [among(world.people, who), among(world.people, whom)];
  if (!me || !peer) throw new Error('nobody there');
  const chatId = among(world.chatIds, where) ?? NOWHERE.chatId;
  const message = among(world.messages, at) ?? NOWHERE;
  const answer: Answer | undefined = await ACTIONS[what]({ world, me, peer, chatId, message, at });
  if (!answer) return;
  if (answer.status >= 500) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  remember(world, answer);
}

/** Chats and messages that an answer tells of, so that later actions can be about them. */
function remember(world: World, { status, body }: Answer): void {
  if (status >= 300) return;
  for (const made of body?.items ?? [body]) {
    if (made?.memberCount !== undefined && !world.chatIds.includes(made.id)) world.chatIds.push(made.id);
    if (made?.content === undefined) continue;
    world.messages.push({ chatId: made.chatId, id: made.id });
    if (!world.chatIds.includes(made.chatId)) world.chatIds.push(made.chatId);
  }
}

/** Applies what has come, until the device is where its owner's chats are. */
async function catchUp({ owner, device }: World['devices'][number]): Promise<void> {
  const { body } = await owner.api.get('/chats?limit=100');
  const heads = Object.fromEntries(body.items.map(({ id, rev }: { id: string; rev: number }) => [id, rev]));
  const deadline = Date.now() + 60_000;
  do {
    await device.socket.settled();
    const { frames } = device.socket;
    for (; device.folded < frames.length; device.folded += 1) device.model.fold(frames[device.folded] as never);
  } while (!isDeepStrictEqual(device.model.heads(), heads) && Date.now() < deadline);
  expect(device.model.heads()).toEqual(heads);
  await device.model.readNewChats();
}

async function check({ owner, device }: World['devices'][number]): Promise<void> {
  const fresh = await ClientModel.read(owner);
  expect(device.model.snapshot()).toEqual(fresh.snapshot());
}

/**
 * A store in the same process, which answers at once, and one that takes its time, so that more comes between. MongoDB always
 * does, and so gets through less.
 */
const STORES = {
  'a store at hand': { numRuns: 8, open: (store: Store) => store },
  'a store across a network': {
    numRuns: 5,
    open: (store: Store) => delayedStore(store, () => sleep(Math.random() * 3)),
  },
};

describe.each(Object.keys(STORES) as (keyof typeof STORES)[])('on %s', (name) => {
  const { numRuns, open } = STORES[name];
  beforeAll(async () => {
    app = await startApp({ store: open(await openTestStore()) });
  });
  afterAll(() => app.stop());

  test('the old state plus the events received equals the state fetched afresh', async () => {
    const together = fc.array(action, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(together, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = await makeWorld();
        for (const actions of steps) {
          await Promise.all(actions.map((each) => take(world, each)));
          await Promise.all(world.devices.map(catchUp));
        }
        await Promise.all(world.devices.map(check));
        for (const { device } of world.devices) device.socket.close();
      }),
      // What failed is long; shrinking it takes longer than the test may.
      { numRuns, endOnFailure: true },
    );
  });
});

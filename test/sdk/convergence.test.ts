import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Chat, Message, Parley, ParleyError } from '../../client/src/index.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { faultyWebSocket } from './support/faulty-web-socket.ts';
import { Clients, idOf, until } from './support/people.ts';

let app: RunningApp;
let clients: Clients;
const { WebSocket: realWebSocket } = globalThis;
beforeAll(async () => {
  app = await startApp();
  clients = new Clients(app.url);
});
afterAll(async () => {
  globalThis.WebSocket = realWebSocket;
  await clients.closeAll();
  await app.stop();
});

/** A sequence of numbers in [0, 1), the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chatOf = (parley: Parley, chatId: string): Chat | undefined => parley.store.getState().chats[chatId];

/** Something that one of these people does in the chat. */
async function act(people: readonly Parley[], chatId: string, random: () => number): Promise<void> {
  const one = people[Math.floor(random() * people.length)] as Parley;
  const mine = (one.store.getState().timelines[chatId]?.messages ?? []).filter(
    ({ senderId, deletedAt, kind }) => senderId === idOf(one) && deletedAt === null && kind === 'text',
  );
  const some = mine[Math.floor(random() * mine.length)];
  const kind = random();
  const unlessGone = (error: ParleyError) => expect(error.code).toBe('MESSAGE_NOT_FOUND'); // its deletion was lost on the way
  if (some && kind < 0.15) await one.messages.edit(chatId, some.id, `edited ${random()}`).catch(unlessGone);
  else if (some && kind < 0.3) await one.messages.delete(chatId, some.id).catch(unlessGone);
  else if (kind < 0.4) await one.chats.update(chatId, { name: `name ${random()}` });
  else if (kind < 0.5) one.chats.markRead(chatId);
  else if (kind < 0.6) {
    const [owner, , cem] = people as [Parley, Parley, Parley];
    await owner.members.setRole(chatId, idOf(cem), random() < 0.5 ? 'admin' : 'member');
  } else await one.messages.send(chatId, `text ${random()}`);
}

describe('changes that are lost, doubled and reordered on the way', () => {
  it.each([1, 2, 3, 4, 5])('leave the state as it is read afresh (seed %i)', async (seed) => {
    const random = randomOf(seed);
    const fates = ['is lost', 'comes twice', 'comes late'] as const;
    let isFaulty = true;
    globalThis.WebSocket = faultyWebSocket(() =>
      isFaulty && random() < 0.4 ? (fates[Math.floor(random() * fates.length)] ?? 'passes') : 'passes',
    );
    const people = [await clients.register(), await clients.register(), await clients.register()];
    const [ann, bob, cem] = people as [Parley, Parley, Parley];
    const { id } = await ann.chats.createGroup({ name: 'a group', memberIds: [idOf(bob), idOf(cem)] });
    const told: Record<string, number[]> = { ann: [], bob: [] };
    ann.on('message.created', ({ rev }) => told.ann?.push(rev));
    bob.on('message.created', ({ rev }) => told.bob?.push(rev));
    isFaulty = false;
    await cem.chats.update(id, { description: 'so that all know of it' });
    for (const one of people) {
      await until(one, ({ chats }) => chats[id]);
      await Promise.all([one.messages.loadNewest(id), one.members.load(id)]);
    }
    isFaulty = true;

    for (let n = 0; n < 60; n++) await act(people, id, random);
    isFaulty = false;
    const last = await ann.messages.send(id, 'the last one');

    for (const one of people) {
      await until(one, ({ chats }) => (chats[id]?.rev ?? 0) >= last.rev);
      await until(one, ({ connection }) => connection === 'online');
      const fresh = await clients.anotherOf(one);
      await Promise.all([fresh.messages.loadNewest(id), fresh.members.load(id)]);
      const lines = (parley: Parley): readonly Message[] => parley.store.getState().timelines[id]?.messages ?? [];
      expect(lines(one).slice(-lines(fresh).length)).toEqual(lines(fresh));
      expect(lines(one).map(({ seq }) => seq)).toEqual(lines(one).map((_, index) => (lines(one)[0]?.seq ?? 0) + index));
      expect(chatOf(one, id)).toEqual(chatOf(fresh, id));
      const roles = (parley: Parley) =>
        Object.fromEntries(parley.store.getState().members[id]?.items.map(({ userId, role }) => [userId, role]) ?? []);
      expect(roles(one)).toEqual(roles(fresh));
      await fresh.close();
    }
    for (const revs of Object.values(told)) expect(revs).toEqual([...new Set(revs)].sort((a, b) => a - b));
  });
});

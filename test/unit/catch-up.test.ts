import { expect, test } from '@jest/globals';
import { CatchUp } from '../../src/application/catch-up.ts';
import { createGroup, perform, say } from '../support/chat-actions.ts';
import { openUseCases } from '../support/use-cases.ts';

test('a plan costs the same look-ups for a hundred chats as for one, whatever has become of them', async () => {
  const { store, chats: service, clock, newActor } = await openUseCases();
  const asked: string[] = [];
  const counting = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(_, name) {
        const member: unknown = Reflect.get(part, name);
        if (typeof member !== 'function') return member;
        asked.push(String(name));
        return member.bind(part);
      },
    });
  const { chats, chatLog, users } = store;
  const parts = { chats: counting(chats), log: counting(chatLog), users: counting(users) };
  const catchUp = new CatchUp({ ...parts, service, clock });

  const costs: string[][] = [];
  for (const count of [1, 100]) {
    const [ann, bob] = [await newActor(), await newActor()];
    const known = new Map<string, { rev: number; readSeq: number }>();
    for (let i = 0; i < count; i += 1) {
      const [moved, lost] = [
        await createGroup(chatLog, ann.userId, [bob.userId]),
        await createGroup(chatLog, ann.userId, [bob.userId]),
      ];
      await createGroup(chatLog, ann.userId, [bob.userId]);
      for (const chatId of [moved, lost]) known.set(chatId, { rev: 1, readSeq: 1 });
      await say(chatLog, moved, ann.userId, 'hello');
      await perform(chatLog, lost, ann.userId, { type: 'chat.delete' });
    }
    asked.length = 0;
    const { steps, heads } = await catchUp.plan(bob.userId, { me: null, chats: known });
    expect([steps.length, heads.size]).toEqual([3 * count, 2 * count]);
    costs.push([...asked].sort());
  }
  expect(costs[1]).toEqual(costs[0]);
  expect(costs[0]).toEqual(['changesIn', 'find', 'findMany', 'membersIn', 'memberships']);
  await store.close();
});

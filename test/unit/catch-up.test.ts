import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CatchUp, headsAfter, type Known, type Step } from '../../src/application/catch-up.ts';
import { FOR_EVER } from '../../src/domain/chat.ts';
import type { Actor } from '../../src/domain/session.ts';
import { anId } from '../support/builders.ts';
import { createGroup, perform, say } from '../support/chat-actions.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

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
  expect(costs[0]).toEqual(['changesIn', 'find', 'findMany', 'heads', 'membersIn', 'memberships']);
  await store.close();
});

describe('what a client is to be told', () => {
  let app: UseCases;
  let catchUp: CatchUp;
  let ann: Actor;
  let bob: Actor;
  beforeEach(async () => {
    app = await openUseCases();
    const { chats, chatLog: log, users } = app.store;
    catchUp = new CatchUp({ chats, log, users, service: app.chats, clock: app.clock });
    [ann, bob] = [await app.newActor(), await app.newActor()];
  });
  afterEach(() => app.store.close());

  /** Ann's group with Bob, later than all before it. */
  async function aGroup(): Promise<string> {
    app.clock.advance(1000);
    return (await app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId] })).chat.id;
  }
  async function send(chatId: string, ...contents: string[]): Promise<void> {
    app.clock.advance(1000);
    await app.messages.send(
      ann,
      chatId,
      contents.map((content) => ({ content })),
    );
  }
  const plan = (known: Record<string, Known>, me: number | null = null) =>
    catchUp.plan(bob.userId, { me, chats: new Map(Object.entries(known)) });
  const chatIdOf = (step: Step): string => {
    if (step.type === 'me') return step.user.id;
    if (step.type === 'mute') return step.chatId;
    return 'chat' in step ? step.chat.id : step.membership.chat.id;
  };
  const told = (steps: readonly Step[]) =>
    steps.map((step) => [
      step.type === 'change' ? `${step.change.type} ${step.change.rev}` : step.type,
      chatIdOf(step),
    ]);
  const START = { rev: 1, readSeq: 1 };

  test('is all that happened, in one order, and after each step he has what was told by then', async () => {
    const [older, newer, back, lost, purged] = [
      await aGroup(),
      await aGroup(),
      await aGroup(),
      await aGroup(),
      await aGroup(),
    ];
    const [marked, muted, ahead, same] = [await aGroup(), await aGroup(), await aGroup(), await aGroup()];
    await app.chats.removeMember(ann, lost, bob.userId);
    await app.chats.removeMember(ann, purged, bob.userId);
    await app.chats.delete(ann, purged);
    await send(back, 'zero');
    await app.chats.removeMember(ann, back, bob.userId);
    await app.chats.addMembers(ann, back, [bob.userId]);
    await send(older, 'one', 'two');
    await send(newer, 'three');
    await send(marked, 'four');
    await app.chats.markRead(bob, marked, 2);
    await app.store.chats.mute(muted, bob.userId, FOR_EVER);
    const fresh = await aGroup();
    await app.profiles.update(bob, { bio: 'I sing.' });

    const never = await createGroup(app.store.chatLog, ann.userId);
    const known = {
      ...{
        [older]: START,
        [newer]: START,
        [back]: START,
        [lost]: START,
        [purged]: START,
        [same]: START,
        [never]: START,
      },
      ...{
        [marked]: { rev: 2, readSeq: 1 },
        [muted]: { ...START, mutedUntil: null },
        [ahead]: { rev: 99, readSeq: 1 },
      },
    };
    const planned = await plan(known, 1);
    const { steps, heads } = planned;
    const losses = steps.map(chatIdOf).filter((chatId) => chatId === lost || chatId === purged); // in no order
    expect(losses).toHaveLength(2);
    expect(told(steps)).toEqual([
      ['me', bob.userId],
      ['message.created 2', newer],
      ['message.created 2', older],
      ['message.created 3', older],
      ['message.created 2', back],
      ['member.removed 3', back],
      ['chat', back],
      ['chat', fresh],
      ...losses.map((chatId) => ['member.removed 2', chatId]),
      ['read', marked],
      ['mute', muted],
      ['too-long', ahead],
    ]);
    expect(
      steps
        .filter((step) => step.type === 'change' && step.isEnd)
        .map(chatIdOf)
        .sort(),
    ).toEqual([back, lost, purged].sort());

    const at = (chatId: string) => heads.get(chatId);
    const seq = (chatId: string) => at(chatId)?.seq;
    let has: Record<string, unknown> = {
      ...{ [older]: { ...START, seq: 3 }, [newer]: { ...START, seq: 2 }, [back]: { ...START, seq: seq(back) } },
      ...{ [lost]: { ...START, seq: 0 }, [purged]: { ...START, seq: 0 }, [same]: { ...START, seq: 1 } },
      ...{ [marked]: { rev: 2, readSeq: 1, seq: 2 }, [muted]: { ...START, mutedUntil: null, seq: 1 } },
      ...{ [ahead]: { rev: 99, readSeq: 1, seq: 1 } },
    };
    const changes: Record<string, unknown>[] = [
      {},
      {},
      { [newer]: { rev: 2, readSeq: 1, seq: 2 } },
      { [older]: { rev: 2, readSeq: 1, seq: 3 } },
      { [older]: { rev: 3, readSeq: 1, seq: 3 } },
      { [back]: { rev: 2, readSeq: 1, seq: seq(back) } },
      { [back]: undefined },
      { [back]: at(back) },
      { [fresh]: at(fresh) },
      ...losses.map((chatId) => ({ [chatId]: undefined })),
      { [marked]: { rev: 2, readSeq: 2, seq: 2 } },
      { [muted]: { ...START, mutedUntil: FOR_EVER, seq: 1 } },
    ];
    for (const [taken, change] of changes.entries()) {
      has = { ...has, ...change };
      const after = headsAfter(planned, { me: 1, chats: new Map(Object.entries(known)) }, taken);
      const there = Object.entries(has).filter(([, value]) => value !== undefined);
      expect(Object.fromEntries(after)).toEqual(Object.fromEntries(there));
    }
    for (const taken of [steps.length, steps.length + 1]) {
      expect(headsAfter(planned, { me: 1, chats: new Map(Object.entries(known)) }, taken)).toEqual(heads);
    }
  });

  test('begins anew with a chat that he came into after what he has of it', async () => {
    const [group, direct] = [await aGroup(), (await app.chats.openDirect(ann, bob.userId)).chat.chat.id];
    await app.chats.removeMember(ann, group, bob.userId);
    await app.chats.addMembers(ann, group, [bob.userId]);
    app.clock.advance(1000);
    await app.chats.delete(ann, direct);
    await app.messages.sendTo(ann, bob.userId, [{ content: 'hello again' }]);
    const { steps } = await plan({ [group]: START, [direct]: { rev: 1, readSeq: 0 } });
    expect(told(steps)).toEqual([
      ['chat.deleted 2', direct],
      ['member.removed 2', group],
      ['chat', direct],
      ['chat', group],
    ]);
    expect(steps.filter((step) => step.type === 'change' && step.isEnd)).toHaveLength(2);
    const after = await plan({ [group]: { rev: 2, readSeq: 1 }, [direct]: { rev: 2, readSeq: 0 } });
    expect(told(after.steps)).toEqual([
      ['chat', direct],
      ['chat', group],
    ]);
  });

  test('is of so many changes in all, and of a chat with more that it is too much', async () => {
    const chatIds = await Promise.all(Array.from({ length: 7 }, aGroup));
    const [heads, memberships] = [
      await app.store.chats.heads(bob.userId),
      await app.store.chats.memberships(bob.userId),
    ];
    jest.spyOn(app.store.chats, 'heads').mockResolvedValue(heads.map((head) => ({ ...head, rev: 2 })));
    const revOf = (i: number) => (i === 0 ? 1_002 : i === 6 ? 2 : 1_001);
    jest
      .spyOn(app.store.chats, 'memberships')
      .mockResolvedValue(
        memberships.map((row, i) => ({ ...row, chat: { ...row.chat, activeAt: 9 - i, rev: revOf(i) } })),
      );
    const asked = jest.spyOn(app.store.chatLog, 'changesIn').mockResolvedValue([]);
    const { steps } = await plan(Object.fromEntries(chatIds.map((chatId) => [chatId, START])));
    expect(asked.mock.calls[0]?.[0].map(({ afterRev, upTo }) => upTo - afterRev)).toEqual(Array(5).fill(1_000));
    expect(steps.map(({ type }) => type)).toEqual(['too-long', 'too-long']);
  });

  test('shows no text of a chat that was deleted before it was read', async () => {
    const chatId = await aGroup();
    await send(chatId, 'a word');
    const { steps } = await plan({ [chatId]: START });
    const kept = await catchUp.read(bob.userId, steps);
    await app.chats.delete(ann, chatId);
    const read = await catchUp.read(bob.userId, steps);
    expect([kept, read].map(([missed]) => missed?.type === 'change' && missed.view.chat.live)).toEqual([true, false]);
  });

  test('is nothing to somebody who has no account any more', async () => {
    expect(await catchUp.plan(anId(), { me: 1, chats: new Map() })).toMatchObject({ steps: [], me: 0 });
  });
});

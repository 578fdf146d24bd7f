import { describe, expect, test } from '@jest/globals';
import { listKey } from '../../src/domain/chat.ts';
import { anId } from '../support/builders.ts';
import { createGroup, perform } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Proves what ChatRepository promises of public rooms. */
export function publicRoomSuite(harness: StoreHarness): void {
  describe(`Public rooms on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    async function room(name: string, owner = anId()): Promise<string> {
      const chatId = anId();
      const create = { type: 'chat.create', kind: 'public', name, memberIds: [], lineId: anId() } as const;
      await perform(subject.store.chatLog, chatId, owner, create);
      return chatId;
    }
    const keyOf = (id: string, name: string) => listKey({ id, name, kind: 'public', live: true });

    test('are listed by name, whatever the case, then by id; nothing else is', async () => {
      const { chatLog, chats } = subject.store;
      await createGroup(chatLog, anId());
      await perform(chatLog, anId(), anId(), { type: 'chat.open', peerId: anId() });
      const names = ['zeta', 'Alpha', 'beta', 'Ωmega', '日本', '😀', 'Alpha'];
      const keys: (string | null)[] = [];
      for (const name of names) keys.push(keyOf(await room(name), name));
      const sorted = keys.map(String).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await chats.listPublic('', 100)).toEqual(sorted);
      expect(await chats.listPublic('', 3)).toEqual(sorted.slice(0, 3));
      expect(await chats.listPublic(sorted[2] as string, 2)).toEqual(sorted.slice(3, 5));
      expect(await chats.listPublic(sorted.at(-1) as string, 2)).toEqual([]);
      expect(await chats.listPublic('', 0)).toEqual([]);
    });

    test('are listed under a new name once they have it, and not at all once they are deleted', async () => {
      const { chatLog, chats } = subject.store;
      const [ann, bob] = [anId(), anId()];
      const [here, there] = [await room('here', ann), await room('there', bob)];
      await perform(chatLog, here, ann, { type: 'chat.update', name: 'ZOO', lineId: anId() });
      expect(await chats.listPublic('', 100)).toEqual([keyOf(there, 'there'), keyOf(here, 'zoo')]);
      await perform(chatLog, there, bob, { type: 'chat.delete' });
      await perform(chatLog, here, ann, { type: 'member.remove', userId: ann, lineId: anId() });
      expect(await chats.listPublic('', 100)).toEqual([]);
    });

    test('keep who was removed, and what came of it, over a restart', async () => {
      const { chatLog } = subject.store;
      const [ann, bob] = [anId(), anId()];
      const chatId = await room('here', ann);
      await perform(chatLog, chatId, bob, { type: 'chat.join' });
      await perform(chatLog, chatId, ann, { type: 'member.remove', userId: bob, lineId: anId() });
      const { chats } = await subject.restart();
      expect((await chats.membership(chatId, bob))?.member).toMatchObject({ active: false, banned: true });
      expect(await chats.find(chatId)).toMatchObject({ kind: 'public', live: true, memberCount: 1, seq: 1 });
    });

    test('and others are found by their ids, many at once', async () => {
      const { chatLog, chats } = subject.store;
      const [one, other] = [await room('one'), await createGroup(chatLog, anId())];
      const found = await chats.findMany([one, anId(), other]);
      expect(found).toHaveLength(2);
      for (const chat of found) expect(chat).toEqual(await chats.find(chat.id));
      expect(await chats.findMany([])).toEqual([]);
    });
  });

  describe(`A muted chat on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);
    const mutedUntil = async (chatId: string, userId: string) => {
      const { chats } = subject.store;
      const [listed] = (await chats.memberships(userId)).filter(({ chat }) => chat.id === chatId);
      const membership = await chats.membership(chatId, userId);
      expect(listed).toEqual(membership);
      return membership?.mutedUntil;
    };

    test('is muted until then, for this member alone, until he says otherwise', async () => {
      const { chatLog, chats } = subject.store;
      const [ann, bob] = [anId(), anId()];
      const chatId = await createGroup(chatLog, ann, [bob]);
      expect(await mutedUntil(chatId, ann)).toBeNull();
      for (const until of [1_800_000_000_000, Number.MAX_SAFE_INTEGER, 5]) {
        expect(await chats.mute(chatId, ann, until)).toBe(true);
        expect(await mutedUntil(chatId, ann)).toBe(until);
      }
      expect(await mutedUntil(chatId, bob)).toBeNull();
      expect(await chats.mute(chatId, ann, null)).toBe(true);
      expect(await mutedUntil(chatId, ann)).toBeNull();
    });

    test('stays so when the member changes, and beside his read mark', async () => {
      const { chatLog, chats } = subject.store;
      const [ann, bob] = [anId(), anId()];
      const chatId = await createGroup(chatLog, ann, [bob]);
      await chats.mute(chatId, bob, 7);
      await chats.raiseMark(chatId, bob, { seq: 1, n: 0 });
      await perform(chatLog, chatId, ann, { type: 'member.update', userId: bob, role: 'admin' });
      expect(await chats.membership(chatId, bob)).toMatchObject({
        ...{ member: { role: 'admin' }, mark: { seq: 1, n: 0 }, mutedUntil: 7 },
      });
      const { members } = await chatLog.load(chatId, { members: [bob], messages: [], sendKeys: [], heir: false }, null);
      expect(members.get(bob)).toEqual((await chats.membership(chatId, bob))?.member);
    });

    test('cannot be muted by who never was in it', async () => {
      const { chatLog, chats } = subject.store;
      const chatId = await createGroup(chatLog, anId());
      expect(await chats.mute(chatId, anId(), 7)).toBe(false);
      expect(await chats.mute(anId(), anId(), null)).toBe(false);
    });
  });
}

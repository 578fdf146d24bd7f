import { describe, expect, test } from '@jest/globals';
import { effectiveMark, NO_MARK } from '../../src/domain/chat.ts';
import { anId, ids } from '../support/builders.ts';
import { createGroup, perform, say } from '../support/chat-actions.ts';
import { storeForEachTest } from './each-test.ts';
import type { StoreHarness } from './harness.ts';

/** Proves the promises of ChatRepository. */
export function chatRepositorySuite(harness: StoreHarness): void {
  describe(`ChatRepository on ${harness.name}`, () => {
    const subject = storeForEachTest(harness);

    const leave = (chatId: string, userId: string) =>
      perform(subject.store.chatLog, chatId, userId, { type: 'member.remove', userId, lineId: anId() });
    const remove = (chatId: string, userId: string) =>
      perform(subject.store.chatLog, chatId, userId, { type: 'chat.delete' });
    const add = (chatId: string, owner: string, ...userIds: string[]) =>
      perform(subject.store.chatLog, chatId, owner, { type: 'member.add', userIds, lineId: anId() });

    test('finds a chat as it is now, and null where there never was one', async () => {
      const { chatLog, chats } = subject.store;
      const ann = anId();
      const chatId = await createGroup(chatLog, ann);
      const commit = await perform(chatLog, chatId, ann, { type: 'chat.update', name: 'renamed', lineId: anId() });
      expect(await chats.find(chatId)).toEqual(commit?.images.chat);
      expect(await chats.find(anId())).toBeNull();
    });

    describe('membership', () => {
      test('is null for who never was a member and in what never was a chat', async () => {
        const { chatLog, chats } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        expect(await chats.membership(chatId, anId())).toBeNull();
        expect(await chats.membership(anId(), ann)).toBeNull();
      });

      test('has the chat, the member and the mark', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        const { chat, members } = await chatLog.load(
          chatId,
          { members: [bob], messages: [], sendKeys: [], heir: false },
          null,
        );
        expect(await chats.membership(chatId, bob)).toEqual({
          ...{ chat, member: members.get(bob), mark: NO_MARK },
          mutedUntil: null,
        });
        await chats.raiseMark(chatId, bob, { seq: 1, n: 0 });
        expect((await chats.membership(chatId, bob))?.mark).toEqual({ seq: 1, n: 0 });
      });

      test('is still there when he has left, and when the chat is deleted', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        await leave(chatId, bob);
        expect((await chats.membership(chatId, bob))?.member.active).toBe(false);
        await remove(chatId, ann);
        expect((await chats.membership(chatId, ann))?.chat.live).toBe(false);
      });
    });

    describe('memberships', () => {
      test('are the active ones of live chats', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const [stays, left, deleted, others] = [
          await createGroup(chatLog, ann, [bob]),
          await createGroup(chatLog, ann, [bob]),
          await createGroup(chatLog, ann, [bob]),
          await createGroup(chatLog, ann),
        ];
        await leave(left, bob);
        await remove(deleted, ann);
        await chats.raiseMark(stays, bob, { seq: 1, n: 0 });
        expect(await chats.memberships(bob)).toEqual([await chats.membership(stays, bob)]);
        expect(await chats.memberships(bob, [stays, left, deleted, others])).toEqual(await chats.memberships(bob));
        expect(await chats.countMemberships(bob)).toBe(1);
        const annChats = (await chats.memberships(ann)).map(({ chat }) => chat.id);
        expect([...annChats].sort()).toEqual([stays, left, others].sort());
        expect((await chats.heads(ann)).map(({ id }) => id).sort()).toEqual([stays, left, others].sort());
        expect(await chats.countMemberships(ann)).toBe(3);
      });

      test('are those that were asked for', async () => {
        const { chatLog, chats } = subject.store;
        const ann = anId();
        const [one, other] = [await createGroup(chatLog, ann), await createGroup(chatLog, ann)];
        expect((await chats.memberships(ann, [other, anId()])).map(({ chat }) => chat.id)).toEqual([other]);
        expect(await chats.memberships(ann, [one, other])).toHaveLength(2);
        expect(await chats.memberships(ann, [])).toEqual([]);
      });

      test('have heads that say what they say', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const [read, joined, reopened] = [
          await createGroup(chatLog, ann, [bob]),
          await createGroup(chatLog, ann),
          anId(),
        ];
        await say(chatLog, read, ann, 'hello');
        await chats.raiseMark(read, bob, { seq: 2, n: 1 });
        await chats.mute(read, bob, 1_900_000_000_000);
        await say(chatLog, joined, ann, 'before he came');
        await add(joined, ann, bob);
        await perform(chatLog, reopened, ann, { type: 'chat.open', peerId: bob });
        await say(chatLog, reopened, ann, 'gone with the chat');
        await remove(reopened, ann);
        await perform(chatLog, reopened, ann, { type: 'chat.open', peerId: bob });
        const expected = (await chats.memberships(bob)).map(({ chat, member, mark, mutedUntil }) => {
          const { id, rev, seq, memberCount } = chat;
          return { id, rev, seq, memberCount, readSeq: effectiveMark(chat, member, mark).seq, mutedUntil };
        });
        expect(expected.every(({ readSeq }) => readSeq > 0)).toBe(true);
        expect(new Set(await chats.heads(bob))).toEqual(new Set(expected));
      });

      test('are none for who is in no chat', async () => {
        expect(await subject.store.chats.memberships(anId())).toEqual([]);
        expect(await subject.store.chats.heads(anId())).toEqual([]);
        expect(await subject.store.chats.countMemberships(anId())).toBe(0);
      });

      test('come back with a direct chat that is opened again, and with who is added again', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const direct = anId();
        await perform(chatLog, direct, ann, { type: 'chat.open', peerId: bob });
        await remove(direct, bob);
        expect(await chats.memberships(ann)).toEqual([]);
        await perform(chatLog, direct, bob, { type: 'chat.open', peerId: ann });
        const group = await createGroup(chatLog, ann, [bob]);
        await leave(group, bob);
        await add(group, ann, bob);
        for (const userId of [ann, bob]) {
          const chatIds = (await chats.memberships(userId)).map(({ chat }) => chat.id);
          expect([...chatIds].sort()).toEqual([direct, group].sort());
        }
      });
    });

    describe('members', () => {
      test('are paged in the order of their ids', async () => {
        const { chatLog, chats } = subject.store;
        const all = ids(7);
        const chatId = await createGroup(chatLog, all[0] as string, all.slice(1));
        const sorted = [...all].sort();
        const page = async (after: string | null, limit: number) =>
          (await chats.members(chatId, after, limit)).map(({ member }) => member.userId);
        expect(await page(null, 100)).toEqual(sorted);
        expect(await page(null, 3)).toEqual(sorted.slice(0, 3));
        expect(await page(sorted[2] as string, 3)).toEqual(sorted.slice(3, 6));
        expect(await page(sorted[5] as string, 3)).toEqual(sorted.slice(6));
        expect(await page(sorted[6] as string, 3)).toEqual([]);
        expect(await chats.members(anId(), null, 100)).toEqual([]);
      });

      test('are those who are active, with their marks', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob, cem]);
        await chats.raiseMark(chatId, ann, { seq: 1, n: 0 });
        await leave(chatId, bob);
        const members = await chats.members(chatId, null, 100);
        const expected = [ann, cem].sort().map(async (userId) => {
          const membership = await chats.membership(chatId, userId);
          return { member: membership?.member, mark: membership?.mark };
        });
        expect(members).toEqual(await Promise.all(expected));
      });

      test('are found by their ids, also those who have gone', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob, cem]);
        await leave(chatId, bob);
        const elsewhere = await createGroup(chatLog, bob, [anId()]);
        const found = async (chat: string, ...userIds: string[]) =>
          (await chats.membersById(chat, userIds)).map(({ member }) => member.userId).sort();
        expect(await found(chatId, ann, bob, cem, anId())).toEqual([ann, bob, cem].sort());
        expect((await chats.membersById(chatId, [bob]))[0]?.member.active).toBe(false);
        expect(await found(elsewhere, ann, cem)).toEqual([]);
        expect(await found(chatId)).toEqual([]);
      });
    });

    test('members are found over many chats, each in his own, also those who have gone', async () => {
      const { chatLog, chats } = subject.store;
      const [ann, bob] = [anId(), anId()];
      const [one, two, three] = [
        await createGroup(chatLog, ann, [bob]),
        await createGroup(chatLog, bob, [ann]),
        await createGroup(chatLog, ann, [bob]),
      ];
      await leave(two, ann);
      await chats.raiseMark(one, bob, { seq: 1, n: 0 });
      const found = await chats.membersIn([
        { chatId: one, userId: bob },
        { chatId: two, userId: ann },
        { chatId: three, userId: anId() },
        { chatId: anId(), userId: ann },
      ]);
      const marked = async (chatId: string, userId: string) => (await chats.membersById(chatId, [userId]))[0];
      expect(found).toHaveLength(2);
      expect(found).toContainEqual(await marked(one, bob));
      expect(found).toContainEqual(await marked(two, ann));
      expect(await chats.membersIn([])).toEqual([]);
    });

    describe('a read mark', () => {
      test('rises, each part on its own, and never goes back', async () => {
        const { chatLog, chats } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        expect(await chats.raiseMark(chatId, ann, { seq: 5, n: 3 })).toEqual({ seq: 5, n: 3 });
        expect(await chats.raiseMark(chatId, ann, { seq: 4, n: 2 })).toEqual({ seq: 5, n: 3 });
        expect(await chats.raiseMark(chatId, ann, { seq: 9, n: 1 })).toEqual({ seq: 9, n: 3 });
        expect(await chats.raiseMark(chatId, ann, { seq: 2, n: 8 })).toEqual({ seq: 9, n: 8 });
        expect((await chats.membership(chatId, ann))?.mark).toEqual({ seq: 9, n: 8 });
      });

      test('is nobody else’s and no other chat’s', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const [here, there] = [await createGroup(chatLog, ann, [bob]), await createGroup(chatLog, ann)];
        await chats.raiseMark(here, ann, { seq: 1, n: 0 });
        expect((await chats.membership(here, bob))?.mark).toEqual(NO_MARK);
        expect((await chats.membership(there, ann))?.mark).toEqual(NO_MARK);
      });

      test('makes no member', async () => {
        const { chatLog, chats } = subject.store;
        const chatId = await createGroup(chatLog, anId());
        const stranger = anId();
        expect(await chats.raiseMark(chatId, stranger, { seq: 1, n: 0 })).toBeNull();
        expect(await chats.raiseMark(anId(), stranger, { seq: 1, n: 0 })).toBeNull();
        expect(await chats.membership(chatId, stranger)).toBeNull();
      });

      test('stays when the member changes, leaves and comes back', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob] = [anId(), anId()];
        const chatId = await createGroup(chatLog, ann, [bob]);
        await chats.raiseMark(chatId, bob, { seq: 1, n: 1 });
        await perform(chatLog, chatId, ann, { type: 'member.update', userId: bob, role: 'admin' });
        await leave(chatId, bob);
        expect(await chats.raiseMark(chatId, bob, { seq: 2, n: 1 })).toEqual({ seq: 2, n: 1 });
        await add(chatId, ann, bob);
        const membership = await chats.membership(chatId, bob);
        expect(membership).toMatchObject({ member: { active: true, role: 'member' }, mark: { seq: 2, n: 1 } });
      });

      test('raised by 20 at once, while the chat is written to, ends at the highest', async () => {
        const { chatLog, chats } = subject.store;
        const ann = anId();
        const chatId = await createGroup(chatLog, ann);
        const other = (await subject.second()).chats;
        const seen = await Promise.all(
          Array.from({ length: 20 }, async (_, i) => {
            if (i % 5 === 0) await say(chatLog, chatId, ann, `${i}`);
            return (i % 2 === 0 ? chats : other).raiseMark(chatId, ann, { seq: ((i * 7) % 20) + 1, n: 20 - i });
          }),
        );
        for (const [i, mark] of seen.entries()) {
          expect(mark?.seq).toBeGreaterThanOrEqual(((i * 7) % 20) + 1);
          expect(mark?.n).toBeGreaterThanOrEqual(20 - i);
        }
        expect((await chats.membership(chatId, ann))?.mark).toEqual({ seq: 20, n: 20 });
      });

      test('is there after a restart', async () => {
        const chatId = await createGroup(subject.store.chatLog, anId(), []);
        const ann = anId();
        const mine = await createGroup(subject.store.chatLog, ann, []);
        await subject.store.chats.raiseMark(mine, ann, { seq: 1, n: 1 });
        const { chats } = await subject.restart();
        expect((await chats.membership(mine, ann))?.mark).toEqual({ seq: 1, n: 1 });
        expect((await chats.find(chatId))?.live).toBe(true);
      });
    });

    describe('shareChat', () => {
      test('is true for two active members of a live chat, in either order', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        await createGroup(chatLog, ann, [bob]);
        await createGroup(chatLog, ann, [cem]);
        expect(await chats.shareChat(ann, bob)).toBe(true);
        expect(await chats.shareChat(bob, ann)).toBe(true);
        expect(await chats.shareChat(bob, cem)).toBe(false);
        expect(await chats.shareChat(ann, anId())).toBe(false);
      });

      test('is false when one has left, and when the chat is deleted', async () => {
        const { chatLog, chats } = subject.store;
        const [ann, bob, cem] = [anId(), anId(), anId()];
        const [left, deleted] = [await createGroup(chatLog, ann, [bob]), await createGroup(chatLog, ann, [cem])];
        await leave(left, bob);
        await remove(deleted, ann);
        expect(await chats.shareChat(ann, bob)).toBe(false);
        expect(await chats.shareChat(ann, cem)).toBe(false);
      });
    });
  });
}

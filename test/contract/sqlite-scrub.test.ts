import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { compact } from '../../src/maintenance.ts';
import { aUser, NOON } from '../support/builders.ts';
import { createGroup, propose, say, sending } from '../support/chat-actions.ts';

const CHATS = 30;
const ROUNDS = 60;

/** Lines of two people in many chats at once, of lengths that make pages split everywhere; then those of one are erased. */
async function splitAndErase(dataDir: string): Promise<void> {
  const { chatLog, messages, close } = await openSqliteStore({ dataDir });
  const chatIds: string[] = [];
  for (let i = 0; i < CHATS; i += 1) chatIds.push(await createGroup(chatLog, 'ann', ['bob']));
  for (let round = 0; round < ROUNDS; round += 1) {
    const commits = chatIds.map((chatId, i) => {
      const isHers = (round + i) % 3 === 0;
      const length = ((round * 31 + i * 17) % 200) + ((round + i) % 10 === 0 ? 4_000 : 0);
      const content = `${isHers ? 'qzx' : 'his'} ${'x'.repeat(length)}`;
      return propose(chatLog, chatId, isHers ? 'ann' : 'bob', sending(content));
    });
    await Promise.all(chatLog.append(await Promise.all(commits)));
  }
  for (const chatId of chatIds) {
    const page = { above: 0, upTo: ROUNDS + 1, order: 'asc', limit: 500 } as const;
    const hers = await messages.search(chatId, page, { senderId: 'ann' });
    const messageIds = hers.filter(({ kind }) => kind === 'text').map(({ id }) => id);
    await Promise.all(chatLog.append([await propose(chatLog, chatId, 'ann', { type: 'message.erase', messageIds })]));
  }
  await close();
}

/** How often it stands in the file. */
const traces = (dataDir: string): number => readFileSync(join(dataDir, 'parley.db'), 'latin1').split('qzx').length - 1;

async function scrub(dataDir: string): Promise<void> {
  const store = await openSqliteStore({ dataDir });
  expect(await store.deletions.scrub()).toBe(true);
  await store.close();
}

const compactIt = async (dataDir: string) => compact({ ...loadConfig({}, []), dataDir });

test.each([
  ['a store in use', scrub],
  ['the operator', compactIt],
])('what deletions leave in the unused parts of pages is taken away by %s', async (_, clean) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
  try {
    await splitAndErase(dataDir);
    expect(traces(dataDir)).toBeGreaterThan(0); // else this shows nothing
    await clean(dataDir);
    expect(traces(dataDir)).toBe(0);
    const store = await openSqliteStore({ dataDir });
    await say(store.chatLog, await createGroup(store.chatLog, 'ann'), 'ann', 'goes on');
    await store.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test('where there is no database none is made to be written anew', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
  try {
    await expect(compactIt(dataDir)).rejects.toThrow('has no database');
    expect(readdirSync(dataDir)).toEqual([]);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test('of a deleted account nothing is kept that comes late, such as when its last socket closed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
  try {
    const { users, deletions, close } = await openSqliteStore({ dataDir });
    const user = aUser();
    await users.create(user, 'hash');
    await deletions.begin({ userId: user.id, messages: 'keep', at: NOON });
    await users.seen([user.id], NOON);
    await close();
    const database = new DatabaseSync(join(dataDir, 'parley.db'));
    expect({ ...database.prepare('SELECT last_seen_at FROM users').get() }).toEqual({ last_seen_at: null });
    database.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

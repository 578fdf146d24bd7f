import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, perform } from '../../demo/perform.ts';
import { plan } from '../../demo/plan.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { type Answer, answered, type Person, TestApp } from '../support/app.ts';
import { NOON } from '../support/builders.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { plainHasher } from '../support/running-app.ts';

const SEED = 5;
const SIZES = { people: 8, chats: 24, messages: 400 };
const HOUR = 3_600_000;

type Body = Answer['body'];

/** The workspace of a plan, at noon, and everybody in it signed in. */
async function stage(seed: number): Promise<{ app: TestApp; people: Person[] }> {
  const workspace = plan(SIZES, seed);
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const blobs = new MemoryBlobStore();
  await perform(workspace, NOON, { store, blobs, hasher: plainHasher, dataDir: '/nowhere' });
  const app = await TestApp.start({ store, blobs });
  const people = workspace.people.map(async ({ username }): Promise<Person> => {
    const { user, ...tokens } = answered(await app.post('auth/login', { login: username, password: PASSWORD }), 200);
    return { ...user, ...tokens };
  });
  return { app, people: await Promise.all(people) };
}

/** All items of a list. */
async function all(app: TestApp, path: string, as: Person): Promise<Body[]> {
  const items: Body[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Body = answered(await app.get(`${path}limit=100${cursor && `&cursor=${cursor}`}`, as), 200);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

const history = (app: TestApp, { id }: Body, as: Person) => all(app, `chats/${id}/messages?order=asc&`, as);

/** One text for all that anybody can see: every chat as each of its members has it, with its lines. */
async function digestOf({ app, people }: Awaited<ReturnType<typeof stage>>): Promise<string> {
  const digest = createHash('sha256');
  for (const person of people) {
    digest.update(JSON.stringify(answered(await app.get('users/me', person), 200)));
    for (const chat of await all(app, 'chats?', person)) {
      digest.update(JSON.stringify([chat, await history(app, chat, person)]));
    }
  }
  return digest.digest('hex');
}

describe('the whole plan of `npm run demo`', () => {
  const { people, chats, happenings } = plan({ people: 30, chats: 200, messages: 20_000 }, 1);
  const said = happenings.filter((happening) => happening.type === 'say');
  const text = said.map((happening) => happening.text).join('\n');

  test('is 30 people, 200 chats of every kind and 20,000 messages', () => {
    expect([people.length, chats.length, said.length]).toEqual([30, 200, 20_000]);
    expect(new Set(chats.map(({ kind }) => kind))).toEqual(new Set(['direct', 'group', 'public']));
    expect(new Set(people.map(({ username }) => username)).size).toBe(30);
  });

  test('has edits, deletions, replies, changes of members and read marks', () => {
    const types = new Set(happenings.map(({ type }) => type));
    for (const type of ['edit', 'delete', 'add', 'leave', 'rename', 'join', 'read']) expect(types).toContain(type);
    expect(said.filter(({ replyTo }) => replyTo !== null).length).toBeGreaterThan(1_000);
  });

  test.each(['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Thai', 'Han', 'Hiragana', 'Hangul'])(
    'is written in %s, among others',
    (script) => {
      expect(text.match(new RegExp(`\\p{Script=${script}}`, 'gu'))?.length).toBeGreaterThan(1_000);
    },
  );

  test('has emoji of many code points', () => {
    expect(text).toMatch(/\p{RGI_Emoji_ZWJ_Sequence}/v);
    expect(text).toMatch(/\p{RGI_Emoji_Flag_Sequence}/v);
    expect(text).toMatch(/\p{RGI_Emoji_Modifier_Sequence}/v);
  });

  test('lasts about a year, to this very hour, in order', () => {
    const times = happenings.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeLessThan(-300 * 24 * HOUR);
    expect(times[0]).toBeGreaterThanOrEqual(-366 * 24 * HOUR);
    expect(said.filter(({ at }) => at > -HOUR).length).toBeGreaterThan(20);
    expect(times.at(-1)).toBe(0);
  });

  test('leaves no slot of its sentences open', () => {
    expect(text).not.toMatch(/[{}|]/);
  });
});

describe('a small workspace', () => {
  let workspace: Awaited<ReturnType<typeof stage>>;
  beforeAll(async () => {
    workspace = await stage(SEED);
  });
  afterAll(() => workspace.app.stop());

  test('is the same for the same seed, to the last id and unread count, and another for another', async () => {
    const [same, other] = [await stage(SEED), await stage(SEED + 1)];
    const digest = await digestOf(workspace);
    expect(await digestOf(same)).toBe(digest);
    expect(await digestOf(other)).not.toBe(digest);
    await Promise.all([same.app.stop(), other.app.stop()]);
  });

  test('has as many people, chats and messages as asked for', async () => {
    const { app, people } = workspace;
    const [hero] = people as [Person];
    const chats = new Map<string, { chat: Body; member: Person }>();
    for (const member of people) {
      for (const chat of await all(app, 'chats?', member)) chats.set(chat.id, { chat, member });
    }
    const histories = await Promise.all([...chats.values()].map(({ chat, member }) => history(app, chat, member)));
    const written = histories.flat().filter(({ system }) => system === null);
    expect(await all(app, 'users?', hero)).toHaveLength(SIZES.people);
    expect([chats.size, written.length]).toEqual([SIZES.chats, SIZES.messages]);
  });

  test('numbers every line and every change of every chat, without a gap', async () => {
    const { app, people } = workspace;
    for (const person of people) {
      for (const chat of await all(app, 'chats?', person)) {
        const lines = await history(app, chat, person);
        expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1));
        expect(lines).toHaveLength(chat.seq);
        const times = lines.map(({ createdAt }) => Date.parse(createdAt));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times.at(-1)).toBeLessThanOrEqual(NOON);
        const { items } = answered(await app.get(`chats/${chat.id}/changes?afterRev=0&limit=100`, person), 200);
        const [creation, ...later] = items;
        expect([creation.type, creation.rev]).toEqual(['chat.created', chat.rev]); // it is told as it is now
        expect(later.map(({ rev }: Body) => rev)).toEqual(later.map((_: Body, i: number) => i + 2));
        expect(items).toHaveLength(Math.min(100, chat.rev));
      }
    }
  });

  test('counts as unread what others have written above the mark and not deleted', async () => {
    const { app, people } = workspace;
    let unread = 0;
    for (const person of people) {
      for (const chat of await all(app, 'chats?', person)) {
        const waiting = (await history(app, chat, person)).filter(
          ({ seq, system, deletedAt, sender }) =>
            seq > chat.readSeq && system === null && deletedAt === null && sender.id !== person.id,
        );
        expect(chat.unreadCount).toBe(waiting.length);
        unread += waiting.length;
      }
    }
    expect(unread).toBeGreaterThan(0);
  });

  test('has one admin, who is not the one to sign in as', async () => {
    const admins = workspace.people.filter((person) => (person as Body).role === 'admin');
    expect(admins.map(({ username }) => username)).toEqual(['oliver']);
    expect(workspace.people[0]?.username).toBe('mira');
  });
});

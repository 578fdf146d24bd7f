import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CommandStartedEvent, type Document, MongoClient } from 'mongodb';
import type { KnownRows } from '../../src/application/ports/persistence.ts';
import type { Command } from '../../src/domain/decide.ts';
import { MONGO_OPTIONS, readsInOrder } from '../../src/infrastructure/mongo/mongo-database.ts';
import { MongoStore, openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { anId, aSession, aUser, drafts, ids, NOON } from '../support/builders.ts';
import {
  appendOne,
  commitOf,
  createGroup,
  NEEDS_NOTHING,
  needsOfAll,
  only,
  perform,
  say,
  sending,
} from '../support/chat-actions.ts';
import { sayNotRun, type TestDatabase, withMongo } from '../support/mongo.ts';

const [ann, bob, cem] = ['ann', 'bob', 'cem'] as const;
const READS = new Set(['find', 'aggregate', 'count', 'distinct']);
const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify']);

const adding = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: anId() });

await withMongo('MongoDB’s commands', (mongo) => {
  let database: TestDatabase;
  let client: MongoClient;
  let store: MongoStore;
  /** What the driver sent since it was last emptied. */
  const sent: CommandStartedEvent[] = [];

  beforeEach(async () => {
    database = mongo.newDatabase();
    await (await openMongoStore({ uri: database.uri })).close();
    client = new MongoClient(database.uri, { ...MONGO_OPTIONS, monitorCommands: true });
    client.on('commandStarted', (event) => sent.push(event));
    store = new MongoStore(client.db(), await readsInOrder(client), () => client.close());
    sent.length = 0;
  });
  afterEach(async () => {
    await store.close();
    await database.db.dropDatabase();
  });

  const namesOf = (events: readonly CommandStartedEvent[]): string[] =>
    events.map(({ commandName, command }) => `${commandName} ${command[commandName]}`);

  /** The commands that this took, by name and collection. */
  async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
    sent.length = 0;
    await work();
    return namesOf(sent);
  }

  /** A group with a message in it, and what its writer has in memory. */
  async function hotGroup(): Promise<{ chatId: string; known: KnownRows; old: string }> {
    const chatId = await createGroup(store.chatLog, ann, [bob]);
    const old = only(await say(store.chatLog, chatId, ann, 'old')).id;
    const { chat, members } = await store.chatLog.load(chatId, { ...NEEDS_NOTHING, members: [ann] }, null);
    if (!chat) throw new Error('the chat was created');
    return { chatId, known: { chat, members }, old };
  }

  /** One batch of a writer: load, append, settle. */
  async function batch(chatId: string, known: KnownRows, ...commands: Command[]): Promise<void> {
    const state = await store.chatLog.load(chatId, needsOfAll(ann, commands), known);
    const commit = commitOf(state, chatId, ann, ...commands);
    if (!commit) throw new Error('these commands change nothing');
    expect(await appendOne(store.chatLog, commit)).toBe('stored');
    store.chatLog.settle([commit]);
    await store.chatLog.settled();
  }

  describe('of one batch in a chat that the writer knows', () => {
    const SENDING = ['find messages', 'insert commits', 'insert messages', 'update chats', 'update commits'];

    test.each([1, 10, 100, 500])('are five for %i messages', async (count) => {
      const { chatId, known } = await hotGroup();
      const commands: Command[] = [];
      for (let left = count; left > 0; left -= 100) {
        commands.push({ type: 'message.send', drafts: drafts(Math.min(left, 100)) });
      }
      expect(await commandsOf(() => batch(chatId, known, ...commands))).toEqual(SENDING);
    });

    test('are six with edits', async () => {
      const { chatId, known, old } = await hotGroup();
      const edit: Command = { type: 'message.edit', messageId: old, content: 'edited' };
      expect(await commandsOf(() => batch(chatId, known, sending('a', 'b'), edit))).toEqual([
        ...SENDING.slice(0, 3),
        'update messages',
        ...SENDING.slice(3),
      ]);
    });

    test('are six for 100 people who are added', async () => {
      const { chatId, known } = await hotGroup();
      expect(await commandsOf(() => batch(chatId, known, adding(...ids(100))))).toEqual([
        'find members',
        ...SENDING.slice(1, 3),
        'update members',
        ...SENDING.slice(3),
      ]);
    });
  });

  test('of a chat list are as many for 100 chats as for one', async () => {
    const chatIds: string[] = [];
    for (let i = 0; i < 100; i += 1) chatIds.push(await createGroup(store.chatLog, ann, [bob]));
    for (const count of [1, 100]) {
      const some = chatIds.slice(0, count);
      expect(await commandsOf(() => store.messages.at(some.map((chatId) => ({ chatId, seq: 1 }))))).toHaveLength(1);
      const unread = () =>
        store.messages.countNotUnread(
          bob,
          some.map((chatId) => ({ chatId, above: 0, head: { rev: 9, seq: 9 } })),
        );
      expect(await commandsOf(unread)).toHaveLength(2);
    }
    expect(await commandsOf(() => store.chats.memberships(ann))).toEqual(['find members', 'find chats']);
    expect(await commandsOf(() => store.chats.heads(ann))).toEqual(['find members', 'find chats']);
  });

  /** Everything that a store is asked for, once. */
  async function everything(): Promise<void> {
    const { chatLog, chats, messages, users, sessions, settings } = store;
    const { chatId, old } = await hotGroup();
    await perform(chatLog, chatId, ann, adding(cem), { type: 'message.edit', messageId: old, content: 'edited' });
    await perform(chatLog, chatId, ann, { type: 'message.delete', messageId: old });
    const needs = { members: [ann, bob], messages: [old], sendKeys: ['ann:1', 'bob:1'], heir: true };
    await chatLog.load(chatId, needs, null);
    await chatLog.changesAfter(chatId, 0, 10);
    await chatLog.changesIn([chatId, 'other'].map((id) => ({ chatId: id, afterRev: 0, upTo: 3 })));
    chatLog.settle(await chatLog.unsettled(0, 10));
    await chatLog.settled();
    await chats.membership(chatId, ann);
    await chats.memberships(ann);
    await chats.heads(ann);
    await chats.countMemberships(ann);
    await chats.members(chatId, ann, 10);
    await chats.membersById(chatId, [ann, bob]);
    await chats.membersIn([ann, bob].map((userId) => ({ chatId, userId })));
    await chats.raiseMark(chatId, ann, { seq: 1, n: 1 });
    await chats.shareChat(ann, bob);
    await messages.find(chatId, old);
    await messages.findMany(chatId, [old, 'another']);
    await messages.findIn([old, 'another'].map((messageId) => ({ chatId, messageId })));
    await messages.page(chatId, { above: 0, upTo: 9, order: 'desc', limit: 5 });
    await messages.at([1, 2].map((seq) => ({ chatId, seq })));
    await messages.countUpTo(chatId, 2);
    await messages.countNotUnread(
      ann,
      [chatId, 'other'].map((id) => ({ chatId: id, above: 0, head: { rev: 9, seq: 9 } })),
    );
    const [user, session] = [aUser(), aSession()];
    await users.create(user, 'hash');
    await users.update({ ...user, version: 2 });
    await users.setPasswordHash(user.id, 'hash', 'other hash');
    await users.findMany([user.id]);
    await users.findByLogin('name');
    await users.findByLogin('name@example.org');
    await users.findCredential(user.id);
    await sessions.create(session, { family: 'family', token: 'token' });
    await sessions.rotate({ family: 'family', token: 'token' }, 'next', NOON, NOON + 9);
    await sessions.rotate({ family: 'family', token: 'stolen' }, 'next', NOON, NOON + 9);
    await sessions.find(session.id, NOON);
    await sessions.list(session.userId, NOON);
    await sessions.end(session.userId, session.id);
    await sessions.endAll(session.userId, session.id);
    await sessions.createTicket('digest', session.id, NOON);
    await sessions.redeemTicket('digest', NOON);
    await sessions.sweep(NOON);
    await settings.epoch();
    await store.check();
    await perform(chatLog, chatId, ann, { type: 'chat.delete' });
    while (!(await chatLog.purge()));
  }

  test('ask for the majority’s disks for every write, and for what the majority has for every read', async () => {
    await everything();
    const [reads, writes] = [READS, WRITES].map((names) => sent.filter(({ commandName }) => names.has(commandName)));
    expect([reads?.length, writes?.length]).not.toContain(0);
    expect(new Set(reads?.map(({ command }) => command.readConcern?.level))).toEqual(new Set(['majority']));
    for (const { command } of writes ?? []) expect(command.writeConcern).toMatchObject({ w: 'majority', j: true });
    expect(sent.filter(({ command }) => command.txnNumber !== undefined)).toEqual([]);
  });

  test('name the chat, by which the data may be sharded, wherever they are about one', async () => {
    await everything();
    const ofLog = new Set(['commits', 'members', 'messages']);
    const byUser = new Set(['find members']); // the chats of a person
    const anywhere = new Set(['find commits']); // what is pending, and nothing else: seen below
    const statements = sent.flatMap(({ commandName: name, command }) =>
      ofLog.has(command[name])
        ? filtersOf(command).map((filter) => ({ what: `${name} ${command[name]}`, filter }))
        : [],
    );
    const unnamed = statements.filter(({ filter }) => !JSON.stringify(filter).match(/"chatId"|"tombstone"/));
    expect(statements.length).toBeGreaterThan(20);
    expect(new Set(unnamed.map(({ what }) => what))).toEqual(new Set([...byUser, ...anywhere]));
    for (const { what, filter } of unnamed) {
      expect(Object.keys(filter)).toEqual(byUser.has(what) ? ['userId', 'active'] : ['$or']);
    }
  });

  test('of one decision share a session where the server has them', async () => {
    const hello = await client.db().command({ hello: 1 });
    const isCluster = hello.setName !== undefined || hello.msg === 'isdbgrid';
    const { chatId } = await hotGroup();
    sent.length = 0;
    await store.chatLog.load(chatId, { members: [ann], messages: ['one'], sendKeys: [], heir: true }, null);
    expect(namesOf(sent)[0]).toBe('find chats');
    expect(new Set(sent.map(({ command }) => JSON.stringify(command.lsid))).size).toBe(1);
    for (const { command } of sent.slice(1)) {
      expect(command.readConcern.afterClusterTime === undefined).toBe(!isCluster);
    }
  });

  test('find everything by an index', async () => {
    await everything();
    const queries = sent.flatMap(({ commandName: name, command }) => plannable(name, command));
    expect(queries.length).toBeGreaterThan(40);
    for (const query of queries) {
      const plan = await client
        .db()
        .command({ explain: query, verbosity: 'queryPlanner' })
        .catch(() => null);
      if (plan === null) return sayNotRun('MongoDB’s plans', 'this server does not explain them');
      expect(JSON.stringify(plan.queryPlanner ?? plan)).not.toContain('COLLSCAN');
    }
  });
});

/** What a command looks for, statement by statement. */
function filtersOf(command: Document): Document[] {
  const { filter, query, pipeline, updates, deletes } = command;
  const statements: Document[] = [...(updates ?? []), ...(deletes ?? [])];
  return [filter, query, pipeline?.[0]?.$match, ...statements.map(({ q }) => q)].filter((found) => found !== undefined);
}

/** The same search as a command that can be explained. */
function plannable(name: string, command: Document): Document[] {
  const collection = command[name];
  if (name === 'aggregate') return [{ aggregate: collection, pipeline: command.pipeline, cursor: {} }];
  const { sort, projection } = command;
  return filtersOf(command).map((filter) => ({
    find: collection,
    filter,
    ...(sort && { sort }),
    ...(name === 'find' && projection && { projection }),
  }));
}

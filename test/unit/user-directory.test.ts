import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Store, UserRepository } from '../../src/application/ports/persistence.ts';
import { UserDirectory } from '../../src/application/user-directory.ts';
import type { User } from '../../src/domain/user.ts';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { anId, aUser } from '../support/builders.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

let store: Store;
let bus: LocalEventBus;
/** The ids of each read of the store. */
let reads: (readonly string[])[];
/** Comes after each read of the store, before its answer. */
let afterRead: () => Promise<void>;
let directory: UserDirectory;
let ann: User;
let bob: User;

beforeEach(async () => {
  store = await openSqliteStore({ dataDir: ':memory:' });
  bus = new LocalEventBus(new RecordingLogger());
  reads = [];
  afterRead = async () => undefined;
  [ann, bob] = [aUser({ username: 'Ann' }), aUser({ username: 'Bob' })];
  for (const user of [ann, bob]) await store.users.create(user, 'a hash');
  directory = new UserDirectory({ users: watched(store.users), chats: store.chats, bus });
});

afterEach(() => store.close());

/** The repository, with its reads written down. */
function watched(users: UserRepository): UserRepository {
  const findMany = async (userIds: readonly string[]) => {
    reads.push(userIds);
    const found = await users.findMany(userIds);
    await afterRead();
    return found;
  };
  return new Proxy(users, {
    get: (target, name) => (name === 'findMany' ? findMany : Reflect.get(target, name, target)),
  });
}

/** Ann takes another name. */
async function rename(username: string): Promise<void> {
  ann = { ...ann, username, version: ann.version + 1 };
  await store.users.update(ann);
  bus.publish({ type: 'user.updated', userId: ann.id, version: ann.version });
}

const nameOfAnn = async () => (await directory.lookUp([ann.id])).get(ann.id)?.username;

describe('looking people up', () => {
  test('gives those who exist, each once', async () => {
    const people = await directory.lookUp([ann.id, anId(), bob.id, ann.id]);
    expect([...people.values()].map((user) => user.username).sort()).toEqual(['Ann', 'Bob']);
  });

  test('reads only those who are not known yet, all in one read', async () => {
    await directory.lookUp([ann.id]);
    await directory.lookUp([ann.id, bob.id]);
    await directory.lookUp([bob.id, ann.id]);
    await directory.lookUp([]);
    expect(reads).toEqual([[ann.id], [bob.id]]);
  });

  test('finds somebody who was not there the last time', async () => {
    const late = aUser();
    expect((await directory.lookUp([late.id])).size).toBe(0);
    await store.users.create(late, 'a hash');
    expect((await directory.lookUp([late.id])).get(late.id)).toEqual(late);
  });
});

describe('a changed profile', () => {
  test('is read again once the bus says so', async () => {
    await directory.lookUp([ann.id, bob.id]);
    await rename('Anna');
    expect(await nameOfAnn()).toBe('Anna');
    expect(reads).toEqual([[ann.id, bob.id], [ann.id]]);
  });

  test('makes nobody else be read again', async () => {
    await directory.lookUp([ann.id, bob.id]);
    await rename('Anna');
    expect((await directory.lookUp([bob.id])).get(bob.id)).toEqual(bob);
    expect(reads).toHaveLength(1);
  });

  test('is read again where the bus may have missed it', async () => {
    await directory.lookUp([ann.id]);
    await store.users.update({ ...ann, username: 'Anna', version: 2 });
    bus.publish({ type: 'missed', since: 0 });
    expect(await nameOfAnn()).toBe('Anna');
  });

  test('is not covered by a read that began before it', async () => {
    afterRead = () => rename('Anna');
    await nameOfAnn();
    afterRead = async () => undefined;
    expect(await nameOfAnn()).toBe('Anna');
  });

  test('is the only thing on the bus that counts', async () => {
    await directory.lookUp([ann.id]);
    bus.publish({ type: 'sessions.ended', userId: ann.id, sessionIds: [anId()] });
    await directory.lookUp([ann.id]);
    expect(reads).toHaveLength(1);
  });
});

describe('looking people up for somebody', () => {
  test('shows who is private to himself and to an admin; to a stranger no name and no picture', async () => {
    const [eve, admin] = [aUser({ isPrivate: true, displayName: 'Eve', avatarId: anId() }), aUser({ role: 'admin' })];
    for (const user of [eve, admin]) await store.users.create(user, 'a hash');
    const seenBy = async (viewer: User) => (await directory.lookUpFor(viewer.id, [eve.id, bob.id])).get(eve.id);
    expect(await seenBy(eve)).toEqual(eve);
    expect(await seenBy(admin)).toEqual(eve);
    expect(await seenBy(ann)).toMatchObject({ username: eve.username, displayName: null, avatarId: null });
    expect((await directory.lookUp([eve.id])).get(eve.id)).toEqual(eve);
  });
});

describe('a look without a wait', () => {
  test('gives all or nothing', async () => {
    expect(directory.peek([ann.id])).toBeNull();
    await directory.lookUp([ann.id]);
    expect(directory.peek([ann.id, ann.id])?.get(ann.id)).toEqual(ann);
    expect(directory.peek([ann.id, bob.id])).toBeNull();
    expect(directory.peek([])).not.toBeNull();
  });
});

describe('the bound of 20,000 people', () => {
  test('forgets the first for one more', async () => {
    const crowd = Array.from({ length: 20_001 }, () => aUser());
    const everybody = { findMany: async () => crowd } as unknown as UserRepository;
    const crowded = new UserDirectory({ users: everybody, chats: store.chats, bus });
    const [first, second] = crowd.map((user) => user.id);
    await crowded.lookUp([first ?? '']);
    expect(crowded.peek([first ?? ''])).toBeNull();
    expect(crowded.peek([second ?? ''])).not.toBeNull();
    expect(crowded.peek([crowd.at(-1)?.id ?? ''])).not.toBeNull();
  });
});

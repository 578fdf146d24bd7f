/** Moving a store: afterwards everybody sees what he saw before, whichever way it went and however often it was cut off. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BlobStore } from '../../src/application/ports/files.ts';
import type { Store } from '../../src/application/ports/persistence.ts';
import type {
  PartKind,
  PartOf,
  RecordKind,
  RecordOf,
  StoreTransfer,
} from '../../src/application/ports/store-transfer.ts';
import { MoveFailed, StoreMove } from '../../src/application/store-move.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { createLogger, openLeaves } from '../../src/container.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import { openMongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { openMongoTransfer } from '../../src/infrastructure/mongo/mongo-store-transfer.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { openSqliteTransfer } from '../../src/infrastructure/sqlite/sqlite-store-transfer.ts';
import { Sha256Digests } from '../../src/infrastructure/system.ts';
import { moveStore } from '../../src/maintenance.ts';
import { type Account, ApiClient, PASSWORD } from '../support/api-client.ts';
import { FileClient } from '../support/file-client.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { type TestDatabase, withMongo } from '../support/mongo.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { startApp } from '../support/running-app.ts';

const MANY = 620; // more than a page, and more than a step of any index

await withMongo('a move of a store', (mongo) => {
  let folder: string;
  let database: TestDatabase;
  let sqlite: Config;
  /** Where it comes back to. */
  let back: Config;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-'));
    database = mongo.newDatabase();
    const config = (name: string): Config => ({
      ...loadConfig({}, []),
      dataDir: join(folder, name),
      mongodbUri: database.uri,
    });
    [sqlite, back] = [config('data'), config('back')];
  });
  afterEach(async () => {
    await database.db.dropDatabase();
    await rm(folder, { recursive: true });
  });

  const logger = new RecordingLogger();
  const onDisk = ({ dataDir }: Config): BlobStore => new DiskBlobStore(join(dataDir, 'files'));

  async function onSqlite<T>(config: Config, work: (store: Store, blobs: BlobStore) => Promise<T>): Promise<T> {
    return work(await openSqliteStore(config), onDisk(config));
  }

  async function onMongo<T>(work: (store: Store, blobs: BlobStore) => Promise<T>): Promise<T> {
    const store = await openMongoStore({ uri: database.uri });
    return work(store, store.blobs);
  }

  test('keeps all that anybody can see, there and back again', async () => {
    const people = await onSqlite(sqlite, live);
    const before = await onSqlite(sqlite, (...store) => seenBy(people, ...store));
    const report = await moveStore(sqlite, 'mongodb', logger);
    expect(report).toMatchObject({ records: { user: 6, chat: 6, file: 2, code: 1, letter: 1 } });
    expect(report.lines).toBeGreaterThan(MANY);
    expect(await onMongo((...store) => seenBy(people, ...store))).toEqual(before);
    await onMongo((...store) => goesOn(people, 1, ...store));

    const after = await onMongo((...store) => seenBy(people, ...store));
    await moveStore(back, 'sqlite', logger);
    expect(await onSqlite(back, (...store) => seenBy(people, ...store))).toEqual(after);
    await onSqlite(back, (...store) => goesOn(people, 2, ...store));
  });

  test('that is cut off again and again goes on, and meanwhile no server uses what is half moved', async () => {
    const people = await onSqlite(sqlite, live);
    const before = await onSqlite(sqlite, (...store) => seenBy(people, ...store));
    const [from, target] = [openSqliteTransfer(sqlite), await openMongoTransfer({ uri: database.uri })];
    const blobs = { from: onDisk(sqlite), to: target.blobs };
    let cuts = 0;
    for (let writes = 1; writes < 40; writes += 1) {
      const to = failingAfter(writes, target);
      const done = await new StoreMove({ from, to, blobs, digests: new Sha256Digests(), logger }).run().then(
        () => true,
        (error: Error) => expect(error.message).toBe('cut off'),
      );
      if (done) break;
      cuts += 1;
      if (cuts === 3) await expect(openLeaves(sqlite, '0', createLogger('silent'))).rejects.toThrow('not whole');
    }
    expect(cuts).toBeGreaterThan(5);
    await from.close();
    await target.close();
    expect(await onMongo((...store) => seenBy(people, ...store))).toEqual(before);
  });

  test('is refused into a store that has something, and for a source that is half moved itself', async () => {
    await onSqlite(sqlite, live);
    await onSqlite(back, live);
    await moveStore(sqlite, 'mongodb', logger);
    await expect(moveStore(back, 'sqlite', logger)).rejects.toThrow('not empty');
    await expect(moveStore(sqlite, 'mongodb', logger)).rejects.toThrow(/not empty.* nothing is left to do/);
    const half = await openMongoTransfer({ uri: database.uri });
    await half.noteProgress(JSON.stringify({ from: 'another store', kind: 'chat', after: '' }));
    await half.close();
    await expect(moveStore(sqlite, 'mongodb', logger)).rejects.toThrow('another store');
    await expect(moveStore({ ...back, dataDir: join(folder, 'new') }, 'sqlite', logger)).rejects.toThrow('not whole');
  });

  test.each([
    ['a line is not the same', 'parts', (line: { content?: unknown }) => ({ ...line, content: 'another' })],
    ['a line is missing', 'parts', (line: { seq?: unknown }) => (line.seq === 3 ? null : line)],
    ['a person is missing', 'records', (record: { username?: unknown }) => (record.username === 'ann' ? null : record)],
  ] as const)('is found out where %s', async (_, method, change) => {
    await onSqlite(sqlite, live);
    const [from, target] = [openSqliteTransfer(sqlite), await openMongoTransfer({ uri: database.uri })];
    const to = new Proxy(target, {
      get: (_target, key) => {
        const value = Reflect.get(target, key);
        if (key !== method) return typeof value === 'function' ? value.bind(target) : value;
        return async (...args: unknown[]) =>
          (await Reflect.apply(value as (...args: unknown[]) => Promise<object[]>, target, args)).flatMap(
            (row) => change(row) ?? [],
          );
      },
    });
    const move = new StoreMove({ from, to, blobs: null, digests: new Sha256Digests(), logger });
    const refusal = await move.run().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MoveFailed);
    expect(String(refusal)).toContain('not the same');
    await from.close();
    await target.close();
    await expect(openLeaves(sqlite, '0', createLogger('silent'))).rejects.toThrow('not whole');
  });
});

/** A store as nothing but its records, in memory. */
class MemoryTransfer implements StoreTransfer {
  readonly rows = new Map<string, object>();
  note: string | null = null;
  finished = 0;

  async finish(): Promise<void> {
    this.finished += 1;
  }

  async records<K extends RecordKind>(kind: K, after: string, limit: number): Promise<RecordOf[K][]> {
    return this.#after(`${kind} `, after, limit) as RecordOf[K][];
  }

  async parts<K extends PartKind>(kind: K, chatId: string, after: string | number, limit: number) {
    const place = typeof after === 'number' ? number(after) : after;
    return this.#after(`${kind} of ${chatId} `, place, limit) as PartOf[K][];
  }

  async putRecords(kind: RecordKind, records: readonly object[]): Promise<void> {
    for (const record of records) this.put(`${kind} `, record);
  }

  async putParts(kind: PartKind, chatId: string, parts: readonly object[]): Promise<void> {
    for (const part of parts) this.put(`${kind} of ${chatId} `, part);
  }

  put(group: string, row: object): void {
    const { name, digest, id, userId, firstRev, seq } = row as Record<string, string | number | undefined>;
    const place = group.includes(' of ') ? (firstRev ?? seq ?? userId) : (name ?? digest ?? id);
    this.rows.set(group + (typeof place === 'number' ? number(place) : place), row);
  }

  #after(group: string, after: string, limit: number): object[] {
    const keys = [...this.rows.keys()].filter((key) => key.startsWith(group) && key > group + after).sort();
    return keys.slice(0, limit).flatMap((key) => this.rows.get(key) ?? []);
  }

  progress = async () => this.note;
  noteProgress = async (note: string | null) => {
    this.note = note;
  };
  close = async () => undefined;
}

const number = (n: number) => String(n).padStart(9, '0');

describe('a move, whatever the stores', () => {
  let [from, to] = [new MemoryTransfer(), new MemoryTransfer()];
  let blobs = { from: new MemoryBlobStore(), to: new MemoryBlobStore() };
  let logger = new RecordingLogger();
  const move = (with_ = blobs as typeof blobs | null, target: StoreTransfer = to) =>
    new StoreMove({ from, to: target, blobs: with_, digests: new Sha256Digests(), logger }).run();
  const aFile = (id: string, bytes: number, state = 'whole') => ({ id, bytes, state });
  const refused = (reason: string) =>
    expect(move()).rejects.toMatchObject({ message: expect.stringContaining(reason) });

  beforeEach(() => {
    [from, to] = [new MemoryTransfer(), new MemoryTransfer()];
    blobs = { from: new MemoryBlobStore(), to: new MemoryBlobStore() };
    logger = new RecordingLogger();
    // Keys from one end of the alphabet to the other.
    for (const name of ['A setting', 'epoch', 'zero']) from.put('setting ', { name, value: 'a value' });
    for (let i = 0; i < 1_001; i += 1) from.put('user ', { id: number(i), bio: 'a', age: i });
    for (const kind of ['session', 'letter']) for (const id of ['0', 'z']) from.put(`${kind} `, { id });
    for (const digest of ['0', 'z']) from.put('code ', { digest });
    for (const id of ['1', '2']) {
      from.put('chat ', { id });
      for (const userId of ['!', 'zoe']) from.put(`member of ${id} `, { userId, mark: 1 });
      for (let seq = 1; seq <= 501; seq += 1) from.put(`message of ${id} `, { id: `${id} ${seq}`, seq });
      from.put(`commit of ${id} `, { id: 'a commit', firstRev: 1 });
    }
    for (const file of [aFile('coming', 4, 'open'), aFile('here', 4), aFile('there', 4)]) from.put('file ', file);
    for (const id of ['coming', 'here', 'there']) blobs.from.blobs.set(id, Buffer.from('text'));
    to.put('setting ', { name: 'epoch', value: 'its own' });
  });

  test('copies every row, and the bytes of whole files, and says how much that was', async () => {
    expect(await move()).toEqual({
      records: { setting: 3, user: 1_001, session: 2, code: 2, letter: 2, chat: 2, file: 3 },
      lines: 1_002,
    });
    expect([...to.rows].sort()).toEqual([...from.rows].sort());
    expect([from.finished, to.note, [...blobs.to.blobs.keys()]]).toEqual([1, null, ['here', 'there']]);
    expect(logger.lines).toEqual([]);
  });

  test('that is cut off at any write goes on from there', async () => {
    const failures: string[] = [];
    // Four writes take it through the longest chat, so each run comes further.
    while (failures.at(-1) !== 'none') {
      failures.push(
        await move(blobs, failingAfter(5, to)).then(
          () => 'none',
          ({ message }) => message,
        ),
      );
      expect(failures.length).toBeLessThan(9);
    }
    expect(failures).toEqual([...Array(failures.length - 1).fill('cut off'), 'none']);
    expect(failures.length).toBeGreaterThan(2);
    expect([...to.rows].sort()).toEqual([...from.rows].sort());
    expect(logger.lines[0]).toMatchObject({ level: 'info', facts: { kind: 'session' }, message: 'going on' });
  });

  test('is done once', async () => {
    await move();
    await refused('an earlier run has moved all of this store');
  });

  test('leaves the bytes alone where both stores have theirs in one place', async () => {
    await move(null);
    expect(blobs.to.blobs.size).toBe(0);
  });

  test('says which file has lost its bytes, and takes none that is not whole', async () => {
    blobs.from.blobs.delete('here');
    await move();
    const message = 'the bytes of this file are not there';
    expect(logger.lines).toEqual([{ level: 'warn', facts: { id: 'here' }, message }]);
    to = new MemoryTransfer();
    blobs.from.blobs.set('there', Buffer.from('tex'));
    await refused('file there has 3 bytes and should have 4');
  });

  test.each(['user', 'session', 'code', 'letter', 'chat', 'file'])(
    'needs an empty target, without a %s',
    async (kind) => {
      to.put(`${kind} `, { id: '0', digest: '0' });
      await refused(`the target is not empty: it has a ${kind}`);
    },
  );

  test('needs a whole source that a server has used, and goes on with no other', async () => {
    from.note = 'half';
    await refused('the source is itself not whole');
    from.note = null;
    to.note = JSON.stringify({ from: 'another', kind: 'chat', after: '' });
    await refused('what is in the target came from another store');
    from.rows.delete('setting epoch');
    await refused('the source has no epoch');
  });

  test('fails where the target has what the source has not, or something else', async () => {
    const putting = (kind: RecordKind, change: (row: object) => object | null) => {
      to = new MemoryTransfer();
      to.putRecords = async (of, rows) => {
        for (const row of rows) to.put(`${of} `, of === kind ? (change(row) ?? row) : row);
        if (of === kind && !change({})) to.put(`${of} `, { id: 'zzz', name: 'zzz', digest: 'zzz' });
      };
    };
    putting('user', (row) => ({ ...row, bio: 'b' }));
    await refused('the user records are not the same');
    putting('file', () => null);
    await refused('the file records are not the same');
    for (let i = 1_001; i < 1_500; i += 1) from.put('user ', { id: number(i) });
    putting('user', () => null);
    await refused('the target has user records that the source has not');
    to = new MemoryTransfer();
    to.putParts = async () => undefined;
    await refused('chat 1 is not the same in both');
    expect(to.note).not.toBeNull();
  });
});

/** Lets so many writes through. */
function failingAfter(writes: number, store: StoreTransfer): StoreTransfer {
  let left = writes;
  return new Proxy(store, {
    get(_, key) {
      const value: unknown = Reflect.get(store, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (/^put/.test(String(key)) && left-- <= 0) throw new Error('cut off');
        return Reflect.apply(value, store, args);
      };
    },
  });
}

/** A bit of everything that a store can hold. Answers the people. */
async function live(store: Store, blobs: BlobStore): Promise<Account[]> {
  const app = await startApp({ store, blobs });
  const { api } = app;
  const [ann, bob, cem] = [await api.register('ann'), await api.register('Bob'), await api.register('cem')];
  const [dan, eve, fay] = [await api.register('dan'), await api.register('eve'), await api.register('fay')];
  const files = await FileClient.of(app.url);
  await ann.api.patch('/users/me', { displayName: 'Ånn 安', bio: 'b', isPrivate: true, publicFields: ['displayName'] });
  const memberIds = [bob, cem, dan, eve].map(({ id }) => id);
  const group = (await ann.api.post('/chats', { kind: 'group', name: 'a group', memberIds })).body.id;
  const said = (await ann.api.post(`/chats/${group}/messages`, { content: 'one', clientId: 'c-1' })).body;
  await bob.api.post(`/chats/${group}/messages`, { content: 'two', replyTo: said.id });
  for (let i = 0; i < MANY; i += 100) {
    const messages = Array.from({ length: Math.min(100, MANY - i) }, (_, k) => ({ content: `line ${i + k} 🙂` }));
    await (i % 200 === 0 ? ann : bob).api.post(`/chats/${group}/messages`, { messages });
  }
  await ann.api.patch(`/chats/${group}/messages/${said.id}`, { content: 'one, edited' });
  const gone = (await bob.api.post(`/chats/${group}/messages`, { content: 'to be deleted' })).body;
  await bob.api.delete(`/chats/${group}/messages/${gone.id}`);
  await ann.api.patch(`/chats/${group}/members/${bob.id}`, { role: 'admin' });
  await ann.api.delete(`/chats/${group}/members/${cem.id}`);
  await bob.api.put(`/chats/${group}/read`, { seq: 40 });
  await bob.api.put(`/chats/${group}/mute`, {});
  const attached = (await files.upload(ann, 'the bytes of it', 'a.txt')).body;
  await ann.api.post(`/chats/${group}/messages`, { content: 'a file', attachmentIds: [attached.id] });
  await files.upload(bob, 'never sent');

  const direct = (await ann.api.post(`/users/${bob.id}/messages`, { content: 'hello' })).body.chatId;
  await ann.api.post(`/users/${cem.id}/messages`, { content: 'will be deleted' });
  const room = (await cem.api.post('/chats', { kind: 'public', name: 'Room' })).body.id;
  await dan.api.post(`/chats/${room}/join`);
  await dan.api.post(`/chats/${room}/messages`, { content: 'in the room' });
  const deleted = (await bob.api.post('/chats', { kind: 'group', name: 'deleted', memberIds: [ann.id] })).body.id;
  await bob.api.post(`/chats/${deleted}/messages`, { content: 'not to be seen' });
  await bob.api.delete(`/chats/${deleted}`);
  await fay.api.post(`/users/${dan.id}/messages`, { content: 'of fay' });
  await dan.api.call('DELETE', '/users/me', { password: PASSWORD, messages: 'keep' });
  await app.deletion.sweep();
  await fay.api.call('DELETE', '/users/me', { password: PASSWORD, messages: 'erase' });
  await api.post('/auth/login', { login: 'ann', password: PASSWORD });
  await eve.api.post('/auth/logout');
  await api.post('/auth/password/forgot', { email: 'nobody@example.org' });
  await app.operator.inviteFirstAdmin();
  if (direct === undefined || room === undefined) throw new Error('not made');
  await app.stop();
  return [ann, bob, cem, dan, eve, fay];
}

/** All that these people are shown over HTTP, and what their marks, sessions and files are. */
async function seenBy(people: readonly Account[], store: Store, blobs: BlobStore): Promise<unknown> {
  const app = await startApp({ store, blobs });
  const seen: unknown[] = [await store.settings.epoch()];
  for (const { accessToken } of people) {
    const api = new ApiClient(app.url, accessToken);
    const get = async (path: string) => {
      const { status, body } = await api.get(path);
      if (status === 200) return body;
      return [status, body.code];
    };
    const chats = await get('/chats');
    seen.push(
      await get('/users/me'),
      chats,
      await get('/users?q=a'),
      await get('/users?q=安'),
      await get('/chats/public'),
    );
    seen.push(((await get('/auth/sessions')).items ?? []).length);
    for (const { id } of chats.items ?? []) {
      seen.push(await get(`/chats/${id}/members`));
      for (let cursor = '&'; cursor; ) {
        const page = await get(`/chats/${id}/messages?order=asc&limit=100${cursor}`);
        seen.push(page.items);
        cursor = page.nextCursor && `&cursor=${page.nextCursor}`;
        for (const { attachments = [] } of page.items) {
          for (const { url } of attachments) {
            const headers = { authorization: `Bearer ${accessToken}` };
            seen.push(await (await fetch(`${app.url}${url}`, { headers })).text());
          }
        }
      }
      let rev = 0;
      for (;;) {
        const { items, rev: head } = await get(`/chats/${id}/changes?afterRev=${rev}`);
        seen.push(items, head);
        if (items.length === 0 || items.at(-1).rev >= head) break;
        rev = items.at(-1).rev;
      }
    }
  }
  await app.stop();
  return seen;
}

/** A name that is held stays so, a repeat is a repeat, numbers go on, and what was begun is finished. */
async function goesOn(people: readonly Account[], refreshed: number, store: Store, blobs: BlobStore): Promise<void> {
  const app = await startApp({ store, blobs });
  const taken = { username: 'dan', email: 'new@example.org', password: PASSWORD };
  expect((await app.api.post('/auth/register', taken)).status).toBe(409);
  const api = new ApiClient(app.url, people[0]?.accessToken);
  const group = (await api.get('/chats')).body.items.find((chat: { name: string }) => chat.name === 'a group');
  const again = await api.post(`/chats/${group.id}/messages`, { content: 'one', clientId: 'c-1' });
  expect([again.status, again.body.seq, again.body.content]).toEqual([200, 2, 'one, edited']);
  const next = await api.post(`/chats/${group.id}/messages`, { content: 'after the move' });
  expect([next.status, next.body.seq, next.body.rev]).toEqual([201, group.seq + 1, group.rev + 1]);
  await app.deletion.sweep();
  expect((await app.api.post('/auth/refresh', { refreshToken: people[refreshed]?.refreshToken })).status).toBe(200);
  await app.stop();
}

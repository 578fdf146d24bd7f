import 'fake-indexeddb/auto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { browserStorage, memoryStorage, type Parley } from '../../client/src/index.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { Line } from './support/line.ts';
import { Clients, idOf, textsIn, until } from './support/people.ts';

let app: RunningApp;
let line: Line;
let clients: Clients;
let tabs: [Parley, Parley];
let bob: Parley;
let chatId: string;

beforeAll(async () => {
  app = await startApp();
  line = await Line.to(app.url);
  clients = new Clients(line.url);
  const first = await clients.register(browserStorage('two tabs'));
  const second = clients.make(browserStorage('two tabs'));
  await second.connect();
  tabs = [first, second];
  clients.moveTo(app.url);
  bob = await clients.register();
  chatId = (await bob.chats.openDirect(idOf(first))).id;
  await bob.messages.loadNewest(chatId);
  for (const tab of tabs) {
    await until(tab, ({ chats }) => chats[chatId]);
    await tab.messages.loadNewest(chatId);
  }
});
afterAll(async () => {
  await clients.closeAll();
  line.close();
  await app.stop();
});

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${name} ${n}`);
const outgoing = (tab: Parley): string[] => (tab.store.getState().outbox[chatId] ?? []).map(({ content }) => content);
/** Those that stand in the history and on their way at once. */
const shownTwice = (tab: Parley): string[] =>
  outgoing(tab).filter((text) => tab.store.getState().timelines[chatId]?.messages.some((one) => one.content === text));

it('two tabs that send at the same time share one queue: every message once, each tab’s in order', async () => {
  const twice: string[] = [];
  for (const tab of tabs) tab.store.subscribe(() => twice.push(...shownTwice(tab)));
  const texts = tabs.map((_, index) => numbered(`tab ${index}`, 15));
  const sent = tabs.flatMap((tab, index) => (texts[index] ?? []).map((text) => tab.messages.send(chatId, text)));
  const ids = (await Promise.all(sent)).map(({ id }) => id);
  expect(new Set(ids).size).toBe(30);
  for (const one of [...tabs, bob]) {
    await until(one, ({ timelines, outbox }) => timelines[chatId]?.messages.length === 30 && !outbox[chatId]);
    for (const [index, own] of texts.entries()) {
      expect(textsIn(one, chatId).filter((text) => text?.startsWith(`tab ${index}`))).toEqual(own);
    }
  }
  expect(twice).toEqual([]);
});

it('what one tab has written offline is seen in the other, and sent by it when the first is closed', async () => {
  const [first, second] = tabs;
  line.cut();
  for (const tab of tabs) await until(tab, ({ connection }) => connection !== 'online');
  first.messages.send(chatId, 'from the first').catch(() => undefined);
  await until(second, () => outgoing(second).length === 1);
  await first.close();
  line.mend();
  await until(bob, () => textsIn(bob, chatId).at(-1) === 'from the first');
  await until(second, ({ outbox }) => !outbox[chatId]);
  expect(textsIn(bob, chatId).filter((text) => text === 'from the first')).toHaveLength(1);
});

it('what one tab takes back is gone from the other, and is not sent', async () => {
  const [first, second] = tabs;
  await first.connect();
  line.cut();
  for (const tab of tabs) await until(tab, ({ connection }) => connection !== 'online');
  const taken = first.messages.send(chatId, { content: 'never mind', clientId: 'taken back' });
  await until(second, () => outgoing(second).length === 1);
  await second.messages.discard('taken back');
  await until(first, () => outgoing(first).length === 0);
  line.mend();
  await second.messages.send(chatId, 'instead');
  await until(bob, () => textsIn(bob, chatId).at(-1) === 'instead');
  expect(textsIn(bob, chatId)).not.toContain('never mind');
  await expect(taken).rejects.toMatchObject({ code: 'DISCARDED' });
});

it('what has come is not shown on its way as well, in a tab that reads the history before the other has tidied up', async () => {
  const storage = memoryStorage();
  const tidied = Promise.withResolvers<void>();
  const first = await clients.register({
    ...storage,
    delete: (key) => tidied.promise.then(() => storage.delete(key)),
  });
  const { id } = await bob.chats.openDirect(idOf(first));
  await until(first, ({ chats }) => chats[id]);
  await first.messages.send(id, 'said');
  await bob.messages.send(id, 'and then');
  const second = clients.make(storage);
  await second.connect();
  await until(second, ({ outbox }) => outbox[id]?.length === 1);
  await second.messages.loadNewest(id);
  expect(second.store.getState().outbox[id]).toBeUndefined();
  expect(textsIn(second, id)).toEqual(['said', 'and then']);
  tidied.resolve();
});

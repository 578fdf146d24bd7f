/** One reader of a hundred does not read: the others do not notice, and it misses nothing. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient, socketUrl } from '../support/socket-client.ts';

const READERS = 99;
const BATCHES = 24;
const PER_BATCH = 50;
const CONTENT = '€'.repeat(4_000); // 12 KB each: in all more than the kernel keeps for a socket
const LAST_REV = 1 + BATCHES * PER_BATCH;
/** What may wait for a reader: 1 MiB and a batch, of which each message has less than 1 KB around its text. */
const WAITING_MAX = 1024 * 1024 + PER_BATCH * (Buffer.byteLength(CONTENT) + 1_000);

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ settings: { maxSocketsPerUser: 100 } });
});
afterAll(() => app.stop());

/** A client that keeps nothing but the revs that it was told. */
class Reader {
  readonly revs: number[] = [];
  readonly #socket: WebSocket;
  #onFrame: () => void = () => undefined;

  constructor(accessToken: string) {
    this.#socket = new WebSocket(socketUrl(app.url));
    this.#socket.on('open', () => this.#socket.send(JSON.stringify({ type: 'auth', token: accessToken })));
    this.#socket.on('message', (data) => {
      const head = (data as Buffer).toString('latin1', 0, 120);
      if (head.includes('"ready"')) this.revs.push(1);
      else if (head.includes('"message.created"')) this.revs.push(Number(/"rev":(\d+)/.exec(head)?.[1]));
      this.#onFrame();
    });
  }

  async has(rev: number): Promise<void> {
    while (this.revs.at(-1) !== rev) {
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  close(): void {
    this.#socket.terminate();
  }
}

test('a paused reader among a hundred', async () => {
  const [ann, bob] = await Promise.all([app.api.register(), app.api.register()]);
  const { body: chat } = await ann.api.post('/chats', { kind: 'group', name: 'g', memberIds: [bob.id] });
  const readers = Array.from({ length: READERS }, () => new Reader(ann.accessToken));
  await Promise.all(readers.map((reader) => reader.has(1)));
  const slow = await SocketClient.signedIn(app.url, bob.accessToken);
  slow.pause();

  const messages = Array.from({ length: PER_BATCH }, () => ({ content: CONTENT }));
  for (let batch = 1; batch <= BATCHES; batch += 1) {
    await ann.api.post(`/chats/${chat.id}/messages`, { messages });
    await Promise.all(readers.map((reader) => reader.has(1 + batch * PER_BATCH)));
    expect(app.gateway.queuedBytes).toBeLessThanOrEqual(WAITING_MAX);
  }
  const all = Array.from({ length: LAST_REV }, (_, i) => i + 1);
  for (const { revs } of readers) expect(revs).toEqual(all);

  slow.resume();
  expect((await slow.closed).code).toBe(4002);
  const before = slow.eventsOf(chat.id).map(({ rev }) => rev);
  const resume = {
    epoch: await app.store.settings.epoch(),
    chats: { [chat.id]: { rev: before.at(-1), readSeq: 1 } },
  };
  const again = await SocketClient.signedIn(app.url, bob.accessToken, {}, resume);
  await again.find(({ rev }) => rev === LAST_REV);
  const after = again.eventsOf(chat.id).map(({ rev }) => rev);
  expect([...before, ...after]).toEqual(all.slice(1));
  expect(after.length).toBeGreaterThan(0);
  again.close();
  for (const reader of readers) reader.close();
});

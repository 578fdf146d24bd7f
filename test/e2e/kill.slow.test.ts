import { afterAll, describe, expect, it } from '@jest/globals';
import { type Account, ApiClient } from '../support/api-client.ts';
import { withMongo } from '../support/mongo.ts';
import { onMongo, onSqlite, type ProcessStore } from '../support/process-stores.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const ROUNDS = 10;
const SENDERS = 4;
const IN_FLIGHT = 8;
const ACKS_BEFORE_KILL = 150;

interface Acknowledged {
  readonly clientId: string;
  readonly seq: number;
}

/** Sends without a pause, several at once, until the connection is gone; answers what was acknowledged, in the order of the acks. */
async function sendUntilCut(
  sender: Account,
  chatId: string,
  round: number,
  onAck: () => void,
): Promise<Acknowledged[]> {
  const socket = await SocketClient.signedIn(sender.api.baseUrl, sender.accessToken);
  const acknowledged: Acknowledged[] = [];
  let next = 0;
  const sendOn = async (): Promise<void> => {
    for (;;) {
      const clientId = `${round}-${next}`;
      next += 1;
      const frame = await socket.command('message.send', { chatId, content: `line ${clientId}`, clientId });
      if (frame.type !== 'ack') throw new Error(JSON.stringify(frame));
      acknowledged.push({ clientId, seq: (frame.message as { seq: number }).seq });
      onAck();
    }
  };
  await Promise.allSettled(Array.from({ length: IN_FLIGHT }, sendOn));
  return acknowledged;
}

async function wholeHistory(account: Account, chatId: string) {
  const lines: { seq: number; senderId: string; clientId: string | null; content: string | null }[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await account.api.get(
      `/chats/${chatId}/messages?order=asc&limit=100${cursor && `&cursor=${cursor}`}`,
    );
    lines.push(...body.items);
    if (body.nextCursor === null) return lines;
    cursor = body.nextCursor;
  }
}

function killUnderLoad(openStore: () => Promise<ProcessStore>): void {
  let store: ProcessStore;
  let server: ServerProcess;
  afterAll(async () => {
    await server.kill('SIGKILL');
    await store.remove();
  });

  it(`after each of ${ROUNDS} rounds every acknowledged message is there once, in order`, async () => {
    store = await openStore();
    server = await ServerProcess.start(store.env);
    let accounts = await Promise.all(Array.from({ length: SENDERS }, () => new ApiClient(server.url).register()));
    const [owner, ...others] = accounts;
    if (!owner) throw new Error('somebody registered');
    const made = await owner.api.post('/chats', { kind: 'group', name: 'load', memberIds: others.map((o) => o.id) });
    const chatId: string = made.body.id;
    const expected = new Map<string, number>();

    for (let round = 0; round < ROUNDS; round += 1) {
      let acks = 0;
      let enough = () => {};
      const reached = new Promise<void>((resolve) => {
        enough = resolve;
      });
      const count = () => {
        acks += 1;
        if (acks === ACKS_BEFORE_KILL) enough();
      };
      const sending = accounts.map((account) => sendUntilCut(account, chatId, round, count));
      await reached;
      await server.kill('SIGKILL');
      for (const [i, acknowledged] of (await Promise.all(sending)).entries()) {
        for (const { clientId, seq } of acknowledged) expected.set(`${accounts[i]?.id} ${clientId}`, seq);
      }

      server = await ServerProcess.start(store.env);
      accounts = accounts.map((a) => ({ ...a, api: new ApiClient(server.url, a.accessToken) }));
      const history = await wholeHistory(accounts[0] ?? owner, chatId);
      expect(history.map((line) => line.seq)).toEqual(history.map((_, i) => i + 1));
      const keys = history.map((line) => `${line.senderId} ${line.clientId}`);
      expect(new Set(keys).size).toBe(keys.length);
      const found = new Map(history.map((line, i) => [keys[i], line.seq]));
      const lost = [...expected].filter(([key, seq]) => found.get(key) !== seq);
      expect(lost).toEqual([]);
    }
    expect(expected.size).toBeGreaterThanOrEqual(ROUNDS * ACKS_BEFORE_KILL);
  });
}

describe('kill -9 of the server under load, on SQLite', () => killUnderLoad(onSqlite));
await withMongo('kill -9 of the server under load, on MongoDB', (mongo) => killUnderLoad(onMongo(mongo)));

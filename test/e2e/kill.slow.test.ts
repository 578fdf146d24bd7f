import { afterAll, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../support/api-client.ts';
import { sendUntilCut, wholeHistory } from '../support/load.ts';
import { withMongo } from '../support/mongo.ts';
import { onMongo, onSqlite, type ProcessStore } from '../support/process-stores.ts';
import { ServerProcess } from '../support/server-process.ts';

const ROUNDS = 10;
const SENDERS = 4;
const ACKS_BEFORE_KILL = 150;

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

/**
 * The raw limit of the MongoDB store, in a process of its own: the same documents in batches of the same size, written by the
 * bare driver with the same write concern into the same collections, as many chats at once, and nothing read, checked or settled.
 */
import { randomUUIDv7 } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { MONGO_OPTIONS } from '../../src/infrastructure/mongo/mongo-database.ts';
import { launch } from '../child.ts';
import { SERVER_CORE } from '../machine.ts';
import type { Batch, Doc } from './command-counter.ts';

export interface BarePlan {
  readonly uri: string;
  readonly sample: Batch;
  /** Messages per batch, on average. */
  readonly batchSize: number;
  readonly chats: number;
  readonly warmUpMs: number;
  readonly ms: number;
}

/** Nobody waits for the limit: a server that it overloads may take its time. */
const PATIENCE = { socketTimeoutMS: 60_000, connectTimeoutMS: 60_000, waitQueueTimeoutMS: 60_000 };

/** Answers with messages a second. @throws Error when the process ends without an answer */
export function runBareDriver(plan: BarePlan): Promise<number> {
  const child = launch(SERVER_CORE, [import.meta.filename]);
  return new Promise((resolve, reject) => {
    child.once('message', (perSecond: number) => resolve(perSecond));
    child.once('exit', (code) => reject(new Error(`the bare driver ended with ${code}`)));
    child.send(plan);
  });
}

async function run({ uri, sample, batchSize, chats, warmUpMs, ms }: BarePlan): Promise<number> {
  const client = new MongoClient(uri, { ...MONGO_OPTIONS, ...PATIENCE });
  const db = client.db();
  const began = performance.now();
  const [opens, ends] = [began + warmUpMs, began + warmUpMs + ms];
  let written = 0;
  const writeChat = async (): Promise<void> => {
    const chatId = randomUUIDv7();
    for (let rev = 0, due = 0; performance.now() < ends; ) {
      due += batchSize;
      const size = Math.max(1, Math.round(due - rev));
      const { commit, messages, chat } = batchOf(sample, chatId, rev, size);
      await db.collection('commits').insertOne(commit);
      await db.collection('messages').insertMany(messages, { ordered: false });
      await db.collection<{ _id: string }>('chats').updateOne({ _id: chatId }, { $set: chat }, { upsert: true });
      rev += size;
      const now = performance.now();
      if (now >= opens && now < ends) written += size;
    }
  };
  await Promise.all(Array.from({ length: chats }, writeChat));
  await client.close();
  return (written * 1000) / ms;
}

/** The sample cut or stretched to this size, with ids and numbers of its own. */
function batchOf(sample: Batch, chatId: string, rev: number, size: number) {
  const ids = Array.from({ length: size }, () => randomUUIDv7());
  const ofSize = (docs: unknown, own: (i: number) => Doc): object[] =>
    ids.map((_, i) => ({ ...(docs as readonly Doc[])[i % (docs as readonly Doc[]).length], ...own(i) }));
  const line = (i: number): Doc => ({ chatId, seq: rev + i + 1, rev: rev + i + 1 });
  const images = sample.commit.images as Doc;
  const commit: Doc = {
    ...{ ...sample.commit, _id: randomUUIDv7(), chatId, firstRev: rev + 1, lastRev: rev + size },
    changes: ofSize(sample.commit.changes, (i) => ({ rev: rev + i + 1, seq: rev + i + 1, messageId: ids[i] })),
    images: { ...images, messages: ofSize(images.messages, (i) => ({ ...line(i), id: ids[i] })) },
  };
  const messages = ofSize(sample.messages, (i) => ({ ...line(i), _id: ids[i], sendKey: `someone:${ids[i]}` }));
  return { commit: { ...commit }, messages, chat: { ...sample.chat, rev: rev + size, seq: rev + size } };
}

if (import.meta.main) {
  process.once('message', (plan: BarePlan) => {
    void run(plan).then((perSecond) => {
      process.send?.(perSecond);
      process.disconnect?.();
    });
  });
}

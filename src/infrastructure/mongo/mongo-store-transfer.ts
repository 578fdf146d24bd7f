import type { Collection, Db, Filter } from 'mongodb';
import {
  OF_THE_MACHINE,
  type PartKind,
  type PartOf,
  PROGRESS,
  type RecordKind,
  type RecordOf,
  type StoreTransfer,
} from '../../application/ports/store-transfer.ts';
import type { ChatId } from '../../domain/ids.ts';
import { migrate } from './migrations.ts';
import { MongoBlobStore } from './mongo-blob-store.ts';
import { MongoChatLog } from './mongo-chat-log.ts';
import { type InOrder, readFailed, readsInOrder, writeFailed } from './mongo-database.ts';
import { clientOf } from './mongo-store.ts';
import { type Form, PARTS, RECORDS, type StoredRow } from './transfer-forms.ts';

const SWEPT_AT_ONCE = 500;

/** @throws StoreError, StoreRefused as openMongoStore does */
export async function openMongoTransfer({ uri }: { readonly uri: string }): Promise<MongoStoreTransfer> {
  const client = clientOf(uri);
  try {
    await migrate(client.db()).catch(readFailed);
    return new MongoStoreTransfer(client.db(), await readsInOrder(client), () => client.close());
  } catch (error) {
    await client.close();
    throw error;
  }
}

export class MongoStoreTransfer implements StoreTransfer {
  readonly blobs: MongoBlobStore;
  readonly #db: Db;
  readonly #log: MongoChatLog;
  readonly #disconnect: () => Promise<void>;

  constructor(db: Db, inOrder: InOrder, disconnect: () => Promise<void>) {
    this.blobs = new MongoBlobStore(db);
    this.#db = db;
    this.#log = new MongoChatLog(db, inOrder);
    this.#disconnect = disconnect;
  }

  /** What is pending is projected and settled; no node is there to be told of it. */
  async finish(): Promise<void> {
    for (;;) {
      const pending = await this.#log.unsettled(0, SWEPT_AT_ONCE);
      if (pending.length === 0) break;
      this.#log.settle(pending);
      await this.#log.settled();
    }
    while (!(await this.#log.purge()));
  }

  records<K extends RecordKind>(kind: K, after: string, limit: number): Promise<RecordOf[K][]> {
    const others = kind === 'setting' ? { $nin: [...OF_THE_MACHINE] } : {};
    return this.#read(RECORDS[kind], { _id: { $gt: after, ...others } }, limit);
  }

  putRecords<K extends RecordKind>(kind: K, records: readonly RecordOf[K][]): Promise<void> {
    return this.#put(RECORDS[kind], records);
  }

  parts<K extends PartKind>(kind: K, chatId: ChatId, after: string | number, limit: number): Promise<PartOf[K][]> {
    const form: Form<PartOf[K]> = PARTS[kind];
    return this.#read(form, { chatId, [form.orderedBy]: { $gt: after } }, limit);
  }

  putParts<K extends PartKind>(kind: K, _chatId: ChatId, parts: readonly PartOf[K][]): Promise<void> {
    return this.#put(PARTS[kind], parts);
  }

  async progress(): Promise<string | null> {
    const row = await this.#collection('settings').findOne({ _id: PROGRESS }).catch(readFailed);
    return row ? String(row.value) : null;
  }

  async noteProgress(note: string | null): Promise<void> {
    const settings = this.#collection('settings');
    if (note === null) await settings.deleteOne({ _id: PROGRESS }).catch(writeFailed);
    else await settings.updateOne({ _id: PROGRESS }, { $set: { value: note } }, { upsert: true }).catch(writeFailed);
  }

  close(): Promise<void> {
    return this.#disconnect();
  }

  #collection(name: string): Collection<StoredRow> {
    return this.#db.collection(name);
  }

  async #read<T>(form: Form<T>, filter: Filter<StoredRow>, limit: number): Promise<T[]> {
    const rows = this.#collection(form.collection)
      .find(filter)
      .sort({ [form.orderedBy]: 1 })
      .limit(limit);
    return (await rows.toArray().catch(readFailed)).map((row) => form.toItem(row));
  }

  async #put<T>(form: Form<T>, items: readonly T[]): Promise<void> {
    const writes = items.map((item) => {
      const { _id, ...fields } = form.toRow(item);
      const isOfAChat = 'chatId' in fields ? { chatId: fields.chatId } : {};
      return { replaceOne: { filter: { _id, ...isOfAChat }, replacement: fields, upsert: true } };
    });
    await this.#collection(form.collection).bulkWrite(writes, { ordered: false }).catch(writeFailed);
  }
}

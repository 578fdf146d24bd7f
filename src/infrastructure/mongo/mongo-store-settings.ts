import { randomUUID } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import type { StoreSettings } from '../../application/ports/persistence.ts';
import { isDuplicate, outcomeUnknown, readFailed, writeFailed } from './mongo-database.ts';

interface SettingRow {
  readonly _id: string;
  readonly value: string;
}

export class MongoStoreSettings implements StoreSettings {
  readonly #settings: Collection<SettingRow>;

  constructor(db: Db) {
    this.#settings = db.collection('settings');
  }

  epoch(): Promise<string> {
    return this.keep('epoch', randomUUID());
  }

  async renewEpoch(): Promise<string> {
    const value = randomUUID();
    await this.#settings.updateOne({ _id: 'epoch' }, { $set: { value } }, { upsert: true }).catch(writeFailed);
    return value;
  }

  async find(name: string): Promise<string | null> {
    const row = await this.#settings.findOne({ _id: name }).catch(readFailed);
    return row?.value ?? null;
  }

  async keep(name: string, fresh: string): Promise<string> {
    const row = await this.#keep(name, fresh)
      // Of two upserts that race, one may fail: the row is there now.
      .catch((error: unknown) => (isDuplicate(error) ? this.#keep(name, fresh) : writeFailed(error)))
      .catch(outcomeUnknown);
    if (!row) throw new Error('an upsert answers with the row');
    return row.value;
  }

  #keep(name: string, fresh: string): Promise<SettingRow | null> {
    const options = { upsert: true, returnDocument: 'after' } as const;
    return this.#settings.findOneAndUpdate({ _id: name }, { $setOnInsert: { value: fresh } }, options);
  }
}

import type { Collection, Db } from 'mongodb';
import type { FileRepository } from '../../application/ports/persistence.ts';
import type { BlobId, Instant, UserId } from '../../domain/ids.ts';
import type { FileUse, StoredFile } from '../../domain/stored-file.ts';
import { isDuplicate, readFailed, writeFailed } from './mongo-database.ts';

export type FileRow = Omit<StoredFile, 'id'> & {
  readonly _id: BlobId;
  readonly state: 'open' | 'whole' | 'doomed';
  /** Whether it has no use yet, for the index. */
  readonly unsent: boolean;
};

export function toFile({ _id, state: _, unsent: __, ...file }: FileRow): StoredFile {
  return { id: _id, ...file };
}

const notDoomed = { $in: ['open', 'whole'] as const };

/** As a check has seen it. */
const asSeen = ({ id, checkAt, uses }: StoredFile) => ({ _id: id, checkAt, uses: [...uses] });

export class MongoFileRepository implements FileRepository {
  readonly #files: Collection<FileRow>;

  constructor(db: Db) {
    this.#files = db.collection('files');
  }

  async open({ id, ...file }: StoredFile): Promise<void> {
    const row: FileRow = { _id: id, ...file, state: 'open', unsent: file.uses.length === 0 };
    await this.#files.insertOne(row).catch((error) => {
      if (!isDuplicate(error)) writeFailed(error); // told again
    });
  }

  async complete(file: Pick<StoredFile, 'id' | 'mediaType' | 'bytes' | 'width' | 'height'>): Promise<boolean> {
    const { id, mediaType, bytes, width, height } = file;
    const whole = { $set: { mediaType, bytes, width, height, state: 'whole' } } as const;
    const result = await this.#files.updateOne({ _id: id, state: notDoomed }, whole).catch(writeFailed);
    return result.matchedCount === 1;
  }

  async findMany(ids: readonly BlobId[]): Promise<StoredFile[]> {
    const rows = this.#files.find({ _id: { $in: [...ids] }, state: 'whole' });
    return (await rows.toArray().catch(readFailed)).map(toFile);
  }

  async unsent(ownerId: UserId): Promise<{ count: number; bytes: number }> {
    const sums = [
      { $match: { ownerId, unsent: true } },
      { $group: { _id: null, count: { $sum: 1 }, bytes: { $sum: '$bytes' } } },
    ];
    const [sum] = await this.#files.aggregate<{ count: number; bytes: number }>(sums).toArray().catch(readFailed);
    return { count: sum?.count ?? 0, bytes: sum?.bytes ?? 0 };
  }

  async use(ids: readonly BlobId[], use: FileUse, checkAt: Instant): Promise<boolean> {
    const change = { $addToSet: { uses: use }, $set: { checkAt, unsent: false } };
    const filter = { _id: { $in: [...ids] }, state: 'whole' } as const;
    const { matchedCount } = await this.#files.updateMany(filter, change).catch(writeFailed);
    return matchedCount === new Set(ids).size;
  }

  async scheduleCheck(id: BlobId, checkAt: Instant): Promise<void> {
    await this.#files.updateOne({ _id: id }, { $set: { checkAt } }).catch(writeFailed);
  }

  async scheduleChecks(ownerId: UserId, checkAt: Instant): Promise<void> {
    await this.#files.updateMany({ ownerId }, { $set: { checkAt } }).catch(writeFailed);
  }

  async due(now: Instant, limit: number): Promise<StoredFile[]> {
    const rows = this.#files.find({ checkAt: { $lte: now } });
    return (await rows.sort({ checkAt: 1 }).limit(limit).toArray().catch(readFailed)).map(toFile);
  }

  async keep(checked: StoredFile, uses: readonly FileUse[], checkAt: Instant): Promise<void> {
    const change = { $set: { uses: [...uses], checkAt } };
    await this.#files.updateOne({ ...asSeen(checked), state: notDoomed }, change).catch(writeFailed);
  }

  async doom(checked: StoredFile): Promise<boolean> {
    const doomed = { $set: { state: 'doomed' } } as const;
    return (await this.#files.updateOne(asSeen(checked), doomed).catch(writeFailed)).matchedCount === 1;
  }

  async remove(id: BlobId): Promise<void> {
    await this.#files.deleteOne({ _id: id }).catch(writeFailed);
  }
}

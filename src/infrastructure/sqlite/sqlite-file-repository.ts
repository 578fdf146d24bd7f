import type { StatementSync } from 'node:sqlite';
import type { FileRepository } from '../../application/ports/persistence.ts';
import type { BlobId, Instant, UserId } from '../../domain/ids.ts';
import type { FileUse, StoredFile } from '../../domain/stored-file.ts';
import type { Database, Query } from './database.ts';

const COLUMNS = 'id, owner_id, name, media_type, bytes, width, height, created_at, check_at, uses';

type FileRow = [
  id: string,
  ownerId: string,
  name: string,
  mediaType: string,
  bytes: number,
  width: number | null,
  height: number | null,
  createdAt: number,
  checkAt: number,
  uses: string,
];

/** As a check has seen it. */
const UNCHANGED = 'id = ? AND check_at = ? AND uses = ?';

export class SqliteFileRepository implements FileRepository {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #complete: StatementSync;
  readonly #findMany: Query<FileRow>;
  readonly #unsent: Query<[count: number, bytes: number]>;
  readonly #setUses: StatementSync;
  readonly #schedule: StatementSync;
  readonly #scheduleAll: StatementSync;
  readonly #due: Query<FileRow>;
  readonly #keep: StatementSync;
  readonly #doom: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.statement(`
      INSERT INTO files (${COLUMNS}, state) VALUES (${Array(10).fill('?').join(', ')}, 'open') ON CONFLICT (id) DO NOTHING`);
    this.#complete = database.statement(`
      UPDATE files SET media_type = ?, bytes = ?, width = ?, height = ?, state = 'whole' WHERE id = ? AND state <> 'doomed'`);
    this.#findMany = database.query(`
      SELECT ${COLUMNS} FROM files WHERE id IN (SELECT value FROM json_each(?)) AND state = 'whole'`);
    this.#unsent = database.query(`
      SELECT count(*), coalesce(sum(bytes), 0) FROM files WHERE owner_id = ? AND uses = '[]'`);
    this.#setUses = database.statement('UPDATE files SET uses = ?, check_at = ? WHERE id = ?');
    this.#schedule = database.statement('UPDATE files SET check_at = ? WHERE id = ?');
    this.#scheduleAll = database.statement('UPDATE files SET check_at = ? WHERE owner_id = ?');
    this.#due = database.query(`SELECT ${COLUMNS} FROM files WHERE check_at <= ? ORDER BY check_at LIMIT ?`);
    this.#keep = database.statement(`
      UPDATE files SET uses = ?, check_at = ? WHERE ${UNCHANGED} AND state <> 'doomed'`);
    this.#doom = database.statement(`UPDATE files SET state = 'doomed' WHERE ${UNCHANGED}`);
    this.#remove = database.statement('DELETE FROM files WHERE id = ?');
  }

  open(file: StoredFile): Promise<void> {
    const { id, ownerId, name, mediaType, bytes, width, height, createdAt, checkAt, uses } = file;
    const described = [id, ownerId, name, mediaType, bytes, width, height];
    return this.#database.write(() => {
      this.#insert.run(...described, createdAt, checkAt, JSON.stringify(uses));
    });
  }

  complete(file: Pick<StoredFile, 'id' | 'mediaType' | 'bytes' | 'width' | 'height'>): Promise<boolean> {
    const { id, mediaType, bytes, width, height } = file;
    return this.#database.write(() => this.#complete.run(mediaType, bytes, width, height, id).changes === 1n);
  }

  findMany(ids: readonly BlobId[]): Promise<StoredFile[]> {
    return this.#database.read(() => this.#find(ids));
  }

  unsent(ownerId: UserId): Promise<{ count: number; bytes: number }> {
    return this.#database.read(() => {
      const [count, bytes] = this.#unsent.get(ownerId) ?? [0, 0];
      return { count, bytes };
    });
  }

  use(ids: readonly BlobId[], use: FileUse, checkAt: Instant): Promise<boolean> {
    return this.#database.write(() => {
      const files = this.#find(ids);
      for (const { id, uses } of files) this.#setUses.run(JSON.stringify(withUse(uses, use)), checkAt, id);
      return files.length === new Set(ids).size;
    });
  }

  scheduleCheck(id: BlobId, checkAt: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#schedule.run(checkAt, id);
    });
  }

  scheduleChecks(ownerId: UserId, checkAt: Instant): Promise<void> {
    return this.#database.write(() => void this.#scheduleAll.run(checkAt, ownerId));
  }

  due(now: Instant, limit: number): Promise<StoredFile[]> {
    return this.#database.read(() => this.#due.all(now, limit).map(toFile));
  }

  keep(checked: StoredFile, uses: readonly FileUse[], checkAt: Instant): Promise<void> {
    return this.#database.write(() => {
      this.#keep.run(JSON.stringify(uses), checkAt, ...asSeen(checked));
    });
  }

  doom(checked: StoredFile): Promise<boolean> {
    return this.#database.write(() => this.#doom.run(...asSeen(checked)).changes === 1n);
  }

  remove(id: BlobId): Promise<void> {
    return this.#database.write(() => {
      this.#remove.run(id);
    });
  }

  #find(ids: readonly BlobId[]): StoredFile[] {
    return this.#findMany.all(JSON.stringify(ids)).map(toFile);
  }
}

const asSeen = ({ id, checkAt, uses }: StoredFile) => [id, checkAt, JSON.stringify(uses)] as const;

function withUse(uses: readonly FileUse[], use: FileUse): readonly FileUse[] {
  const text = JSON.stringify(use);
  return uses.some((known) => JSON.stringify(known) === text) ? uses : [...uses, use];
}

const toFile = (row: FileRow): StoredFile => ({
  id: row[0],
  ownerId: row[1],
  name: row[2],
  mediaType: row[3],
  bytes: row[4],
  width: row[5],
  height: row[6],
  createdAt: row[7],
  checkAt: row[8],
  uses: JSON.parse(row[9]) as FileUse[],
});

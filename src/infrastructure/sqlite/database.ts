import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { StoreError } from '../../application/ports/persistence.ts';
import { checkFile, databasePath, lockFolder } from './data-folder.ts';
import { hasJournal, markClosed, markInUse, takeIntoUse } from './journal-mark.ts';
import { MIGRATIONS, type Migration, migrate } from './migrations.ts';
import { asStoreError } from './sqlite-error.ts';

export interface SqliteOptions {
  /** The folder of `parley.db`, or `:memory:` for a database that ends with the process. */
  readonly dataDir: string;
  /** False where a power cut may take what was answered: then no commit waits for the disk. True if not given. */
  readonly isDurable?: boolean;
  readonly migrations?: readonly Migration[];
  /** Called when the journal was lost, and with it the last commits; clients are told to read everything afresh. */
  readonly onJournalLost?: () => void;
}

/**
 * A commit is flushed to the disk before it is answered. The journal is taken over into the file every 16 MiB, so that a page
 * which is written again and again is taken over once; its own file shrinks to 64 MiB. At most 64 MiB of pages stay in memory.
 * What is deleted is overwritten with zeros.
 */
const SETTINGS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA secure_delete = ON;
`;

/** How long another process that has the file is waited for. */
const BUSY_MS = 5_000;

/**
 * Opens the database of a data folder, or makes it, and takes it to the newest schema.
 * @throws StoreRefused for a folder that is in use, and for a file that is not this program's; it is left as it is
 */
export function openDatabase(options: SqliteOptions): Database {
  const { dataDir, migrations = MIGRATIONS } = options;
  if (dataDir === ':memory:') return new Database(open(dataDir, options));
  const unlock = lockFolder(dataDir);
  try {
    const path = databasePath(dataDir);
    checkFile(path, migrations);
    return new Database(open(path, options), unlock);
  } catch (error) {
    unlock();
    throw asStoreError(error);
  }
}

function open(path: string, { isDurable = true, migrations = MIGRATIONS, onJournalLost }: SqliteOptions): DatabaseSync {
  const hadJournal = hasJournal(path);
  const connection = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true, defensive: true });
  try {
    connection.exec(SETTINGS);
    if (!isDurable) connection.exec('PRAGMA synchronous = OFF');
    migrate(connection, migrations);
    if (takeIntoUse(connection, hadJournal)) onJournalLost?.();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A prepared statement whose rows are tuples: they cost less than objects where columns are many. */
export interface Query<Row> {
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
}

interface Write {
  /** Does the work inside the transaction; answers what to tell the caller once it is committed. */
  attempt(): () => void;
  fail(error: unknown): void;
}

/**
 * The one connection of the process. Nothing awaits inside a transaction: a read sees whole transactions and no other's write
 * joins one unasked.
 *
 * Writes that come in one turn of the event loop share a transaction, and so its one flush to the disk. Each is in a savepoint:
 * all of it is stored or nothing, whatever becomes of the others.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #afterClose: () => void;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #rollbackTo: StatementSync;
  #waiting: Write[] = [];

  constructor(connection: DatabaseSync, afterClose: () => void = () => undefined) {
    this.#connection = connection;
    this.#afterClose = afterClose;
    this.#begin = this.statement('BEGIN IMMEDIATE');
    this.#commit = this.statement('COMMIT');
    this.#savepoint = this.statement('SAVEPOINT one');
    this.#release = this.statement('RELEASE one');
    this.#rollbackTo = this.statement('ROLLBACK TO one');
  }

  /**
   * What changes something tells of it in bigints. FTS5 leaves rowids of its own beyond 2^53 as the last ones that were inserted,
   * and as a number node:sqlite would throw them at whatever is run next.
   */
  statement(sql: string): StatementSync {
    const statement = this.#connection.prepare(sql);
    if (statement.columns().length === 0) statement.setReadBigInts(true);
    return statement;
  }

  /** `Row` is the tuple of the columns; that they are what it says is the caller's care. */
  query<Row extends readonly SQLOutputValue[]>(sql: string): Query<Row> {
    const statement = this.#connection.prepare(sql);
    statement.setReturnArrays(true);
    return statement as unknown as Query<Row>;
  }

  /** Reads at once. @throws StoreError */
  async read<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Writes in the transaction that the current turn ends with. The answer comes when it is durable. @throws StoreError */
  write<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        const answer = work();
        return () => resolve(answer);
      };
      const fail = (error: unknown) => reject(asStoreError(error));
      if (this.#waiting.push({ attempt, fail }) === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits now what waits for the end of the turn. */
  flush(): void {
    const writes = this.#waiting;
    if (writes.length === 0) return;
    this.#waiting = [];
    try {
      for (const answer of this.#transact(writes)) answer();
    } catch (error) {
      if (this.#connection.isOpen && this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      for (const write of writes) write.fail(error);
    }
  }

  #transact(writes: readonly Write[]): (() => void)[] {
    this.#begin.run();
    const answers = writes.map((write) => this.#attempt(write));
    try {
      this.#commit.run();
    } catch (error) {
      throw asStoreError(error, true);
    }
    return answers;
  }

  #attempt(write: Write): () => void {
    this.#savepoint.run();
    try {
      const answer = write.attempt();
      this.#release.run();
      return answer;
    } catch (error) {
      // A full disk may have rolled back everything: then all of the writes have failed.
      if (!this.#connection.isTransaction) throw error;
      this.#rollbackTo.run();
      this.#release.run();
      return () => write.fail(error);
    }
  }

  /** The size of the file, in bytes. */
  size(): number {
    const pragma = (name: string) => Number(this.#connection.prepare(`PRAGMA ${name}`).get()?.[name]);
    return pragma('page_count') * pragma('page_size');
  }

  /**
   * Writes the whole file anew: pages that were split keep copies of what they held in their unused parts, which no deletion
   * reaches. Nothing else is done meanwhile: about a second for every 100 MB. @throws StoreError
   */
  rewrite(): void {
    this.flush();
    try {
      this.#connection.exec('VACUUM');
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Takes the journal over into the file, and empties it. @throws StoreError, at once, while somebody reads what is in it */
  emptyJournal(): void {
    this.flush();
    this.#connection.exec('PRAGMA busy_timeout = 0');
    const { busy } = this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
    this.#connection.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    markInUse(this.#connection);
    if (busy === 1) throw new StoreError('not-done', new Error('the journal is being read'));
  }

  /** Commits what waits, closes the file and unlocks the folder. */
  close(): void {
    if (!this.#connection.isOpen) return;
    this.flush();
    try {
      markClosed(this.#connection);
    } finally {
      this.#connection.close();
      this.#afterClose();
    }
  }
}

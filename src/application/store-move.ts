import type { ChatId } from '../domain/ids.ts';
import type { BlobStore } from './ports/files.ts';
import type { Digests, Logger } from './ports/services.ts';
import type { PartKind, PartOf, RecordKind, RecordOf, StoreTransfer } from './ports/store-transfer.ts';

const AT_ONCE = 500;
/** Chats before files: their bytes take longest. */
const RECORDS = ['setting', 'user', 'session', 'code', 'letter', 'chat', 'file'] as const satisfies RecordKind[];
const PARTS = ['member', 'message', 'commit'] as const satisfies PartKind[];

/** Which store it comes from, by its epoch, and up to which record it has come. */
interface Progress {
  readonly from: string;
  readonly kind: RecordKind;
  readonly after: string;
}

/** The two do not hold the same, or are not two to move between. The target is not to be used. */
export class MoveFailed extends Error {}

export interface MoveReport {
  readonly records: Readonly<Record<RecordKind, number>>;
  readonly lines: number;
}

/**
 * Copies all that one store holds into another, empty one: ids, numbers, times, hashes and marks are the same afterwards, and so
 * is the epoch, so that clients go on where they were. Nothing else may use either store meanwhile. If it is cut off, it goes on
 * where it was when it is run again. At the end every record, and every chat whole, is read from both and compared.
 */
export class StoreMove {
  readonly #from: StoreTransfer;
  readonly #to: StoreTransfer;
  readonly #blobs: { readonly from: BlobStore; readonly to: BlobStore } | null;
  readonly #digests: Digests;
  readonly #logger: Logger;

  /** @param deps of `blobs` null where both stores have their files in one place */
  constructor(deps: {
    from: StoreTransfer;
    to: StoreTransfer;
    blobs: { from: BlobStore; to: BlobStore } | null;
    digests: Digests;
    logger: Logger;
  }) {
    this.#from = deps.from;
    this.#to = deps.to;
    this.#blobs = deps.blobs;
    this.#digests = deps.digests;
    this.#logger = deps.logger;
  }

  /** @throws MoveFailed; StoreError, after which it may be run again */
  async run(): Promise<MoveReport> {
    if ((await this.#from.progress()) !== null) throw new MoveFailed('the source is itself not whole');
    await this.#from.finish();
    const progress = await this.#begin();
    for (const kind of RECORDS.slice(RECORDS.indexOf(progress.kind))) {
      await this.#copy(kind, kind === progress.kind ? progress.after : '', progress.from);
    }
    const report = await this.#compare();
    await this.#to.noteProgress(null);
    return report;
  }

  async #begin(): Promise<Progress> {
    const from = (await settingsOf(this.#from)).get('epoch');
    if (from === undefined) throw new MoveFailed('the source has no epoch: no server ever used it');
    const note = await this.#to.progress();
    if (note !== null) {
      const progress = JSON.parse(note) as Progress;
      if (progress.from !== from) throw new MoveFailed('what is in the target came from another store');
      this.#logger.info({ ...progress }, 'going on');
      return progress;
    }
    if ((await settingsOf(this.#to)).get('epoch') === from) {
      throw new MoveFailed(
        'the target is not empty: an earlier run has moved all of this store, and nothing is left to do',
      );
    }
    for (const kind of RECORDS) {
      if (kind !== 'setting' && (await this.#to.records(kind, '', 1)).length > 0)
        throw new MoveFailed(`the target is not empty: it has a ${kind}`);
    }
    const progress: Progress = { from, kind: RECORDS[0], after: '' };
    await this.#to.noteProgress(JSON.stringify(progress));
    return progress;
  }

  async #copy(kind: RecordKind, start: string, from: string): Promise<void> {
    for await (const records of pages((after) => this.#from.records(kind, after, AT_ONCE), keyOf, start)) {
      const note = (record: Keyed) =>
        this.#to.noteProgress(JSON.stringify({ from, kind, after: keyOf(record) } satisfies Progress));
      await this.#to.putRecords(kind, records);
      for (const record of records) if (await this.#copyRest(kind, record)) await note(record);
      await note(records.at(-1) as Keyed);
    }
  }

  /** What a record does not itself hold. Answers whether there is such a thing. */
  async #copyRest(kind: RecordKind, record: Keyed): Promise<boolean> {
    if (kind === 'chat') await this.#copyChat(keyOf(record));
    else if (kind === 'file') await this.#copyBytes(record as RecordOf['file']);
    else return false;
    return true;
  }

  async #copyChat(chatId: ChatId): Promise<void> {
    for (const kind of PARTS) {
      for await (const parts of this.#parts(this.#from, kind, chatId)) await this.#to.putParts(kind, chatId, parts);
    }
  }

  async #copyBytes({ id, state, bytes }: RecordOf['file']): Promise<void> {
    if (this.#blobs === null || state !== 'whole') return;
    const content = await this.#blobs.from.get(id);
    if (content === null) return this.#logger.warn({ id }, 'the bytes of this file are not there');
    await this.#blobs.to.delete(id); // what an earlier run left
    const copied = await this.#blobs.to.put(id, content, bytes);
    if (copied !== bytes) throw new MoveFailed(`file ${id} has ${copied} bytes and should have ${bytes}`);
  }

  async #compare(): Promise<MoveReport> {
    const counts = new Map<RecordKind, number>();
    let lines = 0;
    for (const kind of RECORDS) {
      const targets = pages((after) => this.#to.records(kind, after, AT_ONCE), keyOf, '');
      for await (const records of pages((after) => this.#from.records(kind, after, AT_ONCE), keyOf, '')) {
        const there = (await targets.next()).value ?? [];
        if (canonical(records) !== canonical(there)) throw new MoveFailed(`the ${kind} records are not the same`);
        if (kind === 'chat') for (const record of records) lines += await this.#compareChat(keyOf(record));
        counts.set(kind, (counts.get(kind) ?? 0) + records.length);
      }
      if (!(await targets.next()).done) throw new MoveFailed(`the target has ${kind} records that the source has not`);
    }
    const records = Object.fromEntries(RECORDS.map((kind) => [kind, counts.get(kind) ?? 0]));
    return { records: records as MoveReport['records'], lines };
  }

  /** Answers how many lines it has. */
  async #compareChat(chatId: ChatId): Promise<number> {
    const [here, there] = [await this.#digest(this.#from, chatId), await this.#digest(this.#to, chatId)];
    if (here.digest !== there.digest) throw new MoveFailed(`chat ${chatId} is not the same in both`);
    return here.lines;
  }

  async #digest(store: StoreTransfer, chatId: ChatId): Promise<{ digest: string; lines: number }> {
    let [digest, lines] = ['', 0];
    for (const kind of PARTS) {
      for await (const parts of this.#parts(store, kind, chatId)) {
        digest = this.#digests.digest(digest + canonical(parts));
        if (kind === 'message') lines += parts.length;
      }
    }
    return { digest, lines };
  }

  #parts<K extends PartKind>(store: StoreTransfer, kind: K, chatId: ChatId): AsyncGenerator<PartOf[K][]> {
    const first = kind === 'member' ? '' : 0;
    return pages<PartOf[K], string | number>((after) => store.parts(kind, chatId, after, AT_ONCE), placeOf, first);
  }
}

async function settingsOf(store: StoreTransfer): Promise<ReadonlyMap<string, string>> {
  return new Map((await store.records('setting', '', AT_ONCE)).map(({ name, value }) => [name, value]));
}

type Keyed = RecordOf[RecordKind];
type Placed = PartOf[PartKind];

function keyOf(record: Keyed): string {
  if ('name' in record && 'value' in record) return record.name;
  return 'digest' in record ? record.digest : record.id;
}

function placeOf(part: Placed): string | number {
  if ('mark' in part) return part.userId;
  return 'firstRev' in part ? part.firstRev : part.seq;
}

/** Page after page, none of them empty. */
async function* pages<T, Key>(
  read: (after: Key) => Promise<T[]>,
  keyOf: (item: T) => Key,
  start: Key,
): AsyncGenerator<T[], undefined> {
  for (let after = start; ; ) {
    const page = await read(after);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = keyOf(last);
  }
}

/** The same text for the same content, in whatever order its fields were stored. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

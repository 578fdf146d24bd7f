import { type Collection, type Db, MongoBulkWriteError } from 'mongodb';
import type { Commit } from '../../domain/changes.ts';
import type { ChatId } from '../../domain/ids.ts';
import { chatRow, memberRow } from './mongo-chat-repository.ts';
import { DUPLICATE_KEY } from './mongo-database.ts';
import { messageRow } from './mongo-message-repository.ts';

/** An image as a row. `chatId` is the shard key where the `_id` is not. */
interface Row {
  readonly _id: string;
  readonly chatId?: ChatId;
  readonly rev: number;
}

const ATTEMPTS = 5;

/** Writes the images of stored commits into the rows that everybody reads. */
export class Projection {
  readonly #chats: Collection<Row>;
  readonly #members: Collection<Row>;
  readonly #messages: Collection<Row>;

  constructor(db: Db) {
    this.#chats = db.collection('chats');
    this.#members = db.collection('members');
    this.#messages = db.collection('messages');
  }

  /**
   * Writes each image that is newer than its row: messages, then members, the chat's row last. May be done twice, late, and by
   * several at once: the end is the same.
   */
  async write({ changes, images }: Commit): Promise<void> {
    const written = new Set(changes.map((change) => (change.seq === null ? null : change.messageId)));
    const [fresh, changed]: [Row[], Row[]] = [[], []];
    for (const message of images.messages) (written.has(message.id) ? fresh : changed).push(messageRow(message));
    const isDeletion = changes.some((change) => change.type === 'chat.deleted');
    const there = await insert(this.#messages, fresh);
    await writeNewer(this.#messages, [...there, ...changed]);
    await writeNewer(this.#members, images.members.map(memberRow));
    await writeNewer(this.#chats, [chatRow(images.chat, isDeletion)]);
  }
}

/** Inserts rows, all in one command, and gives those that a unique index refused. */
async function insert(collection: Collection<Row>, rows: readonly Row[]): Promise<Row[]> {
  if (rows.length === 0) return [];
  return refusedAmong(rows, collection.insertMany(rows, { ordered: false }));
}

/**
 * Updates each row that is older and inserts each that is not there, in one command; what a row has beside these fields stays.
 * The insert beside a row that is as new is refused, and so is one of two that race: then the row is looked at again.
 * @throws Error if another row holds the place of one of these, which no order of commits can bring about
 */
async function writeNewer(collection: Collection<Row>, rows: readonly Row[]): Promise<void> {
  let older = rows;
  for (let attempt = 0; older.length > 0; attempt += 1) {
    if (attempt === ATTEMPTS)
      throw new Error(`${collection.collectionName}: something else is where ${older[0]?._id} belongs`);
    const refused = await refusedAmong(older, collection.bulkWrite(older.map(upsert), { ordered: false }));
    older = await stillOlder(collection, refused);
  }
}

function upsert({ _id, chatId, ...image }: Row) {
  const filter = { _id, ...(chatId !== undefined && { chatId }), rev: { $lt: image.rev } };
  return { updateOne: { filter, update: { $set: image }, upsert: true } };
}

/** Of these images of one chat, those that their rows lack or are behind. */
async function stillOlder(collection: Collection<Row>, images: readonly Row[]): Promise<Row[]> {
  const [first] = images;
  if (!first) return [];
  const ids = images.map((image) => image._id);
  const filter = { _id: { $in: ids }, ...(first.chatId !== undefined && { chatId: first.chatId }) };
  const rows = await collection.find(filter, { projection: { rev: 1 } }).toArray();
  const revOf = new Map(rows.map((row) => [row._id, row.rev]));
  return images.filter((image) => (revOf.get(image._id) ?? 0) < image.rev);
}

/**
 * Which of these rows an unordered write left out because of a unique index. Any other failure is thrown: that of the link,
 * which the driver wraps as a failed bulk without a single refusal, or of the majority.
 */
async function refusedAmong(rows: readonly Row[], write: Promise<unknown>): Promise<Row[]> {
  try {
    await write;
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
    const refusals = [error.writeErrors].flat();
    if (refusals.length === 0 || refusals.some((refusal) => refusal.code !== DUPLICATE_KEY)) throw error;
    return refusals.flatMap((refusal) => rows[refusal.index] ?? []);
  }
}

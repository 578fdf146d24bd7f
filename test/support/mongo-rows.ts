import { isDeepStrictEqual } from 'node:util';
import type { Db } from 'mongodb';
import type { Commit } from '../../src/domain/changes.ts';
import {
  type ChatRow,
  chatRow,
  type MemberRow,
  memberRow,
} from '../../src/infrastructure/mongo/mongo-chat-repository.ts';
import { type MessageRow, messageRow } from '../../src/infrastructure/mongo/mongo-message-repository.ts';

export type Row = ChatRow | MemberRow | MessageRow;

/** What is stored of a chat, behind the store's back: every row, by collection and id. */
export type Rows = ReadonlyMap<string, Row>;

export async function rowsOf(db: Db, chatId: string): Promise<Rows> {
  const read = async (collection: string, filter: object): Promise<[string, Row][]> => {
    const rows = await db.collection<Row>(collection).find(filter).toArray();
    return rows.map((row) => [`${collection}/${row._id}`, row]);
  };
  const all = [read('chats', { _id: chatId }), read('members', { chatId }), read('messages', { chatId })];
  return new Map((await Promise.all(all)).flat());
}

/** The rows once this commit is in them: each image over its row, if it is newer. */
export function folded(rows: Rows, { changes, images }: Commit): Rows {
  const isDeletion = changes.some((change) => change.type === 'chat.deleted');
  const after: [string, Row][] = [
    ...images.messages.map((message): [string, Row] => [`messages/${message.id}`, messageRow(message)]),
    ...images.members.map(memberRow).map((row): [string, Row] => [`members/${row._id}`, row]),
    [`chats/${images.chat.id}`, chatRow(images.chat, isDeletion)],
  ];
  const result = new Map(rows);
  for (const [key, row] of after) {
    const stored = result.get(key);
    if (!stored || stored.rev < row.rev) result.set(key, { ...stored, ...row } as Row);
  }
  return result;
}

/** How two sets of rows differ, one line each; nothing where they are the same. */
export function differences(actual: Rows, expected: Rows): string[] {
  const keys = new Set([...actual.keys(), ...expected.keys()]);
  return [...keys]
    .filter((key) => !isDeepStrictEqual(actual.get(key), expected.get(key)))
    .map((key) => `${key}: ${JSON.stringify(actual.get(key))}, expected ${JSON.stringify(expected.get(key))}`);
}

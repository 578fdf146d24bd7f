import type { Collection, Db, Filter } from 'mongodb';
import type { ChatRepository, MarkedMember, Membership } from '../../application/ports/persistence.ts';
import { type Chat, type Member, NO_MARK, type ReadMark } from '../../domain/chat.ts';
import type { ChatId, Instant, UserId } from '../../domain/ids.ts';
import { readFailed, writeFailed } from './mongo-database.ts';

export type ChatRow = Omit<Chat, 'id'> & {
  readonly _id: ChatId;
  /** What a deletion left to be emptied; gone when it is done. */
  readonly purge?: Purge;
};

interface Purge {
  /** The floor that the deletion set, and when. */
  readonly rev: number;
  readonly seq: number;
  readonly at: Instant;
  /** Up to this number, lines and commits are emptied. */
  readonly done: number;
}

export type MemberRow = Member & {
  readonly _id: string;
  /** Not of the log: images of the member leave it alone. */
  readonly mark?: ReadMark;
};

/** The image of a chat. That of its deletion says what is to be purged. */
export function chatRow({ id, ...chat }: Chat, isDeletion: boolean): ChatRow {
  const row = { _id: id, ...chat };
  if (!isDeletion) return row;
  return { ...row, purge: { rev: chat.floorRev, seq: chat.floorSeq, at: chat.updatedAt, done: 0 } };
}

export function toChat({ _id, purge: _, ...chat }: ChatRow): Chat {
  return { id: _id, ...chat };
}

export const memberRow = (member: Member): MemberRow => ({ _id: `${member.chatId}/${member.userId}`, ...member });

export function toMember({ _id, mark: _, ...member }: MemberRow): Member {
  return member;
}

const toMarkedMember = (row: MemberRow): MarkedMember => ({ member: toMember(row), mark: row.mark ?? NO_MARK });

const isLive = (chatIds: ChatId[]): Filter<ChatRow> => ({ _id: { $in: chatIds }, live: true });

export class MongoChatRepository implements ChatRepository {
  readonly #chats: Collection<ChatRow>;
  readonly #members: Collection<MemberRow>;

  constructor(db: Db) {
    this.#chats = db.collection('chats');
    this.#members = db.collection('members');
  }

  async find(chatId: ChatId): Promise<Chat | null> {
    const row = await this.#chats.findOne({ _id: chatId }).catch(readFailed);
    return row && toChat(row);
  }

  async membership(chatId: ChatId, userId: UserId): Promise<Membership | null> {
    const [chat, row] = await Promise.all([
      this.find(chatId),
      this.#members.findOne({ chatId, userId }).catch(readFailed),
    ]);
    return chat && row && { chat, ...toMarkedMember(row) };
  }

  async memberships(userId: UserId): Promise<Membership[]> {
    const rows = await this.#members.find({ userId, active: true }).toArray().catch(readFailed);
    const chatIds = rows.map((row) => row.chatId);
    const chats = await this.#chats.find(isLive(chatIds)).toArray().catch(readFailed);
    const chatOf = new Map(chats.map((chat) => [chat._id, toChat(chat)]));
    return rows.flatMap((row) => {
      const chat = chatOf.get(row.chatId);
      return chat ? [{ chat, ...toMarkedMember(row) }] : [];
    });
  }

  async countMemberships(userId: UserId): Promise<number> {
    return this.#chats.countDocuments(isLive(await this.#chatIds(userId))).catch(readFailed);
  }

  async members(chatId: ChatId, after: UserId | null, limit: number): Promise<MarkedMember[]> {
    if (limit < 1) return []; // to the driver, 0 is "without a limit"
    const rows = this.#members.find({ chatId, active: true, ...(after !== null && { userId: { $gt: after } }) });
    return (await rows.sort({ userId: 1 }).limit(limit).toArray().catch(readFailed)).map(toMarkedMember);
  }

  async membersById(chatId: ChatId, userIds: readonly UserId[]): Promise<MarkedMember[]> {
    const rows = this.#members.find({ chatId, userId: { $in: [...userIds] } });
    return (await rows.toArray().catch(readFailed)).map(toMarkedMember);
  }

  async raiseMark(chatId: ChatId, userId: UserId, mark: ReadMark): Promise<ReadMark | null> {
    const raised = { $max: { 'mark.seq': mark.seq, 'mark.n': mark.n } };
    const row = await this.#members
      .findOneAndUpdate({ chatId, userId }, raised, { returnDocument: 'after' })
      .catch(writeFailed);
    return row && (row.mark ?? NO_MARK);
  }

  async shareChat(a: UserId, b: UserId): Promise<boolean> {
    const [ofA, ofB] = await Promise.all([this.#chatIds(a), this.#chatIds(b)]);
    const common = new Set(ofA);
    const shared = await this.#chats.findOne(isLive(ofB.filter((chatId) => common.has(chatId)))).catch(readFailed);
    return shared !== null;
  }

  /** Of all active memberships, those in deleted chats too; the index alone answers. */
  async #chatIds(userId: UserId): Promise<ChatId[]> {
    const rows = this.#members.find({ userId, active: true }, { projection: { _id: 0, chatId: 1 } });
    return (await rows.toArray().catch(readFailed)).map((row) => row.chatId);
  }
}

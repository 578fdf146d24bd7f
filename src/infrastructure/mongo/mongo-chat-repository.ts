import type { Collection, Db, Filter } from 'mongodb';
import type { ChatHead, ChatRepository, MarkedMember, Membership } from '../../application/ports/persistence.ts';
import { type Chat, listKey, type Member, NO_MARK, type ReadMark } from '../../domain/chat.ts';
import type { ChatId, Instant, UserId } from '../../domain/ids.ts';
import { readFailed, writeFailed } from './mongo-database.ts';

export type ChatRow = Omit<Chat, 'id'> & {
  readonly _id: ChatId;
  /** Of public rooms alone: the sparse index of the list holds nothing else. Null once the room is deleted. */
  readonly listKey?: string | null;
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
  readonly mutedUntil?: Instant | null;
};

/** The image of a chat. That of its deletion says what is to be purged. */
export function chatRow(image: Chat, isDeletion: boolean): ChatRow {
  const { id, ...chat } = image;
  const row = { _id: id, ...chat, ...(chat.kind === 'public' && { listKey: listKey(image) }) };
  if (!isDeletion) return row;
  return { ...row, purge: { rev: chat.floorRev, seq: chat.floorSeq, at: chat.updatedAt, done: 0 } };
}

export function toChat({ _id, purge: _, listKey: __, ...chat }: ChatRow): Chat {
  return { id: _id, ...chat };
}

const memberKey = ({ chatId, userId }: Pick<Member, 'chatId' | 'userId'>): string => `${chatId}/${userId}`;

export const memberRow = (member: Member): MemberRow => ({ _id: memberKey(member), ...member });

export function toMember({ _id, mark: _, mutedUntil: __, ...member }: MemberRow): Member {
  return member;
}

const toMarkedMember = (row: MemberRow): MarkedMember => ({ member: toMember(row), mark: row.mark ?? NO_MARK });

const toMembership = (chat: Chat, row: MemberRow): Membership => ({
  chat,
  ...toMarkedMember(row),
  mutedUntil: row.mutedUntil ?? null,
});

const HEAD_OF_CHAT = { rev: 1, seq: 1, memberCount: 1, floorSeq: 1 };
const HEAD_OF_MEMBER = { _id: 0, chatId: 1, joinedSeq: 1, 'mark.seq': 1, mutedUntil: 1 };

const toHead = (
  { _id: id, rev, seq, memberCount, floorSeq }: ChatRow,
  { joinedSeq, mark = NO_MARK, mutedUntil = null }: MemberRow,
): ChatHead => ({
  id,
  rev,
  seq,
  memberCount,
  readSeq: Math.max(mark.seq, joinedSeq, floorSeq),
  mutedUntil,
});

const isLive = (chatIds: ChatId[]): Filter<ChatRow> => ({ _id: { $in: chatIds }, live: true });

/** Those of these people who share a live chat with this one, in 2 look-ups: his live chats, and who of them is in those. */
export async function acquaintancesAmong(
  members: Collection<MemberRow>,
  userId: UserId,
  userIds: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  const others = userIds.filter((id) => id !== userId);
  if (others.length === 0) return new Set();
  const own = await members
    .aggregate<{ chatId: ChatId }>([
      { $match: { userId, active: true } },
      { $lookup: { from: 'chats', localField: 'chatId', foreignField: '_id', as: 'chat' } },
      { $match: { 'chat.live': true } },
      { $project: { _id: 0, chatId: 1 } },
    ])
    .toArray()
    .catch(readFailed);
  const shared = { chatId: { $in: own.map(({ chatId }) => chatId) }, userId: { $in: others }, active: true };
  const rows = members.find(shared, { projection: { _id: 0, userId: 1 } });
  return new Set((await rows.toArray().catch(readFailed)).map((row) => row.userId));
}

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
    return chat && row && toMembership(chat, row);
  }

  async memberships(userId: UserId, of?: readonly ChatId[]): Promise<Membership[]> {
    const wanted = { userId, active: true, ...(of && { chatId: { $in: [...of] } }) };
    const rows = await this.#members.find(wanted).toArray().catch(readFailed);
    const chatIds = rows.map((row) => row.chatId);
    const chats = await this.#chats.find(isLive(chatIds)).toArray().catch(readFailed);
    const chatOf = new Map(chats.map((chat) => [chat._id, toChat(chat)]));
    return rows.flatMap((row) => {
      const chat = chatOf.get(row.chatId);
      return chat ? [toMembership(chat, row)] : [];
    });
  }

  async heads(userId: UserId): Promise<ChatHead[]> {
    const mine = this.#members.find({ userId, active: true }, { projection: HEAD_OF_MEMBER });
    const memberOf = new Map((await mine.toArray().catch(readFailed)).map((row) => [row.chatId, row]));
    const chats = this.#chats.find(isLive([...memberOf.keys()]), { projection: HEAD_OF_CHAT });
    return (await chats.toArray().catch(readFailed)).flatMap((chat) => {
      const member = memberOf.get(chat._id);
      return member ? [toHead(chat, member)] : [];
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

  async membersIn(of: readonly { readonly chatId: ChatId; readonly userId: UserId }[]): Promise<MarkedMember[]> {
    if (of.length === 0) return [];
    const chatIds = [...new Set(of.map(({ chatId }) => chatId))];
    const rows = this.#members.find({ _id: { $in: of.map(memberKey) }, chatId: { $in: chatIds } });
    return (await rows.toArray().catch(readFailed)).map(toMarkedMember);
  }

  async raiseMark(chatId: ChatId, userId: UserId, mark: ReadMark): Promise<ReadMark | null> {
    const raised = { $max: { 'mark.seq': mark.seq, 'mark.n': mark.n } };
    const row = await this.#members
      .findOneAndUpdate({ chatId, userId }, raised, { returnDocument: 'after' })
      .catch(writeFailed);
    return row && (row.mark ?? NO_MARK);
  }

  async mute(chatId: ChatId, userId: UserId, until: Instant | null): Promise<boolean> {
    const muted = { $set: { mutedUntil: until } };
    return (await this.#members.updateOne({ chatId, userId }, muted).catch(writeFailed)).matchedCount === 1;
  }

  async listPublic(after: string, limit: number): Promise<string[]> {
    if (limit < 1) return []; // to the driver, 0 is "without a limit"
    const rows = this.#chats.find({ listKey: { $gt: after } }, { projection: { _id: 0, listKey: 1 } });
    const listed = await rows.sort({ listKey: 1 }).limit(limit).toArray().catch(readFailed);
    return listed.flatMap((row) => row.listKey ?? []);
  }

  async findMany(chatIds: readonly ChatId[]): Promise<Chat[]> {
    return (
      await this.#chats
        .find({ _id: { $in: [...chatIds] } })
        .toArray()
        .catch(readFailed)
    ).map(toChat);
  }

  async shareChat(a: UserId, b: UserId): Promise<boolean> {
    const [ofA, ofB] = await Promise.all([this.#chatIds(a), this.#chatIds(b)]);
    const common = new Set(ofA);
    const shared = await this.#chats.findOne(isLive(ofB.filter((chatId) => common.has(chatId)))).catch(readFailed);
    return shared !== null;
  }

  async acquaintances(userId: UserId, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    return acquaintancesAmong(this.#members, userId, userIds);
  }

  async chatIdsEver(userId: UserId): Promise<ChatId[]> {
    const rows = this.#members.find({ userId, active: { $in: [true, false] } }, { projection: { _id: 0, chatId: 1 } });
    return (await rows.toArray().catch(readFailed)).map((row) => row.chatId);
  }

  /** Of all active memberships, those in deleted chats too; the index alone answers. */
  async #chatIds(userId: UserId): Promise<ChatId[]> {
    const rows = this.#members.find({ userId, active: true }, { projection: { _id: 0, chatId: 1 } });
    return (await rows.toArray().catch(readFailed)).map((row) => row.chatId);
  }
}

import type { Change } from '../domain/changes.ts';
import type { Chat, Member } from '../domain/chat.ts';
import type { ChatId, Instant, UserId } from '../domain/ids.ts';
import type { User } from '../domain/user.ts';
import {
  byActivity,
  type ChangeView,
  type ChatService,
  type ChatView,
  mutedUntilOf,
  readSeqOf,
} from './chat-service.ts';
import type { ChatHead, ChatLog, ChatRepository, Membership, RevRange, UserRepository } from './ports/persistence.ts';
import type { Clock } from './ports/services.ts';

/** What is told of one chat, and in all, change by change; beyond that a client reads the chat afresh. */
const CHANGES_PER_CHAT = 1_000;
const CHANGES_IN_ALL = 5_000;

/** How much of a chat a client has. */
export interface Known {
  readonly rev: number;
  readonly readSeq: number;
  /** Until when it is muted; null where it is not. None where the client does not keep that. */
  readonly mutedUntil?: Instant | null | undefined;
}

/** What a client has: the version of its user's own row, if it keeps that, and its chats. */
export interface KnownState {
  readonly me: number | null;
  readonly chats: ReadonlyMap<ChatId, Known>;
}

export interface Head extends Known {
  readonly seq: number;
}

interface Mute {
  readonly type: 'mute';
  readonly chatId: ChatId;
  readonly until: Instant | null;
}

/** One thing that is to be told, before what it speaks of is read. */
export type Step =
  | {
      readonly type: 'change';
      readonly chat: Chat;
      readonly change: Change;
      /** With it the user is out of the chat. */
      readonly isEnd: boolean;
    }
  /** A chat that is new to the client, or new to it again: whole. */
  | { readonly type: 'chat'; readonly membership: Membership }
  | { readonly type: 'read'; readonly membership: Membership }
  | Mute
  | { readonly type: 'too-long'; readonly chat: Chat }
  | { readonly type: 'me'; readonly user: User };

/** The same with what it speaks of, as that is now. */
export type Missed =
  | { readonly type: 'change'; readonly view: ChangeView }
  | { readonly type: 'chat'; readonly view: ChatView }
  | { readonly type: 'read'; readonly view: ChatView }
  | Mute
  | { readonly type: 'too-long'; readonly chat: Chat }
  | { readonly type: 'me'; readonly user: User };

export interface Plan {
  /** All that the client has missed, in the order in which it is to be told. */
  readonly steps: readonly Step[];
  /** The user's chats as they were found: what the client has once all steps are taken. */
  readonly heads: ReadonlyMap<ChatId, Head>;
  /** The chats that he has lost, each with the `rev` of what he is told of that. */
  readonly lost: ReadonlyMap<ChatId, number>;
  /** The version of the user's own row. */
  readonly me: number;
}

/**
 * Resume by arithmetic: what a client says that it has against the heads of its user's chats. No cursor, clock or buffer is kept
 * for it, so it works after a second or a year, on any node. Rights are as they are now, not as they were.
 *
 * Of a chat that is no longer the user's he is told his own removal alone: changes are told with their rows as they are now, so
 * what came before it could show what was written after it.
 */
export class CatchUp {
  readonly #chats: ChatRepository;
  readonly #log: ChatLog;
  readonly #users: UserRepository;
  readonly #service: ChatService;
  readonly #clock: Clock;

  constructor(deps: {
    chats: ChatRepository;
    log: ChatLog;
    users: UserRepository;
    service: ChatService;
    clock: Clock;
  }) {
    this.#chats = deps.chats;
    this.#log = deps.log;
    this.#users = deps.users;
    this.#service = deps.service;
    this.#clock = deps.clock;
  }

  /**
   * What the client has missed. A fixed number of look-ups, however many chats there are; texts are read later, by `read`.
   * What is named in `known` and never was the user's is passed over.
   * @param found the heads of the user's chats, where they have just been read
   */
  async plan(userId: UserId, known: KnownState, found?: readonly ChatHead[]): Promise<Plan> {
    const [all, user] = await Promise.all([found ?? this.#chats.heads(userId), this.#users.find(userId)]);
    const now = this.#clock.now();
    const heads = new Map(all.map((head) => [head.id, headOf(head, now)]));
    const memberships = await this.#differing(userId, known, heads);
    for (const membership of memberships) heads.set(membership.chat.id, headOf(headIn(membership), now));
    const lost = await this.#lost(userId, known, heads);
    const { moved, added, tooLong } = compare(memberships, known);
    const logged = await this.#log.changesIn([...moved.map(({ range }) => range), ...lost.map(({ range }) => range)]);
    const told = moved.map(({ membership }, i) => ({ membership, ...untilAbsent(logged[i] ?? [], userId) }));
    const losses = lost.map(({ chat, member }, i) => ({
      chat: { ...chat, memberCount: 0 }, // how many there are now is not his to know
      change: logged[moved.length + i]?.[0] ?? this.#removal(member),
    }));
    const unknown = [...told.flatMap(({ membership, isAbsent }) => (isAbsent ? [membership] : [])), ...added];
    const read = new Set([...unknown, ...tooLong]);
    const kept = memberships.filter((membership) => !read.has(membership));
    const marked = kept.filter((membership) => known.chats.get(membership.chat.id)?.readSeq !== readSeqOf(membership));
    const muted = kept.flatMap((membership): Mute[] => {
      const [chatId, until] = [membership.chat.id, mutedUntilOf(membership, now)];
      const before = known.chats.get(chatId)?.mutedUntil;
      return before === undefined || before === until ? [] : [{ type: 'mute', chatId, until }];
    });
    const steps: Step[] = [
      ...(user && known.me !== null && user.version > known.me ? [{ type: 'me', user } as const] : []),
      ...told.flatMap(({ membership: { chat }, changes }) =>
        changes.map((change) => ({ type: 'change', chat, change, isEnd: isExit(change, userId) }) as const),
      ),
      ...unknown.map((membership) => ({ type: 'chat', membership }) as const),
      ...losses.map((loss) => ({ type: 'change', ...loss, isEnd: true }) as const),
      ...marked.map((membership) => ({ type: 'read', membership }) as const),
      ...muted,
      ...tooLong.map(({ chat }) => ({ type: 'too-long', chat }) as const),
    ];
    return {
      steps,
      heads,
      lost: new Map(losses.map(({ chat, change }) => [chat.id, change.rev])),
      me: user?.version ?? 0,
    };
  }

  /**
   * Reads what these steps of one plan speak of, as it is now: a fixed number of look-ups, however many steps. Where he has gone
   * from a chat since the plan was made, what has been changed since it was stored is left out.
   */
  async read(userId: UserId, steps: readonly Step[]): Promise<Missed[]> {
    const memberships = steps.flatMap((step) => ('membership' in step ? [step.membership] : []));
    const [changes, chats] = await Promise.all([
      this.#viewChanges(
        userId,
        steps.filter((step) => step.type === 'change'),
      ),
      memberships.length > 0 ? this.#service.viewMemberships(userId, memberships) : [],
    ]);
    const changeOf = new Map(changes.map((view) => [view.change, view]));
    const chatOf = new Map(chats.map((view) => [view.chat.id, view]));
    return steps.flatMap((step): Missed | [] => {
      if (step.type === 'me' || step.type === 'mute' || step.type === 'too-long') return step;
      if (step.type === 'change') {
        const view = changeOf.get(step.change);
        return view ? { type: 'change', view } : [];
      }
      const view = chatOf.get(step.membership.chat.id);
      return view ? { type: step.type, view } : [];
    });
  }

  /** The memberships of which the client has not all, latest activity first; who is out of them by now, loses their heads. */
  async #differing(userId: UserId, known: KnownState, heads: Map<ChatId, Head>): Promise<Membership[]> {
    const chatIds = [...heads].filter(([chatId, head]) => !isUpToDate(known.chats.get(chatId), head)).map(([id]) => id);
    if (chatIds.length === 0) return [];
    for (const chatId of chatIds) heads.delete(chatId);
    return (await this.#chats.memberships(userId, chatIds)).sort(byActivity);
  }

  /** A chat that was deleted after the plan was made is looked at as it is now, so that no text of it is shown. */
  async #viewChanges(
    userId: UserId,
    changes: readonly Extract<Step, { readonly type: 'change' }>[],
  ): Promise<ChangeView[]> {
    if (changes.length === 0) return [];
    const rows = await this.#chats.findMany([...new Set(changes.map(({ chat }) => chat.id))]);
    const deleted = new Map(rows.map((chat) => [chat.id, chat]));
    for (const { chat } of changes) if (deleted.get(chat.id)?.floorRev === chat.floorRev) deleted.delete(chat.id);
    const views = await this.#service.viewChanges(
      changes.map(({ chat, change }) => ({ chat: deleted.get(chat.id) ?? chat, change })),
    );
    const rewritten = new Set(views.filter((view, i) => isRewritten(view) && !changes[i]?.isEnd));
    if (rewritten.size === 0) return views;
    const chatIds = [...new Set([...rewritten].map(({ chat }) => chat.id))];
    const memberships = await this.#chats.memberships(userId, chatIds);
    const still = new Set(memberships.map(({ chat }) => chat.id));
    return views.filter((view) => !rewritten.has(view) || still.has(view.chat.id));
  }

  /** The chats that the client has and the user has no more, each with the change by which he lost it, if the client has not. */
  async #lost(userId: UserId, known: KnownState, heads: ReadonlyMap<ChatId, Head>): Promise<Loss[]> {
    const chatIds = [...known.chats.keys()].filter((chatId) => !heads.has(chatId));
    if (chatIds.length === 0) return [];
    const [chats, members] = await Promise.all([
      this.#chats.findMany(chatIds),
      this.#chats.membersIn(chatIds.map((chatId) => ({ chatId, userId }))),
    ]);
    const memberOf = new Map(members.map(({ member }) => [member.chatId, member]));
    return chats.flatMap((chat) => {
      const member = memberOf.get(chat.id);
      if (!member || (member.active && chat.live)) return []; // never in it, or in it again since
      const rev = member.active ? chat.floorRev : member.rev;
      const range = { chatId: chat.id, afterRev: rev - 1, upTo: rev };
      return rev > (known.chats.get(chat.id)?.rev ?? 0) ? [{ chat, member, range }] : [];
    });
  }

  /** Where a chat was deleted after he had been removed, the log has his removal no more. */
  #removal({ rev, userId }: Member): Change {
    const change = { rev, seq: null, at: this.#clock.now(), actorId: userId, messageId: null, userIds: [userId] };
    return { type: 'member.removed', ...change };
  }
}

/** What the client has once it has taken the first so many steps. A chat that it is still to lose counts no lines. */
export function headsAfter({ steps, heads, lost }: Plan, known: KnownState, taken: number): ReadonlyMap<ChatId, Head> {
  if (taken >= steps.length) return heads;
  const reached = new Map<ChatId, Head>();
  for (const [chatId, before] of known.chats) {
    const head = heads.get(chatId);
    if (head || lost.has(chatId)) reached.set(chatId, { ...before, seq: head?.seq ?? 0 });
  }
  for (const step of steps.slice(0, taken)) {
    if (step.type === 'me') continue;
    const chatId = chatIdOf(step);
    const [before, head] = [reached.get(chatId), heads.get(chatId)];
    if (step.type === 'change' && step.isEnd) reached.delete(chatId);
    else if (step.type === 'change' && before) reached.set(chatId, { ...before, rev: step.change.rev });
    else if (step.type === 'read' && before && head) reached.set(chatId, { ...before, readSeq: head.readSeq });
    else if (step.type === 'mute' && before) reached.set(chatId, { ...before, mutedUntil: step.until });
    else if (head) reached.set(chatId, head);
  }
  return reached;
}

function chatIdOf(step: Exclude<Step, { readonly type: 'me' }>): ChatId {
  if (step.type === 'mute') return step.chatId;
  return 'chat' in step ? step.chat.id : step.membership.chat.id;
}

interface Loss {
  readonly chat: Chat;
  readonly member: Member;
  readonly range: RevRange;
}

interface Moved {
  readonly membership: Membership;
  readonly range: RevRange;
}

type Standing = Pick<ChatHead, 'rev' | 'seq' | 'readSeq' | 'mutedUntil'>;

const headOf = (standing: Standing, now: Instant): Head => {
  const { rev, seq, readSeq } = standing;
  return { rev, seq, readSeq, mutedUntil: mutedUntilOf(standing, now) };
};

const headIn = (membership: Membership): Standing => {
  const { rev, seq } = membership.chat;
  return { rev, seq, readSeq: readSeqOf(membership), mutedUntil: membership.mutedUntil };
};

/** A client that does not keep what is muted lacks nothing of it. */
const isUpToDate = (known: Known | undefined, { rev, readSeq, mutedUntil }: Head): boolean =>
  known?.rev === rev &&
  known.readSeq === readSeq &&
  (known.mutedUntil === undefined || known.mutedUntil === mutedUntil);

/** Which chats moved on, which are not known, and which moved too far; a `rev` that there never was counts as that. */
function compare(
  memberships: readonly Membership[],
  known: KnownState,
): { moved: Moved[]; added: Membership[]; tooLong: Membership[] } {
  const [moved, added, tooLong]: [Moved[], Membership[], Membership[]] = [[], [], []];
  let left = CHANGES_IN_ALL;
  for (const membership of memberships) {
    const { id: chatId, rev, floorRev } = membership.chat;
    const before = known.chats.get(chatId);
    if (!before) added.push(membership);
    else if (before.rev !== rev) {
      const afterRev = Math.max(before.rev, floorRev - 1);
      const behind = rev - afterRev;
      if (behind < 0 || behind > Math.min(left, CHANGES_PER_CHAT)) tooLong.push(membership);
      else {
        left -= behind;
        moved.push({ membership, range: { chatId, afterRev, upTo: rev } });
      }
    }
  }
  return { moved, added, tooLong };
}

/**
 * What a member is told of these changes, and whether he was out of the chat meanwhile. If so, he is told up to where he went;
 * what followed is in the chat as he finds it now.
 */
function untilAbsent(changes: readonly Change[], userId: UserId): { changes: readonly Change[]; isAbsent: boolean } {
  const at = changes.findIndex((change) => isExit(change, userId) || isEntry(change, userId));
  const turn = changes[at];
  if (!turn) return { changes, isAbsent: false };
  return { changes: changes.slice(0, isExit(turn, userId) ? at + 1 : at), isAbsent: true };
}

/** Whether what it shows has been changed again since. */
export const isRewritten = ({ change, message, chat }: ChangeView): boolean =>
  (message?.rev ?? 0) > change.rev || (change.type === 'chat.updated' && chat.rev > change.rev);

/** Whether it takes him out of the chat. */
export const isExit = ({ type, userIds }: Change, userId: UserId): boolean =>
  type === 'chat.deleted' || (type === 'member.removed' && userIds.includes(userId));

const isEntry = ({ type, userIds }: Change, userId: UserId): boolean =>
  (type === 'chat.created' || type === 'member.added') && userIds.includes(userId);

import type { ChatState, Fact } from './changes.ts';
import {
  type Chat,
  chatNotFound,
  directChatFixed,
  forbidden,
  isAtLeast,
  MEMBERS_MAX,
  type Member,
  memberNotFound,
  notJoined,
  outranks,
  type Role,
} from './chat.ts';
import { DomainError } from './errors.ts';
import type { BlobId, MessageId, UserId } from './ids.ts';
import { type Draft, type Message, messageNotFound, sendKey } from './message.ts';

/** Everything that a person may ask to happen in a chat. Ids are given by the caller, so that a command can be decided again. */
export type Command =
  | { readonly type: 'chat.open'; readonly peerId: UserId }
  | {
      readonly type: 'chat.create';
      readonly kind: 'group' | 'public';
      readonly name: string;
      readonly memberIds: readonly UserId[];
      readonly lineId: MessageId;
    }
  | {
      readonly type: 'chat.update';
      readonly name?: string;
      readonly description?: string | null;
      readonly avatarId?: BlobId | null;
      readonly lineId: MessageId;
    }
  /** Coming into a public room by oneself. */
  | { readonly type: 'chat.join' }
  | { readonly type: 'chat.delete' }
  | { readonly type: 'member.add'; readonly userIds: readonly UserId[]; readonly lineId: MessageId }
  | { readonly type: 'member.update'; readonly userId: UserId; readonly role: Role }
  | { readonly type: 'member.remove'; readonly userId: UserId; readonly lineId: MessageId }
  /** All drafts or none. With `peerId` it is the direct chat with him, opened where it is not. */
  | { readonly type: 'message.send'; readonly drafts: readonly Draft[]; readonly peerId?: UserId }
  | { readonly type: 'message.edit'; readonly messageId: MessageId; readonly content: string }
  | { readonly type: 'message.delete'; readonly messageId: MessageId }
  /** An author who goes for good takes these lines of his with him, also where he is no member any more. */
  | { readonly type: 'message.erase'; readonly messageIds: readonly MessageId[] };

/** Which rows a command's decision looks at, beside the chat's own. The senders of `messages` are needed too. */
export interface Needs {
  readonly members: readonly UserId[];
  readonly messages: readonly MessageId[];
  readonly sendKeys: readonly string[];
  readonly heir: boolean;
}

export function needsOf(actorId: UserId, command: Command): Needs {
  const needs = { members: [actorId], messages: [], sendKeys: [], heir: false };
  switch (command.type) {
    case 'chat.open':
    case 'chat.create':
    case 'chat.update':
    case 'chat.delete':
    case 'chat.join':
      return needs;
    case 'member.add':
      return { ...needs, members: [actorId, ...command.userIds] };
    case 'member.update':
      return { ...needs, members: [actorId, command.userId] };
    case 'member.remove':
      return { ...needs, members: [actorId, command.userId], heir: command.userId === actorId };
    case 'message.send':
      return {
        ...needs,
        messages: command.drafts.flatMap((draft) => draft.replyTo ?? []),
        sendKeys: command.drafts.map((draft) => sendKey(actorId, draft.clientId)),
      };
    case 'message.edit':
    case 'message.delete':
      return { ...needs, messages: [command.messageId] };
    case 'message.erase':
      return { ...needs, messages: command.messageIds };
  }
}

/**
 * The rules of a chat: what follows when this person asks for this, in this state. No facts means that there is nothing to do
 * (a repeat, or a change to what already is). Changes nothing itself.
 * @throws DomainError the refusal. A stranger is told CHAT_NOT_FOUND, whatever he asks.
 */
export function decide(state: ChatState, actorId: UserId, command: Command): readonly Fact[] {
  switch (command.type) {
    case 'chat.open':
      return isOpen(state.chat) ? [] : [opened(actorId, command.peerId)];
    case 'chat.create':
      return decideCreate(state, actorId, command);
    case 'chat.update':
      return decideUpdate(state, actorId, command);
    case 'chat.delete':
      return decideDelete(state, actorId);
    case 'chat.join':
      return decideJoin(state, actorId);
    case 'member.add':
      return decideAdd(state, actorId, command);
    case 'member.update':
      return decideRole(state, actorId, command);
    case 'member.remove':
      return command.userId === actorId ? decideLeave(state, actorId, command) : decideRemove(state, actorId, command);
    case 'message.send':
      return decideSend(state, actorId, command);
    case 'message.edit':
      return decideEdit(state, actorId, command);
    case 'message.delete':
      return decideErase(state, actorId, command);
    case 'message.erase':
      return decideEraseOwn(state, actorId, command);
  }
}

type Of<T extends Command['type']> = Extract<Command, { type: T }>;

const isOpen = (chat: Chat | null): chat is Chat => chat?.live ?? false;

function opened(actorId: UserId, peerId: UserId): Fact {
  const roles = new Map<UserId, Role>([
    [actorId, 'member'],
    [peerId, 'member'],
  ]);
  return { type: 'chat.created', kind: 'direct', name: null, roles, lineId: null };
}

/** The chat and the actor's membership in it. Only of a public room may anybody know that it is there. */
function inside(state: ChatState, actorId: UserId): { chat: Chat; me: Member } {
  const me = state.members.get(actorId);
  if (!isOpen(state.chat)) throw chatNotFound();
  if (me?.active) return { chat: state.chat, me };
  throw state.chat.kind === 'public' ? notJoined() : chatNotFound();
}

/** Somebody else's membership in this chat. */
function fellow(state: ChatState, userId: UserId): Member {
  const member = state.members.get(userId);
  if (!member?.active) throw memberNotFound();
  return member;
}

/** A message of this chat that has not been put away by a deletion of the chat. */
function visible(state: ChatState, chat: Chat, id: MessageId): Message | undefined {
  const message = state.messages.get(id);
  return message && message.seq > chat.floorSeq ? message : undefined;
}

function decideCreate(state: ChatState, actorId: UserId, command: Of<'chat.create'>): Fact[] {
  if (state.chat) throw new Error('a new chat has a new id');
  const roles = new Map<UserId, Role>([[actorId, 'owner']]);
  for (const userId of command.memberIds) if (userId !== actorId) roles.set(userId, 'member');
  return [{ type: 'chat.created', kind: command.kind, name: command.name, roles, lineId: command.lineId }];
}

function decideUpdate(state: ChatState, actorId: UserId, command: Of<'chat.update'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind === 'direct') throw directChatFixed('A direct chat has no name and no picture of its own.');
  if (chat.kind === 'public' && !isAtLeast(me.role, 'admin')) throw forbidden('Only its admins may change a room.');
  const { name = chat.name, description = chat.description, avatarId = chat.avatarId, lineId } = command;
  if (name === chat.name && description === chat.description && avatarId === chat.avatarId) return [];
  return [{ type: 'chat.updated', name, description, avatarId, lineId }];
}

function decideJoin(state: ChatState, actorId: UserId): Fact[] {
  const { chat } = state;
  if (!isOpen(chat)) throw chatNotFound();
  const before = state.members.get(actorId);
  if (before?.active) return [];
  if (chat.kind !== 'public') throw chatNotFound();
  if (before?.banned) throw forbidden('You were removed from this room; an admin has to add you.');
  refuseBeyondFull(chat, 1);
  return [{ type: 'member.added', userIds: [actorId], lineId: null }];
}

function decideDelete(state: ChatState, actorId: UserId): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind !== 'direct' && me.role !== 'owner') throw forbidden('Only the owner may delete a chat.');
  return [{ type: 'chat.deleted' }];
}

function decideAdd(state: ChatState, actorId: UserId, command: Of<'member.add'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind === 'direct') throw directChatFixed('A direct chat has its two members and no more.');
  if (chat.kind === 'public' && !isAtLeast(me.role, 'admin'))
    throw forbidden('Only its admins may add people to a room.');
  const userIds = [...new Set(command.userIds)].filter((id) => !state.members.get(id)?.active);
  if (userIds.length === 0) return [];
  refuseBeyondFull(chat, userIds.length);
  return [{ type: 'member.added', userIds, lineId: lineOf(chat, command.lineId) }];
}

function refuseBeyondFull(chat: Chat, newcomers: number): void {
  if (chat.memberCount + newcomers <= MEMBERS_MAX) return;
  throw new DomainError('CHAT_FULL', `A chat has at most ${MEMBERS_MAX} members.`);
}

/** In a public room, coming and going leaves no lines: there is too much of it. */
const lineOf = (chat: Chat, lineId: MessageId): MessageId | null => (chat.kind === 'public' ? null : lineId);

function decideRole(state: ChatState, actorId: UserId, command: Of<'member.update'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind === 'direct') throw directChatFixed('A direct chat has no roles.');
  const target = fellow(state, command.userId);
  if (me.role !== 'owner') throw forbidden('Only the owner may change roles.');
  if (target.role === command.role) return [];
  if (target.userId === actorId) {
    throw new DomainError('OWNER_MUST_HAND_OVER', 'Make somebody else the owner instead.');
  }
  const roles = new Map<UserId, Role>([[target.userId, command.role]]);
  if (command.role === 'owner') roles.set(actorId, 'admin');
  return [{ type: 'member.updated', roles }];
}

function decideRemove(state: ChatState, actorId: UserId, command: Of<'member.remove'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind === 'direct') throw directChatFixed('Nobody can be removed from a direct chat.');
  const target = fellow(state, command.userId);
  if (!outranks(me.role, target.role)) throw forbidden('You may remove members of a lower rank only.');
  return [{ type: 'member.removed', userId: target.userId, banned: true, lineId: lineOf(chat, command.lineId) }];
}

/** An owner who leaves hands over first; with the last one the chat goes. */
function decideLeave(state: ChatState, actorId: UserId, command: Of<'member.remove'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  if (chat.kind === 'direct') throw directChatFixed('A direct chat cannot be left; it can be deleted.');
  if (chat.memberCount === 1) return [{ type: 'chat.deleted' }];
  const left: Fact = {
    type: 'member.removed',
    userId: actorId,
    banned: false,
    lineId: lineOf(chat, command.lineId),
  };
  if (me.role !== 'owner') return [left];
  if (!state.heir) throw new Error('the heir was not loaded');
  const roles = new Map<UserId, Role>([
    [state.heir.userId, 'owner'],
    [actorId, 'admin'],
  ]);
  return [{ type: 'member.updated', roles }, left];
}

function decideSend(state: ChatState, actorId: UserId, command: Of<'message.send'>): Fact[] {
  const opens = command.peerId !== undefined && !isOpen(state.chat);
  if (!opens) inside(state, actorId);
  const facts: Fact[] = [];
  const digests = new Map<string, string>();
  for (const draft of command.drafts) {
    const key = sendKey(actorId, draft.clientId);
    const stored = state.sent.get(key);
    const digest = digests.get(key) ?? stored?.digest ?? null;
    if (digest !== null && digest !== draft.digest) {
      throw new DomainError('CLIENT_ID_REUSED', 'This clientId was used for another message in this chat.');
    }
    if (stored || digest !== null) continue;
    digests.set(key, draft.digest);
    facts.push({ type: 'message.created', draft, replyTo: replyTarget(state, draft) });
  }
  if (opens && facts.length > 0 && command.peerId) facts.unshift(opened(actorId, command.peerId));
  return facts;
}

function replyTarget(state: ChatState, draft: Draft): Message['replyTo'] {
  if (draft.replyTo === null) return null;
  const target = isOpen(state.chat) ? visible(state, state.chat, draft.replyTo) : undefined;
  if (!target) throw new DomainError('REPLY_TARGET_UNKNOWN', 'The message replied to is not in this chat.');
  return { id: target.id, seq: target.seq };
}

function decideEdit(state: ChatState, actorId: UserId, command: Of<'message.edit'>): Fact[] {
  const { chat } = inside(state, actorId);
  const message = visible(state, chat, command.messageId);
  if (!message || message.deletedAt !== null) throw messageNotFound();
  if (message.kind === 'system' || message.senderId !== actorId) throw forbidden('Only its author may edit a message.');
  if (message.content === command.content) return [];
  return [{ type: 'message.updated', messageId: message.id, content: command.content }];
}

/** Authors delete their own; in a group, admins and the owner also those of lower ranks (of whoever has left, too). */
function decideErase(state: ChatState, actorId: UserId, command: Of<'message.delete'>): Fact[] {
  const { chat, me } = inside(state, actorId);
  const message = visible(state, chat, command.messageId);
  if (!message) throw messageNotFound();
  if (message.kind === 'system') throw forbidden('A system line stays.');
  const author = state.members.get(message.senderId);
  const authorRole = author?.active ? author.role : 'member';
  const mayModerate = chat.kind !== 'direct' && isAtLeast(me.role, 'admin') && outranks(me.role, authorRole);
  if (message.senderId !== actorId && !mayModerate)
    throw forbidden('Only its author or a chat admin may delete a message.');
  return message.deletedAt === null ? [{ type: 'message.deleted', messageId: message.id }] : [];
}

function decideEraseOwn({ chat, messages }: ChatState, actorId: UserId, command: Of<'message.erase'>): Fact[] {
  if (!isOpen(chat)) return [];
  return command.messageIds.flatMap((messageId): Fact[] => {
    const message = messages.get(messageId);
    const isLeft = message?.senderId === actorId && message.kind === 'text' && message.deletedAt === null;
    return isLeft && message.seq > chat.floorSeq ? [{ type: 'message.deleted', messageId }] : [];
  });
}

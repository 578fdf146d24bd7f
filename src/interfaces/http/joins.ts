/** Presenting with the names of people as the reader may see them; they are looked up for all items of an answer at once. */
import type { ChangeView, ChatView } from '../../application/chat-service.ts';
import type { MarkedMember } from '../../application/ports/persistence.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { Chat } from '../../domain/chat.ts';
import type { Message } from '../../domain/message.ts';
import type { Actor } from '../../domain/session.ts';
import type * as wire from '../contract/shapes.ts';
import {
  peopleInChange,
  peopleInChat,
  peopleInMessage,
  peopleInMessages,
  presentChange,
  presentChat,
  presentMember,
  presentMessage,
} from '../present.ts';

export async function joinMessages(
  directory: UserDirectory,
  { userId }: Actor,
  messages: readonly Message[],
): Promise<wire.Message[]> {
  const people = await directory.lookUpFor(userId, peopleInMessages(messages));
  return messages.map((message) => presentMessage(message, people));
}

export async function joinMessage(
  directory: UserDirectory,
  { userId }: Actor,
  message: Message,
): Promise<wire.Message> {
  return presentMessage(message, await directory.lookUpFor(userId, peopleInMessage(message)));
}

export async function joinChats(
  directory: UserDirectory,
  { userId }: Actor,
  chats: readonly ChatView[],
): Promise<wire.Chat[]> {
  const people = await directory.lookUpFor(userId, chats.flatMap(peopleInChat));
  return chats.map((chat) => presentChat(chat, people));
}

export async function joinChat(directory: UserDirectory, chat: ChatView): Promise<wire.Chat> {
  return presentChat(chat, await directory.lookUpFor(chat.member.userId, peopleInChat(chat)));
}

export async function joinMembers(
  directory: UserDirectory,
  chat: Chat,
  members: readonly MarkedMember[],
): Promise<wire.Member[]> {
  const people = await directory.lookUp(members.map(({ member }) => member.userId));
  return members.map((marked) => presentMember(chat, marked, people));
}

/** @param mine the chat as the reader sees it */
export async function joinChanges(
  directory: UserDirectory,
  changes: readonly ChangeView[],
  mine: ChatView,
): Promise<wire.Change[]> {
  const named = [...changes.flatMap(peopleInChange), ...peopleInChat(mine)];
  const people = await directory.lookUpFor(mine.member.userId, named);
  return changes.map((change) => presentChange(change, mine, people));
}

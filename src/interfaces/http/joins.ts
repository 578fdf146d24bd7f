/** Presenting with the names of people, who are looked up for all items of an answer at once. */
import type { ChangeView, ChatView } from '../../application/chat-service.ts';
import type { MarkedMember } from '../../application/ports/persistence.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { Chat } from '../../domain/chat.ts';
import type { Message } from '../../domain/message.ts';
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

export async function joinMessages(directory: UserDirectory, messages: readonly Message[]): Promise<wire.Message[]> {
  const people = await directory.lookUp(peopleInMessages(messages));
  return messages.map((message) => presentMessage(message, people));
}

export async function joinMessage(directory: UserDirectory, message: Message): Promise<wire.Message> {
  return presentMessage(message, await directory.lookUp(peopleInMessage(message)));
}

export async function joinChats(directory: UserDirectory, chats: readonly ChatView[]): Promise<wire.Chat[]> {
  const people = await directory.lookUp(chats.flatMap(peopleInChat));
  return chats.map((chat) => presentChat(chat, people));
}

export async function joinChat(directory: UserDirectory, chat: ChatView): Promise<wire.Chat> {
  return presentChat(chat, await directory.lookUp(peopleInChat(chat)));
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
  const people = await directory.lookUp([...changes.flatMap(peopleInChange), ...peopleInChat(mine)]);
  return changes.map((change) => presentChange(change, mine, people));
}

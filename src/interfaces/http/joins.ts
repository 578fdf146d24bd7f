/** Presenting with the names of people, who are looked up for all items of an answer at once. */
import type { ChangeView, ChatView } from '../../application/chat-service.ts';
import type { MarkedMember } from '../../application/ports/persistence.ts';
import type { UserDirectory } from '../../application/user-directory.ts';
import type { Chat } from '../../domain/chat.ts';
import type { UserId } from '../../domain/ids.ts';
import type { Message } from '../../domain/message.ts';
import type * as wire from '../contract/shapes.ts';
import {
  type People,
  peopleInChange,
  peopleInChat,
  peopleInMessage,
  presentChange,
  presentChat,
  presentMember,
  presentMessage,
} from '../present.ts';

/** Mostly of people who are known already, who cost no wait. */
async function peopleOf(directory: UserDirectory, ids: readonly UserId[]): Promise<People> {
  return directory.peek(ids) ?? directory.lookUp(ids);
}

export async function joinMessages(directory: UserDirectory, messages: readonly Message[]): Promise<wire.Message[]> {
  const people = await peopleOf(directory, messages.flatMap(peopleInMessage));
  return messages.map((message) => presentMessage(message, people));
}

export async function joinMessage(directory: UserDirectory, message: Message): Promise<wire.Message> {
  return presentMessage(message, await peopleOf(directory, peopleInMessage(message)));
}

export async function joinChats(directory: UserDirectory, chats: readonly ChatView[]): Promise<wire.Chat[]> {
  const people = await peopleOf(directory, chats.flatMap(peopleInChat));
  return chats.map((chat) => presentChat(chat, people));
}

export async function joinChat(directory: UserDirectory, chat: ChatView): Promise<wire.Chat> {
  return presentChat(chat, await peopleOf(directory, peopleInChat(chat)));
}

export async function joinMembers(
  directory: UserDirectory,
  chat: Chat,
  members: readonly MarkedMember[],
): Promise<wire.Member[]> {
  const people = await peopleOf(
    directory,
    members.map(({ member }) => member.userId),
  );
  return members.map((marked) => presentMember(chat, marked, people));
}

/** @param mine the chat as the reader sees it */
export async function joinChanges(
  directory: UserDirectory,
  changes: readonly ChangeView[],
  mine: ChatView,
): Promise<wire.Change[]> {
  const people = await peopleOf(directory, [...changes.flatMap(peopleInChange), ...peopleInChat(mine)]);
  return changes.map((change) => presentChange(change, mine, people));
}

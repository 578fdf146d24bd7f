import type { UserId } from '../domain/ids.ts';
import type { Acquaintance } from '../domain/user.ts';
import type { ChatRepository, UserRepository } from './ports/persistence.ts';

/** Answers how well the viewer knows each of these people. An admin sees everything of everybody. */
export async function acquaintanceOf(
  viewerId: UserId,
  userIds: readonly UserId[],
  { users, chats }: { users: Pick<UserRepository, 'find'>; chats: Pick<ChatRepository, 'acquaintances'> },
): Promise<(userId: UserId) => Acquaintance> {
  const [viewer, known] = await Promise.all([users.find(viewerId), chats.acquaintances(viewerId, userIds)]);
  return (userId) => {
    if (userId === viewerId || viewer?.role === 'admin') return 'self';
    return known.has(userId) ? 'acquaintance' : 'stranger';
  };
}

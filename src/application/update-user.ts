import type { UserId } from '../domain/ids.ts';
import type { User } from '../domain/user.ts';
import { takenError } from './account-creation.ts';
import type { UserRepository } from './ports/persistence.ts';
import type { Clock } from './ports/services.ts';

/**
 * Changes a person's row to what `change` makes of it, again from the newest row where somebody else was faster; null where
 * there is no such person. What changes nothing is not written.
 * @throws DomainError USERNAME_TAKEN, EMAIL_TAKEN, and what `change` throws
 */
export async function updateUser(
  users: UserRepository,
  clock: Clock,
  userId: UserId,
  change: (user: User) => Partial<User>,
): Promise<User | null> {
  for (;;) {
    const user = await users.find(userId);
    if (!user) return null;
    const changed = { ...user, ...change(user) };
    if (isSame(user, changed)) return user;
    const next: User = { ...changed, version: user.version + 1, updatedAt: clock.now() };
    const updated = await users.update(next);
    if (updated === 'updated') return next;
    if (updated !== 'stale') throw takenError(updated);
  }
}

function isSame(user: User, changed: User): boolean {
  const fields = Object.keys(changed) as (keyof User)[];
  return fields.every((field) => JSON.stringify(user[field]) === JSON.stringify(changed[field]));
}

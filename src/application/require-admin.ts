import { DomainError } from '../domain/errors.ts';
import type { Actor } from '../domain/session.ts';
import type { UserRepository } from './ports/persistence.ts';

/** Lets nobody pass but an admin of this server. @throws DomainError FORBIDDEN */
export async function requireAdmin(users: UserRepository, actor: Actor): Promise<void> {
  const user = await users.find(actor.userId);
  if (user?.role !== 'admin') throw new DomainError('FORBIDDEN', 'Only an admin of this server may do this.');
}

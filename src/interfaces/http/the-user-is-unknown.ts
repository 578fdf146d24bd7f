import { DomainError } from '../../domain/errors.ts';
import { userNotFound } from '../../domain/user.ts';

/** For `catch` where the person is part of the path: he is what cannot be found. */
export function theUserIsUnknown(error: unknown): never {
  throw error instanceof DomainError && error.code === 'USERS_UNKNOWN' ? userNotFound() : error;
}

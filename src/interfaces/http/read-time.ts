import { validationFailed } from '../../domain/errors.ts';
import type { Instant } from '../../domain/ids.ts';

/** A time of a request that its schema has passed. @throws DomainError VALIDATION_FAILED for a leap second, which no clock here knows */
export function readTime(path: string, text: string): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw validationFailed([{ path, message: 'is not a time' }]);
  return instant;
}

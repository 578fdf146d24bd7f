import { validationFailed } from '../../domain/errors.ts';
import type { Instant } from '../../domain/ids.ts';

/** As UTC it would have more than the four digits of a year that RFC 3339 knows, and could not be told. */
const TOO_LATE = Date.UTC(10_000, 0);

/**
 * A time of a request that its schema has passed.
 * @throws DomainError VALIDATION_FAILED for a leap second, which no clock here knows, and beyond the year 9999
 */
export function readTime(path: string, text: string): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant) || instant >= TOO_LATE) throw validationFailed([{ path, message: 'is not a time' }]);
  return instant;
}

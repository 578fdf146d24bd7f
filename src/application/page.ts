import { validationFailed } from '../domain/errors.ts';

/** Part of a list, and where its next part begins. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

const utf8 = new TextEncoder();

/** An opaque cursor over these parts. Not secret and not signed: whoever forges one gets another part of what is his anyway. */
export const encodeCursor = (parts: readonly (string | number)[]): string =>
  btoa(String.fromCharCode(...utf8.encode(JSON.stringify(parts))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** @throws DomainError VALIDATION_FAILED for anything that `encodeCursor` did not make of such parts */
export function decodeCursor<T extends readonly ('string' | 'number')[]>(
  cursor: string,
  ...types: T
): { [K in keyof T]: T[K] extends 'string' ? string : number } {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const parts: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (Array.isArray(parts) && parts.length === types.length && parts.every((part, i) => typeof part === types[i])) {
      return parts as { [K in keyof T]: T[K] extends 'string' ? string : number };
    }
  } catch {
    // Not base64 or not JSON: refused below like every other wrong cursor.
  }
  throw validationFailed([{ path: '/cursor', message: 'is not a cursor of this list' }]);
}

/** @throws DomainError VALIDATION_FAILED when more than one of `before`, `after`, `around`, `cursor` is given */
export function onlyOneOf(query: Record<string, unknown>): void {
  const given = Object.keys(query).filter((name) => query[name] !== undefined);
  if (given.length > 1) {
    throw validationFailed(
      given.map((name) => ({
        path: `/${name}`,
        message: `goes alone, not with ${given.filter((o) => o !== name).join(', ')}`,
      })),
    );
  }
}

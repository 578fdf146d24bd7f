import { DomainError, invalid } from './errors.ts';
import type { BlobId, Instant, UserId } from './ids.ts';
import { codePointCount, optionalText, storableText, uniqueKey } from './text.ts';

export const USERNAME_LENGTH = { min: 3, max: 25 } as const;
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;
const EMAIL_MAX = 254; // RFC 5321 4.5.3.1.3, less the angle brackets
const DISPLAY_NAME_MAX = 50;
const BIO_MAX = 500;
const LOCATION_MAX = 100;

export const PUBLISHABLE_FIELDS = ['email', 'birthDate'] as const;
export type PublishableField = (typeof PUBLISHABLE_FIELDS)[number];

/** What a person may change about himself. */
export interface Profile {
  readonly username: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly location: string | null;
  /** `YYYY-MM-DD` */
  readonly birthDate: string | null;
  readonly isPrivate: boolean;
  /** What strangers may see of what is otherwise hidden. */
  readonly publicFields: readonly PublishableField[];
  readonly showPresence: boolean;
}

/** A person with an account. The password is not part of it: only the repository ever holds its hash. */
export interface User extends Profile {
  readonly id: UserId;
  readonly role: 'user' | 'admin';
  /** +1 for every change of this row. */
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Since when the account may not be used; null while it may. */
  readonly suspendedAt: Instant | null;
  readonly avatarId: BlobId | null;
}

/** The key under which a login is looked up, be it a username or an address: an address has an @, a username has none. */
export const loginKey = uniqueKey;

/** Controls, format characters, fillers and unassigned code points: with them two names could look the same. */
const INVISIBLE = /\p{C}|\p{DI}/u;

/** @throws DomainError VALIDATION_FAILED */
export function checkUsername(raw: string): string {
  const name = storableText(raw, USERNAME_LENGTH.min, USERNAME_LENGTH.max);
  const key = uniqueKey(name);
  // Of the key, too: a full-width @ would make it somebody's address.
  if (/[@/]/u.test(key)) throw invalid('must not contain @ or /');
  if (/\p{Z}|\s/u.test(name)) throw invalid('must not contain blanks');
  if (INVISIBLE.test(name)) throw invalid('must not contain invisible characters');
  if (codePointCount(key) > USERNAME_LENGTH.max * 4) throw invalid('must not contain compatibility ligatures');
  return name;
}

/**
 * Syntax only, no DNS: one @, a dot-atom before it (RFC 5322 3.2.3, letters of any script by RFC 6531) and host labels after it.
 * @throws DomainError VALIDATION_FAILED
 */
export function checkEmail(raw: string): string {
  const address = storableText(raw, 3, EMAIL_MAX);
  const at = address.lastIndexOf('@');
  const [local, host] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)];
  const labels = host.split('.');
  const isLabel = (label: string) => /^[\p{L}\p{N}\p{M}-]{1,63}$/u.test(label) && !/^-|-$/.test(label);
  const isAtom = (atom: string) => /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+$/u.test(atom);
  const fits = local.length <= 64 && labels.length >= 2 && labels.every(isLabel) && local.split('.').every(isAtom);
  if (!fits || INVISIBLE.test(address)) throw invalid('must be an e-mail address');
  return address;
}

/**
 * Any characters, no composition rules (NIST SP 800-63B 3.1.1.2), not trimmed.
 * @throws DomainError VALIDATION_FAILED
 */
export function checkPassword(raw: string): string {
  if (raw.includes('\0') || !raw.isWellFormed()) throw invalid('must not contain NUL or a lone surrogate');
  const length = codePointCount(raw);
  if (length < PASSWORD_LENGTH.min) throw invalid(`must have at least ${PASSWORD_LENGTH.min} characters`);
  if (length > PASSWORD_LENGTH.max) throw invalid(`must have at most ${PASSWORD_LENGTH.max} characters`);
  return raw;
}

/** Whether a password is what everybody knows of its owner, in whatever case. */
export const isOwnName = (password: string, { username, email }: Pick<Profile, 'username' | 'email'>): boolean =>
  [username, email].some((name) => uniqueKey(name) === uniqueKey(password));

const PIECE_MAX = 4;

/**
 * Whether a password is up to four characters again and again (`aaaaaaaa`, `abcabcabc`), or one run of neighbours, up or down
 * (`12345678`, `hgfedcba`), in whatever case.
 */
export function isPlainRow(password: string): boolean {
  const points = Array.from(password.toLowerCase(), (character) => character.codePointAt(0) ?? 0);
  const repeats = (piece: number) => points.every((point, i) => point === points[i % piece]);
  const runs = (step: number) => points.every((point, i) => i === 0 || point === (points[i - 1] ?? 0) + step);
  return [1, -1].some(runs) || Array.from({ length: PIECE_MAX }, (_, i) => i + 1).some(repeats);
}

/** @throws DomainError VALIDATION_FAILED */
export function checkBirthDate(raw: string | null, now: Instant): string | null {
  if (raw === null) return null;
  const parsed = /^\d{4}-\d{2}-\d{2}$/.test(raw) ? Date.parse(`${raw}T00:00:00Z`) : Number.NaN;
  const isReal = !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(raw);
  if (!isReal) throw invalid('must be a date, YYYY-MM-DD');
  if (raw < '1900-01-01' || parsed > now) throw invalid('must be between 1900 and today');
  return raw;
}

export const checkDisplayName = (raw: string | null): string | null => optionalText(raw, DISPLAY_NAME_MAX);
export const checkBio = (raw: string | null): string | null => optionalText(raw, BIO_MAX);
export const checkLocation = (raw: string | null): string | null => optionalText(raw, LOCATION_MAX);

/** How much of a person a viewer sees: himself all; an acquaintance shares a chat with him; a stranger does not. */
export type Acquaintance = 'self' | 'acquaintance' | 'stranger';

/** The same person with everything that this viewer may not see set to null. */
export function seenBy(user: User, viewer: Acquaintance): Omit<User, 'email'> & { readonly email: string | null } {
  if (viewer === 'self') return user;
  const published = (field: PublishableField) => user.publicFields.includes(field);
  const open = viewer === 'acquaintance' || !user.isPrivate;
  return {
    ...user,
    displayName: open ? user.displayName : null,
    avatarId: open ? user.avatarId : null,
    location: open ? user.location : null,
    email: open && published('email') ? user.email : null,
    birthDate: open && published('birthDate') ? user.birthDate : null,
  };
}

export const userNotFound = (): DomainError => new DomainError('USER_NOT_FOUND', 'There is no such user.');

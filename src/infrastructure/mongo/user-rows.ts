import type { Deletion } from '../../application/ports/deletions.ts';
import { gramsOf } from '../../domain/grams.ts';
import type { Instant, UserId } from '../../domain/ids.ts';
import { searchKey, uniqueKey } from '../../domain/text.ts';
import type { User } from '../../domain/user.ts';

/** What an account is found and listed by. */
interface Keys {
  readonly usernameKey: string;
  readonly emailKey: string;
  readonly nameKey: string;
  readonly listedName: string;
  /** Every run of 1 to 3 code points of both names, each with the letter of its name before it. */
  readonly grams: readonly string[];
}

export type UserRow = Omit<User, 'id'> &
  Keys & {
    readonly _id: UserId;
    readonly passwordHash: string;
    readonly lastSeenAt?: Instant;
    readonly deletedAt?: Instant;
    /** What is left to do after a deletion. */
    readonly deletion?: Pick<Deletion, 'messages' | 'at'>;
    /** Of a deleted account, as long as nobody else may have its username. */
    readonly nameHeldSince?: Instant;
  };

/** A row that is no deleted account's. */
export const THERE = { deletedAt: { $exists: false } } as const;

export const gram = (name: 'u' | 'n', part: string): string => name + part;

export const fieldsOf = ({ id: _, ...user }: User): Omit<UserRow, '_id' | 'passwordHash'> => {
  const nameKey = searchKey(user.displayName ?? '');
  return {
    ...user,
    usernameKey: uniqueKey(user.username),
    emailKey: uniqueKey(user.email),
    nameKey,
    listedName: user.isPrivate ? '' : nameKey,
    grams: [
      ...gramsOf(searchKey(user.username)).map((part) => gram('u', part)),
      ...gramsOf(nameKey).map((part) => gram('n', part)),
    ],
  };
};

export function toUser(row: UserRow): User {
  const {
    _id,
    usernameKey: _,
    emailKey: __,
    passwordHash: ___,
    nameKey: ____,
    listedName: _____,
    grams: ______,
    ...rest
  } = row;
  const { lastSeenAt: _______, deletedAt: ________, deletion: _________, nameHeldSince: __________, ...user } = rest;
  return { id: _id, ...user };
}

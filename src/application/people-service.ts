import { checkFields, invalid, validationFailed } from '../domain/errors.ts';
import type { UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import { searchKey, storableText, uniqueKey } from '../domain/text.ts';
import { acquaintanceOf } from './acquaintance.ts';
import { decodeCursor, encodeCursor, onlyOneOf, type Page } from './page.ts';
import type { ChatRepository, UserOrder, UserPosition, UserRepository } from './ports/persistence.ts';
import type { PresenceService } from './presence-service.ts';
import type { ProfileView } from './profile-service.ts';

const TEXT_MAX = 100;
const IDS_MAX = 100;

export type PeopleSort = UserOrder | `-${UserOrder}`;

/** All that is given must hold. */
export interface PeopleQuery {
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
  /** A part of the username, whatever the case and Unicode form. */
  readonly usernameLike?: string | undefined;
  readonly displayNameLike?: string | undefined;
  /** A part of either. */
  readonly q?: string | undefined;
  readonly ids?: readonly UserId[] | undefined;
  readonly excludeMe?: boolean | undefined;
  /** Only who is online, as far as the actor may know. */
  readonly online?: boolean | undefined;
  readonly sort?: PeopleSort | undefined;
  readonly limit: number;
  /** At most one of these two. */
  readonly offset?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Finding people: everybody with an account is in the list, and of each there is to see what he lets the actor see. */
export class PeopleService {
  readonly #users: UserRepository;
  readonly #chats: ChatRepository;
  readonly #presence: PresenceService;

  constructor(deps: { users: UserRepository; chats: ChatRepository; presence: PresenceService }) {
    this.#users = deps.users;
    this.#chats = deps.chats;
    this.#presence = deps.presence;
  }

  /**
   * Newest first unless asked otherwise, ties by id. A part of a list that costs too much to fill is short, and goes on.
   * @throws DomainError VALIDATION_FAILED
   */
  async list(actor: Actor, query: PeopleQuery): Promise<Page<ProfileView>> {
    const { cursor, offset, sort = '-createdAt' } = query;
    onlyOneOf({ cursor, offset });
    const [order, descending] = readSort(sort);
    const after = cursor === undefined ? null : readCursor(cursor, sort, order);
    const { users, next } = await this.#users.search({
      ...textsOf(query),
      ...(await this.#idsOf(actor, query)),
      ...(query.excludeMe && { exceptId: actor.userId }),
      ...{ viewerId: actor.userId, order, descending, after, offset: offset ?? 0, limit: query.limit },
    });
    const found = users.map(({ id }) => id);
    const viewerOf = await acquaintanceOf(actor.userId, found, { users: this.#users, chats: this.#chats });
    return {
      items: users.map((user) => ({ user, viewer: viewerOf(user.id) })),
      nextCursor: next && encodeCursor([sort, next.value, next.id]),
    };
  }

  async #idsOf(actor: Actor, { ids, online }: PeopleQuery): Promise<{ ids?: readonly UserId[] }> {
    if (!online) return ids ? { ids } : {};
    const connected = await this.#presence.connected(actor);
    const wanted = ids && new Set(ids);
    return { ids: wanted ? connected.filter((id) => wanted.has(id)) : connected };
  }
}

function readSort(sort: PeopleSort): [order: UserOrder, descending: boolean] {
  return sort.startsWith('-') ? [sort.slice(1) as UserOrder, true] : [sort as UserOrder, false];
}

/** A cursor is one of the list in the same order. */
function readCursor(cursor: string, sort: PeopleSort, order: UserOrder): UserPosition {
  const [ofSort, value, id] =
    order === 'createdAt'
      ? decodeCursor(cursor, 'string', 'number', 'string')
      : decodeCursor(cursor, 'string', 'string', 'string');
  if (ofSort !== sort) throw validationFailed([{ path: '/cursor', message: 'is of this list in another order' }]);
  return { value, id };
}

function textsOf({ username, displayName, usernameLike, displayNameLike, q, ids = [] }: PeopleQuery) {
  const text = (raw: string) => storableText(raw, 1, TEXT_MAX);
  const { username: name, ...texts } = checkFields({
    ...(username !== undefined && { username: () => uniqueKey(text(username)) }),
    ...(displayName !== undefined && { displayName: () => searchKey(text(displayName)) }),
    ...(usernameLike !== undefined && { usernameLike: () => searchKey(text(usernameLike)) }),
    ...(displayNameLike !== undefined && { displayNameLike: () => searchKey(text(displayNameLike)) }),
    ...(q !== undefined && { q: () => searchKey(text(q)) }),
    ids: () => {
      if (ids.length > IDS_MAX) throw invalid(`must have at most ${IDS_MAX} ids`);
    },
  }) as Record<'username' | 'displayName' | 'usernameLike' | 'displayNameLike' | 'q', string | undefined>;
  return {
    ...(name !== undefined && { username: name }),
    ...(texts.displayName !== undefined && { displayName: texts.displayName }),
    ...(texts.usernameLike !== undefined && { usernamePart: texts.usernameLike }),
    ...(texts.displayNameLike !== undefined && { displayNamePart: texts.displayNameLike }),
    ...(texts.q !== undefined && { part: texts.q }),
  };
}

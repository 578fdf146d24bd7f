import { checkFields } from '../domain/errors.ts';
import type { UserId } from '../domain/ids.ts';
import type { Actor } from '../domain/session.ts';
import {
  type Acquaintance,
  checkBio,
  checkBirthDate,
  checkDisplayName,
  checkEmail,
  checkLocation,
  checkUsername,
  type Profile,
  type User,
  userNotFound,
} from '../domain/user.ts';
import { takenError } from './auth-service.ts';
import type { ChatRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';

export type ProfilePatch = { readonly [K in keyof Profile]?: Profile[K] | undefined };

/** A person as somebody else asks for him, and how well the two know each other. */
export interface ProfileView {
  readonly user: User;
  readonly viewer: Acquaintance;
}

/** Profiles: one's own, to read and change, and other people's, to read as far as they allow. */
export class ProfileService {
  readonly #users: UserRepository;
  readonly #chats: ChatRepository;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: { users: UserRepository; chats: ChatRepository; bus: EventBus; clock: Clock }) {
    this.#users = deps.users;
    this.#chats = deps.chats;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** @throws DomainError USER_NOT_FOUND */
  async me(actor: Actor): Promise<User> {
    const user = await this.#users.find(actor.userId);
    if (!user) throw userNotFound();
    return user;
  }

  /** @throws DomainError USER_NOT_FOUND */
  async view(actor: Actor, userId: UserId): Promise<ProfileView> {
    const user = await this.#users.find(userId);
    if (!user) throw userNotFound();
    if (userId === actor.userId) return { user, viewer: 'self' };
    const acquainted = await this.#chats.shareChat(actor.userId, userId);
    return { user, viewer: acquainted ? 'acquaintance' : 'stranger' };
  }

  /**
   * Changes what the patch names. One that changes nothing is answered with the profile as it is.
   * @throws DomainError VALIDATION_FAILED, USERNAME_TAKEN, EMAIL_TAKEN
   */
  async update(actor: Actor, patch: ProfilePatch): Promise<User> {
    const checked = this.#check(patch);
    for (;;) {
      const user = await this.me(actor);
      const changed = { ...user, ...checked };
      if (sameProfile(user, changed)) return user;
      const next: User = { ...changed, version: user.version + 1, updatedAt: this.#clock.now() };
      const updated = await this.#users.update(next);
      if (updated === 'stale') continue;
      if (updated !== 'updated') throw takenError(updated);
      this.#bus.publish({ type: 'user.updated', userId: next.id, version: next.version });
      return next;
    }
  }

  #check(patch: ProfilePatch): Partial<Profile> {
    const rules: { -readonly [K in keyof Profile]?: () => Profile[K] } = {};
    const { username, email, displayName, bio, location, birthDate, isPrivate, publicFields, showPresence } = patch;
    if (username !== undefined) rules.username = () => checkUsername(username);
    if (email !== undefined) rules.email = () => checkEmail(email);
    if (displayName !== undefined) rules.displayName = () => checkDisplayName(displayName);
    if (bio !== undefined) rules.bio = () => checkBio(bio);
    if (location !== undefined) rules.location = () => checkLocation(location);
    if (birthDate !== undefined) rules.birthDate = () => checkBirthDate(birthDate, this.#clock.now());
    if (isPrivate !== undefined) rules.isPrivate = () => isPrivate;
    if (publicFields !== undefined) rules.publicFields = () => [...new Set(publicFields)].sort();
    if (showPresence !== undefined) rules.showPresence = () => showPresence;
    return checkFields<Partial<Profile>>(rules as { [K in keyof Profile]: () => Profile[K] });
  }
}

function sameProfile(user: User, changed: User): boolean {
  const fields = Object.keys(changed) as (keyof User)[];
  return fields.every((field) => JSON.stringify(user[field]) === JSON.stringify(changed[field]));
}

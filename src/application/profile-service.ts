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
  loginKey,
  type Profile,
  type User,
  userNotFound,
} from '../domain/user.ts';
import type { MailQueue } from './ports/mail-queue.ts';
import type { OneTimeCodeRepository } from './ports/one-time-codes.ts';
import type { ChatRepository, UserRepository } from './ports/persistence.ts';
import type { EventBus } from './ports/realtime.ts';
import type { Clock } from './ports/services.ts';
import { updateUser } from './update-user.ts';

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
  readonly #codes: OneTimeCodeRepository;
  readonly #mailQueue: MailQueue;
  readonly #bus: EventBus;
  readonly #clock: Clock;

  constructor(deps: {
    users: UserRepository;
    chats: ChatRepository;
    codes: OneTimeCodeRepository;
    mailQueue: MailQueue;
    bus: EventBus;
    clock: Clock;
  }) {
    this.#users = deps.users;
    this.#chats = deps.chats;
    this.#codes = deps.codes;
    this.#mailQueue = deps.mailQueue;
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** @throws DomainError USER_NOT_FOUND */
  async me(actor: Actor): Promise<User> {
    const user = await this.#users.find(actor.userId);
    if (!user) throw userNotFound();
    return user;
  }

  /** An admin sees everything of everybody. @throws DomainError USER_NOT_FOUND */
  async view(actor: Actor, userId: UserId): Promise<ProfileView> {
    const user = await this.#users.find(userId);
    if (!user) throw userNotFound();
    if (userId === actor.userId) return { user, viewer: 'self' };
    const [me, acquainted] = await Promise.all([
      this.#users.find(actor.userId),
      this.#chats.shareChat(actor.userId, userId),
    ]);
    if (me?.role === 'admin') return { user, viewer: 'self' };
    return { user, viewer: acquainted ? 'acquaintance' : 'stranger' };
  }

  /**
   * Changes what the patch names. One that changes nothing is answered with the profile as it is.
   * @throws DomainError VALIDATION_FAILED, USERNAME_TAKEN, EMAIL_TAKEN
   */
  async update(actor: Actor, patch: ProfilePatch): Promise<User> {
    const checked = this.#check(patch);
    const before = await this.me(actor);
    const isMoving = checked.email !== undefined && loginKey(checked.email) !== loginKey(before.email);
    // Before the change, so that no crash can keep it from being told; whether it was made is looked at when the mail is.
    if (isMoving) await this.#queueAddressChanged(before);
    const user = await updateUser(this.#users, this.#clock, actor.userId, () => checked);
    if (!user) throw userNotFound();
    if (isMoving) await this.#codes.revoke('password-reset', user.id); // they were sent to the former address
    if (user.version !== before.version) {
      this.#bus.publish({ type: 'user.updated', userId: user.id, version: user.version });
    }
    return user;
  }

  /** Has the address that the person is about to leave told of it. */
  async #queueAddressChanged({ id: userId, email }: User): Promise<void> {
    const letter = { kind: 'address-changed', to: email, userId } as const;
    const now = this.#clock.now();
    await this.#mailQueue.enqueue(`address-changed ${userId} ${now}`, letter, now);
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

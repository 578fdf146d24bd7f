/** Plays a plan through the use cases of Parley, as if people had done it all themselves: the domain decides, the log stores. */

import type { Clock } from '../src/application/ports/services.ts';
import { loadConfig } from '../src/config.ts';
import { type Application, buildApplication, createLogger, type Leaves } from '../src/container.ts';
import { DomainError } from '../src/domain/errors.ts';
import type { ChatId, Instant, MessageId } from '../src/domain/ids.ts';
import type { Actor } from '../src/domain/session.ts';
import { RandomIds } from '../src/infrastructure/system.ts';
import { Chance } from './chance.ts';
import type { Happening } from './history.ts';
import { HERO, type Persona } from './people.ts';
import { picture } from './picture.ts';
import type { Plan } from './plan.ts';

/** Everybody's. It is printed, and the server that knows it is reached from its own machine only. */
export const PASSWORD = 'come in and look around';

const DAY = 24 * 3_600_000;
const BEFORE_ALL = -366 * DAY;

/** Stands where it is put. */
class StageClock implements Clock {
  #now: Instant;

  constructor(now: Instant) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  elapsed(): number {
    return this.#now;
  }

  async sleep(): Promise<void> {}

  set(now: Instant): void {
    this.#now = now;
  }
}

/** UUIDv7 (RFC 9562 5.7) by the clock of the stage and by chance that is always the same; secrets stay secrets. */
class StageIds extends RandomIds {
  readonly #clock: Clock;
  readonly #chance = new Chance(7);

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  override next(): string {
    const time = this.#clock.now().toString(16).padStart(12, '0');
    const hex = (digits: number) =>
      this.#chance
        .between(0, 16 ** digits - 1)
        .toString(16)
        .padStart(digits, '0');
    const variant = this.#chance.pick(['8', '9', 'a', 'b']);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(6)}${hex(6)}`;
  }
}

/** What is there already; the rest is made for the play. */
export interface Stage extends Pick<Leaves, 'store'>, Partial<Pick<Leaves, 'blobs' | 'hasher'>> {
  /** Where files go unless `blobs` says otherwise. */
  readonly dataDir: string;
}

/**
 * Fills an empty store with what the plan says, up to the instant `begin`. The second person is an admin. Pictures are left out
 * where nothing here can read images.
 */
export async function perform(plan: Plan, begin: Instant, { dataDir, ...stage }: Stage): Promise<void> {
  const clock = new StageClock(begin + BEFORE_ALL);
  const application = await buildApplication({
    ...{ config: { ...loadConfig({}, []), dataDir, rateLimit: false }, version: '', logger: createLogger('silent') },
    ...{ signingKey: new RandomIds().secret(48), epoch: await stage.store.settings.epoch() },
    ...{ clock, ids: new StageIds(clock), ...stage },
  });
  const actors: Actor[] = [];
  for (const [i, persona] of plan.people.entries()) actors.push(await enter(application, persona, i));
  const performance = new Performance(plan, application, actors);
  for (const happening of plan.happenings) {
    clock.set(begin + happening.at);
    await performance.do(happening);
  }
  await application.writer.drained();
  await application.gateway.close();
  await application.server.close();
}

/** Makes somebody's account. */
async function enter({ operator, services }: Application, persona: Persona, number: number): Promise<Actor> {
  const { username, displayName, bio, location } = persona;
  const account = { username, displayName, email: `${username}@demo.example`, password: PASSWORD };
  const { id: userId } = await operator.createUser(account, number === HERO + 1 ? 'admin' : 'user');
  const actor = { userId, sessionId: '' };
  await services.profiles.update(actor, {
    bio,
    location,
    isPrivate: number % 11 === 10,
    showPresence: number % 13 !== 12,
  });
  if (number % 6 !== 5) await unlessUnsupported(services.avatars.setOwn(actor, picture(number)));
  return actor;
}

async function unlessUnsupported(setting: Promise<unknown>): Promise<void> {
  await setting.catch((error: unknown) => {
    if (!(error instanceof DomainError && error.code === 'AVATARS_UNSUPPORTED')) throw error;
  });
}

interface StagedChat {
  readonly id: ChatId;
  readonly lines: { readonly id: MessageId; readonly seq: number }[];
}

class Performance {
  readonly #plan: Plan;
  readonly #services: Application['services'];
  readonly #actors: readonly Actor[];
  readonly #chats = new Map<number, StagedChat>();

  constructor(plan: Plan, { services }: Application, actors: readonly Actor[]) {
    this.#plan = plan;
    this.#services = services;
    this.#actors = actors;
  }

  async do(happening: Happening): Promise<void> {
    const { chats, messages, avatars } = this.#services;
    const actor = at(this.#actors, happening.by);
    if (happening.type === 'open') {
      this.#chats.set(happening.chat, { id: await this.#open(actor, happening.chat), lines: [] });
      return;
    }
    const chat = this.#chats.get(happening.chat);
    if (!chat) throw new Error(`chat ${happening.chat} is not open`);
    const { id, lines } = chat;
    switch (happening.type) {
      case 'say': {
        const replyTo = happening.replyTo === null ? null : at(lines, happening.replyTo).id;
        const sent = await messages.send(actor, id, [{ content: happening.text, replyTo }]);
        return void lines.push(at(sent.messages, 0));
      }
      case 'edit':
        return void (await messages.edit(actor, id, at(lines, happening.line).id, happening.text));
      case 'delete':
        return messages.delete(actor, id, at(lines, happening.line).id);
      case 'read':
        return void (await chats.markRead(actor, id, at(lines, happening.line).seq));
      case 'join':
        return void (await chats.join(actor, id));
      case 'leave':
        return chats.removeMember(actor, id, actor.userId);
      case 'add':
        return void (await chats.addMembers(actor, id, [at(this.#actors, happening.whom).userId]));
      case 'promote':
        return void (await chats.changeRole(actor, id, at(this.#actors, happening.whom).userId, 'admin'));
      case 'rename':
        return void (await chats.update(actor, id, { name: happening.name }));
      case 'describe':
        return void (await chats.update(actor, id, { description: happening.description }));
      case 'picture':
        return unlessUnsupported(avatars.setOfChat(actor, id, picture(1_000 + happening.chat)));
    }
  }

  async #open(actor: Actor, number: number): Promise<ChatId> {
    const { chats } = this.#services;
    const { kind, name, members } = at(this.#plan.chats, number);
    if (kind === 'public') return (await chats.createRoom(actor, { name })).chat.id;
    const memberIds = members.map((member) => at(this.#actors, member).userId);
    if (kind === 'group') return (await chats.createGroup(actor, { name, memberIds })).chat.id;
    return (await chats.openDirect(actor, at(memberIds, 1))).chat.chat.id;
  }
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
}

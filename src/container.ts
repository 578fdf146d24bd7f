/**
 * The composition root: every part of a Parley process, what it is made of, and which adapter keeps which port. Tests enter
 * through `buildApplication` too, with leaves of their own. What opens asynchronously is opened before and passed in.
 */
import 'reflect-metadata';
import type { Logger } from 'pino';
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from 'tsyringe';
import { AuthService } from './application/auth-service.ts';
import { ChatService } from './application/chat-service.ts';
import { ChatWriter } from './application/chat-writer.ts';
import { MessageService } from './application/message-service.ts';
import type { Store } from './application/ports/persistence.ts';
import type { EventBus } from './application/ports/realtime.ts';
import type { Clock, Digests, IdGenerator, PasswordHasher } from './application/ports/services.ts';
import { ProfileService } from './application/profile-service.ts';
import { Recovery } from './application/recovery.ts';
import { UserDirectory } from './application/user-directory.ts';
import type { Config } from './config.ts';
import { LocalEventBus } from './infrastructure/local/local-event-bus.ts';
import { openMongoStore } from './infrastructure/mongo/mongo-store.ts';
import { Argon2PasswordHasher } from './infrastructure/security/argon2-password-hasher.ts';
import { loadSigningKey } from './infrastructure/security/signing-key.ts';
import { openSqliteStore } from './infrastructure/sqlite/sqlite-store.ts';
import { RandomIds, Sha256Digests, SystemClock } from './infrastructure/system.ts';
import { buildServer, type ParleyServer } from './interfaces/http/server.ts';
import { Readiness } from './interfaces/readiness.ts';
import type { Services } from './interfaces/services.ts';
import { Gateway } from './interfaces/ws/gateway.ts';

export { createLogger } from './infrastructure/observability/logger.ts';

const SIGNING_KEY_BYTES = 48;

/** What is there before anything is built: opened, loaded or, in a test, replaced. */
export interface Leaves {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly store: Store;
  /** Signs access tokens; the same on every node. */
  readonly signingKey: string;
  readonly epoch: string;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly hasher?: PasswordHasher;
}

/** What main.ts starts and stops. */
export interface Application {
  readonly server: ParleyServer;
  readonly gateway: Gateway;
  readonly writer: ChatWriter;
  readonly recovery: Recovery;
  readonly readiness: Readiness;
  readonly services: Services;
}

const token = <T>(name: string): InjectionToken<T> => Symbol(name);

const LEAVES = token<Leaves>('Leaves');
const CLOCK = token<Clock>('Clock');
const IDS = token<IdGenerator>('IdGenerator');
const DIGESTS = token<Digests>('Digests');
const HASHER = token<PasswordHasher>('PasswordHasher');
const BUS = token<EventBus>('EventBus');
const WRITER = token<ChatWriter>('ChatWriter');
const DIRECTORY = token<UserDirectory>('UserDirectory');
const AUTH = token<AuthService>('AuthService');
const PROFILES = token<ProfileService>('ProfileService');
const CHATS = token<ChatService>('ChatService');
const MESSAGES = token<MessageService>('MessageService');
const RECOVERY = token<Recovery>('Recovery');
const SERVICES = token<Services>('Services');
const GATEWAY = token<Gateway>('Gateway');
const READINESS = token<Readiness>('Readiness');

function compose(leaves: Leaves): DependencyContainer {
  const { config, logger, store } = leaves;
  const root = container.createChildContainer();
  const single = <T>(name: InjectionToken<T>, make: (c: DependencyContainer) => T) =>
    root.register(name, { useFactory: instanceCachingFactory(make) });

  root.registerInstance(LEAVES, leaves);
  single(CLOCK, () => leaves.clock ?? new SystemClock());
  single(IDS, () => leaves.ids ?? new RandomIds());
  single(DIGESTS, () => new Sha256Digests());
  single(HASHER, () => leaves.hasher ?? new Argon2PasswordHasher());
  single(BUS, () => new LocalEventBus(logger));

  const core = (c: DependencyContainer) => ({
    bus: c.resolve(BUS),
    clock: c.resolve(CLOCK),
    ids: c.resolve(IDS),
    logger,
  });
  single(WRITER, (c) => new ChatWriter({ ...core(c), log: store.chatLog }));
  single(DIRECTORY, (c) => new UserDirectory({ users: store.users, bus: c.resolve(BUS) }));
  single(AUTH, (c) => {
    const { users, sessions } = store;
    return new AuthService({ ...core(c), users, sessions, hasher: c.resolve(HASHER), digests: c.resolve(DIGESTS) });
  });
  single(PROFILES, (c) => new ProfileService({ ...core(c), users: store.users, chats: store.chats }));
  single(CHATS, (c) => {
    const { chats, messages, chatLog, users } = store;
    return new ChatService({ ...core(c), chats, messages, log: chatLog, users, writer: c.resolve(WRITER) });
  });
  single(MESSAGES, (c) => {
    const { messages } = store;
    const [chats, writer] = [c.resolve(CHATS), c.resolve(WRITER)];
    return new MessageService({ ...core(c), chats, messages, writer, digests: c.resolve(DIGESTS) });
  });
  single(RECOVERY, (c) => new Recovery({ ...core(c), log: store.chatLog, sessions: store.sessions }));

  single(SERVICES, (c) => ({
    auth: c.resolve(AUTH),
    profiles: c.resolve(PROFILES),
    chats: c.resolve(CHATS),
    messages: c.resolve(MESSAGES),
    directory: c.resolve(DIRECTORY),
    bus: c.resolve(BUS),
    epoch: leaves.epoch,
  }));
  single(GATEWAY, (c) => {
    const origins = [...config.corsOrigins, ...(config.publicUrl === undefined ? [] : [config.publicUrl])];
    const socketsPerUser = config.maxSocketsPerUser;
    return new Gateway({ ...core(c), services: c.resolve(SERVICES), origins, socketsPerUser });
  });
  single(READINESS, (c) => new Readiness({ store, clock: c.resolve(CLOCK) }));
  return root;
}

/** Builds everything; nothing listens and nothing runs yet. */
export async function buildApplication(leaves: Leaves): Promise<Application> {
  const root = compose(leaves);
  const { config, logger, signingKey, version } = leaves;
  const [services, gateway, readiness] = [root.resolve(SERVICES), root.resolve(GATEWAY), root.resolve(READINESS)];
  const server = await buildServer({
    services,
    logger,
    version,
    config,
    jwtSecret: signingKey,
    readiness: () => readiness.report(),
    extend: (app) => gateway.register(app, app.accessTokens),
  });
  return { server, gateway, readiness, services, writer: root.resolve(WRITER), recovery: root.resolve(RECOVERY) };
}

/**
 * Opens what a process of this configuration stands on: MongoDB if an address is given, else the SQLite file.
 * @throws StoreRefused for data that this version must not touch
 */
export async function openLeaves(config: Config, version: string, logger: Logger): Promise<Leaves> {
  const { mongodbUri, dataDir } = config;
  const store = await (mongodbUri === undefined ? openSqliteStore({ dataDir }) : openMongoStore({ uri: mongodbUri }));
  const { settings } = store;
  // With MongoDB there may be many nodes, so what one of them generates belongs into the store.
  const generated = () =>
    mongodbUri === undefined
      ? loadSigningKey(dataDir)
      : settings.keep('signing-key', new RandomIds().secret(SIGNING_KEY_BYTES));
  const signingKey = config.jwtSecret ?? (await generated());
  return { config, version, logger, store, signingKey, epoch: await settings.epoch() };
}

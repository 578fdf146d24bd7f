/**
 * The composition root: every part of a Parley process, what it is made of, and which adapter keeps which port. Tests enter
 * through `buildApplication` too, with leaves of their own. What opens asynchronously is opened before and passed in.
 */
import 'reflect-metadata';
import { join } from 'node:path';
import { Server as TlsServer } from 'node:tls';
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from 'tsyringe';
import { AccountCreation } from './application/account-creation.ts';
import { AccountDeletion } from './application/account-deletion.ts';
import { AdministrationService } from './application/administration-service.ts';
import { AttachmentService } from './application/attachment-service.ts';
import { AuthService } from './application/auth-service.ts';
import { AvatarService } from './application/avatar-service.ts';
import { BroadcastService } from './application/broadcast-service.ts';
import { CatchUp } from './application/catch-up.ts';
import { ChatService } from './application/chat-service.ts';
import type { ChatWriter } from './application/chat-writer.ts';
import { FileStorage } from './application/file-storage.ts';
import { GifSearch } from './application/gif-search.ts';
import { InvitationService } from './application/invitation-service.ts';
import { MailDelivery } from './application/mail-delivery.ts';
import { MessageFeed } from './application/message-feed.ts';
import { MessageService } from './application/message-service.ts';
import { MuteService } from './application/mute-service.ts';
import { NewPasswords } from './application/new-passwords.ts';
import { OperatorService } from './application/operator-service.ts';
import { PasswordResetService } from './application/password-reset-service.ts';
import { PeopleService } from './application/people-service.ts';
import type { BlobStore } from './application/ports/files.ts';
import type { GifProvider } from './application/ports/gifs.ts';
import type { EventBus, PresenceStore, RateLimiter } from './application/ports/realtime.ts';
import type { Clock, Digests, IdGenerator, Mailer, PasswordHasher } from './application/ports/services.ts';
import { PresenceService } from './application/presence-service.ts';
import { ProfileService } from './application/profile-service.ts';
import { PublicRooms } from './application/public-rooms.ts';
import { Recovery } from './application/recovery.ts';
import { TypingService } from './application/typing-service.ts';
import { UserDirectory } from './application/user-directory.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { DiskBlobStore } from './infrastructure/blobs/disk-blob-store.ts';
import { GiphyGifProvider } from './infrastructure/gifs/giphy-gif-provider.ts';
import { SharpImageProcessor } from './infrastructure/images/sharp-image-processor.ts';
import { LocalEventBus } from './infrastructure/local/local-event-bus.ts';
import { LocalPresenceStore } from './infrastructure/local/local-presence-store.ts';
import { LocalRateLimiter } from './infrastructure/local/local-rate-limiter.ts';
import { FileMailer } from './infrastructure/mail/file-mailer.ts';
import { SmtpMailer } from './infrastructure/mail/smtp-mailer.ts';
import { createLogger } from './infrastructure/observability/logger.ts';
import type { Metrics } from './infrastructure/observability/metrics.ts';
import type { Tracing } from './infrastructure/observability/tracing.ts';
import { S3BlobStore } from './infrastructure/s3/s3-blob-store.ts';
import { Argon2PasswordHasher } from './infrastructure/security/argon2-password-hasher.ts';
import { CommonPasswordList } from './infrastructure/security/common-password-list.ts';
import { openSqliteStore } from './infrastructure/sqlite/sqlite-store.ts';
import { HmacDigests, RandomIds, Sha256Digests, SystemClock } from './infrastructure/system.ts';
import { type Certificate, readCertificate } from './infrastructure/tls/certificate-files.ts';
import { buildServer, type ParleyServer } from './interfaces/http/server.ts';
import { limitsWith } from './interfaces/limits.ts';
import { RateLimits } from './interfaces/rate-limits.ts';
import { Readiness } from './interfaces/readiness.ts';
import type { Services } from './interfaces/services.ts';
import { TrailedChatWriter } from './interfaces/trail.ts';
import { Gateway } from './interfaces/ws/gateway.ts';
import { type Leaves, openLeaves, SIGNING_KEY_BYTES } from './leaves.ts';

export { createLogger, type Leaves, openLeaves };

/** How long a start waits for Redis, so that nothing of the first moments passes the other nodes by. */
const REDIS_PATIENCE_MS = 2_000;

/** What main.ts starts and stops. */
export interface Application {
  readonly server: ParleyServer;
  readonly gateway: Gateway;
  readonly writer: ChatWriter;
  readonly recovery: Recovery;
  readonly mailDelivery: MailDelivery;
  readonly deletion: AccountDeletion;
  readonly operator: OperatorService;
  readonly readiness: Readiness;
  readonly services: Services;
  /** Sends the traces that have not been sent yet; there will be no more. */
  sendTraces(): Promise<void>;
  /** Reads the certificate of an HTTPS server again, for connections from now on; the old one stays if that fails. */
  reloadCertificate(): void;
}

const token = <T>(name: string): InjectionToken<T> => Symbol(name);

const LEAVES = token<Leaves>('Leaves');
const CLOCK = token<Clock>('Clock');
const IDS = token<IdGenerator>('IdGenerator');
const DIGESTS = token<Digests>('Digests');
const HASHER = token<PasswordHasher>('PasswordHasher');
const PASSWORDS = token<NewPasswords>('NewPasswords');
const BUS = token<EventBus>('EventBus');
const WRITER = token<ChatWriter>('ChatWriter');
const DIRECTORY = token<UserDirectory>('UserDirectory');
const AUTH = token<AuthService>('AuthService');
const CREATION = token<AccountCreation>('AccountCreation');
const INVITATIONS = token<InvitationService>('InvitationService');
const ADMINISTRATION = token<AdministrationService>('AdministrationService');
const PASSWORD_RESETS = token<PasswordResetService>('PasswordResetService');
const MAILER = token<Mailer>('Mailer');
const MAIL_DELIVERY = token<MailDelivery>('MailDelivery');
const OPERATOR = token<OperatorService>('OperatorService');
const PRESENCE_STORE = token<PresenceStore>('PresenceStore');
const RATE_LIMITER = token<RateLimiter>('RateLimiter');
const RATE_LIMITS = token<RateLimits>('RateLimits');
const PRESENCE = token<PresenceService>('PresenceService');
const DELETION = token<AccountDeletion>('AccountDeletion');
const PROFILES = token<ProfileService>('ProfileService');
const CHATS = token<ChatService>('ChatService');
const MESSAGES = token<MessageService>('MessageService');
const STORAGE = token<FileStorage>('FileStorage');
const ATTACHMENTS = token<AttachmentService>('AttachmentService');
const AVATARS = token<AvatarService>('AvatarService');
const RECOVERY = token<Recovery>('Recovery');
const SERVICES = token<Services>('Services');
const GATEWAY = token<Gateway>('Gateway');
const READINESS = token<Readiness>('Readiness');

/** Who watches from outside, where the configuration asks for it. */
interface Watchers {
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
}

function compose(leaves: Leaves, { metrics, tracing }: Watchers): DependencyContainer {
  const { config, logger, store } = leaves;
  const root = container.createChildContainer();
  const single = <T>(name: InjectionToken<T>, make: (c: DependencyContainer) => T) =>
    root.register(name, { useFactory: instanceCachingFactory(make) });

  root.registerInstance(LEAVES, leaves);
  single(CLOCK, () => leaves.clock ?? new SystemClock());
  single(IDS, () => leaves.ids ?? new RandomIds());
  single(DIGESTS, () => new Sha256Digests());
  single(HASHER, () => leaves.hasher ?? new Argon2PasswordHasher());
  single(PASSWORDS, (c) => new NewPasswords({ hasher: c.resolve(HASHER), common: new CommonPasswordList() }));
  single(BUS, () => {
    const local = new LocalEventBus(logger);
    return leaves.redis?.eventBus(local) ?? local;
  });

  const core = (c: DependencyContainer) => ({
    bus: c.resolve(BUS),
    clock: c.resolve(CLOCK),
    ids: c.resolve(IDS),
    logger,
  });
  single(WRITER, (c) => new TrailedChatWriter({ ...core(c), log: store.chatLog, tracing }));
  single(DIRECTORY, (c) => new UserDirectory({ users: store.users, chats: store.chats, bus: c.resolve(BUS) }));
  const secrets = (c: DependencyContainer) => ({
    hasher: c.resolve(HASHER),
    passwords: c.resolve(PASSWORDS),
    digests: c.resolve(DIGESTS),
  });
  const newcomers = (c: DependencyContainer) => ({
    creation: c.resolve(CREATION),
    invitations: c.resolve(INVITATIONS),
  });
  single(CREATION, (c) => new AccountCreation({ ...core(c), ...secrets(c), users: store.users }));
  single(INVITATIONS, (c) => {
    const { codes, users } = store;
    return new InvitationService({ ...core(c), ...secrets(c), codes, users, mode: config.registration });
  });
  const successors = new HmacDigests(leaves.signingKey);
  single(AUTH, (c) => new AuthService({ ...core(c), ...secrets(c), ...newcomers(c), ...store, successors }));
  single(ADMINISTRATION, (c) => new AdministrationService({ ...core(c), ...newcomers(c), ...store }));
  single(PASSWORD_RESETS, (c) => new PasswordResetService({ ...core(c), ...secrets(c), ...store }));
  single(OPERATOR, (c) => new OperatorService({ ...core(c), ...secrets(c), ...newcomers(c), ...store }));
  single(MAILER, () => leaves.mailer ?? mailerOf(leaves));
  single(MAIL_DELIVERY, (c) => {
    const [mailer, digests] = [c.resolve(MAILER), c.resolve(DIGESTS)];
    const { mailQueue, users, codes } = store;
    return new MailDelivery({ ...core(c), mailer, digests, mailQueue, users, codes, publicUrl: config.publicUrl });
  });
  single(RATE_LIMITER, (c) => {
    const own = new LocalRateLimiter(c.resolve(CLOCK));
    return leaves.redis?.rateLimiter(own) ?? own;
  });
  single(RATE_LIMITS, (c) => {
    const limiter = config.rateLimit ? c.resolve(RATE_LIMITER) : null;
    return new RateLimits(limiter, limitsWith(config.rateLimits));
  });
  single(PRESENCE_STORE, () => {
    const own = new LocalPresenceStore();
    return leaves.redis?.presenceStore(own) ?? own;
  });
  single(PRESENCE, (c) => {
    const { users, chats } = store;
    const [directory, presence] = [c.resolve(DIRECTORY), c.resolve(PRESENCE_STORE)];
    return new PresenceService({ ...core(c), presence, users, chats, directory });
  });
  single(DELETION, (c) => {
    const [writer, hasher] = [c.resolve(WRITER), c.resolve(HASHER)];
    return new AccountDeletion({ ...core(c), ...store, writer, hasher });
  });
  single(PROFILES, (c) => new ProfileService({ ...core(c), ...store }));
  single(CHATS, (c) => {
    const { chats, messages, chatLog, users } = store;
    return new ChatService({ ...core(c), chats, messages, log: chatLog, users, writer: c.resolve(WRITER) });
  });
  single(STORAGE, (c) => {
    const { files, chatLog, chats, users } = store;
    return new FileStorage({ ...core(c), files, blobs: blobsOf(leaves), log: chatLog, chats, users });
  });
  single(ATTACHMENTS, (c) => {
    const { files, chatLog, chats } = store;
    const [storage, maxBytes] = [c.resolve(STORAGE), config.maxUploadBytes];
    return new AttachmentService({ storage, files, log: chatLog, chats, maxBytes });
  });
  single(AVATARS, (c) => {
    const { files, users } = store;
    const images = leaves.images ?? new SharpImageProcessor();
    const [profiles, chats, writer] = [c.resolve(PROFILES), c.resolve(CHATS), c.resolve(WRITER)];
    return new AvatarService({
      ...core(c),
      storage: c.resolve(STORAGE),
      files,
      images,
      users,
      profiles,
      chats,
      writer,
    });
  });
  single(MESSAGES, (c) => {
    const { messages } = store;
    const [chats, writer] = [c.resolve(CHATS), c.resolve(WRITER)];
    return new MessageService({
      ...core(c),
      chats,
      messages,
      writer,
      attachments: c.resolve(ATTACHMENTS),
      digests: c.resolve(DIGESTS),
    });
  });
  single(
    RECOVERY,
    (c) =>
      new Recovery({
        ...core(c),
        log: store.chatLog,
        sessions: store.sessions,
        codes: store.codes,
        files: c.resolve(STORAGE),
      }),
  );

  single(SERVICES, (c) => ({
    auth: c.resolve(AUTH),
    invitations: c.resolve(INVITATIONS),
    administration: c.resolve(ADMINISTRATION),
    passwordResets: c.resolve(PASSWORD_RESETS),
    profiles: c.resolve(PROFILES),
    people: new PeopleService({ users: store.users, chats: store.chats, presence: c.resolve(PRESENCE) }),
    presence: c.resolve(PRESENCE),
    deletion: c.resolve(DELETION),
    broadcasts: new BroadcastService({ ...core(c), users: store.users }),
    muting: new MuteService({ ...core(c), access: c.resolve(CHATS), chats: store.chats }),
    typing: new TypingService({ ...core(c), chats: c.resolve(CHATS) }),
    chats: c.resolve(CHATS),
    rooms: new PublicRooms({ chats: store.chats }),
    messages: c.resolve(MESSAGES),
    attachments: c.resolve(ATTACHMENTS),
    gifs: new GifSearch({ provider: gifProviderOf(config) }),
    avatars: c.resolve(AVATARS),
    storage: c.resolve(STORAGE),
    feed: new MessageFeed({ chats: store.chats, messages: store.messages }),
    catchUp: new CatchUp({
      ...{ chats: store.chats, log: store.chatLog, users: store.users },
      ...{ service: c.resolve(CHATS), clock: c.resolve(CLOCK) },
    }),
    directory: c.resolve(DIRECTORY),
    bus: c.resolve(BUS),
    epoch: leaves.epoch,
  }));
  single(GATEWAY, (c) => {
    const origins = [...config.corsOrigins, ...(config.publicUrl === undefined ? [] : [config.publicUrl])];
    const socketsPerUser = config.maxSocketsPerUser;
    const socketsPerAddress = config.rateLimit ? config.maxSocketsPerAddress : Number.POSITIVE_INFINITY;
    const [services, rateLimits] = [c.resolve(SERVICES), c.resolve(RATE_LIMITS)];
    const isStoreShared = config.mongodbUri !== undefined;
    const watchers = { telemetry: metrics, tracing };
    const bounds = { rateLimits, socketsPerUser, socketsPerAddress };
    return new Gateway({ ...core(c), ...watchers, ...bounds, services, origins, isStoreShared });
  });
  single(READINESS, (c) => new Readiness({ store, bus: c.resolve(BUS), clock: c.resolve(CLOCK) }));
  return root;
}

/** S3 if the configuration names a bucket, else what the store brings with it, else the data folder. */
function blobsOf({ config, blobs }: Leaves): BlobStore {
  const { s3Endpoint, s3Bucket, s3AccessKey, s3SecretKey, s3Region: region, dataDir } = config;
  if (s3Endpoint !== undefined && s3Bucket !== undefined) {
    const keys = { accessKeyId: s3AccessKey ?? '', secretAccessKey: s3SecretKey ?? '' };
    return new S3BlobStore({ endpoint: `${s3Endpoint}/${s3Bucket}`, region, ...keys });
  }
  return blobs ?? new DiskBlobStore(join(dataDir, 'files'));
}

const gifProviderOf = ({ gifUrl: url, gifKey: key }: Config): GifProvider | null =>
  url !== undefined && key !== undefined ? new GiphyGifProvider({ url, key }) : null;

/** @throws ConfigError for files that are no certificate and its key */
function certificateOf({ tlsCert: cert, tlsKey: key, tlsCa: ca }: Config): Certificate | null {
  if (cert === undefined || key === undefined) return null;
  try {
    return readCertificate({ cert, key, ca });
  } catch (error) {
    throw new ConfigError([
      `PARLEY_TLS_CERT, PARLEY_TLS_KEY, PARLEY_TLS_CA: cannot be used: ${(error as Error).message}`,
    ]);
  }
}

/** By SMTP where a server is given, else to files. */
function mailerOf({ config, logger }: Leaves): Mailer {
  const { smtpUrl, dataDir, mailFrom: from } = config;
  if (smtpUrl !== undefined) return new SmtpMailer({ url: smtpUrl, from });
  return new FileMailer({ folder: join(dataDir, 'mail'), from, logger });
}

/** Where nobody may read them, nothing is counted. */
async function metricsOf({ config: { metricsToken } }: Leaves): Promise<Metrics | undefined> {
  if (metricsToken === undefined) return undefined;
  return new (await import('./infrastructure/observability/metrics.ts')).Metrics(metricsToken);
}

/** Loaded only where there is a collector. */
async function tracingOf({ config, version, logger }: Leaves): Promise<Tracing | undefined> {
  const { otlpEndpoint: endpoint } = config;
  if (endpoint === undefined) return undefined;
  const { Tracing } = await import('./infrastructure/observability/tracing.ts');
  return new Tracing({ endpoint, version, logger });
}

/** Builds everything; nothing listens and nothing runs yet but the connection to the other nodes. */
export async function buildApplication(opened: Leaves): Promise<Application> {
  const [metrics, tracing] = [await metricsOf(opened), await tracingOf(opened)];
  const counted = metrics?.watchStore(opened.store) ?? opened.store;
  const leaves = { ...opened, store: tracing?.watchStore(counted) ?? counted };
  const root = compose(leaves, { metrics, tracing });
  const { config, logger, signingKey, version } = leaves;
  const [services, gateway, readiness] = [root.resolve(SERVICES), root.resolve(GATEWAY), root.resolve(READINESS)];
  await leaves.redis?.open(REDIS_PATIENCE_MS);
  const server = await buildServer({
    services,
    logger,
    version,
    config,
    jwtSecret: signingKey,
    certificate: certificateOf(config),
    rateLimits: root.resolve(RATE_LIMITS),
    readiness: () => readiness.report(),
    ...{ metrics, tracing },
    polls: gateway.polls,
    webClient: leaves.webClient,
    extend: (app) => gateway.register(app),
  });
  metrics?.watchBus(root.resolve(BUS));
  const writer = root.resolve(WRITER);
  metrics?.watch(() => ({
    ...{ sockets: gateway.connectionCount, queuedBytes: gateway.queuedBytes },
    ...{ users: gateway.connectedUsers, followedChats: gateway.followedChats, busyChats: writer.busyChats },
  }));
  const reloadCertificate = (): void => {
    try {
      const certificate = certificateOf(config);
      if (certificate && server.server instanceof TlsServer) server.server.setSecureContext(certificate);
      logger.info('the certificate was read again');
    } catch (err) {
      logger.error({ err }, 'the certificate cannot be used; the old one stays');
    }
  };
  return {
    reloadCertificate,
    ...{ server, gateway, readiness, services, writer: root.resolve(WRITER), recovery: root.resolve(RECOVERY) },
    deletion: root.resolve(DELETION),
    ...{ mailDelivery: root.resolve(MAIL_DELIVERY), operator: root.resolve(OPERATOR) },
    sendTraces: async () => tracing?.close(),
  };
}

/** The OpenAPI document of this program, as JSON, made over a store in memory. */
export async function describeApi(version: string): Promise<string> {
  const store = await openSqliteStore({ dataDir: ':memory:' });
  const [signingKey, epoch] = [new RandomIds().secret(SIGNING_KEY_BYTES), await store.settings.epoch()];
  const leaves = { config: loadConfig({}, []), version, logger: createLogger('silent'), store, signingKey, epoch };
  const { server, gateway } = await buildApplication(leaves);
  const { body } = await server.inject('/docs/openapi.json');
  await gateway.close();
  await server.close();
  await store.close();
  return body;
}

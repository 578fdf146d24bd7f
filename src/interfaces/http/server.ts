import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ServerOptions as HttpsOptions } from 'node:https';
import cors from '@fastify/cors';
import jwt from '@fastify/jwt';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
  LogController,
  type RouteOptions,
} from 'fastify';
import fp from 'fastify-plugin';
import { DomainError } from '../../domain/errors.ts';
import { AccessTokens, jwtOptions } from '../access-tokens.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ReadinessReport } from '../readiness.ts';
import type { Services } from '../services.ts';
import type { MetricsAccess, Telemetry, Tracing } from '../telemetry.ts';
import { type Trail, trails } from '../trail.ts';
import type { LongPolls } from '../ws/long-polls.ts';
import { BasicAccess } from './basic-access.ts';
import { boundBodies } from './bound-bodies.ts';
import { boundPipelines } from './bound-pipelines.ts';
import { guardRoutes } from './guard-routes.ts';
import { addListenAt } from './listen-at.ts';
import { answerBrokenRequest, sendProblem } from './problem.ts';
import { limiterOf } from './rate-limits.ts';
import { logRequest } from './request-log.ts';
import { administrationRoutes } from './routes/administration.ts';
import { attachmentRoutes } from './routes/attachments.ts';
import { authRoutes } from './routes/auth.ts';
import { avatarRoutes, avatarUploadRoutes } from './routes/avatars.ts';
import { chatRoutes } from './routes/chats.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { feedRoutes } from './routes/feed.ts';
import { gifRoutes } from './routes/gifs.ts';
import { memberRoutes } from './routes/members.ts';
import { messageRoutes } from './routes/messages.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { probeRoutes, serverRoutes } from './routes/ops.ts';
import { passwordResetRoutes } from './routes/password-reset.ts';
import { peopleRoutes } from './routes/people.ts';
import { roomRoutes } from './routes/rooms.ts';
import { syncRoutes } from './routes/sync.ts';
import { tokenRoutes } from './routes/token.ts';
import { userRoutes } from './routes/users.ts';
import { traceRequests } from './trace-requests.ts';
import { refuseUnknownRoutes } from './unknown-routes.ts';
import { compileValidator } from './validator-compiler.ts';
import { WebClient } from './web-client.ts';

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: AccessTokens;
    basicAccess: BasicAccess;
  }
  interface FastifyRequest {
    trail: Trail;
  }
}

export type ParleyServer = FastifyInstance;

export interface HttpOptions {
  readonly services: Services;
  readonly logger: FastifyBaseLogger;
  readonly jwtSecret: string;
  readonly version: string;
  readonly config: {
    readonly publicUrl?: string;
    readonly corsOrigins: readonly string[];
    readonly maxUploadBytes: number;
    /** Addresses and CIDR ranges of the proxies whose X-Forwarded headers are believed. */
    readonly trustProxy: readonly string[];
  };
  /** Serves HTTPS with this certificate; HTTP without one. A `ca` must have signed those of the clients. */
  readonly certificate: Pick<HttpsOptions, 'cert' | 'key' | 'ca'> | null;
  readonly rateLimits: RateLimits;
  readonly readiness: () => Promise<ReadinessReport>;
  readonly metrics?: (MetricsAccess & Telemetry) | undefined;
  readonly tracing?: Tracing | undefined;
  /** Requests that wait. */
  readonly polls: LongPolls;
  /** The folder of the built web client; a server without one has no pages. */
  readonly webClient?: string | undefined;
  /** Adds to the server, before its own routes, what is not plain HTTP. */
  readonly extend?: (app: FastifyInstance) => Promise<void>;
}

const BODY_LIMIT = 64 * 1024;
const PARAMETER_LENGTH_MAX = 256;

/** All in milliseconds. Without them, one who sends slowly or nothing holds a connection for ever. For bodies see boundBodies. */
const TIMEOUTS = { requestTimeout: 0, connectionTimeout: 120_000, keepAliveTimeout: 72_000 };
const HEADERS_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The HTTP side of Parley, complete but for `listen`. */
export async function buildServer(options: HttpOptions): Promise<ParleyServer> {
  const { config, version } = options;
  const isHttps = options.certificate !== null || (config.publicUrl?.startsWith('https:') ?? false);
  const app = createApp(options, isHttps);

  await app.register(jwt, jwtOptions(options.jwtSecret));
  app.decorate('accessTokens', new AccessTokens(app.jwt));
  const loginLimits = (['login', 'loginName'] as const).map((name) => limiterOf(options.rateLimits, name));
  const limitLogin = async (request: FastifyRequest) => {
    for (const limit of loginLimits) await limit(request);
  };
  app.decorate('basicAccess', new BasicAccess(options.services.auth, limitLogin));
  if (config.corsOrigins.length > 0) await app.register(cors, corsOptions(config.corsOrigins));
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  const limitStrays = limiterOf(options.rateLimits, 'unknownRoute');
  const webClient = options.webClient === undefined ? null : WebClient.read(options.webClient);
  refuseUnknownRoutes(app, limitStrays, webClient?.answerNavigation.bind(webClient));

  await options.extend?.(app);
  await app.register(named('probes', probeRoutes(options.readiness)));
  if (options.metrics) await app.register(named('metrics', metricsRoutes(options.metrics, limitStrays)));
  if (webClient) await app.register(named('web client', webClient.routes));
  const documentation = async () =>
    (await import('./documentation.ts')).buildDocumentation(routes, { isHttps, version });
  await app.register(named('documentation', documentationRoutes(documentation)));
  await app.register(named('api', apiRoutes(options)), { prefix: '/api/v1' });
  return app;
}

/** For a plugin without a name, fastify looks through every module that is loaded: under Jest, most of the time of a start. */
const named = (name: string, plugin: FastifyPluginAsync): FastifyPluginAsync => fp(plugin, { name, encapsulate: true });

const apiRoutes =
  (options: HttpOptions): FastifyPluginAsync =>
  async (api) => {
    const { services, version, tracing } = options;
    if (tracing) traceRequests(api, tracing);
    guardRoutes(api, services.auth, options.rateLimits);
    const routes = {
      auth: authRoutes(services),
      token: tokenRoutes(services),
      passwordReset: passwordResetRoutes(services),
      administration: administrationRoutes(services),
      users: userRoutes(services),
      people: peopleRoutes(services),
      chats: chatRoutes(services),
      rooms: roomRoutes(services),
      members: memberRoutes(services),
      messages: messageRoutes(services),
      feed: feedRoutes(services),
      sync: syncRoutes(services, options.polls),
      gifs: gifRoutes(services),
      attachments: attachmentRoutes(services),
      avatars: avatarRoutes(services),
      avatarUploads: avatarUploadRoutes(services),
      server: serverRoutes(version, services),
    };
    for (const [name, plugin] of Object.entries(routes)) await api.register(named(name, plugin));
  };

/** What holds for every answer, whichever route gives it. */
function createApp({ logger, config, certificate, metrics }: HttpOptions, isHttps: boolean): FastifyInstance {
  const headers = headersOfEveryAnswer(isHttps);
  const finish = (request: FastifyRequest, reply: FastifyReply): void => {
    logRequest(request, reply);
    const { method, routeOptions } = request;
    metrics?.request({ method, route: routeOptions.url, status: reply.statusCode, ms: reply.elapsedTime });
  };
  const serverOptions: FastifyServerOptions = {
    ...TIMEOUTS,
    ...(certificate ? { https: tlsOptions(certificate) } : { http: { headersTimeout: HEADERS_TIMEOUT_MS } }),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (shared) => shared, // one for each request would cost more than all other hooks
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    genReqId: requestIdOf,
    schemaController: { compilersFactory: { buildValidator: neverUsed, buildSerializer: () => stringify } },
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, randomUUID()),
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply.headers(headers).header('x-request-id', request.id));
      finish(request, reply);
    },
  };
  const app: FastifyInstance = fastify(serverOptions);
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  addListenAt(app);
  boundPipelines(app.server);
  app.decorateRequest('actor');
  app.decorateRequest('failure');
  app.decorateRequest('trail');
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id);
    done(closing ? new DomainError('UNAVAILABLE', 'This server is stopping.') : undefined);
  });
  boundBodies(app, config.maxUploadBytes);
  app.addHook('onResponse', (request, reply, done) => {
    finish(request, reply);
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    request.trail = {};
    trails.run(request.trail, done);
  });
  app.setErrorHandler(sendProblem);
  app.setValidatorCompiler(compileValidator);
  acceptJsonOnly(app);
  return app;
}

const tlsOptions = (certificate: NonNullable<HttpOptions['certificate']>): HttpsOptions => ({
  ...certificate,
  headersTimeout: HEADERS_TIMEOUT_MS,
  ...(certificate.ca !== undefined && { requestCert: true, rejectUnauthorized: true }),
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
});

/** Stands in the place of fastify's own validator (Ajv), so that it is not even loaded. */
const neverUsed = (): never => {
  throw new Error('compileValidator is the validator');
};

/**
 * Answers are made field by field in present.ts. JSON.stringify writes a page twice as fast as the serialiser that fastify
 * compiles of its schema, and a page of changes, which are a union, five times.
 */
const stringify = () => JSON.stringify;

/** No body at all is fine where none is expected, also from clients that announce one as JSON. */
function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}

/** For JSON, which no browser has to show or run. Pages have their own (documentation.ts). */
const headersOfEveryAnswer = (isHttps: boolean) => ({
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  ...(isHttps && { 'strict-transport-security': 'max-age=31536000' }),
});

const corsOptions = (origins: readonly string[]) => ({
  origin: [...origins],
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: ['retry-after', 'x-request-id'],
  maxAge: 600,
  strictPreflight: false,
});

/** The caller's own id for the request, if it can do no harm in a log or a header. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

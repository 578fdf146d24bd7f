import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Compile } from 'typebox/schema';
import type { KnownState } from '../../application/catch-up.ts';
import type { Clock, IdGenerator, Logger } from '../../application/ports/services.ts';
import { DomainError, validationFailed } from '../../domain/errors.ts';
import type { ChatId } from '../../domain/ids.ts';
import { ACCESS_TOKEN_MS, type Session } from '../../domain/session.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { AuthFrame, CLOSE, PROTOCOL_VERSION, RefreshFrame } from '../contract/frames.ts';
import type { BasicAccess } from '../http/basic-access.ts';
import { network } from '../http/rate-limits.ts';
import { knownState } from '../known-state.ts';
import { peopleInMissed, presentMissed, presentTime } from '../present.ts';
import type { RateLimits } from '../rate-limits.ts';
import { refusalOf } from '../refusal.ts';
import { schemaProblems } from '../schema-problems.ts';
import type { Services } from '../services.ts';
import type { Telemetry, Tracing } from '../telemetry.ts';
import { type Trail, trails } from '../trail.ts';
import { AddressCeiling } from './address-ceiling.ts';
import { commandName, errorFrame, limitOf, runCommand } from './commands.ts';
import { AUTH_FRAME_MAX_BYTES, Connection, HEARTBEAT_MS, type Identity } from './connection.ts';
import { Fanout } from './fanout.ts';
import { watchingRemovals } from './follower.ts';
import { forgetUpgrade, rememberResponse } from './forget-upgrade.ts';
import { LongPolls } from './long-polls.ts';
import { LookOver } from './look-over.ts';
import { parseFrame } from './parse-frame.ts';

const TICK_MS = 1_000;
/** Of what was missed, so many events are read together. */
const EVENTS_AT_ONCE = 100;
/** When the process stops: how long answers may take. */
const ANSWERS_MS = 5_000;
/** Over what time clients come back, by how many they are, and its bounds. */
const RETURN_MS_EACH = 1;
const RETURN_MIN_MS = 500;
const RETURN_MAX_MS = 10_000;
const authFrame = Compile(AuthFrame);
const refreshFrame = Compile(RefreshFrame);

/** Close codes that are told apart: ours, and those of RFC 6455 7.4.1 for an ordinary and a broken end. */
const CLOSE_CODES: ReadonlySet<number> = new Set([...Object.values(CLOSE), 1000, 1001, 1005, 1006]);

export interface GatewayOptions {
  readonly services: Services;
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly logger: Logger;
  /** Origins of pages that may connect, beside the server's own. */
  readonly origins: readonly string[];
  readonly socketsPerUser: number;
  readonly socketsPerAddress: number;
  readonly telemetry?: Telemetry | undefined;
  readonly tracing?: Tracing | undefined;
  /** Whether other processes write to the store. */
  readonly isStoreShared: boolean;
}

/** The WebSocket side: who may connect, what a frame means, and the end of it all when the process stops. */
export class Gateway {
  readonly #services: Services;
  readonly #clock: Clock;
  readonly #ids: IdGenerator;
  readonly #logger: Logger;
  readonly #options: GatewayOptions;
  readonly #fanout: Fanout;
  /** Requests over HTTP that wait for what the sockets hear. */
  readonly polls: LongPolls;
  readonly #lookOver: LookOver | null;
  readonly #connections = new Set<Connection>();
  readonly #ceiling: AddressCeiling;
  #tokens: AccessTokens | null = null;
  #draining = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#ceiling = new AddressCeiling(options.socketsPerAddress);
    this.#logger = options.logger;
    const { auth, chats, directory, bus } = options.services;
    this.#fanout = new Fanout({ chats, directory, bus, logger: options.logger });
    this.polls = new LongPolls({ fanout: this.#fanout, chats });
    const shared = { ...options, fanout: this.#fanout, auth, chats, bus };
    this.#lookOver = options.isStoreShared ? new LookOver(shared) : null;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get connectedUsers(): number {
    return this.#fanout.userIds.length;
  }

  get followedChats(): number {
    return this.#fanout.chatCount;
  }

  /** What waits to be sent, over all connections. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const connection of this.#connections) bytes += connection.queuedBytes;
    return bytes;
  }

  /** Adds `GET /api/v1/ws` to the server. */
  async register(app: FastifyInstance): Promise<void> {
    this.#tokens = app.accessTokens;
    await app.register(websocket, {
      options: { maxPayload: AUTH_FRAME_MAX_BYTES, perMessageDeflate: false, clientTracking: false },
      preClose: (done) => done(), // `close` has ended them all, each with its code
    });
    app.route({
      method: 'GET',
      url: '/api/v1/ws',
      schema: { hide: true },
      onRequest: async (request, reply) => {
        rememberResponse(request, reply);
        await this.#admit(request, app.basicAccess);
      },
      handler: (_request, reply) => reply.code(426).header('upgrade', 'websocket').send(),
      wsHandler: (socket, request) => {
        forgetUpgrade(socket, request);
        const connection = new Connection(request.id, socket, request.raw.socket, this.#clock, this);
        connection.identity = identities.get(request) ?? null;
        this.#connections.add(connection);
        const serverTime = presentTime(this.#clock.now());
        connection.send({ type: 'hello', protocol: PROTOCOL_VERSION, heartbeatMs: HEARTBEAT_MS, serverTime });
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** No new connections from now on, and nobody waits; those that are open go on until `close`. */
  drain(): void {
    this.#draining = true;
    this.polls.stop();
  }

  /**
   * Ends every connection with 1012, after what it has sent is answered: the client comes back, here or on another node, and
   * not at the same moment as all others.
   */
  async close(): Promise<void> {
    this.drain();
    clearInterval(this.#timer);
    this.#lookOver?.stop();
    const spread = Math.min(Math.max(this.#connections.size * RETURN_MS_EACH, RETURN_MIN_MS), RETURN_MAX_MS);
    for (const connection of this.#connections) connection.goAway(Math.ceil(this.#ids.random() * spread));
    await this.#until(() => ![...this.#connections].some(({ isBusy }) => isBusy), ANSWERS_MS);
    for (const connection of this.#connections) connection.close(CLOSE.restarting, 'restarting');
    await this.#until(() => this.#connections.size === 0, TICK_MS);
    for (const connection of this.#connections) connection.terminate();
  }

  async #until(isSo: () => boolean, withinMs: number): Promise<void> {
    const deadline = this.#clock.elapsed() + withinMs;
    while (!isSo() && this.#clock.elapsed() < deadline) await this.#clock.sleep(10);
  }

  onClose(connection: Connection, code: number): void {
    const { id: requestId, identity, ageMs: ms } = connection;
    this.#logger.info({ requestId, userId: identity?.userId, code, ms }, 'socket closed');
    this.#options.telemetry?.socketClosed(CLOSE_CODES.has(code) ? code : 'other');
    this.#connections.delete(connection);
    this.#fanout.detach(connection);
    void connection.presence?.end();
  }

  async onText(connection: Connection, text: string): Promise<void> {
    const frame = parseFrame(text);
    if (!frame) return connection.close(CLOSE.badFrame, 'not a JSON object');
    const id = idOf(frame);
    if (!connection.ready) connection.countExcess();
    try {
      if (frame.type === 'pong') return;
      if (frame.type === 'ping') {
        if (connection.ready) await this.#limit(connection, frame.type);
        const pong = { type: 'pong', ...(id !== undefined && { id }), serverTime: presentTime(this.#clock.now()) };
        return connection.send(pong);
      }
      if (!connection.ready) return await this.#authenticate(connection, frame);
      await this.#run(connection, frame);
    } catch (error) {
      const refusal = this.#refusal(error);
      connection.send(errorFrame(id, refusal));
      if (refusal.code === 'RATE_LIMITED') connection.countExcess();
    }
  }

  /** Runs a command, answers it, and leaves its line in the log. */
  async #run(connection: Connection, frame: Record<string, unknown>): Promise<void> {
    const [startedAt, trail]: [number, Trail] = [performance.now(), {}];
    const type = commandName(frame.type);
    const span = this.#options.tracing?.begin(type);
    const command = () => trails.run(trail, () => this.#command(connection, frame));
    let refusal: DomainError | undefined;
    try {
      await this.#limit(connection, frame.type);
      connection.sendText(await (span ? span.run(command) : command()));
    } catch (error) {
      refusal = refusalOf(error);
      throw error;
    } finally {
      const [code, ms] = [refusal?.code ?? 'ack', performance.now() - startedAt];
      const ids = { requestId: connection.id, commandId: idOf(frame), userId: connection.identity?.userId };
      const facts = { ...ids, type, code, ...trail, ...(span && { traceId: span.traceId }) };
      this.#logger.debug({ ...facts, ms: Math.round(ms * 10) / 10 }, 'command');
      this.#options.telemetry?.command({ type, code, ms });
      const named = { 'parley.request_id': ids.requestId, 'parley.command_id': ids.commandId, 'parley.code': code };
      span?.end(named, refusal?.kind === 'internal' || refusal?.kind === 'unavailable');
    }
  }

  /** All of a person's sockets share the count. */
  async #limit({ identity }: Connection, type: unknown): Promise<void> {
    if (identity) await this.#options.rateLimits.take(limitOf(type), identity.userId);
  }

  #refusal(error: unknown): DomainError {
    const refusal = refusalOf(error);
    if (refusal.kind === 'internal') this.#logger.error({ err: error }, 'command failed');
    return refusal;
  }

  async #command(connection: Connection, frame: Record<string, unknown>): Promise<string> {
    const { identity } = connection;
    if (!identity) throw new Error('ready without an identity');
    if (frame.type === 'auth.refresh') return this.#refresh(connection, identity, frame);
    return runCommand({ services: this.#services, fanout: this.#fanout, connection, actor: identity }, frame);
  }

  /**
   * Before the upgrade: pages of foreign origins are refused (RFC 6455 10.2) and count for nothing, as it is nobody's fault whose
   * browser they are in; then the limits of the address hold; and a ticket or an Authorization header says who
   * it is already. No page can send such a header by intention: login and password beside an origin are what a browser
   * remembers for somebody else, such as a proxy, and mean nothing here.
   */
  async #admit(request: FastifyRequest, basic: BasicAccess): Promise<void> {
    if (this.#draining) throw new DomainError('UNAVAILABLE', 'This server is stopping.', { retryAfterMs: TICK_MS });
    const { origin, authorization, host } = request.headers;
    if (origin !== undefined && !this.#isOwnOrigin(origin, host)) {
      throw new DomainError('ORIGIN_REFUSED', 'Pages of this origin may not connect.');
    }
    const address = network(request.ip);
    await this.#options.rateLimits.take('upgrade', address);
    if (request.ws) this.#ceiling.enter(address, request.raw.socket);
    const ticket = (request.query as Record<string, unknown>).ticket;
    const bearer = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (typeof ticket === 'string') {
      const session = await this.#services.auth.redeemTicket(ticket);
      identities.set(request, identityOf(session, this.#clock.now() + ACCESS_TOKEN_MS));
    } else if (bearer !== undefined) identities.set(request, await this.#verify(bearer));
    else if (origin === undefined) {
      const actor = await basic.actorOf(request);
      if (actor) identities.set(request, { ...actor, expiresAt: this.#clock.now() + ACCESS_TOKEN_MS });
    }
  }

  #isOwnOrigin(origin: string, host: string | undefined): boolean {
    if (this.#options.origins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host && /^https?:$/.test(new URL(origin).protocol);
  }

  async #verify(token: string): Promise<Identity> {
    const claims = this.#claimsIn(token);
    await this.#services.auth.authenticate(claims);
    return claims;
  }

  /** What the token says. Its session may have ended. */
  #claimsIn(token: string): Identity {
    if (!this.#tokens) throw new Error('not registered');
    return this.#tokens.verify(token);
  }

  async #authenticate(connection: Connection, frame: Record<string, unknown>): Promise<void> {
    if (connection.authenticating) throw new DomainError('AUTHENTICATION_REQUIRED', 'Wait for ready.');
    connection.authenticating = true;
    try {
      if (frame.type !== 'auth') throw new DomainError('AUTHENTICATION_REQUIRED', 'The first frame is auth.');
      if (!authFrame.Check(frame)) throw validationFailed(schemaProblems(authFrame.Errors(frame)));
      const identity = frame.token === undefined ? connection.identity : this.#claimsIn(frame.token);
      if (!identity) throw new DomainError('AUTHENTICATION_REQUIRED', 'A token is needed.');
      await this.#welcome(connection, identity, frame.resume);
    } catch (error) {
      const refusal = this.#refusal(error);
      connection.send(errorFrame(idOf(frame), refusal));
      if (refusal.kind !== 'invalid') connection.close(closeCodeOf(refusal), 'not authenticated');
    } finally {
      connection.authenticating = false;
    }
  }

  async #welcome(connection: Connection, identity: Identity, resume: AuthFrame['resume']): Promise<void> {
    const { userId } = identity;
    connection.identity = identity;
    await this.#fanout.attach(connection, userId);
    await this.#services.auth.authenticate(identity); // once attached: from now on its end is heard of
    if (resume?.epoch === this.#services.epoch) return this.#resume(connection, identity, knownState(resume));
    await this.#fanout.followAll(connection, () => this.#services.chats.headsOf(userId));
    const me = await this.#services.profiles.me(identity);
    if (!connection.closed)
      this.#begin(connection, identity, me.version, { resumed: false, reason: resume ? 'epoch' : 'none' });
  }

  /** From now on the client hears and may send. */
  #begin(connection: Connection, { userId, sessionId, expiresAt }: Identity, me: number, resumption: object): void {
    connection.ready = true;
    connection.presence = this.#services.presence.connect(userId);
    this.#logger.info({ requestId: connection.id, userId, sessionId }, 'socket ready');
    const ready = { type: 'ready', sessionId, userId, me, epoch: this.#services.epoch };
    connection.send({ ...ready, expiresAt: presentTime(expiresAt), ...resumption });
    const all = this.#fanout.connectionsOf(userId).filter((other) => other instanceof Connection);
    for (const oldest of all.slice(0, Math.max(0, all.length - this.#options.socketsPerUser))) {
      oldest.close(CLOSE.tooManySockets, 'too many connections of this user');
    }
  }

  /**
   * Tells what was missed, and then what has come since. The connection follows its chats from the heads on that what was missed
   * is counted up to, so there is no hole between the two; what it was told in the one is left out of the other.
   */
  async #resume(connection: Connection, identity: Identity, known: KnownState): Promise<void> {
    const { catchUp, chats, directory } = this.#services;
    await watchingRemovals(connection, async (removed) => {
      connection.hold();
      const followed = await this.#fanout.followAll(connection, () => chats.headsOf(identity.userId));
      const { steps, heads, lost, me } = await catchUp.plan(identity.userId, known, followed ?? undefined);
      if (connection.closed) return;
      // Of the chats that he has lost the bus may not have told yet.
      for (const [chatId, rev] of lost)
        if (this.#fanout.isBehind(chatId, rev)) this.#fanout.unfollow(connection, chatId);
      const isGone = (chatId: ChatId) =>
        (removed.get(chatId) ?? 0) > (heads.get(chatId)?.rev ?? Number.POSITIVE_INFINITY);
      for (const [chatId, { rev }] of heads)
        if (!connection.following.has(chatId) && !isGone(chatId)) this.#fanout.follow(connection, chatId, rev);
      this.#begin(connection, identity, me, { resumed: true, replayed: steps.length });
      const told = new Map([...heads.keys()].map((chatId) => [chatId, known.chats.get(chatId)?.rev ?? 0]));
      for (let i = 0; i < steps.length; i += EVENTS_AT_ONCE) {
        const missed = await catchUp.read(identity.userId, steps.slice(i, i + EVENTS_AT_ONCE));
        const people = await directory.lookUpFor(identity.userId, missed.flatMap(peopleInMissed));
        for (const one of missed) {
          const event = presentMissed(one, people);
          if ('chatId' in event && isGone(event.chatId)) continue;
          if ('rev' in event) told.set(event.chatId, event.rev);
          await connection.replay(event);
          if (connection.closed || connection.isLeaving) return;
        }
      }
      // What led up to a removal may be missing by now: of what waits in that chat, only the removal is told.
      for (const [chatId, rev] of removed) if (isGone(chatId)) told.set(chatId, rev - 1);
      connection.release(told, (chatId, rev) => this.#fanout.isBehind(chatId, rev));
    });
  }

  /** A fresh access token of the same session keeps the connection open. */
  async #refresh(connection: Connection, identity: Identity, frame: Record<string, unknown>): Promise<string> {
    if (!refreshFrame.Check(frame)) throw validationFailed(schemaProblems(refreshFrame.Errors(frame)));
    const fresh = await this.#verify(frame.token);
    if (fresh.sessionId !== identity.sessionId)
      throw new DomainError('TOKEN_INVALID', 'The token is of another session.');
    connection.renew(fresh.expiresAt);
    return JSON.stringify({ type: 'ack', id: frame.id, expiresAt: presentTime(fresh.expiresAt) });
  }

  #tick(): void {
    const now = this.#clock.elapsed();
    for (const connection of this.#connections) connection.tick(now);
    this.#lookOver?.tick(now);
    void this.#services.presence.beat();
  }
}

/** Who a ticket or a header says it is, from the check before the upgrade to the connection. */
const identities = new WeakMap<FastifyRequest, Identity>();

const identityOf = ({ userId, id }: Session, expiresAt: number): Identity => ({ userId, sessionId: id, expiresAt });

/** An old token and a store that is away are worth another try; anything else is not. */
function closeCodeOf({ code, kind }: DomainError): number {
  if (code === 'TOKEN_EXPIRED') return CLOSE.tokenExpired;
  return kind === 'unauthenticated' || kind === 'absent' ? CLOSE.revoked : CLOSE.serverError;
}

const idOf = ({ id }: Record<string, unknown>): string | undefined => (typeof id === 'string' ? id : undefined);

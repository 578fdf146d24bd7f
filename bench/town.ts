/** People and groups in numbers that HTTP would take long to make: through the use cases, in this process, before the server starts. */
import { randomBytes } from 'node:crypto';
import type { Grant } from '../src/application/auth-service.ts';
import { readSeqOf } from '../src/application/chat-service.ts';
import type { PasswordHasher } from '../src/application/ports/services.ts';
import { type Environment, loadConfig, version } from '../src/config.ts';
import { buildApplication, createLogger, openLeaves } from '../src/container.ts';
import { ACCESS_TOKEN_MS } from '../src/domain/session.ts';

const AT_ONCE = 50;
const MEMBERS_PER_CALL = 100;

/** Signs the access tokens of whoever fills, and of the server that is started on the same data. */
const PARLEY_JWT_SECRET = randomBytes(48).toString('base64');

/** Nobody signs in with a password here. */
const hasher: PasswordHasher = {
  hash: async () => 'none',
  verify: async () => false,
  isOutdated: () => false,
  pretend: async () => {},
};

export interface Town {
  readonly epoch: string;
  readonly groups: readonly Group[];
  /** What the server that is started on the same data must be given beside the data. */
  readonly env: NodeJS.ProcessEnv;
  /** Access tokens by person, good for minutes from now. */
  signedIn(): string[];
}

interface Group {
  readonly chatId: string;
  /** Numbers of people. */
  readonly members: readonly number[];
  readonly rev: number;
  /** Up to where a member has read. */
  readonly readSeq: number;
}

/**
 * Fills an empty store: so many people, and groups of these numbers of theirs.
 * @param env where the store is, in the variables of a server
 */
export async function settle(env: Environment, people: number, groups: readonly (readonly number[])[]): Promise<Town> {
  const config = { ...loadConfig({ ...env, PARLEY_JWT_SECRET }, []), rateLimit: false };
  const leaves = await openLeaves(config, version(), createLogger('silent'));
  const { server, gateway, writer, services } = await buildApplication({ ...leaves, hasher });
  const register = async (i: number): Promise<Grant> => {
    const username = `user${String(i).padStart(7, '0')}`;
    return services.auth.register({ username, email: `${username}@bench.example`, password: 'bench password' });
  };
  const grants = await inTurns(
    Array.from({ length: people }, (_, i) => i),
    register,
  );
  const gather = async (members: readonly number[]): Promise<Group> => {
    const [owner, ...others] = members.map((number) => grants[number]?.user.id ?? '');
    const actor = { userId: owner ?? '', sessionId: '' };
    const memberIds = others.slice(0, MEMBERS_PER_CALL);
    const view = await services.chats.createGroup(actor, { name: 'Bench', memberIds });
    const { chat } = view;
    for (let at = MEMBERS_PER_CALL; at < others.length; at += MEMBERS_PER_CALL) {
      await services.chats.addMembers(actor, chat.id, others.slice(at, at + MEMBERS_PER_CALL));
    }
    return { chatId: chat.id, members, rev: chat.rev, readSeq: readSeqOf(view) };
  };
  const gathered = await inTurns(groups, gather);
  await writer.drained();
  await gateway.close();
  await server.close();
  await leaves.redis?.close();
  await leaves.store.close();
  const tokenOf = ({ user, session }: Grant): string =>
    server.accessTokens.sign({ userId: user.id, sessionId: session.id, expiresAt: Date.now() + ACCESS_TOKEN_MS });
  return { epoch: leaves.epoch, groups: gathered, env: { PARLEY_JWT_SECRET }, signedIn: () => grants.map(tokenOf) };
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
}

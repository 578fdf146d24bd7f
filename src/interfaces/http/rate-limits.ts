import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { loginKey } from '../../domain/user.ts';
import { LoginBody } from '../contract/requests.ts';
import { LIMITS, type Limit, type LimitName } from '../limits.ts';
import type { RateLimits } from '../rate-limits.ts';
import { basicCredentials } from './basic-access.ts';

const LOGIN_KEY_MAX = 256;
/** Filters of a history for which texts are compared. */
const SEARCHED = ['content', 'content-like'];

/** By whom a limit counts; undefined where the request is none of its business. */
const SUBJECTS: Record<Limit['per'], (request: FastifyRequest) => string | undefined> = {
  address: (request) => network(request.ip),
  user: (request) => request.actor.userId,
  login: (request) => keyOf(loginOf(request)),
  email: (request) => keyOf((request.body as { email: string }).email),
};

const keyOf = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : loginKey(text.trim()).slice(0, LOGIN_KEY_MAX);

/**
 * Whose password a request is a guess at; undefined where it is none. The token endpoint calls it a username. It is read from where
 * the route reads it: whoever is named elsewhere, the guess is not at his.
 */
function loginOf({ headers, body, routeOptions }: FastifyRequest): string | undefined {
  const { login, username } = (body ?? {}) as { login?: string; username?: string };
  if (routeOptions.schema?.body === LoginBody) return login;
  return basicCredentials(headers.authorization)?.login ?? username;
}

/** Whose address it is: of IPv6 the /64, which is what a single customer has to choose from (RFC 6177 2). */
export function network(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...(tail ?? [])].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** Whether it takes the body to know by whom to count, or how much. */
export const needsBody = (name: LimitName): boolean => name === 'send' || ['login', 'email'].includes(LIMITS[name].per);

function costOf(name: LimitName, { body, query }: FastifyRequest): number {
  if (name === 'send') return (body as { messages?: readonly unknown[] }).messages?.length ?? 1;
  if (name === 'search') return SEARCHED.some((filter) => filter in (query as object)) ? 1 : 0;
  return 1;
}

/** A hook that refuses what goes beyond the limit. All routes with the same limit share the count. */
export const limiterOf =
  (limits: RateLimits, name: LimitName) =>
  async (request: FastifyRequest): Promise<void> => {
    const subject = SUBJECTS[LIMITS[name].per](request);
    const cost = costOf(name, request);
    if (subject !== undefined && cost > 0) await limits.take(name, subject, cost);
  };

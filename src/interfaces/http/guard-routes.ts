import type { FastifyInstance, RouteOptions } from 'fastify';
import type { AuthService } from '../../application/auth-service.ts';
import { NoQuery } from '../contract/requests.ts';
import type { LimitName } from '../limits.ts';
import type { RateLimits } from '../rate-limits.ts';
import { authenticateBy } from './authenticate.ts';
import { limiterOf, needsBody } from './rate-limits.ts';

/**
 * From here on every route of this scope, unless it says otherwise, wants an access token or HTTP Basic and takes no query; and it
 * keeps the limits that it names. That is checked before the body is read where it can be.
 */
export function guardRoutes(api: FastifyInstance, auth: AuthService, rateLimits: RateLimits): void {
  const limiter = (name: LimitName) => limiterOf(rateLimits, name);
  const authenticate = authenticateBy(api.accessTokens, api.basicAccess, auth);
  api.addHook('onRoute', (route: RouteOptions) => {
    const { open, limits = [] } = route.config ?? {};
    const early = limits.filter((name) => !needsBody(name)).map(limiter);
    route.schema = { querystring: NoQuery, ...route.schema };
    route.onRequest = [...(open ? [] : [authenticate]), ...early, ...[route.onRequest ?? []].flat()];
    route.preHandler = [...limits.filter(needsBody).map(limiter), ...[route.preHandler ?? []].flat()];
  });
}

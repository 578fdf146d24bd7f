import type { FastifyInstance, RouteOptions } from 'fastify';
import type { AuthService } from '../../application/auth-service.ts';
import { NoQuery } from '../contract/requests.ts';
import { LIMITS, type LimitName } from '../limits.ts';
import { authenticateBy } from './authenticate.ts';
import { limiterOf } from './rate-limits.ts';

/**
 * From here on every route of this scope, unless it says otherwise, wants an access token or HTTP Basic and takes no query; and it keeps the limits
 * that it names. That is checked before the body is read. The rate-limit plug-in must be there if `withLimits`.
 */
export function guardRoutes(api: FastifyInstance, auth: AuthService, withLimits: boolean): void {
  const limiters = new Map<LimitName, ReturnType<typeof limiterOf>>();
  const limiter = (name: LimitName) => {
    const limit = limiters.get(name) ?? limiterOf(api, LIMITS[name]);
    limiters.set(name, limit);
    return limit;
  };
  const loginLimits = withLimits ? [limiter('login'), limiter('loginName')] : [];
  const authenticate = authenticateBy(api.accessTokens, auth, async (request) => {
    for (const limit of loginLimits) await limit(request);
  });
  api.addHook('onRoute', (route: RouteOptions) => {
    const { open, limits = [] } = route.config ?? {};
    const active = withLimits ? limits : [];
    const early = active.filter((name) => !needsBody(name)).map(limiter);
    route.schema = { querystring: NoQuery, ...route.schema };
    route.onRequest = [...(open ? [] : [authenticate]), ...early, ...[route.onRequest ?? []].flat()];
    route.preHandler = [...active.filter(needsBody).map(limiter), ...[route.preHandler ?? []].flat()];
  });
}

const needsBody = (name: LimitName): boolean => LIMITS[name].per === 'login' || LIMITS[name].per === 'email';

import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { DomainError } from '../../../domain/errors.ts';
import type { MetricsAccess } from '../../telemetry.ts';

/** For a Prometheus that knows the token. It is no part of the API, so the OpenAPI document has nothing of it. */
export const metricsRoutes =
  (metrics: MetricsAccess, limit: (request: FastifyRequest) => Promise<void>): FastifyPluginAsync =>
  async (app) => {
    const expected = digest(`Bearer ${metrics.token}`);
    app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
      if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
        await limit(request);
        throw new DomainError('TOKEN_INVALID', 'Send the token of PARLEY_METRICS_TOKEN.');
      }
      return reply.type(metrics.contentType).send(await metrics.text());
    });
  };

/** Of one length, whatever was sent. */
const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

import helmet from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { asyncApi } from '../ws/asyncapi.ts';

/** Nothing from elsewhere, nothing inline. Without `upgrade-insecure-requests`, which breaks plain HTTP in a local network. */
const CONTENT_SECURITY_POLICY = {
  'default-src': "'none'",
  'connect-src': "'self'",
  'font-src': "'self'",
  'img-src': "'self' data:",
  'script-src': "'self'",
  'style-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The OpenAPI document and its interactive page, and the AsyncAPI document of the socket. @fastify/swagger must be there already. */
export const documentationRoutes =
  (isHttps: boolean, version: string): FastifyPluginAsync =>
  async (app) => {
    await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: isHttps });
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      uiConfig: { layout: 'BaseLayout' }, // without the bar that asks for another document
    });
    app.get('/docs/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    app.get('/docs/asyncapi.json', { schema: { hide: true } }, async () => asyncApi(version));
  };

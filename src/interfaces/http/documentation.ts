import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type FastifyInstance, fastify, type RouteOptions } from 'fastify';
import { asyncApi } from '../ws/asyncapi.ts';
import { openApiOptions } from './openapi.ts';

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

/** The OpenAPI document of these routes and its interactive page, and the AsyncAPI document of the socket. */
export async function buildDocumentation(
  routes: readonly RouteOptions[],
  { isHttps, version }: { readonly isHttps: boolean; readonly version: string },
): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, openApiOptions(version));
  for (const { method, url, schema = {}, config = {} } of routes) {
    if (method !== 'HEAD' && !schema.hide)
      app.route({ method, url, schema, config, exposeHeadRoute: false, handler: never });
  }
  await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: isHttps });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    uiConfig: { layout: 'BaseLayout' }, // without the bar that asks for another document
  });
  app.get('/docs/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/docs/asyncapi.json', { schema: { hide: true } }, async () => asyncApi(version));
  return app;
}

const never = (): never => {
  throw new Error('a route of the documentation is only described');
};

import type { FastifyInstance } from 'fastify';
import type { Span, Tracing } from '../telemetry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | undefined;
  }
}

/** From here on each request of this scope is a span, from before it is authenticated until its answer is sent. */
export function traceRequests(api: FastifyInstance, tracing: Tracing): void {
  api.decorateRequest('span');
  api.addHook('onRequest', (request, _reply, done) => {
    request.span = tracing.begin(`${request.method} ${request.routeOptions.url}`, request.headers);
    request.span.run(done);
  });
  // What comes after a body has been read would be part of nothing.
  api.addHook('preHandler', ({ span }, _reply, done) => {
    if (span) span.run(done);
    else done();
  });
  api.addHook('onResponse', ({ id, method, routeOptions, span }, { statusCode }, done) => {
    const route = { 'http.request.method': method, 'http.route': routeOptions.url };
    span?.end({ ...route, 'http.response.status_code': statusCode, 'parley.request_id': id }, statusCode >= 500);
    done();
  });
}

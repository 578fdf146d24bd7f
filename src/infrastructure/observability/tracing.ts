import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  DiagLogLevel,
  defaultTextMapGetter,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Store } from '../../application/ports/persistence.ts';
import type { Logger } from '../../application/ports/services.ts';
import type { Change, Commit } from '../../domain/changes.ts';
import { watchStore } from './watched-store.ts';

/** A client chooses the ids of its commands. */
const ATTRIBUTE_LENGTH_MAX = 128;
/** How long a stop waits for a collector that does not answer. */
const CLOSE_MS = 2_000;

/** A commit that was stored. Times are in milliseconds since 1970. */
interface Append {
  readonly commit: Commit;
  /** How many commits went to the store in the same call. */
  readonly together: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * Tells an OpenTelemetry collector, by OTLP over HTTP, what each request and command waited for: calls of the database, and the
 * append that stored it. Names and attributes are patterns, types, ids and numbers; never what a caller wrote.
 */
export class Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer;
  readonly #propagator = new W3CTraceContextPropagator();
  /** Holds the span that the work is part of, if it is part of one. */
  readonly #active = new AsyncLocalStorage<Context>();
  readonly #appends = new WeakMap<Change, Append>();

  /** @param endpoint that of the collector, to which traces go below `/v1/traces` */
  constructor({ endpoint, version, logger }: { endpoint: string; version: string; logger: Logger }) {
    const error = (reason: string) => logger.warn({ reason }, 'traces could not be sent');
    const nobody = () => {};
    const told = { error, warn: nobody, info: nobody, debug: nobody, verbose: nobody };
    diag.setLogger(told, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
    const own = resourceFromAttributes({ 'service.name': 'parley', 'service.version': version });
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
    this.#provider = new TracerProvider({
      resource: own.merge(detectResources({ detectors: [envDetector] })),
      spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    });
    this.#tracer = this.#provider.getTracer('parley', version);
  }

  /**
   * Begins the span of a request or a command.
   * @param headers may say what it is part of (W3C Trace Context)
   */
  begin(name: string, headers: IncomingHttpHeaders = {}) {
    const caller = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER }, caller);
    const context = trace.setSpan(caller, span);
    return {
      traceId: span.spanContext().traceId,
      run: <T>(work: () => T): T => this.#active.run(context, work),
      end: (facts: Attributes, hasFailed: boolean): void => end(span.setAttributes(facts), hasFailed),
    };
  }

  /** The writer works for many at once, so for no span; but each is told of the append that it waited for. */
  async writing<T extends { readonly changes: readonly Change[] }>(write: () => Promise<T>): Promise<T> {
    const context = this.#active.getStore();
    const outcome = await this.#active.run(ROOT_CONTEXT, write);
    const [change] = outcome.changes;
    const append = change && this.#appends.get(change);
    if (context && append) this.#tellOfAppend(append, context);
    return outcome;
  }

  #tellOfAppend({ commit, together, startedAt: startTime, endedAt }: Append, context: Context): void {
    const { id, chatId, firstRev, lastRev } = commit;
    const ids = { 'parley.commit_id': id, 'parley.chat_id': chatId };
    const numbers = { 'parley.first_rev': firstRev, 'parley.last_rev': lastRev, 'parley.commits': together };
    const attributes = { ...ids, ...numbers };
    this.#tracer.startSpan('append', { kind: SpanKind.CLIENT, startTime, attributes }, context).end(endedAt);
  }

  /** The same store; a call from within a span is part of it. */
  watchStore(store: Store): Store {
    return watchStore(store, {
      answered: (operation, ms, hasFailed) => {
        const context = this.#active.getStore();
        if (!context || !trace.getSpan(context)) return;
        const endedAt = now();
        const span = this.#tracer.startSpan(operation, { kind: SpanKind.CLIENT, startTime: endedAt - ms }, context);
        end(span, hasFailed, endedAt);
      },
      appending: (commits) => {
        const startedAt = now();
        return (commit, outcome) => {
          if (outcome !== 'stored') return;
          const append = { commit, together: commits.length, startedAt, endedAt: now() };
          for (const change of commit.changes) this.#appends.set(change, append);
        };
      },
    });
  }

  /** Sends what waits to be sent. */
  async close(): Promise<void> {
    await Promise.race([this.#provider.shutdown(), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** The system's clock has whole milliseconds; most calls take less than one. */
const now = (): number => performance.timeOrigin + performance.now();

function end(span: Span, hasFailed: boolean, at?: number): void {
  if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(at);
}

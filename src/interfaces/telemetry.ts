import type { IncomingHttpHeaders } from 'node:http';
import type { Outcome } from '../application/chat-writer.ts';

/** Who counts what the transports do. Labels come from closed lists: never an id, an address or a text of a caller's. */
export interface Telemetry {
  request(of: { method: string; route: string | undefined; status: number; ms: number }): void;
  /** @param of `code` is `ack` or that of the refusal */
  command(of: { type: string; code: string; ms: number }): void;
  socketClosed(code: number | 'other'): void;
}

/** The figures of this process, for whoever knows the token. */
export interface MetricsAccess {
  readonly token: string;
  readonly contentType: string;
  text(): Promise<string>;
}

/** The time in which a request or a command was dealt with. */
export interface Span {
  readonly traceId: string;
  /** What this work waits for is part of the span. */
  run<T>(work: () => T): T;
  end(facts: Readonly<Record<string, string | number | undefined>>, hasFailed: boolean): void;
}

/** Who is told what requests and commands waited for. */
export interface Tracing {
  /** @param headers may say what it is part of (W3C Trace Context) */
  begin(name: string, headers?: IncomingHttpHeaders): Span;
  /** Runs the writer, which works for many at once, and then tells of the append that this command waited for. */
  writing(write: () => Promise<Outcome>): Promise<Outcome>;
}

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

import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { linesTo } from './lines-to.ts';

/** Fields that are never logged, wherever they stand, in lower case. */
const SECRETS = new Set([
  'adminpassword',
  'accesstoken',
  'authorization',
  'cookie',
  'currentpassword',
  'gifkey',
  'jwtsecret',
  'metricstoken',
  'mongodburi',
  'newpassword',
  'password',
  'passwordhash',
  'redisurl',
  'refreshtoken',
  's3secretkey',
  'secret',
  'smtpurl',
  'set-cookie',
  'ticket',
  'token',
]);
const REDACTED = '[redacted]';
const MAX_DEPTH = 10;

/**
 * The structured log: one JSON object per line on stdout, or coloured text on a terminal. Secrets and the query strings of URLs
 * are left out, and of a request and an error only what is named below.
 * @param level the least severe level that is logged
 * @param destination where the lines go instead of stdout
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: (facts) => redactEntries(facts, 0) },
    // By then errors are described; pino's own serialiser would take all of their fields.
    serializers: { req: describeRequest, res: describeResponse, err: (described: unknown) => described },
  };
  if (destination) return pino(options, destination);
  if (process.stdout.isTTY) return pino({ ...options, transport: { target: 'pino-pretty' } });
  return pino(options, standardOutput());
}

let stdout: DestinationStream | undefined;

/** One for all loggers; what waits is written when the process ends. */
function standardOutput(): DestinationStream {
  if (!stdout) {
    const lines = linesTo(process.stdout.fd);
    process.once('exit', lines.finish);
    stdout = lines;
  }
  return stdout;
}

interface RequestLike {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly url?: unknown;
  readonly ip?: unknown;
}

const describeRequest = ({ id, method, url, ip }: RequestLike) => ({ id, method, url: withoutQuery(url), ip });

const describeResponse = ({ statusCode }: { readonly statusCode?: unknown }) => ({ statusCode });

/** Drivers hang whole documents on their errors, so only the usual fields are taken. */
const describeError = (error: Error, depth: number): object => ({
  type: error.name,
  code: 'code' in error ? error.code : undefined,
  message: error.message,
  stack: error.stack,
  cause: redactValue(error.cause, depth),
});

function redactEntries(facts: object, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts)) kept[name] = redactField(name, value, depth);
  return kept;
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (SECRETS.has(name.toLowerCase())) return REDACTED;
  if (name === 'url') return withoutQuery(value);
  return redactValue(value, depth);
}

/** Instances of other classes are left to their serialisers. */
function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return REDACTED;
  if (Error.isError(value)) return describeError(value, depth + 1);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return isPlainObject(value) ? redactEntries(value, depth + 1) : value;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A query may hold what only the caller should know, and is text of anyone's choice. */
const withoutQuery = (url: unknown): unknown => (typeof url === 'string' ? url.replace(/[?#].*$/s, '') : url);

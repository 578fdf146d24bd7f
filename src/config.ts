/**
 * The configuration of a Parley process: one schema gives the types, the defaults, the checks, `--help`, `.env.example` and
 * `docs/configuration.md`. No other file reads `process.env`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { parseArgs, parseEnv } from 'node:util';
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';

/** What a setting has beside its JSON Schema. */
interface Meta {
  /** Its environment variable. */
  readonly env: string;
  readonly description: string;
  /** A secret has no flag, may come from the file that `<env>_FILE` names, and is never printed. */
  readonly secret: boolean;
}

const setting = <T extends TSchema>(env: string, schema: T, description: string): T & Meta =>
  Object.assign(schema, { env, description, secret: false });

const secret = <T extends TSchema>(env: string, schema: T, description: string): T & Meta =>
  Object.assign(schema, { env, description, secret: true });

const text = (title: string, value: string) => Type.String({ title, minLength: 1, default: value });

const checkedText = (title: string, check: (value: string) => boolean) => Type.Refine(Type.String({ title }), check);

const list = <T extends TSchema>(items: T) => Type.Array(items, { default: [] });

const origin = () =>
  checkedText('an origin such as https://chat.example.org, with no path and no slash at the end', isOrigin);

const schema = Type.Object({
  host: setting(
    'HOST',
    text('a host name or an address', '127.0.0.1'),
    'What to listen on. The default is reached from this machine only, 0.0.0.0 from every network (so the Docker image sets it).',
  ),
  port: setting(
    'PORT',
    Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
    'The port to listen on; 0 takes any free one, and the log says which.',
  ),
  mongodbUri: secret(
    'MONGODB_URI',
    Type.Optional(checkedText('a mongodb:// or mongodb+srv:// URI', isMongodbUri)),
    'Where MongoDB is, with the name of the database. Without it everything is kept in a SQLite file in the data folder.',
  ),
  dataDir: setting(
    'PARLEY_DATA_DIR',
    text('a path', './data'),
    'The folder of the SQLite file and of the generated signing key; it is made if it is missing.',
  ),
  publicUrl: setting(
    'PARLEY_PUBLIC_URL',
    Type.Optional(origin()),
    'Where people reach this server: an origin that browsers may call from, and the start of every link.',
  ),
  corsOrigins: setting(
    'PARLEY_CORS_ORIGINS',
    list(origin()),
    'Further origins whose pages may use this server from a browser.',
  ),
  trustProxy: setting(
    'PARLEY_TRUST_PROXY',
    list(checkedText('an IP address or a CIDR range such as 10.0.0.0/8, but never all addresses', isProxyRange)),
    'The reverse proxies whose X-Forwarded headers are believed.',
  ),
  jwtSecret: secret(
    'PARLEY_JWT_SECRET',
    Type.Optional(checkedText('at least 32 bytes long', (value) => Buffer.byteLength(value) >= 32)),
    'The key that signs access tokens, the same on every node. Without it one is generated and kept.',
  ),
  logLevel: setting(
    'PARLEY_LOG_LEVEL',
    Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
    'The least severe lines that are logged.',
  ),
  rateLimit: setting(
    'PARLEY_RATE_LIMIT',
    Type.Boolean({ default: true }),
    'Whether calls are limited per address and per account. Off is for tests and load generators.',
  ),
  registration: setting(
    'PARLEY_REGISTRATION',
    Type.Enum(['open', 'closed'], { default: 'open' }),
    'Whether strangers may make an account for themselves.',
  ),
  maxSocketsPerUser: setting(
    'PARLEY_MAX_SOCKETS_PER_USER',
    Type.Integer({ minimum: 1, maximum: 10_000, default: 20 }),
    'How many WebSockets one user may have open on a node.',
  ),
  stopTimeoutMs: setting(
    'PARLEY_STOP_TIMEOUT_MS',
    Type.Integer({ minimum: 100, maximum: 600_000, default: 10_000 }),
    'The deadline of the ordered stop, in milliseconds. The process manager should wait longer before it kills.',
  ),
});

export type Config = Readonly<Static<typeof schema>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** The parts of JSON Schema that settings use. */
interface Setting extends Meta {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array';
  readonly title?: string;
  readonly enum?: readonly string[];
  readonly items?: Setting;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number | boolean | readonly string[];
}

const SETTINGS = Object.entries(schema.properties) as [keyof Config, TSchema & Setting][];
const FLAGS = new Map(SETTINGS.filter(([, s]) => !s.secret).map(([, s]) => [flagOf(s), s.env]));
const VARIABLES = SETTINGS.flatMap(([, s]) => (s.secret ? [s.env, `${s.env}_FILE`] : [s.env]));

/** Everything that is wrong with a configuration, one line for each. Never shows a value, which might be a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The environment of this process and, under it, what a file `.env` in the working directory says. */
export function readEnvironment(): Environment {
  return existsSync('.env') ? { ...parseEnv(readFileSync('.env', 'utf8')), ...process.env } : process.env;
}

/**
 * Flags come before the environment, the environment before `*_FILE`, and that before the defaults. An empty variable counts
 * as not set.
 * @param argv what follows the program's name
 * @throws ConfigError
 */
export function loadConfig(env: Environment, argv: readonly string[]): Config {
  const problems: string[] = [];
  const flags = readFlags(argv, problems);
  problems.push(...unknownVariables(env));

  const given: Record<string, unknown> = {};
  for (const [key, s] of SETTINGS) {
    const found = flags.get(s.env) ?? readVariable(s, env, problems);
    if (!found) continue;
    given[key] = parse(s, found.text);
    if (!Value.Check(s, given[key])) problems.push(`${found.source}: must be ${expectation(s)}`);
  }

  const config = Value.Default(schema, given);
  if (problems.length > 0 || !Value.Check(schema, config)) throw new ConfigError(problems);
  return config;
}

/** A setting's text and where it stood. */
interface Found {
  readonly text: string;
  readonly source: string;
}

function readFlags(argv: readonly string[], problems: string[]): Map<string, Found> {
  const options = Object.fromEntries([...FLAGS.keys()].map((flag) => [flag, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const found = new Map<string, Found>();
  for (const [i, token] of tokens.entries()) {
    const before = tokens[i - 1];
    const isItsValue = before?.kind === 'option' && !FLAGS.has(before.name);
    if (token.kind === 'positional' && !isItsValue) problems.push(`argument ${token.index + 1}: is not a flag`);
    if (token.kind !== 'option') continue;
    const env = FLAGS.get(token.name);
    if (!env) problems.push(unknownFlag(token.name, token.rawName));
    else if (!token.value) problems.push(`--${token.name}: needs a value`);
    else found.set(env, { text: token.value, source: `--${token.name}` });
  }
  return found;
}

function unknownFlag(name: string, rawName: string): string {
  const hidden = SETTINGS.find(([, s]) => s.secret && flagOf(s) === name)?.[1].env;
  if (hidden) return `${rawName}: everyone on the machine can read flags; use ${hidden} or ${hidden}_FILE`;
  return `${rawName}: unknown flag${suggestion(name, [...FLAGS.keys()], '--')}`;
}

function readVariable(s: Setting, env: Environment, problems: string[]): Found | null {
  const value = env[s.env];
  const path = s.secret ? env[`${s.env}_FILE`] : undefined;
  if (value && path) problems.push(`${s.env}: set either it or ${s.env}_FILE, not both`);
  else if (value) return { text: value, source: s.env };
  else if (path) return readSecretFile(`${s.env}_FILE`, path, problems);
  return null;
}

/** A secret from a file, less the line break that editors end a file with. */
function readSecretFile(source: string, path: string, problems: string[]): Found | null {
  try {
    return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, ''), source };
  } catch (error) {
    problems.push(
      `${source}: cannot be read (${Error.isError(error) && 'code' in error ? error.code : 'unknown error'})`,
    );
    return null;
  }
}

/** What Kubernetes sets in every container that runs beside a Service named "parley". */
const SERVICE_LINK = /^PARLEY_(SERVICE_(HOST|PORT)\w*=|PORT_\d+_|PORT=(tcp|udp|sctp):)/;

const unknownVariables = (env: Environment): string[] =>
  Object.keys(env)
    .filter((name) => name.startsWith('PARLEY_') && !VARIABLES.includes(name))
    .filter((name) => !SERVICE_LINK.test(`${name}=${env[name]}`))
    .map((name) => `${name}: unknown variable${suggestion(name, VARIABLES)}`);

function parse(s: Setting, raw: string): unknown {
  if (s.type === 'integer') return /^\d+$/.test(raw) ? Number(raw) : raw;
  if (s.type === 'boolean') return raw === 'on' ? true : raw === 'off' ? false : raw;
  if (s.type !== 'array') return raw;
  const items = raw.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

/** What a value must be, to go on from "must be". */
function expectation(s: Setting): string {
  if (s.enum) return `one of ${s.enum.join(', ')}`;
  if (s.items) return `a list with commas, each item ${expectation(s.items)}`;
  if (s.type === 'integer') return `a whole number from ${s.minimum} to ${s.maximum}`;
  if (s.type === 'boolean') return 'on or off';
  return s.title ?? 'a text';
}

function isOrigin(value: string): boolean {
  return /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

function isMongodbUri(value: string): boolean {
  return /^mongodb(\+srv)?:\/\/./.test(value);
}

function isProxyRange(value: string): boolean {
  const [address = '', prefix = '32', ...rest] = value.split('/');
  if (rest.length > 0 || !/^[1-9]\d*$/.test(prefix)) return false;
  return (isIPv4(address) && Number(prefix) <= 32) || (isIPv6(address) && Number(prefix) <= 128);
}

/** `PARLEY_DATA_DIR` is `data-dir` as a flag. */
function flagOf(s: Meta): string {
  return s.env
    .replace(/^PARLEY_/, '')
    .toLowerCase()
    .replaceAll('_', '-');
}

function suggestion(name: string, known: readonly string[], prefix = ''): string {
  const unprefixed = name.replace(/^PARLEY_/, '');
  if (known.includes(unprefixed)) return `; did you mean ${prefix}${unprefixed}?`;
  const ranked = known.map((k) => ({ k, distance: editDistance(name, k) })).sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  return nearest && nearest.distance <= Math.max(2, name.length / 4) ? `; did you mean ${prefix}${nearest.k}?` : '';
}

/** Levenshtein's: how many characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j < row.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The default as one would write it; empty where there is none. */
function defaultText(s: Setting): string {
  if (typeof s.default === 'boolean') return s.default ? 'on' : 'off';
  return String(s.default ?? '');
}

/** The text that `--help` or `--version` asks for, or null if neither is given. */
export function informationFor(argv: readonly string[]): string | null {
  if (argv.includes('--help')) return help();
  if (argv.includes('--version')) return version();
  return null;
}

/** The version of this program, by its package.json. */
export function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return manifest.version;
}

function help(): string {
  const entries = SETTINGS.map(([, s]) => {
    const names = s.secret ? `${s.env} or ${s.env}_FILE` : `--${flagOf(s)}, ${s.env}`;
    const fallback = defaultText(s) && ` Default: ${defaultText(s)}.`;
    return `  ${names}\n      ${s.description}\n      Must be ${expectation(s)}.${fallback}`;
  });
  return [
    'Usage: node src/main.ts [--flag value]...',
    '',
    'A flag comes before the environment, the environment before the file .env, and that before the default.',
    'A secret may stand in a file instead, which NAME_FILE names.',
    '',
    ...entries,
    '  --help, --version',
    '      Print this text or the version, and exit.',
    '',
    'Exit codes: 0 stopped in order, 1 failed, 78 the configuration is wrong.',
  ].join('\n');
}

/** The contents of `.env.example`. */
export function envExample(): string {
  const entries = SETTINGS.map(([, s]) => {
    const file = s.secret ? ` Or name a file that holds it: ${s.env}_FILE.` : '';
    return `# ${s.description}${file}\n# Must be ${expectation(s)}.\n#${s.env}=${defaultText(s)}\n`;
  });
  return [
    '# Copy this file to .env and take away the # before what you set. The values shown are the defaults.\n',
    ...entries,
  ].join('\n');
}

/** The contents of `docs/configuration.md`. */
export function configurationPage(): string {
  const rows = SETTINGS.map(([, s]) => {
    const flag = s.secret ? `none; \`${s.env}_FILE\`` : `\`--${flagOf(s)}\``;
    const fallback = defaultText(s) && `\`${defaultText(s)}\``;
    return `| \`${s.env}\` | ${flag} | ${expectation(s)} | ${fallback} | ${s.description} |`;
  });
  return [
    '# Configuration',
    '',
    'Made from `src/config.ts` by `npm run docs`; change it there.',
    '',
    'A flag comes before the environment, the environment before a file `.env` in the working directory, and that before the',
    'default. A secret has no flag; it may stand in a file, which `NAME_FILE` names. An empty variable counts as not set. Lists are',
    'separated by commas. What is wrong is printed all at once, one line for each, and the process exits with 78; an unknown',
    'variable that starts with `PARLEY_` is wrong too.',
    '',
    '| Variable | Flag | Must be | Default | Meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

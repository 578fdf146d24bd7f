/** Every setting of a Parley process: its variable, what it must be, its default and what it means. */
import { accessSync, constants, statSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { type Static, type TSchema, Type } from 'typebox';
import { limitsText, parseLimit } from './interfaces/limits.ts';

/** What a setting has beside its JSON Schema. */
export interface Meta {
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

const readableFile = () => checkedText('the path of a file that this process can read', isReadableFile);

export const schema = Type.Object({
  host: setting(
    'HOST',
    Type.Refine(Type.String({ title: 'a host name or an address', default: '127.0.0.1' }), isHost),
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
  redisUrl: secret(
    'REDIS_URL',
    Type.Optional(checkedText('a redis:// or rediss:// URI', isRedisUrl)),
    'Where Redis is, by which several nodes on one MongoDB hear of each other. Nothing is kept there.',
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
  tlsCert: setting(
    'PARLEY_TLS_CERT',
    Type.Optional(readableFile()),
    'The certificate (PEM, with those that lead to its authority) for serving https and wss without a proxy. Read again on SIGHUP.',
  ),
  tlsKey: setting('PARLEY_TLS_KEY', Type.Optional(readableFile()), 'The private key of the certificate (PEM).'),
  tlsCa: setting(
    'PARLEY_TLS_CA',
    Type.Optional(readableFile()),
    'The authority (PEM) that must have signed the certificate of every client. Without it clients need none.',
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
  metricsToken: secret(
    'PARLEY_METRICS_TOKEN',
    Type.Optional(checkedText('at least 16 characters long', (value) => value.length >= 16)),
    'What a Prometheus must send as its bearer token to read /metrics. Without it nobody can, and nothing is counted.',
  ),
  otlpEndpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    Type.Optional(checkedText('an http:// or https:// address', isHttpUrl)),
    'Where an OpenTelemetry collector takes traces by OTLP over HTTP (usually port 4318). Without it there are none.',
  ),
  rateLimit: setting(
    'PARLEY_RATE_LIMIT',
    Type.Boolean({ default: true }),
    'Whether calls are limited per address and per account. Off is for tests and load generators.',
  ),
  rateLimits: setting(
    'PARLEY_RATE_LIMITS',
    list(checkedText(`one such as send=60/10s, in the place of ${limitsText()}`, (text) => parseLimit(text) !== null)),
    'Other limits than the built-in ones: how often at once, and the time in which that grows back, in s, m or h.',
  ),
  registration: setting(
    'PARLEY_REGISTRATION',
    Type.Enum(['open', 'invitation', 'closed'], { default: 'open' }),
    'Who may make an account for himself: anybody, whoever an admin invited, or nobody.',
  ),
  adminLogin: setting(
    'PARLEY_ADMIN_LOGIN',
    Type.Optional(checkedText('a username, or the e-mail address of an account', isPresent)),
    'Whoever has it is made an admin at the start. Where nobody has it, an account is made with the next two.',
  ),
  adminEmail: setting(
    'PARLEY_ADMIN_EMAIL',
    Type.Optional(checkedText('an e-mail address', isAddress)),
    'The address of the admin that is made at the start.',
  ),
  adminPassword: secret(
    'PARLEY_ADMIN_PASSWORD',
    Type.Optional(checkedText('from 8 to 128 characters long', isPasswordLong)),
    'The first password of the admin that is made at the start, and no common one; an account that is there keeps its own.',
  ),
  smtpUrl: secret(
    'PARLEY_SMTP_URL',
    Type.Optional(checkedText('an smtp:// or smtps:// URI', isSmtpUri)),
    'The server that mail is sent by, with user and password. Without it every mail becomes a file in the data folder.',
  ),
  mailFrom: setting(
    'PARLEY_MAIL_FROM',
    Type.Refine(Type.String({ title: 'an e-mail address', default: 'parley@localhost' }), isAddress),
    'Whom mail is from.',
  ),
  maxSocketsPerUser: setting(
    'PARLEY_MAX_SOCKETS_PER_USER',
    Type.Integer({ minimum: 1, maximum: 10_000, default: 20 }),
    'How many WebSockets one user may have open on a node.',
  ),
  maxSocketsPerAddress: setting(
    'PARLEY_MAX_SOCKETS_PER_ADDRESS',
    Type.Integer({ minimum: 1, maximum: 1_000_000, default: 5_000 }),
    'How many WebSockets one address (of IPv6 a /64) may have open on a node. Not counted where PARLEY_RATE_LIMIT is off.',
  ),
  maxUploadBytes: setting(
    'PARLEY_MAX_UPLOAD_BYTES',
    Type.Integer({ minimum: 1024, maximum: 1_073_741_824, default: 26_214_400 }),
    'How large an attachment may be, in bytes.',
  ),
  s3Endpoint: setting(
    'PARLEY_S3_ENDPOINT',
    Type.Optional(origin()),
    'Where S3, or what speaks its protocol, keeps the files. Without it they are in the data folder, or in MongoDB where that is used.',
  ),
  s3Bucket: setting(
    'PARLEY_S3_BUCKET',
    Type.Optional(checkedText('the name of a bucket', isBucketName)),
    'The bucket for the files; nothing else belongs into it.',
  ),
  s3Region: setting('PARLEY_S3_REGION', text('a region', 'us-east-1'), 'The region of the bucket.'),
  s3AccessKey: setting(
    'PARLEY_S3_ACCESS_KEY',
    Type.Optional(checkedText('an access key id', isPresent)),
    'Who Parley is to S3.',
  ),
  s3SecretKey: secret(
    'PARLEY_S3_SECRET_KEY',
    Type.Optional(checkedText('a secret access key', isPresent)),
    'The secret that belongs to the access key.',
  ),
  gifUrl: setting(
    'PARLEY_GIF_URL',
    Type.Optional(checkedText('an http:// or https:// address', isHttpUrl)),
    'Where GIFs are searched for: https://api.giphy.com/v1/gifs/search?rating=g, or what speaks that form. Without it nobody can.',
  ),
  gifKey: secret(
    'PARLEY_GIF_KEY',
    Type.Optional(checkedText('an API key', isPresent)),
    'The key that the provider of the GIFs has given.',
  ),
  stopTimeoutMs: setting(
    'PARLEY_STOP_TIMEOUT_MS',
    Type.Integer({ minimum: 100, maximum: 600_000, default: 10_000 }),
    'The deadline of the ordered stop, in milliseconds. The process manager should wait longer before it kills.',
  ),
});

export type Config = Readonly<Static<typeof schema>>;

/** The parts of JSON Schema that settings use. */
export interface Setting extends Meta {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array';
  readonly title?: string;
  readonly enum?: readonly string[];
  readonly items?: Setting;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number | boolean | readonly string[];
}

export const SETTINGS = Object.entries(schema.properties) as [keyof Config, TSchema & Setting][];

function isHost(value: string): boolean {
  return isIPv6(value) || /^[a-z\d_]([\w.-]*\w)?\.?$/i.test(value);
}

function isOrigin(value: string): boolean {
  return /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

function isHttpUrl(value: string): boolean {
  return /^https?:/.test(value) && URL.canParse(value);
}

function isMongodbUri(value: string): boolean {
  return /^mongodb(\+srv)?:\/\/./.test(value);
}

function isReadableFile(value: string): boolean {
  try {
    accessSync(value, constants.R_OK);
    return statSync(value).isFile();
  } catch {
    return false;
  }
}

function isRedisUrl(value: string): boolean {
  return /^rediss?:\/\/[^/]/.test(value) && URL.canParse(value);
}

function isBucketName(value: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value);
}

function isSmtpUri(value: string): boolean {
  return /^smtps?:\/\/[^/]/.test(value) && URL.canParse(value);
}

function isPresent(value: string): boolean {
  return value.trim() !== '';
}

function isAddress(value: string): boolean {
  return /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(value);
}

function isPasswordLong(value: string): boolean {
  return [...value].length >= 8 && [...value].length <= 128;
}

function isProxyRange(value: string): boolean {
  const [address = '', prefix = '32', ...rest] = value.split('/');
  if (rest.length > 0 || !/^[1-9]\d*$/.test(prefix)) return false;
  return (isIPv4(address) && Number(prefix) <= 32) || (isIPv6(address) && Number(prefix) <= 128);
}

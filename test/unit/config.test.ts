import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ConfigError,
  configurationPage,
  type Environment,
  envExample,
  informationFor,
  loadConfig,
  readEnvironment,
  version,
} from '../../src/config.ts';
import { SETTINGS } from '../../src/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const STRONG = 'correct horse battery staple, twice over';
/** Any file that is there. */
const PEM = new URL(import.meta.url).pathname;

function secretFile(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(env: Environment, argv: string[] = []): readonly string[] {
  try {
    loadConfig(env, argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('where a value comes from', () => {
  test('nothing is needed: there is a default for everything', () => {
    expect(loadConfig({}, [])).toEqual({
      host: '127.0.0.1',
      port: 3000,
      dataDir: './data',
      maxUploadBytes: 26_214_400,
      s3Region: 'us-east-1',
      corsOrigins: [],
      trustProxy: [],
      logLevel: 'info',
      rateLimit: true,
      rateLimits: [],
      registration: 'open',
      mailFrom: 'parley@localhost',
      maxSocketsPerUser: 20,
      maxSocketsPerAddress: 5000,
      stopTimeoutMs: 10_000,
    });
  });

  test('every variable arrives as what it means', () => {
    const env = {
      HOST: '::',
      PORT: '0',
      MONGODB_URI: 'mongodb://db.example/parley',
      REDIS_URL: 'redis://cache.example',
      PARLEY_DATA_DIR: '/data',
      PARLEY_PUBLIC_URL: 'https://chat.example.org',
      PARLEY_CORS_ORIGINS: 'http://localhost:5173, https://app.example.org,',
      PARLEY_TRUST_PROXY: '10.0.0.0/8,fd00::/8,192.0.2.1',
      PARLEY_JWT_SECRET: STRONG,
      PARLEY_LOG_LEVEL: 'silent',
      PARLEY_RATE_LIMIT: 'off',
      PARLEY_RATE_LIMITS: 'send=60/10s, login=5/1m',
      PARLEY_REGISTRATION: 'invitation',
      PARLEY_ADMIN_LOGIN: 'boss',
      PARLEY_ADMIN_EMAIL: 'boss@example.org',
      PARLEY_ADMIN_PASSWORD: 'a good password',
      PARLEY_SMTP_URL: 'smtps://user:word@mail.example.org:465',
      PARLEY_MAIL_FROM: 'chat@example.org',
      PARLEY_MAX_SOCKETS_PER_USER: '3',
      PARLEY_MAX_SOCKETS_PER_ADDRESS: '40',
      PARLEY_STOP_TIMEOUT_MS: '2500',
      PARLEY_MAX_UPLOAD_BYTES: '5000',
      PARLEY_S3_ENDPOINT: 'https://s3.example.org',
      PARLEY_S3_BUCKET: 'files',
      PARLEY_S3_REGION: 'eu-1',
      PARLEY_S3_ACCESS_KEY: 'key',
      PARLEY_S3_SECRET_KEY: 'secret',
      PARLEY_GIF_URL: 'https://gifs.example.org/search?rating=g',
      PARLEY_GIF_KEY: 'gif key',
      PARLEY_TLS_CERT: PEM,
      PARLEY_TLS_KEY: PEM,
      PARLEY_TLS_CA: PEM,
    };
    expect(loadConfig(env, [])).toEqual({
      host: '::',
      port: 0,
      mongodbUri: 'mongodb://db.example/parley',
      redisUrl: 'redis://cache.example',
      maxUploadBytes: 5000,
      s3Endpoint: 'https://s3.example.org',
      s3Bucket: 'files',
      s3Region: 'eu-1',
      s3AccessKey: 'key',
      s3SecretKey: 'secret',
      gifUrl: 'https://gifs.example.org/search?rating=g',
      gifKey: 'gif key',
      tlsCert: PEM,
      tlsKey: PEM,
      tlsCa: PEM,
      dataDir: '/data',
      publicUrl: 'https://chat.example.org',
      corsOrigins: ['http://localhost:5173', 'https://app.example.org'],
      trustProxy: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
      jwtSecret: STRONG,
      logLevel: 'silent',
      rateLimit: false,
      rateLimits: ['send=60/10s', 'login=5/1m'],
      registration: 'invitation',
      adminLogin: 'boss',
      adminEmail: 'boss@example.org',
      adminPassword: 'a good password',
      smtpUrl: 'smtps://user:word@mail.example.org:465',
      mailFrom: 'chat@example.org',
      maxSocketsPerUser: 3,
      maxSocketsPerAddress: 40,
      stopTimeoutMs: 2500,
    });
  });

  test('a flag comes before the environment, and the environment before the default', () => {
    const env = { PORT: '4000', PARLEY_LOG_LEVEL: 'warn' };
    expect(loadConfig(env, ['--port', '5000', '--data-dir=/srv'])).toMatchObject({
      port: 5000,
      logLevel: 'warn',
      dataDir: '/srv',
      host: '127.0.0.1',
    });
  });

  test('a secret is taken from the file that X_FILE names, less the last line break', () => {
    const env = {
      PARLEY_JWT_SECRET_FILE: secretFile('jwt', `${STRONG}\n`),
      MONGODB_URI_FILE: secretFile('mongo', 'mongodb://db.example/parley\r\n'),
    };
    expect(loadConfig(env, [])).toMatchObject({ jwtSecret: STRONG, mongodbUri: 'mongodb://db.example/parley' });
  });

  test('an empty variable counts as not set', () => {
    expect(
      loadConfig({ PORT: '', PARLEY_PUBLIC_URL: '', PARLEY_JWT_SECRET: '', PARLEY_JWT_SECRET_FILE: '' }, []),
    ).toEqual(loadConfig({}, []));
  });

  test('a file .env in the working directory stands under the environment', () => {
    writeFileSync(join(folder, '.env'), 'PATH=/nowhere\nPARLEY_REGISTRATION=closed\n');
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(readEnvironment()).toEqual({ ...process.env, PARLEY_REGISTRATION: 'closed' });
    } finally {
      process.chdir(before);
    }
  });

  test('one configuration cannot change the defaults of the next', () => {
    loadConfig({}, []).corsOrigins.push('https://evil.example');
    expect(loadConfig({}, []).corsOrigins).toEqual([]);
  });
});

describe('what is refused', () => {
  test('everything that is wrong is said at once, one line for each', () => {
    const problems = problemsOf({ PORT: 'x', PARLEY_RATE_LIMIT: 'false', PARLEY_NONSENSE: '1' }, [
      '--registration',
      'maybe',
    ]);
    expect([...problems].sort()).toEqual([
      '--registration: must be one of open, invitation, closed',
      'PARLEY_NONSENSE: unknown variable',
      'PARLEY_RATE_LIMIT: must be on or off',
      'PORT: must be a whole number from 0 to 65535',
    ]);
    expect(new ConfigError(problems).message).toBe(problems.join('\n'));
  });

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['PORT', '80.5'],
    ['PARLEY_MAX_SOCKETS_PER_USER', '0'],
    ['HOST', 'a b'],
    ['HOST', 'https://chat.example.org'],
    ['HOST', 'localhost:3000'],
    ['PARLEY_STOP_TIMEOUT_MS', '99'],
    ['PARLEY_LOG_LEVEL', 'INFO'],
    ['PARLEY_PUBLIC_URL', 'chat.example.org'],
    ['PARLEY_PUBLIC_URL', 'https://chat.example.org/'],
    ['PARLEY_PUBLIC_URL', 'https://chat.example.org/chat'],
    ['PARLEY_PUBLIC_URL', 'ftp://chat.example.org'],
    ['PARLEY_CORS_ORIGINS', '*'],
    ['PARLEY_CORS_ORIGINS', 'https://a.example,null'],
    ['PARLEY_TRUST_PROXY', 'true'],
    ['PARLEY_TRUST_PROXY', '1'],
    ['PARLEY_TRUST_PROXY', '0.0.0.0/0'],
    ['PARLEY_TRUST_PROXY', '::/0'],
    ['PARLEY_TRUST_PROXY', '10.0.0.0/33'],
    ['PARLEY_TRUST_PROXY', '10.0.0.0/8/8'],
    ['PARLEY_TRUST_PROXY', 'loopback'],
    ['MONGODB_URI', 'postgres://db.example'],
    ['PARLEY_JWT_SECRET', 'x'.repeat(31)],
  ])('%s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name}: must be `)]);
  });

  test('a secret of 32 bytes is long enough, whatever the letters', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET: 'ж'.repeat(16) })).toEqual([]);
  });

  test('a variable and its file at the same time', () => {
    const env = { MONGODB_URI: 'mongodb://db.example/parley', MONGODB_URI_FILE: secretFile('both', 'mongodb://x/y') };
    expect(problemsOf(env)).toEqual(['MONGODB_URI: set either it or MONGODB_URI_FILE, not both']);
  });

  test('a file that is not there, cannot be a file, or holds nothing', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: join(folder, 'missing') })).toEqual([
      'PARLEY_JWT_SECRET_FILE: cannot be read (ENOENT)',
    ]);
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: folder })).toEqual(['PARLEY_JWT_SECRET_FILE: cannot be read (EISDIR)']);
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: secretFile('empty', '\n') })).toEqual([
      'PARLEY_JWT_SECRET_FILE: must be at least 32 bytes long',
    ]);
  });

  test.each([
    ['PARLEY_LOG_LEVLE', 'PARLEY_LOG_LEVEL'],
    ['PARLEY_CORS_ORIGIN', 'PARLEY_CORS_ORIGINS'],
    ['PARLEY_PORT', 'PORT'],
    ['PARLEY_MONGODB_URI', 'MONGODB_URI'],
    ['PARLEY_JWT_SECRET_FIEL', 'PARLEY_JWT_SECRET_FILE'],
  ])('an unknown variable %s, with the known one that was meant', (unknown, meant) => {
    expect(problemsOf({ [unknown]: '1' })).toEqual([`${unknown}: unknown variable; did you mean ${meant}?`]);
  });

  test('other programs may have variables of their own, and so may Kubernetes', () => {
    const env = {
      PATH: '/bin',
      MONGODB_PORT: 'tcp://10.0.0.2:27017',
      PARLEY_SERVICE_HOST: '10.0.0.1',
      PARLEY_SERVICE_PORT_HTTP: '3000',
      PARLEY_PORT: 'tcp://10.0.0.1:3000',
      PARLEY_PORT_3000_TCP_ADDR: '10.0.0.1',
    };
    expect(problemsOf(env)).toEqual([]);
  });

  test.each([
    [['--prot', '8080'], ['--prot: unknown flag; did you mean --port?']],
    [['--nonsense=1'], ['--nonsense: unknown flag']],
    [['-p', '8080'], ['-p: unknown flag']],
    [['--port'], ['--port: needs a value']],
    [['--port='], ['--port: needs a value']],
    [
      ['serve', '--port', '1', 'now'],
      ['argument 1: is not a flag', 'argument 4: is not a flag'],
    ],
  ])('the flags %j', (argv, problems) => {
    expect(problemsOf({}, argv)).toEqual(problems);
  });

  test('a secret as a flag, which everyone on the machine could read', () => {
    expect(problemsOf({}, ['--jwt-secret', STRONG])).toEqual([
      '--jwt-secret: everyone on the machine can read flags; use PARLEY_JWT_SECRET or PARLEY_JWT_SECRET_FILE',
    ]);
  });

  test('Redis that is none, or without the store that several nodes need', () => {
    const [MONGODB_URI, REDIS_URL] = ['mongodb://db.example/parley', 'rediss://:secret@cache.example:6380/2'];
    expect(problemsOf({ MONGODB_URI, REDIS_URL })).toEqual([]);
    expect(problemsOf({ REDIS_URL })).toEqual(['MONGODB_URI: is needed beside REDIS_URL']);
    for (const bad of ['cache.example', 'http://cache.example', 'redis://']) {
      expect(problemsOf({ MONGODB_URI, REDIS_URL: bad })).toEqual(['REDIS_URL: must be a redis:// or rediss:// URI']);
    }
  });

  test('half a certificate, and files that cannot be read', () => {
    const file = secretFile('some.pem', 'x');
    const neededBeside = 'is needed beside';
    expect(problemsOf({ PARLEY_TLS_CERT: file })).toEqual([`PARLEY_TLS_KEY: ${neededBeside} PARLEY_TLS_CERT`]);
    expect(problemsOf({ PARLEY_TLS_CA: file })).toEqual([
      `PARLEY_TLS_CERT: ${neededBeside} PARLEY_TLS_CA`,
      `PARLEY_TLS_KEY: ${neededBeside} PARLEY_TLS_CA`,
    ]);
    expect(problemsOf({ PARLEY_TLS_CERT: join(folder, 'missing'), PARLEY_TLS_KEY: folder })).toEqual([
      'PARLEY_TLS_CERT: must be the path of a file that this process can read',
      'PARLEY_TLS_KEY: must be the path of a file that this process can read',
    ]);
  });

  test('a limit that is none, of which there is a list to choose from', () => {
    const [problem, ...others] = problemsOf({ PARLEY_RATE_LIMITS: 'send=60/10s,posting=1/1s' });
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^PARLEY_RATE_LIMITS: must be a list .* such as send=60\/10s, in the place of register=60\/10m/,
    );
  });

  test('a bucket half named, or a provider of GIFs', () => {
    const some = { PARLEY_S3_ENDPOINT: 'https://s3.example.org', PARLEY_S3_ACCESS_KEY: 'key' };
    const missing = ['PARLEY_S3_BUCKET', 'PARLEY_S3_SECRET_KEY'];
    const present = 'PARLEY_S3_ENDPOINT, PARLEY_S3_ACCESS_KEY';
    expect(problemsOf(some)).toEqual(missing.map((name) => `${name}: is needed beside ${present}`));
    expect(problemsOf({ PARLEY_GIF_KEY: 'key' })).toEqual(['PARLEY_GIF_URL: is needed beside PARLEY_GIF_KEY']);
    const all = { ...some, PARLEY_S3_BUCKET: 'files', PARLEY_S3_SECRET_KEY: 'secret' };
    expect(loadConfig(all, [])).toMatchObject({ s3Bucket: 'files', s3SecretKey: 'secret', s3Region: 'us-east-1' });
  });

  test('no problem shows a value, wherever a secret was put by mistake', () => {
    const names = ['PORT', 'MONGODB_URI', 'MONGODB_URI_FILE', 'PARLEY_PUBLIC_URL', 'PARLEY_JWT_SECRET', 'PARLEY_OTHER'];
    const flags = ['--port', '--jwt-secret', '--other', ''];
    const canary = fc.constantFrom('canary', 'mongodb+srv:/canary', '/canary', 'https://u:canary@example.org');
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom(...flags), canary, (name, flag, value) => {
        const problems = problemsOf({ [name]: value }, [flag, value]);
        expect(problems).not.toEqual([]);
        expect(problems.join('\n')).not.toContain('canary');
      }),
    );
  });
});

describe('what is said about it', () => {
  const variables = [...envExample().matchAll(/^#([A-Z_0-9]+)=/gm)].map(([, name]) => name ?? '');

  test('--help and --version ask for a text, nothing else does', () => {
    expect(informationFor(['--port', '1'])).toBeNull();
    expect(informationFor(['--version'])).toBe(version());
    expect(version()).toMatch(/^\d+\.\d+\.\d+/);
    const help = informationFor(['--port', '1', '--help']) ?? '';
    for (const name of variables) expect(help).toContain(name);
  });

  test('.env.example gives the defaults when its lines are taken in', () => {
    const env = Object.fromEntries(
      [...envExample().matchAll(/^#([A-Z_0-9]+)=(.*)$/gm)].map(([, k = '', v = '']) => [k, v]),
    );
    expect(loadConfig(env, [])).toEqual(loadConfig({}, []));
    expect(variables).toHaveLength(SETTINGS.length);
  });

  test('.env.example and docs/configuration.md are as `npm run docs` writes them', () => {
    const root = new URL('../../', import.meta.url);
    expect(readFileSync(new URL('.env.example', root), 'utf8')).toBe(envExample());
    expect(readFileSync(new URL('docs/configuration.md', root), 'utf8')).toBe(configurationPage());
  });
});

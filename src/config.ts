/**
 * The configuration of a Parley process: one schema (settings.ts) gives the types, the defaults, the checks, `--help`,
 * `.env.example` and `docs/configuration.md`. No other file reads `process.env`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { Check } from 'typebox/schema';
import { type Config, type Meta, SETTINGS, type Setting, schema } from './settings.ts';

export type { Config };
export type Environment = Readonly<Record<string, string | undefined>>;

const FLAGS = new Map(SETTINGS.filter(([, s]) => !s.secret).map(([, s]) => [flagOf(s), s.env]));
const DEFAULTS = Object.fromEntries(
  SETTINGS.flatMap(([key, s]) => (s.default === undefined ? [] : [[key, s.default]])),
);
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
    if (!Check(s, given[key])) problems.push(`${found.source}: must be ${expectation(s)}`);
  }

  problems.push(...incompleteGroups(given));

  const config: unknown = { ...structuredClone(DEFAULTS), ...given };
  if (problems.length > 0 || !Check(schema, config)) throw new ConfigError(problems);
  return config;
}

/** Settings that are needed as soon as one of them is given, or one that goes with them. */
const GROUPS: readonly { readonly needed: readonly (keyof Config)[]; readonly by?: readonly (keyof Config)[] }[] = [
  { needed: ['s3Endpoint', 's3Bucket', 's3AccessKey', 's3SecretKey'] },
  { needed: ['gifUrl', 'gifKey'] },
  { needed: ['tlsCert', 'tlsKey'], by: ['tlsCa'] },
  { needed: ['mongodbUri'], by: ['redisUrl'] }, // several nodes; SQLite is for one
];

function incompleteGroups(given: Readonly<Record<string, unknown>>): string[] {
  const nameOf = (key: keyof Config) => schema.properties[key].env;
  return GROUPS.flatMap(({ needed, by = [] }) => {
    const present = [...needed, ...by].filter((key) => given[key] !== undefined).map(nameOf);
    const missing = needed.map(nameOf).filter((name) => !present.includes(name));
    return present.length === 0 ? [] : missing.map((name) => `${name}: is needed beside ${present.join(', ')}`);
  });
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
    'Usage: npm start -- [--flag value]...',
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

/** Each setting as it is in effect, a line each, as in `.env`; of a secret only whether it is set. */
export function describeConfig(config: Config): string {
  const shown = (key: keyof Config, s: Setting): string => {
    const value = config[key];
    if (s.secret) return value === undefined ? '' : '[set]';
    return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value ?? '');
  };
  return SETTINGS.map(([key, s]) => `${s.env}=${shown(key, s)}`).join('\n');
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

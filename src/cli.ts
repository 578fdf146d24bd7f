/** What an operator does by hand: `npm run parley -- COMMAND`. Everything it says of its own goes to stderr, results to stdout. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  type Config,
  ConfigError,
  describeConfig,
  type Environment,
  loadConfig,
  readEnvironment,
  version,
} from './config.ts';
import type { Application, Leaves } from './container.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 64; // of sysexits.h, as are the others
const EXIT_IN_USE = 75;
const EXIT_CONFIG = 78;

const HELP = `Usage: npm run parley -- COMMAND [--flag value]...

  serve                          Start the server; the same as npm start.
  migrate                        Bring the data to this version's schema.
  check                          Whether the configuration is sound and the data can be read and written.
  user create NAME EMAIL [admin] Make an account.
  user reset LOGIN               Set a new password and sign the account out everywhere.
  user promote LOGIN             Make somebody an admin, and restore him if he is suspended.
  user list                      Everybody: id, name, address, role, state, since when; separated by tabs.
  backup FOLDER                  Copy the SQLite database and its files into a new folder; the server may run.
  restore FOLDER                 Put such a copy into the data folder, which must be empty.
  compact                        Write the SQLite database anew, without what deletions have left in unused parts of it.
  epoch renew                    After another kind of restore: clients read everything afresh. Servers must be stopped.
  migrate-store mongodb|sqlite   Copy everything from the SQLite data folder to MONGODB_URI, or back, and compare. Nothing may
                                 run on either; if it is cut off, run it again.
  config print                   The configuration in effect; of secrets only whether they are set.
  openapi                        The OpenAPI document of this version.

The flags are those of the server: npm start -- --help. LOGIN is a name or an address.
A password is the first line of stdin, or of the file that PASSWORD_FILE names; on a terminal it is asked for.
With SQLite the server must be stopped first, but for a backup; with MongoDB it may run unless it says otherwise.

Exit codes: 0 done, 1 failed or refused, ${EXIT_USAGE} no such command, ${EXIT_IN_USE} another process has the data open, ${EXIT_CONFIG} the configuration
is wrong.`;

/** The command cannot be what was meant. */
class UsageError extends Error {}

type Run = (operands: readonly string[], flags: readonly string[]) => Promise<void>;

const COMMANDS: Record<string, { readonly operands: readonly [min: number, max: number]; readonly run: Run }> = {
  serve: { operands: [0, 0], run: (_, flags) => serve(flags) },
  migrate: {
    operands: [0, 0],
    run: (_, flags) => withApplication(flags, async () => say('The schema is up to date.')),
  },
  check: {
    operands: [0, 0],
    run: (_, flags) => withApplication(flags, (_, { store }) => store.check().then(() => say('All is well.'))),
  },
  'user create': { operands: [2, 3], run: createUser },
  'user reset': { operands: [1, 1], run: resetPassword },
  'user promote': {
    operands: [1, 1],
    run: ([login = ''], flags) =>
      withApplication(flags, async ({ operator }) => say(`${(await operator.promote(login)).username} is an admin.`)),
  },
  'user list': { operands: [0, 0], run: (_, flags) => withApplication(flags, listUsers) },
  backup: { operands: [1, 1], run: ([folder = ''], flags) => backUpTo(folder, flags) },
  restore: { operands: [1, 1], run: ([folder = ''], flags) => restoreFrom(folder, flags) },
  compact: {
    operands: [0, 0],
    run: async (_, flags) => (await import('./maintenance.ts')).compact(configOf(flags)),
  },
  'epoch renew': {
    operands: [0, 0],
    run: (_, flags) =>
      withLeaves(flags, async ({ store }) => say(`The epoch is ${await store.settings.renewEpoch()}.`)),
  },
  'migrate-store': { operands: [1, 1], run: ([to = ''], flags) => migrateStore(to, flags) },
  'config print': { operands: [0, 0], run: async (_, flags) => print(describeConfig(configOf(flags))) },
  openapi: { operands: [0, 0], run: printOpenApi },
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(); // whoever reads it has read enough
});
try {
  await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeOf(error);
}

async function main(argv: readonly string[]): Promise<void> {
  const firstFlag = argv.findIndex((argument) => argument.startsWith('-'));
  const words = firstFlag < 0 ? argv : argv.slice(0, firstFlag);
  const flags = firstFlag < 0 ? [] : argv.slice(firstFlag);
  if (flags.includes('--help') || words[0] === 'help') return print(HELP);
  if (flags.includes('--version')) return print(version());
  const name = [2, 1].map((count) => words.slice(0, count).join(' ')).find((n) => Object.hasOwn(COMMANDS, n));
  const command = COMMANDS[name ?? ''];
  if (!name || !command)
    throw new UsageError(words.length > 0 ? `no such command: ${words.join(' ')}` : 'which command?');
  const operands = words.slice(name.split(' ').length);
  const [min, max] = command.operands;
  if (operands.length < min || operands.length > max) throw new UsageError(`wrong number of words after "${name}"`);
  await command.run(operands, flags);
}

async function serve(flags: readonly string[]): Promise<void> {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...flags); // what main.ts reads
  await import('./main.ts');
}

function configOf(flags: readonly string[]): Config {
  return loadConfig(readEnvironment(), flags);
}

/** Opens the data, works on it, and closes it. */
async function withLeaves(flags: readonly string[], work: (leaves: Leaves) => Promise<void>): Promise<void> {
  const config = configOf(flags);
  const { createLogger, openLeaves } = await import('./container.ts');
  const leaves = await openLeaves(config, version(), createLogger('silent'));
  try {
    await work(leaves);
  } finally {
    await leaves.redis?.close();
    await leaves.store.close();
  }
}

/** The same with the use cases, but without a server. */
function withApplication(
  flags: readonly string[],
  work: (application: Application, leaves: Leaves) => Promise<void>,
): Promise<void> {
  return withLeaves(flags, async (leaves) => {
    const { buildApplication } = await import('./container.ts');
    const application = await buildApplication(leaves);
    await work(application, leaves);
    await application.gateway.close();
    await application.server.close();
  });
}

async function backUpTo(folder: string, flags: readonly string[]): Promise<void> {
  const { backUp } = await import('./maintenance.ts');
  const { files, gone } = await backUp(configOf(flags), folder);
  say(`The database and ${files} files are in ${folder}.`);
  if (gone > 0) say(`${gone} files were deleted while it was made, with their messages.`);
}

async function restoreFrom(folder: string, flags: readonly string[]): Promise<void> {
  const config = configOf(flags);
  const { restore } = await import('./maintenance.ts');
  await restore(config, folder);
  say(`${folder} is in ${config.dataDir}; start the server.`);
}

async function migrateStore(to: string, flags: readonly string[]): Promise<void> {
  if (to !== 'mongodb' && to !== 'sqlite') throw new UsageError('after migrate-store comes mongodb or sqlite');
  const config = configOf(flags);
  const note = (facts: object, message: string) => say(`${message} ${JSON.stringify(facts)}`);
  const { moveStore } = await import('./maintenance.ts');
  const { records, lines } = await moveStore(config, to, { debug: note, info: note, warn: note, error: note });
  say(`Moved and compared: ${records.user} people, ${records.chat} chats, ${lines} lines, ${records.file} files.`);
}

async function createUser([username = '', email = '', role = 'user']: readonly string[], flags: readonly string[]) {
  if (role !== 'user' && role !== 'admin') throw new UsageError('after the address comes admin, or nothing');
  const password = await readPassword(readEnvironment());
  await withApplication(flags, async ({ operator }) => {
    const user = await operator.createUser({ username, email, password }, role);
    print(user.id);
  });
}

async function resetPassword([login = '']: readonly string[], flags: readonly string[]): Promise<void> {
  const password = await readPassword(readEnvironment());
  await withApplication(flags, async ({ operator }) => {
    const user = await operator.resetPassword(login, password);
    say(`${user.username} has a new password and is signed out everywhere.`);
  });
}

async function listUsers({ operator }: Application): Promise<void> {
  for await (const { id, username, email, role, suspendedAt, createdAt } of operator.everybody()) {
    const state = suspendedAt === null ? 'active' : 'suspended';
    print([id, username, email, role, state, new Date(createdAt).toISOString()].join('\t'));
  }
}

/** Of a server on an empty store in memory: the configuration changes nothing of it. */
async function printOpenApi(): Promise<void> {
  const { describeApi } = await import('./container.ts');
  print(await describeApi(version()));
}

async function readPassword(env: Environment): Promise<string> {
  const path = env.PASSWORD_FILE;
  if (path) return firstLine(readFileSync(path, 'utf8'));
  return process.stdin.isTTY ? askHidden('Password: ') : firstLine(await text(process.stdin));
}

function firstLine(input: string): string {
  const [line = ''] = input.split(/\r?\n/);
  if (line === '') throw new UsageError('a password must come by stdin or from the file that PASSWORD_FILE names');
  return line;
}

/** Asks on the terminal, which does not show what is typed. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return firstLine(await terminal.question(''));
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) {
    say('See npm run parley -- --help');
    return EXIT_USAGE;
  }
  if (error instanceof ConfigError) return EXIT_CONFIG;
  if (error instanceof Error && error.name === 'StoreRefused' && error.message.includes('another process')) {
    say('Stop the server first: with SQLite, one process at a time has the data open.');
    return EXIT_IN_USE;
  }
  return EXIT_FAILED;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function say(line: string): void {
  process.stderr.write(`parley: ${line}\n`);
}

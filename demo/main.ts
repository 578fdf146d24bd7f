/** `npm run demo`: the server as it is, on a folder of its own that is full of other people's talk and goes when it stops. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../src/infrastructure/sqlite/sqlite-store.ts';
import { PASSWORD, perform } from './perform.ts';
import { type Plan, plan, type Sizes } from './plan.ts';

const USAGE = `Usage: npm run demo -- [--flag value]...

  --people    how many there are: 3 to 1000, 30 if not given
  --chats     how many they have: 1 to 2000, 200 if not given
  --messages  how many they have written, at least one for each chat: to 200000, 20000 if not given
  --seed      another number makes another workspace: 1 if not given
  --port      what to listen on, on this machine only: 3000 if not given
`;

class UsageError extends Error {}

interface Options {
  readonly sizes: Sizes;
  readonly seed: number;
  readonly port: number;
}

/** Null for whoever wants the usage. */
function readArguments(): Options | null {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    options: {
      ...{ people: text('30'), chats: text('200'), messages: text('20000'), seed: text('1'), port: text('3000') },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const number = (name: Exclude<keyof typeof values, 'help'>, least: number, most: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new UsageError(`--${name}: must be a whole number from ${least} to ${most}`);
  };
  const [people, chats] = [number('people', 3, 1_000), number('chats', 1, 2_000)];
  const sizes = { people, chats, messages: number('messages', chats, 200_000) };
  return { sizes, seed: number('seed', 0, 2 ** 32 - 1), port: number('port', 1, 65_535) };
}

/** Fills the folder. */
async function prepare({ sizes, seed }: Options, dataDir: string): Promise<Plan> {
  const workspace = plan(sizes, seed);
  const store = await openSqliteStore({ dataDir, isDurable: false });
  await perform(workspace, Date.now(), { store, dataDir });
  await store.close();
  return workspace;
}

/** The program of `npm start`, in this process, with the settings of the demo and no others. */
async function serve(dataDir: string, port: number): Promise<void> {
  process.env = {};
  process.chdir(dataDir); // where there is no .env
  const flags = [`--data-dir=${dataDir}`, '--host=127.0.0.1', `--port=${port}`, '--log-level=warn'];
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...flags);
  await import('../src/main.ts');
}

function greeting({ people, chats }: Plan, { sizes, port }: Options): string {
  const [hero, admin, ...others] = people.map(({ username }) => username);
  return `
${people.length} people have written ${sizes.messages.toLocaleString('en')} messages in ${chats.length} chats.

  Open        http://127.0.0.1:${port}
  Sign in as  ${hero}
  Password    ${PASSWORD}

It is the password of everybody else, too: ${admin} (an admin), ${others.slice(0, 5).join(', ')}, …
All of it is gone when the demo is stopped, with Ctrl-C.
`;
}

const interrupted = () => process.exit(130);
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function main(): Promise<void> {
  const options = readArguments();
  if (options === null) return void process.stdout.write(USAGE);
  for (const signal of SIGNALS) process.once(signal, interrupted);
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-demo-'));
  process.once('exit', () => {
    process.chdir(tmpdir());
    rmSync(dataDir, { recursive: true, force: true });
  });
  const workspace = await prepare(options, dataDir);
  for (const signal of SIGNALS) process.removeListener(signal, interrupted); // from here on the server listens to them
  await serve(dataDir, options.port);
  process.stdout.write(greeting(workspace, options));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exit(1);
}

/** `npm run bench -- <scenario>`: measures and prints. It judges nothing and exits with 0 unless it could not run. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine, describePinning, stayOffServerCore } from './machine.ts';
import { fanout } from './scenarios/fanout.ts';
import { http } from './scenarios/http.ts';
import { idle } from './scenarios/idle.ts';
import { lists } from './scenarios/lists.ts';
import { nodes } from './scenarios/nodes.ts';
import type { Options, Scenario } from './scenarios/options.ts';
import { people } from './scenarios/people.ts';
import { send } from './scenarios/send.ts';
import { start } from './scenarios/start.ts';
import { storm } from './scenarios/storm.ts';
import { svg } from './svg.ts';
import { markdown, type Table } from './table.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = { send, http, lists, people, start, fanout, idle, storm, nodes };

/** All but `lists` and `people`, which take long to fill, and `nodes` where there is nothing for it to run on. */
async function all(options: Options): Promise<Table[]> {
  const hasServers = options.mongodbUri !== undefined && options.redisUrl !== undefined;
  const tables: Table[] = [];
  for (const scenario of [send, http, start, fanout, idle, storm, ...(hasServers ? [nodes] : [])]) {
    tables.push(...(await scenario(options)));
  }
  return tables;
}

const USAGE = `Usage: npm run bench -- all|${Object.keys(SCENARIOS).join('|')} [--flag value]...

  --seconds    how long each measurement lasts: 1 to 60, 5 if not given
  --rounds     how often Parley and its limit take turns: 1 to 50, 5 if not given
  --in-flight  how many sends of one socket wait for their ack at once: 1 to 128, 16 if not given
  --json       a file for the numbers of every round
  --svg        a file for a plot of the ratios
  --data       people: a folder for the data, filled once and kept; else it takes minutes each time
  --profile    a folder for a CPU profile of Parley's process

With MONGODB_URI, send also runs on that server, in a database of its own that is dropped at the end;
nodes needs it, and REDIS_URL.
`;

class UsageError extends Error {}

/** A whole number from 1 to `most`. */
function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name}: must be a whole number from 1 to ${most}`);
}

function readArguments(): {
  scenario: Scenario;
  options: Options;
  files: { readonly json?: string; readonly svg?: string };
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '5' },
      'in-flight': { type: 'string', default: '16' },
      json: { type: 'string' },
      svg: { type: 'string' },
      data: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const [name = ''] = positionals;
  const scenario = name === 'all' ? all : Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (!scenario || positionals.length > 1) throw new UsageError('which scenario?');
  const options = {
    seconds: count('seconds', values.seconds, 60),
    rounds: count('rounds', values.rounds, 50),
    inFlight: count('in-flight', values['in-flight'], 128),
    profile: values.profile,
    data: values.data,
    mongodbUri: process.env.MONGODB_URI || undefined,
    redisUrl: process.env.REDIS_URL || undefined,
  };
  return { scenario, options, files: values };
}

async function main(): Promise<void> {
  const { scenario, options, files } = readArguments();
  stayOffServerCore();
  process.stdout.write(`${describeMachine()}\n${describePinning()}\n\n`);
  const tables = await scenario(options);
  for (const table of tables) process.stdout.write(`${markdown(table)}\n`);
  if (files.json !== undefined) {
    writeFileSync(files.json, JSON.stringify({ machine: describeMachine(), tables }, null, 2));
  }
  if (files.svg !== undefined) writeFileSync(files.svg, svg(tables, describeMachine()));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exit(1);
}

/** `npm run bench -- <scenario>`: measures and prints. It judges nothing and exits with 0 unless it could not run. */
import { readFileSync, writeFileSync } from 'node:fs';
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
const namesOfAll = ({ mongodbUri, redisUrl }: Options): string[] => {
  const hasServers = mongodbUri !== undefined && redisUrl !== undefined;
  return ['send', 'http', 'start', 'fanout', 'idle', 'storm', ...(hasServers ? ['nodes'] : [])];
};

const USAGE = `Usage: npm run bench -- all|${Object.keys(SCENARIOS).join('|')} [--flag value]...

  --seconds    how long each measurement lasts: 1 to 60, 3 if not given
  --rounds     how often Parley and its limit take turns: 1 to 50, 3 if not given
  --in-flight  how many sends of one socket wait for their ack at once: 1 to 128, 16 if not given
  --json       a file for the numbers of every round
  --svg        a file for a plot of the ratios
  --docs       a Markdown file whose part between two markers becomes what is printed
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
  names: readonly string[];
  options: Options;
  files: { readonly json?: string; readonly svg?: string; readonly docs?: string };
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      'in-flight': { type: 'string', default: '16' },
      json: { type: 'string' },
      svg: { type: 'string' },
      docs: { type: 'string' },
      data: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const [name = ''] = positionals;
  const isKnown = name === 'all' || Object.hasOwn(SCENARIOS, name);
  if (!isKnown || positionals.length > 1) throw new UsageError('which scenario?');
  const options = {
    seconds: count('seconds', values.seconds, 60),
    rounds: count('rounds', values.rounds, 50),
    inFlight: count('in-flight', values['in-flight'], 128),
    profile: values.profile,
    data: values.data,
    mongodbUri: process.env.MONGODB_URI || undefined,
    redisUrl: process.env.REDIS_URL || undefined,
  };
  return { names: name === 'all' ? namesOfAll(options) : [name], options, files: values };
}

/** What one scenario measured is printed before the next begins, and one that fails stops none. @throws Error for those that failed */
async function main(): Promise<void> {
  const { names, options, files } = readArguments();
  stayOffServerCore();
  const head = `${describeMachine()}\n${describePinning()}\n`;
  process.stdout.write(`${head}\n`);
  const [tables, failures]: [Table[], string[]] = [[], []];
  for (const name of names) {
    try {
      const measured = (await SCENARIOS[name]?.(options)) ?? [];
      for (const table of measured) process.stdout.write(`${markdown(table)}\n`);
      tables.push(...measured);
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (files.json !== undefined) {
    writeFileSync(files.json, JSON.stringify({ machine: describeMachine(), tables }, null, 2));
  }
  if (files.svg !== undefined) writeFileSync(files.svg, svg(tables, describeMachine()));
  if (files.docs !== undefined) {
    const text = [head, ...tables.map(markdown)].join('\n');
    writeBetweenMarkers(files.docs, text.replace(/^## /gm, '### '));
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

function writeBetweenMarkers(path: string, text: string): void {
  const [begin, end] = ['<!-- bench -->\n', '<!-- /bench -->'];
  const document = readFileSync(path, 'utf8');
  const [from, to] = [document.indexOf(begin) + begin.length, document.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`${path} has no ${begin.trim()} … ${end}`);
  writeFileSync(path, `${document.slice(0, from)}\n${text}\n${document.slice(to)}`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exit(1);
}

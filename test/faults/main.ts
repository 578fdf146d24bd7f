/**
 * What goes wrong in the world, done to real processes while people talk, and held against the promises: `npm run test:faults`.
 * `-- --share 0.3` does so much of the rounds, `-- --only kill` the faults with that in their name, `-- --messages 1000000` so many
 * over the bus that loses some and the links that drop.
 */
import { parseArgs } from 'node:util';
import { onSqlite } from '../support/process-stores.ts';
import { Cluster, type FaultyNode, type Result } from './cluster.ts';
import { ALONE, type AloneFault, type ClusterFault, complaints, type Fault, TOGETHER } from './faults.ts';
import { lossyBus } from './lossy-bus.ts';
import { type Servers, startServers } from './servers.ts';

const MEMBERS = 6;
const MESSAGES = 40_000;

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { share: option, only: option, messages: option } });
const share = Number(values.share ?? 1);
const LOSSY: Fault = { name: 'a bus that loses, doubles and reorders; links that drop', rounds: 1 };
const wanted = ({ name }: Fault): boolean => name.includes(values.only ?? '');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (cells: readonly (string | number)[]): void => say(`| ${cells.join(' | ')} |`);

const failures: string[] = [];

async function run(fault: AloneFault | ClusterFault, servers: Servers | null): Promise<void> {
  const rounds = Math.max(fault.roundsAtLeast ?? 1, Math.round(fault.rounds * share));
  const members = fault.members ?? MEMBERS;
  const began = Date.now();
  const store = servers ? await servers.store() : await onSqlite();
  const cluster = await Cluster.start(store, { nodes: fault.nodes, members, clockSteps: fault.clockSteps });
  try {
    for (let i = 0; i < rounds; i += 1) {
      if (fault.nodes === 1) await fault.round(cluster, cluster.nodes[0] as FaultyNode);
      else if (servers) await fault.round(cluster, servers, i);
    }
    const result = await cluster.result();
    failures.push(...complaints(fault, rounds, members, result));
    report(fault, rounds, result, Date.now() - began);
  } catch (error) {
    failures.push(`${fault.name}: ${error instanceof Error ? error.message : String(error)}`);
    row([fault.name, rounds, 'failed', '', '', '', '', '', '']);
  } finally {
    await cluster.close();
  }
}

function report({ name }: Fault, rounds: number, { messages, violations, reconnects }: Result, ms: number): void {
  const count = (kind: string) => violations.filter((violation) => violation.kind === kind).length;
  const kinds = ['lost', 'doubled', 'disordered', 'other'].map(count);
  row([name, rounds, messages, ...kinds, reconnects, (ms / 1000).toFixed(0)]);
}

row(['Fault', 'Rounds', 'Messages', 'Lost', 'Doubled', 'Out of order', 'Other', 'Reconnections', 'Seconds']);
row(['---', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---:']);
for (const fault of ALONE.filter(wanted)) await run(fault, null);
if (wanted(LOSSY)) {
  const began = Date.now();
  const result = await lossyBus(Number(values.messages ?? MESSAGES * share));
  failures.push(...complaints(LOSSY, 1, 1, result));
  report(LOSSY, 1, result, Date.now() - began);
}
const together = TOGETHER.filter(wanted);
const servers = together.length > 0 ? await startServers() : '';
if (typeof servers === 'string') for (const { name } of together) say(`not run: ${name}: ${servers}`);
else {
  for (const fault of together) await run(fault, servers);
  await servers.close();
}
for (const failure of failures.slice(0, 50)) say(failure);
process.exitCode = failures.length > 0 ? 1 : 0;

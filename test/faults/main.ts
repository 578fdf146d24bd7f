/**
 * What goes wrong in the world, done to real processes while people talk, and held against the promises: `npm run test:faults`.
 * `-- --share 0.3` does so much of the rounds, `-- --only kill` the faults with that in their name, `-- --messages 1000000` so many
 * over the bus that loses some and the links that drop. `-- --soak 20` is something else: everyday life for so many minutes on each
 * store, and whether memory, descriptors, maps and files grow.
 */
import { parseArgs } from 'node:util';
import { onSqlite, type ProcessStore } from '../support/process-stores.ts';
import { Cluster, type FaultyNode, type Result } from './cluster.ts';
import { ALONE, type AloneFault, type ClusterFault, complaints, type Fault, TOGETHER } from './faults.ts';
import { lossyBus } from './lossy-bus.ts';
import { type Servers, startServers } from './servers.ts';
import { Soak } from './soak.ts';

const MEMBERS = 6;
/** What is done in a second of a soak. */
const SOAK_RATE = { sqlite: 250, mongodb: 100 };
const MESSAGES = 40_000;

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { share: option, only: option, messages: option, soak: option } });
const share = Number(values.share ?? 1);
const LOSSY: Fault = { name: 'a bus that loses, doubles and reorders; links that drop', rounds: 1 };
const wanted = ({ name }: { readonly name: string }): boolean => name.includes(values.only ?? '');
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

async function soak(name: string, store: ProcessStore, nodes: number, perSecond: number): Promise<void> {
  if (!wanted({ name })) return;
  say(`\n${name}, ${values.soak} minutes`);
  const running = await Soak.start(store, nodes);
  try {
    const { counts, violations, leftovers } = await running.run(Number(values.soak) * 60_000, perSecond);
    say([...counts].map(([what, count]) => `${count} ${what}`).join(', '));
    say(`against the promises: ${violations.length}`);
    failures.push(...violations.map(({ invariant, what }) => `${name}: ${invariant}: ${what}`));
    failures.push(...leftovers.map((what) => `${name}: ${what}`));
  } catch (error) {
    failures.push(`${name}: ${Error.isError(error) ? error.stack : String(error)}`);
  } finally {
    reportTrends(name, running);
    await running.close();
    await store.remove();
  }
}

function reportTrends(name: string, { nodes }: Soak): void {
  row(['Node', 'What', 'First', 'Last', 'Slope an hour', 'Flat']);
  row(['---:', '---', '---:', '---:', '---:', '---']);
  for (const [i, node] of nodes.entries()) {
    failures.push(...node.errors.map((line) => `${name}: node ${i + 1} logged ${line}`));
    for (const trend of node.trends()) {
      const [first, last, perHour] = [trend.first, trend.last, trend.perHour].map((value) => value.toFixed(1));
      row([i + 1, trend.name, first ?? '', last ?? '', perHour ?? '', trend.isFlat ? 'yes' : 'NO']);
      if (!trend.isFlat) failures.push(`${name}: ${trend.name} of node ${i + 1} grows by ${perHour} an hour`);
    }
  }
}

async function soakAll(): Promise<void> {
  await soak('soak on SQLite', await onSqlite(), 1, SOAK_RATE.sqlite);
  const servers = await startServers();
  if (typeof servers === 'string') return say(`not run: soak on MongoDB and Redis: ${servers}`);
  await soak('soak on MongoDB and Redis', await servers.store(), 2, SOAK_RATE.mongodb);
  await servers.close();
}

async function faults(): Promise<void> {
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
}

await (values.soak === undefined ? faults() : soakAll());
for (const failure of failures.slice(0, 50)) say(failure);
say(failures.length === 0 ? 'All that was promised was kept.' : `${failures.length} faults were found.`);
process.exitCode = failures.length > 0 ? 1 : 0;

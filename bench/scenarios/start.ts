import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Server, startServer } from '../child.ts';
import { SERVER_CORE } from '../machine.ts';
import { startParley } from '../parley.ts';
import { row, type Table } from '../table.ts';
import type { Options } from './options.ts';

const ECHO = new URL('../echo.ts', import.meta.url).pathname;

type Start = (env: NodeJS.ProcessEnv) => Promise<Server>;

const startEcho: Start = (env) => startServer(SERVER_CORE, [ECHO], env);

/** From the spawn of `node src/start.js` on an empty data folder to the line that says where it listens. */
export async function start({ rounds }: Options): Promise<Table[]> {
  const warm = mkdtempSync(join(tmpdir(), 'parley-bench-cache-'));
  const starts: readonly Start[] = [(env) => startParley({ env }), startEcho];
  try {
    for (const one of starts) await timeToListen(one, warm);
    const results: { warm: number; cold: number }[][] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, one] of starts.entries()) {
        results[i]?.push({ warm: await timeToListen(one, warm), cold: await timeWithoutCache(one) });
      }
    }
    return [
      {
        title: 'Start: from spawn to listening, on an empty data folder',
        notes: [
          'The echo is a fastify server with the same npm packages for HTTP and WebSocket and nothing else.',
          `${rounds} rounds in turn: median (least–most).`,
        ],
        columns: ['Parley', 'echo'],
        rows: [
          row('ms', results, (result) => result.warm, 'multiple'),
          row('ms, first start (empty compile cache)', results, (result) => result.cold, 'multiple'),
        ],
      },
    ];
  } finally {
    rmSync(warm, { recursive: true });
  }
}

async function timeWithoutCache(one: Start): Promise<number> {
  const empty = mkdtempSync(join(tmpdir(), 'parley-bench-cache-'));
  try {
    return await timeToListen(one, empty);
  } finally {
    rmSync(empty, { recursive: true });
  }
}

async function timeToListen(one: Start, compileCache: string): Promise<number> {
  const spawned = performance.now();
  const server = await one({ NODE_COMPILE_CACHE: compileCache });
  const ms = performance.now() - spawned;
  await server.stop();
  return ms;
}

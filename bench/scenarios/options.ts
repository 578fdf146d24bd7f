import type { Table } from '../table.ts';

export interface Options {
  /** How long each measurement lasts; a warm-up of `WARM_UP_SECONDS` comes before it. */
  readonly seconds: number;
  /** How often Parley and its limit take turns. */
  readonly rounds: number;
  /** How many sends of one socket wait for their ack at once, when saturated. */
  readonly inFlight: number;
  /** A folder for data that takes long to make, so that the next run finds it. */
  readonly data: string | undefined;
  /** A folder for the CPU profile of Parley's process. */
  readonly profile: string | undefined;
  /** A MongoDB server that the bench may fill. */
  readonly mongodbUri: string | undefined;
  /** A Redis server for several nodes. */
  readonly redisUrl: string | undefined;
}

export type Scenario = (options: Options) => Promise<Table[]>;

const WARM_UP_SECONDS = 2;

export const windowOf = ({ seconds }: Options) => ({ warmUpMs: WARM_UP_SECONDS * 1000, ms: seconds * 1000 });

/** Flags with which node writes a profile of the process. */
export const profiling = ({ profile }: Options): string[] =>
  profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, test } from '@jest/globals';
import { type Db, MongoClient } from 'mongodb';
import { MONGO_OPTIONS } from '../../src/infrastructure/mongo/mongo-database.ts';

/** A server for tests. Each test takes a database of its own and drops it. */
export class MongoServer {
  readonly #uri: string;
  readonly #admin: MongoClient;

  constructor(uri: string) {
    this.#uri = uri;
    this.#admin = new MongoClient(uri, MONGO_OPTIONS);
  }

  /** A name that no other test has; all are of one length, so that none begins with another. */
  newDatabase(): TestDatabase {
    const name = `parley_test_${randomBytes(8).toString('hex')}`;
    return { uri: withDatabase(this.#uri, name), db: this.#admin.db(name) };
  }

  close(): Promise<void> {
    return this.#admin.close();
  }
}

export interface TestDatabase {
  readonly uri: string;
  /** To look behind the store, and to drop it. */
  readonly db: Db;
}

function withDatabase(uri: string, name: string): string {
  const [, hosts, options = ''] = /^([^?]+:\/\/[^/?]+)[^?]*(\?.*)?$/.exec(uri) ?? [];
  if (!hosts) throw new Error('MONGODB_URI is not a connection string');
  return `${hosts}/${name}${options}`;
}

/**
 * Runs a suite on a server: that of MONGODB_URI, else one in a container where a Docker engine answers. Where there is neither
 * it says that it was not run; with REQUIRE_MONGO=1 that is a failure.
 */
export async function withMongo(name: string, suite: (mongo: MongoServer) => void): Promise<void> {
  const found = await findServer();
  if (!found) {
    return notRun(name, 'there is no MONGODB_URI and no Docker engine', process.env.REQUIRE_MONGO === '1');
  }
  describeOn(found, name, suite);
}

function describeOn(found: FoundServer, name: string, suite: (mongo: MongoServer) => void): void {
  describe(name, () => {
    const mongo = new MongoServer(found.uri);
    suite(mongo);
    // Last, since hooks run in the order in which they are given: the suite's own still need the server.
    afterAll(async () => {
      await mongo.close();
      await found.stop();
    });
  });
}

interface ServerControl {
  kill(): Promise<void>;
  /** On the same port, with the same data. */
  start(): Promise<void>;
}

/**
 * Runs a suite on a server of its own, which it may kill. That takes MONGO_CONTROL, a command that knows `start` (and then says
 * MONGODB_URI=…), `kill9` and `stop`, and keeps several servers apart by the folder in MONGO_STATE.
 */
export async function withMongoControl(
  name: string,
  suite: (mongo: MongoServer, control: ServerControl) => void,
): Promise<void> {
  const command = process.env.MONGO_CONTROL;
  if (!command) return notRun(name, 'there is no MONGO_CONTROL to start and kill a server', false);
  const state = await mkdtemp(join(tmpdir(), 'parley-mongo-'));
  const run = promisify(execFile);
  const control = (what: string) => run(command, [what], { env: { ...process.env, MONGO_STATE: state } });
  const { stdout } = await control('start');
  const uri = /^MONGODB_URI=(.+)$/m.exec(stdout)?.[1];
  if (!uri) throw new Error(`MONGO_CONTROL did not say where the server is: ${stdout}`);
  describeOn({ uri, stop: async () => void (await control('stop')) }, name, (mongo) =>
    suite(mongo, {
      kill: async () => void (await control('kill9')),
      start: async () => void (await control('start')),
    }),
  );
}

/** A visible line for what is left out. */
export function sayNotRun(name: string, reason: string): void {
  process.stdout.write(`not run: ${name}: ${reason}\n`);
}

function notRun(name: string, reason: string, isFailure: boolean): void {
  test(`${name} (not run: ${reason})`, () => {
    sayNotRun(name, reason);
    if (isFailure) throw new Error(reason);
  });
}

interface FoundServer {
  readonly uri: string;
  stop(): Promise<void>;
}

async function findServer(): Promise<FoundServer | null> {
  const uri = process.env.MONGODB_URI;
  if (uri) return { uri, stop: async () => undefined };
  return (await dockerAnswers()) ? startContainer() : null;
}

/** Asked before testcontainers is loaded, which takes long and looks long. */
function dockerAnswers(): Promise<boolean> {
  const { protocol, hostname, port, pathname } = new URL(process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock');
  const engine = protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port };
  return new Promise((resolve) => {
    const ping = request({ ...engine, path: '/_ping', timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy(new Error('the Docker engine does not answer')));
    ping.on('error', () => resolve(false));
    ping.end();
  });
}

/** A replica set of one, which has the sessions that a stand-alone server lacks. Tests have dates long past, so nothing expires. */
async function startContainer(): Promise<FoundServer> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('mongo:8')
    .withCommand(['--replSet', 'rs0', '--bind_ip_all', '--setParameter', 'ttlMonitorEnabled=false'])
    .withExposedPorts(27017)
    .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/))
    .start();
  const uri = `mongodb://${container.getHost()}:${container.getMappedPort(27017)}/?directConnection=true`;
  const client = new MongoClient(uri);
  const member = { _id: 0, host: 'localhost:27017' };
  await client.db('admin').command({ replSetInitiate: { _id: 'rs0', members: [member] } });
  while (!(await client.db('admin').command({ hello: 1 })).isWritablePrimary);
  await client.close();
  return { uri, stop: async () => void (await container.stop()) };
}

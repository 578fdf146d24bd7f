/** Parley on MongoDB with the driver's command monitoring on. Answers any message of its parent with a `CommandReport`. */
import { MongoClient } from 'mongodb';
import { loadConfig, readEnvironment, version } from '../../src/config.ts';
import { buildApplication, createLogger } from '../../src/container.ts';
import { migrate } from '../../src/infrastructure/mongo/migrations.ts';
import { MONGO_OPTIONS, readsInOrder } from '../../src/infrastructure/mongo/mongo-database.ts';
import { MongoStore } from '../../src/infrastructure/mongo/mongo-store.ts';
import { RandomIds } from '../../src/infrastructure/system.ts';
import { CommandCounter } from './command-counter.ts';

const config = loadConfig(readEnvironment(), []);
const counter = new CommandCounter();
const client = new MongoClient(config.mongodbUri ?? '', { ...MONGO_OPTIONS, monitorCommands: true });
client.on('commandStarted', (event) => counter.see(event));
await migrate(client.db());
const store = new MongoStore(client.db(), await readsInOrder(client), () => client.close());
const { server, recovery } = await buildApplication({
  config,
  version: version(),
  logger: createLogger(config.logLevel),
  store,
  signingKey: new RandomIds().secret(48),
  epoch: await store.settings.epoch(),
});
process.on('message', () => process.send?.(counter.report()));
process.once('SIGTERM', () => process.exit());
void recovery.run(new AbortController().signal);
const url = await server.listen({ host: config.host, port: config.port });
process.stdout.write(`${JSON.stringify({ url })}\n`);

import { enableCompileCache } from 'node:module';
import type { Application, Leaves } from './container.ts';

enableCompileCache(); // before the rest is loaded, which is why that comes by import()

const EXIT_FAILED = 1;
const EXIT_CONFIG = 78; // EX_CONFIG of sysexits.h
const EXIT_INTERRUPTED = 130;

const { ConfigError, informationFor, loadConfig, readEnvironment, version } = await import('./config.ts');

try {
  const information = informationFor(process.argv.slice(2));
  if (information === null) await serve();
  else process.stdout.write(`${information}\n`);
} catch (error) {
  process.stderr.write(`parley: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILED);
}

/** Starts the server, and stops it in order when the process is told to. */
async function serve(): Promise<void> {
  const config = loadConfig(readEnvironment(), process.argv.slice(2));
  const { buildApplication, createLogger, openLeaves } = await import('./container.ts');
  const logger = createLogger(config.logLevel);
  const leaves = await openLeaves(config, version(), logger);
  const application = await buildApplication(leaves);
  await provideAdmin(application, leaves);
  const { server, gateway, writer, recovery, readiness, mailDelivery, deletion } = application;
  const sweeping = new AbortController();
  const swept = Promise.all([recovery, mailDelivery, deletion].map((job) => job.run(sweeping.signal)));
  const url = await server.listenAt(config);
  logger.info({ url, store: config.mongodbUri === undefined ? 'sqlite' : 'mongodb' }, `Parley is at ${url}`);

  /** What came in is finished, what is open is told to come back, and the store is closed last. */
  const stop = async (): Promise<void> => {
    readiness.stop();
    gateway.drain();
    await gateway.close();
    await server.close();
    await writer.drained();
    sweeping.abort();
    await swept;
    await leaves.redis?.close();
    await application.sendTraces();
    await leaves.store.close();
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.removeListener(name, onSignal);
      process.once(name, () => process.exit(EXIT_INTERRUPTED));
    }
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ afterMs: config.stopTimeoutMs }, 'could not stop in order in time');
      process.exit(EXIT_FAILED);
    }, config.stopTimeoutMs).unref();
    stop().then(
      () => {
        logger.info('stopped');
        process.exit();
      },
      (err) => {
        logger.error({ err }, 'could not stop in order');
        process.exit(EXIT_FAILED);
      },
    );
  };
  if (config.tlsCert !== undefined) process.on('SIGHUP', () => application.reloadCertificate());
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
}

/** Makes sure that there is a way to be the admin of this server: the configured one, else an invitation, printed once. */
async function provideAdmin({ operator }: Application, { config, logger }: Leaves): Promise<void> {
  const { adminLogin: login, adminEmail: email, adminPassword: password } = config;
  if (login !== undefined) await operator.ensureAdmin({ login, email, password }).catch(refuseAdmin);
  const invitation = await operator.inviteFirstAdmin();
  if (!invitation) return;
  const { code, expiresAt } = invitation;
  const until = new Date(expiresAt).toISOString();
  logger.warn({ invitation: code, until }, 'there is no admin yet: register with this invitation to become one');
}

/** What the rules of accounts refuse is a mistake in the configuration, which no restart mends. */
function refuseAdmin(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'DomainError') throw error;
  throw new ConfigError([`PARLEY_ADMIN_LOGIN, PARLEY_ADMIN_EMAIL, PARLEY_ADMIN_PASSWORD: ${error.message}`]);
}

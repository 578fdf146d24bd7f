import { afterEach } from '@jest/globals';
import { ServerProcess, temporaryFolder } from './server-process.ts';

/** Gives what takes clean-ups: they are done after the test that is running, the last first. To be called where hooks may be. */
export function cleanUpAfterEach(): (cleanUp: () => unknown) => void {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  return (cleanUp) => void cleanUps.push(cleanUp);
}

/** Folders and servers for the test that is running, which are gone after it. To be called where hooks may be. */
export function processesOfEach() {
  const afterwards = cleanUpAfterEach();
  return {
    afterwards,
    async aFolder(): Promise<string> {
      const { path, remove } = await temporaryFolder();
      afterwards(remove);
      return path;
    },
    async start(env: NodeJS.ProcessEnv, wrapper?: readonly string[]): Promise<ServerProcess> {
      const server = await ServerProcess.start(env, wrapper);
      afterwards(() => server.kill('SIGKILL'));
      return server;
    },
  };
}

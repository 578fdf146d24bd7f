/**
 * A process that sends, for a test to kill: node sender.ts URL FOLDER queue CHAT COUNT | node sender.ts URL FOLDER send.
 * `queue` puts messages into the folder, without a connection; `send` sends what is there, and says "done".
 */
import { Parley } from '../../../client/src/index.ts';
import { fileStorage } from '../../../client/src/node.ts';

const [url = '', folder = '', task, chatId = '', count] = process.argv.slice(2);
const parley = new Parley({ url, storage: fileStorage(folder) });

if (!(await parley.auth.restore())) throw new Error('nobody is signed in');
if (task === 'queue') {
  for (let n = 0; n < Number(count); n++) void parley.messages.send(chatId, `message ${n}`).catch(() => undefined);
} else {
  await parley.connect();
  await new Promise<void>((resolve) => {
    const look = () => Object.keys(parley.store.getState().outbox).length === 0 && resolve();
    parley.store.subscribe(look);
    look();
  });
  process.stdout.write('done');
}
await parley.close();

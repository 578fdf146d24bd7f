import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';

interface DriverConnection {
  readonly socket: Socket;
  writeCommand(...parameters: unknown[]): Promise<void>;
}

/**
 * Mends the driver (as of 7.9): a command that it writes to a socket which is destroyed, but has not yet told of its `close`,
 * waits for a `drain` that never comes. So a call would hang for ever; and so would the driver's own check of the server, without
 * which it never finds a server again that went away for a moment. Here such a command fails as on any broken connection.
 */
export function failWritesToClosedSockets(): void {
  if (isMended) return;
  isMended = true;
  const write = Connection.prototype.writeCommand;
  Connection.prototype.writeCommand = async function (...parameters) {
    const { promise: closed, reject } = Promise.withResolvers<never>();
    const onClose = () => reject(new MongoNetworkError('the connection closed before the command was written'));
    this.socket.once('close', onClose);
    try {
      await Promise.race([write.apply(this, parameters), closed]);
    } finally {
      this.socket.off('close', onClose);
    }
  };
}

let isMended = false;

/** Of the driver's inside, which it does not export. */
const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as {
  readonly Connection: { readonly prototype: DriverConnection };
};

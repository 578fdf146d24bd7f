import type { Account } from './api-client.ts';
import { SocketClient } from './socket-client.ts';

const IN_FLIGHT = 8;

export interface Acknowledged {
  readonly clientId: string;
  readonly seq: number;
}

/** Sends without a pause, several at once, until the connection is gone; answers what was acknowledged, in the order of the acks. */
export async function sendUntilCut(
  sender: Account,
  chatId: string,
  round: number,
  onAck: (ack: Acknowledged) => void,
): Promise<Acknowledged[]> {
  const socket = await SocketClient.signedIn(sender.api.baseUrl, sender.accessToken);
  const acknowledged: Acknowledged[] = [];
  let next = 0;
  const sendOn = async (): Promise<void> => {
    for (;;) {
      const clientId = `${round}-${next}`;
      next += 1;
      const frame = await socket.command('message.send', { chatId, content: `line ${clientId}`, clientId });
      if (frame.type !== 'ack') throw new Error(JSON.stringify(frame));
      const ack = { clientId, seq: (frame.message as { seq: number }).seq };
      acknowledged.push(ack);
      onAck(ack);
    }
  };
  await Promise.allSettled(Array.from({ length: IN_FLIGHT }, sendOn));
  return acknowledged;
}

/** All lines of a chat, in their order. */
export async function wholeHistory(account: Account, chatId: string) {
  const lines: { seq: number; senderId: string; clientId: string | null; content: string | null }[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await account.api.get(
      `/chats/${chatId}/messages?order=asc&limit=100${cursor && `&cursor=${cursor}`}`,
    );
    lines.push(...body.items);
    if (body.nextCursor === null) return lines;
    cursor = body.nextCursor;
  }
}

/** Socket.IO 4 as one would take it for a chat, over WebSocket alone: the token names the room, and nothing is checked or stored. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { LISTEN_BACKLOG } from './machine.ts';
import { messageEvent } from './message-event.ts';

interface Sent {
  readonly chatId: string;
  readonly content: string;
  readonly clientId: string;
}

/** A client that waits for a core to be free is not to be closed. */
const PING_MS = 120_000;

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false, pingTimeout: PING_MS });
const seqs = new Map<string, number>();

io.on('connection', async (socket) => {
  await socket.join(String(socket.handshake.auth.token));
  socket.on('message.send', ({ chatId, content, clientId }: Sent) => {
    const seq = (seqs.get(chatId) ?? 0) + 1;
    seqs.set(chatId, seq);
    io.to(chatId).emit('message.created', messageEvent(chatId, seq, content, clientId));
  });
});

http.listen({ host: '127.0.0.1', port: 0, backlog: LISTEN_BACKLOG }, () => {
  const { port } = http.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.once('SIGTERM', () => process.exit());

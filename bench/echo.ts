/**
 * The raw limits: a server in Parley's technique without its rules and storage. The same framework, parser, schemas, frames and
 * joined writes, but nobody is asked who he is and nothing is checked or stored.
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import { fastify } from 'fastify';
import secureJsonParse from 'secure-json-parse';
import { SentResult } from '../src/interfaces/contract/answers.ts';
import { ChatParams, HistoryQuery, SendBody } from '../src/interfaces/contract/requests.ts';
import { Message, page } from '../src/interfaces/contract/shapes.ts';
import { compileValidator } from '../src/interfaces/http/validator-compiler.ts';
import { Outbox, textFrame } from '../src/interfaces/ws/outbox.ts';
import { LISTEN_BACKLOG } from './machine.ts';
import { messageOf, sender } from './message-event.ts';

interface Room {
  readonly sockets: Set<Outbox>;
  seq: number;
}

const rooms = new Map<string, Room>();

function roomOf(chatId: string): Room {
  let room = rooms.get(chatId);
  if (!room) {
    room = { sockets: new Set(), seq: 0 };
    rooms.set(chatId, room);
  }
  return room;
}

type Frame =
  | { readonly type: 'auth'; readonly token: string }
  | { readonly type: 'message.send'; readonly id: string; readonly chatId: string; content: string; clientId: string };

const app = fastify();
await app.register(websocket, { options: { perMessageDeflate: false } });

/** The token names the room. */
app.get('/api/v1/ws', { websocket: true }, (socket, request) => {
  const outbox = new Outbox(request.raw.socket);
  const send = (text: string) => outbox.push(textFrame(text));
  send('{"type":"hello"}');
  socket.on('message', (data) => {
    const frame: Frame = secureJsonParse.parse(data.toString());
    if (frame.type === 'auth') {
      const { sockets } = roomOf(frame.token);
      sockets.add(outbox);
      socket.on('close', () => sockets.delete(outbox));
      send('{"type":"ready"}');
      return;
    }
    const { id, chatId, content, clientId } = frame;
    const room = roomOf(chatId);
    room.seq += 1;
    const at = new Date().toISOString();
    const message = JSON.stringify(messageOf(chatId, room.seq, at, content, clientId));
    const head = { type: 'message.created', chatId, rev: room.seq, seq: room.seq, at };
    const event = JSON.stringify({ ...head, actorId: sender.id }).slice(0, -1);
    const shared = textFrame(`${event},"data":{"message":${message}}}`);
    for (const member of room.sockets) member.push(shared);
    send(`{"type":"ack","id":${JSON.stringify(id)},"message":${message}}`);
  });
});

/** The schemas of the real routes, and answers of the same size, made anew for each request as there. */
const httpRoutes: FastifyPluginAsyncTypebox = async (routes) => {
  const now = () => new Date().toISOString();
  const path = '/api/v1/chats/:chatId/messages';
  routes.post(
    path,
    { schema: { params: ChatParams, body: SendBody, response: { 201: SentResult } } },
    async ({ params, body }, reply) => {
      const { content, clientId = '' } = 'messages' in body ? { content: '' } : body;
      return reply.code(201).send(messageOf(params.chatId, 1, now(), content, clientId));
    },
  );
  routes.get(
    path,
    { schema: { params: ChatParams, querystring: HistoryQuery, response: { 200: page(Message) } } },
    async ({ params, query }) => {
      const content = 'x'.repeat(100);
      const items = Array.from({ length: query.limit ?? 50 }, (_, i) =>
        messageOf(params.chatId, i, now(), content, `00000000-00000000-${i}`),
      );
      return { items, nextCursor: null };
    },
  );
};

app.setValidatorCompiler(compileValidator);
app.setSerializerCompiler(() => JSON.stringify); // as in Parley, where it is the faster way
await app.register(httpRoutes);

const url = await app.listen({ host: '127.0.0.1', port: 0, backlog: LISTEN_BACKLOG });
process.stdout.write(`${JSON.stringify({ url })}\n`);
process.once('SIGTERM', () => process.exit());

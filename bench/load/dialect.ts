/** How a client talks to each of the servers, as far as a load must know it. */
export interface Dialect {
  readonly path: string;
  /** What to answer a frame that is no event and no ack, and whether the client is in; what else it says is passed over. */
  answer(text: string, credentials: Credentials): { readonly text?: string; readonly isReady?: true };
  /** How the frame of a message that was sent begins, and that of an ack. */
  readonly event: string;
  readonly ack: string;
  send(chatId: string, content: string, clientId: string): string;
}

export interface Credentials {
  readonly token: string;
  /** Parley: what the client has. */
  readonly resume?: object;
}

/** What comes most often by far where many come, and is not looked at. */
const PRESENCE = '{"type":"presence.changed"';

const sent = (chatId: string, content: string, clientId: string): string =>
  `"chatId":"${chatId}","content":"${content}","clientId":"${clientId}"}`;

export const DIALECTS = {
  parley: {
    path: '/api/v1/ws',
    answer: (text, credentials) => {
      if (text.startsWith(PRESENCE)) return {};
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'ping') return { text: '{"type":"pong"}' };
      if (type === 'hello') return { text: JSON.stringify({ type: 'auth', ...credentials }) };
      if (type === 'error') throw new Error(text);
      return type === 'ready' ? { isReady: true } : {};
    },
    event: '{"type":"message.created"',
    ack: '{"type":"ack"',
    send: (...message) => `{"type":"message.send","id":"0",${sent(...message)}`,
  },
  /** Engine.IO 4 (0 open, 2 ping, 3 pong, 4 message) with Socket.IO 5 in it (40 connect, 42 event, 44 refused). */
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    answer: (text, { token }) => {
      if (text === '2') return { text: '3' };
      if (text.startsWith('0')) return { text: `40${JSON.stringify({ token })}` };
      if (text.startsWith('44')) throw new Error(text);
      return text.startsWith('40') ? { isReady: true } : {};
    },
    event: '42["message.created"',
    ack: '43',
    send: (...message) => `42["message.send",{${sent(...message)}]`,
  },
} satisfies Record<string, Dialect>;

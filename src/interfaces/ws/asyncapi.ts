import Type, { type TObject, type TSchema } from 'typebox';
import {
  AuthFrame,
  acks,
  CLOSE,
  clientHeartbeat,
  commands,
  ErrorFrame,
  HelloFrame,
  liveFrames,
  ReadyFrame,
  RefreshFrame,
} from '../contract/frames.ts';
import { Change } from '../contract/shapes.ts';
import { withComponents } from '../schema-components.ts';
import { FRAME_EXAMPLES } from './frame-examples.ts';

type Schemas = Record<string, TSchema>;

const ackOf = ({ properties }: TObject): TSchema =>
  Type.Object({ type: Type.Literal('ack'), id: Type.String(), ...properties }, { additionalProperties: false });

const named = (schemas: Readonly<Schemas>, name: (type: string) => string): Schemas =>
  Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [name(type), schema]));

const changes: Schemas = Object.fromEntries(
  Change.anyOf.map((schema) => [`event.${schema.properties.type.const}`, schema]),
);

/** What clients may say, by name. */
const FROM_CLIENTS: Readonly<Schemas> = {
  auth: AuthFrame,
  ...commands,
  'auth.refresh': RefreshFrame,
  ...named(clientHeartbeat, (type) => `client.${type}`),
};

/** What the server says, by name: events as `event.<type>`, answers as `<command>.ack`. */
const FROM_SERVER: Readonly<Schemas> = {
  hello: HelloFrame,
  ready: ReadyFrame,
  error: ErrorFrame,
  ...named(Object.fromEntries(Object.entries(acks).map(([type, ack]) => [type, ackOf(ack)])), (type) => `${type}.ack`),
  ...changes,
  ...named(liveFrames, (type) => `event.${type}`),
};

export const FRAMES: Readonly<Schemas> = { ...FROM_CLIENTS, ...FROM_SERVER };

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  auth: ['ready', 'error'],
  'client.ping': ['event.pong'],
  'client.pong': [],
};

const inChannel = (name: string) => ({ $ref: `#/channels/socket/messages/${name}` });

/** What a client says, and what it is answered. */
function commandOperation(name: string): object {
  const answers = ANSWERS[name] ?? [`${name}.ack`, 'error'];
  const channel = { $ref: '#/channels/socket' };
  const reply = { reply: { channel, messages: answers.map(inChannel) } };
  return { action: 'receive', channel, messages: [inChannel(name)], ...(answers.length > 0 && reply) };
}

const DESCRIPTION = `A chat backend. One socket per device carries everything: text frames, one JSON object each. docs/protocol.md says
what they mean and what a client has to do. Close codes: ${Object.values(CLOSE).join(', ')}; 4000 to 4399: connect again; 4400 to 4499: do not.`;

/** The AsyncAPI 3.0 document of the socket; the schemas of the frames are its only source. */
export function asyncApi(version: string): object {
  const messages = Object.entries(FRAMES).map(([name, payload]) => {
    const examples = (FRAME_EXAMPLES[name] ?? []).map((example) => ({ payload: example }));
    return [name, { name, payload, examples }] as const;
  });
  const references = messages.map(([name]) => [name, { $ref: `#/components/messages/${name}` }]);
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'Parley', version, description: DESCRIPTION },
    defaultContentType: 'application/json',
    channels: {
      socket: {
        address: '/api/v1/ws',
        messages: Object.fromEntries(references),
        bindings: {
          ws: {
            query: Type.Object({
              ticket: Type.Optional(Type.String({ description: 'Of POST /api/v1/auth/ticket; good once, for 30 s.' })),
            }),
          },
        },
      },
    },
    operations: {
      ...Object.fromEntries(Object.keys(FROM_CLIENTS).map((name) => [name, commandOperation(name)])),
      events: {
        action: 'send',
        channel: { $ref: '#/channels/socket' },
        messages: Object.keys(FROM_SERVER)
          .filter((name) => !name.endsWith('.ack'))
          .map(inChannel),
      },
    },
    components: { messages: Object.fromEntries(messages), schemas: {} },
  };
  return withComponents(document);
}

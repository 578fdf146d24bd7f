import { STATUS_CODES } from 'node:http';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema, RouteOptions } from 'fastify';
import { ERROR_KINDS, type ErrorCode } from '../../domain/errors.ts';
import { Problem } from '../contract/shapes.ts';
import { ERROR_STATUS } from './error-status.ts';
import { errorsOf } from './route-config.ts';

const TAGS = {
  auth: 'Accounts, sessions and tokens',
  users: 'Profiles',
  chats: 'Chats and what happened in them',
  members: 'Who is in a chat',
  messages: 'Sending, reading, editing, deleting',
  attachments: 'Files that go with messages',
  admin: 'What only the admins of the server may do',
  server: 'The server itself',
};

/** How @fastify/swagger makes the OpenAPI 3.1 document of the routes: their schemas are its only source. */
export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parley',
        version,
        description: 'A chat backend. Branch on the `code` of a problem, never on its text.',
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          basic: {
            type: 'http',
            scheme: 'basic',
            description: 'Username or e-mail address and password, for scripts.',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: schema?.hide ? schema : documented(schema, route), url }),
    transformObject: (document) => ('openapiObject' in document ? withComponents(document.openapiObject) : {}),
  };
}

/** The route's schema with its security and with what it may refuse. */
function documented(schema: FastifySchema, { config = {} }: RouteOptions): FastifySchema {
  const refusals = Map.groupBy(errorsOf(config, schema), (code: ErrorCode) => ERROR_STATUS[ERROR_KINDS[code]]);
  const response: Record<string, unknown> = {};
  for (const [status, codes] of refusals) {
    response[status] = { description: codes.join(', '), content: { 'application/problem+json': { schema: Problem } } };
  }
  for (const [status, answer] of Object.entries((schema.response ?? {}) as Record<string, Answer>)) {
    const content = { [mediaTypeOf(answer)]: { schema: answer } };
    response[status] = isEmpty(answer) ? answer : { description: STATUS_CODES[status], content };
  }
  return { ...schema, response, security: config.open ? [] : [{ accessToken: [] }, { basic: [] }] };
}

/** Bytes have a media type of their own; the document cannot say which. */
const mediaTypeOf = ({ format }: Answer): string =>
  format === 'binary' ? 'application/octet-stream' : 'application/json';
const isEmpty = ({ type }: Answer): boolean => type === 'null';

interface Answer {
  readonly type?: string;
  readonly format?: string;
}

interface Document {
  components?: { schemas?: Record<string, unknown> };
}

/** The document with every titled schema written once, under its name, and referred to from everywhere else. */
function withComponents<T extends Document>(document: T): T {
  const schemas: Record<string, unknown> = {};
  const lifted = liftTitled(document, schemas) as T;
  return { ...lifted, components: { ...lifted.components, schemas: { ...lifted.components?.schemas, ...schemas } } };
}

function liftTitled(node: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(node)) return node.map((item) => liftTitled(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) copy[key] = liftTitled(value, schemas);
  const isSchema = 'type' in copy || 'anyOf' in copy;
  return typeof copy.title === 'string' && isSchema ? referTo(copy, copy.title, schemas) : copy;
}

/** `[type, 'null']` is the same schema with null as an alternative. */
function referTo(schema: Record<string, unknown>, title: string, schemas: Record<string, unknown>): object {
  const name = title.replace(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase());
  const types = [schema.type].flat();
  const isNullable = types.includes('null');
  const component = isNullable ? { ...schema, type: types.find((type) => type !== 'null') } : schema;
  if (name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(component)) {
    throw new Error(`two different schemas are called ${name}`);
  }
  schemas[name] = component;
  const reference = { $ref: `#/components/schemas/${name}` };
  return isNullable ? { anyOf: [reference, { type: 'null' }] } : reference;
}
